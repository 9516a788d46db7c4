//! [`TicketQuery`] and [`Visibility`] as conditions of SQL: the one place where they are compiled. Their meaning is
//! [`TicketQuery::matches`].

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::store::{OwnerFilter, TicketQuery};

use crate::batch::Parameters;

/// Which tickets `t` may be seen; `None` if all may.
pub(crate) fn visibility(visibility: &Visibility, parameters: &mut Parameters<'_>) -> Option<String> {
    let Visibility::Of { agent, ticketboxes, owners, categories } = visibility else { return None };
    let own = parameters.id(*agent.as_bytes());
    let mut readable = parameters.is_one_of("t.ticketbox", ticketboxes.iter().map(|it| *it.as_bytes()));
    if !owners.is_empty() {
        let owners = parameters.is_one_of("t.owner", owners.iter().map(|it| *it.as_bytes()));
        readable = format!("({readable} OR {owners})");
    }
    if let Categories::Only(categories) = categories {
        let categories = parameters.is_one_of("t.category", categories.iter().map(|it| *it.as_bytes()));
        readable = format!("{readable} AND (t.category IS NULL OR {categories})");
    }
    Some(format!("(t.owner = {own} OR ({readable}))"))
}

/// Which tickets `t` a query asks for, whoever sees them and on whichever shelf they lie.
pub(crate) fn wanted(query: &TicketQuery, parameters: &mut Parameters<'_>) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Some(ticketboxes) = &query.ticketboxes {
        conditions.push(parameters.is_one_of("t.ticketbox", ticketboxes.iter().map(|it| *it.as_bytes())));
    }
    match query.owner {
        Some(OwnerFilter::Agent(agent)) => {
            conditions.push(format!("t.owner = {}", parameters.id(*agent.as_bytes())));
        }
        Some(OwnerFilter::Nobody) => conditions.push("t.owner IS NULL".to_owned()),
        None => {}
    }
    if let Some(contact) = query.contact {
        conditions.push(format!("t.contact = {}", parameters.id(*contact.as_bytes())));
    }
    if let Some(category) = query.category {
        conditions.push(format!("t.category = {}", parameters.id(*category.as_bytes())));
    }
    conditions
}

/// Whether every ticket in a ticketbox that may be read is seen, and every ticket of an owner whose tickets may be read.
pub(crate) const fn sees_all_categories(visibility: &Visibility) -> bool {
    match visibility {
        Visibility::Everything => true,
        Visibility::Of { categories, .. } => matches!(categories, Categories::All),
    }
}
