//! [`TicketQuery`] and [`Visibility`] as conditions of SQL: the one place where they are compiled. Their meaning is
//! [`TicketQuery::matches`].

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::store::{OwnerFilter, TicketQuery};

/// A statement in the making, as far as it compares columns with ids.
pub trait Comparing {
    /// The condition that a column is this id.
    fn is(&mut self, column: &str, id: [u8; 16]) -> String;

    /// The condition that a column is one of these ids.
    fn is_among(&mut self, column: &str, ids: Vec<[u8; 16]>) -> String;
}

/// Which tickets `t` may be seen; `None` if all may.
pub fn visibility(visibility: &Visibility, parameters: &mut impl Comparing) -> Option<String> {
    let Visibility::Of { agent, ticketboxes, owners, categories } = visibility else { return None };
    let own = parameters.is("t.owner", *agent.as_bytes());
    let mut readable = parameters.is_among("t.ticketbox", ticketboxes.iter().map(|it| *it.as_bytes()).collect());
    if !owners.is_empty() {
        let owners = parameters.is_among("t.owner", owners.iter().map(|it| *it.as_bytes()).collect());
        readable = format!("({readable} OR {owners})");
    }
    if let Categories::Only(categories) = categories {
        let categories = parameters.is_among("t.category", categories.iter().map(|it| *it.as_bytes()).collect());
        readable = format!("{readable} AND (t.category IS NULL OR {categories})");
    }
    // Also of tickets that nobody owns it says yes or no.
    Some(format!("((t.owner IS NOT NULL AND {own}) OR ({readable}))"))
}

/// Which tickets `t` a query asks for, whoever sees them and on whichever shelf they lie.
pub fn wanted(query: &TicketQuery, parameters: &mut impl Comparing) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Some(ticketboxes) = &query.ticketboxes {
        let ticketboxes = ticketboxes.iter().map(|it| *it.as_bytes()).collect();
        conditions.push(parameters.is_among("t.ticketbox", ticketboxes));
    }
    match query.owner {
        Some(OwnerFilter::Agent(agent)) => conditions.push(parameters.is("t.owner", *agent.as_bytes())),
        Some(OwnerFilter::Nobody) => conditions.push("t.owner IS NULL".to_owned()),
        None => {}
    }
    if let Some(contact) = query.contact {
        conditions.push(parameters.is("t.contact", *contact.as_bytes()));
    }
    if let Some(category) = query.category {
        conditions.push(parameters.is("t.category", *category.as_bytes()));
    }
    conditions
}

/// Whether every ticket in a ticketbox that may be read is seen, and every ticket of an owner whose tickets may be read.
pub const fn sees_all_categories(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Everything => true,
        Visibility::Of { categories, .. } => matches!(categories, Categories::All),
    }
}
