//! [`TicketQuery`] and [`Visibility`] as conditions of SQL: the one place where they are compiled. Their meaning is
//! [`TicketQuery::matches`].

use mailflow_core::access::{Categories, Visibility};
use mailflow_core::store::{OwnerFilter, TicketQuery};
use tokio_postgres::types::Type;
use uuid::Uuid;

use crate::value::Parameter;

/// Parameters of a statement in the making.
#[derive(Default)]
pub(crate) struct Parameters<'p>(pub Vec<Parameter<'p>>, pub Vec<Type>);

impl<'p> Parameters<'p> {
    /// Adds one of this type; returns its place.
    pub fn add(&mut self, value: Parameter<'p>, of: Type) -> String {
        self.0.push(value);
        let name = of.name();
        let name = name.strip_prefix('_').map_or_else(|| name.to_owned(), |of| format!("{of}[]"));
        self.1.push(of);
        format!("${}::{name}", self.0.len())
    }

    /// Adds ids.
    pub fn ids(&mut self, ids: impl IntoIterator<Item = Uuid>) -> String {
        self.add(Box::new(ids.into_iter().collect::<Vec<_>>()), Type::UUID_ARRAY)
    }

    /// Adds one id.
    pub fn id(&mut self, id: Uuid) -> String {
        self.add(Box::new(id), Type::UUID)
    }
}

/// Which tickets `t` may be seen; `None` if all may.
pub(crate) fn visibility(visibility: &Visibility, parameters: &mut Parameters<'_>) -> Option<String> {
    let Visibility::Of { agent, ticketboxes, owners, categories } = visibility else { return None };
    let own = parameters.id(Uuid::from(*agent));
    let boxes = parameters.ids(ticketboxes.iter().map(|it| Uuid::from(*it)));
    let mut readable = format!("t.ticketbox = ANY({boxes})");
    if !owners.is_empty() {
        let owners = parameters.ids(owners.iter().map(|it| Uuid::from(*it)));
        readable = format!("({readable} OR t.owner = ANY({owners}))");
    }
    if let Categories::Only(categories) = categories {
        let categories = parameters.ids(categories.iter().map(|it| Uuid::from(*it)));
        readable = format!("{readable} AND (t.category IS NULL OR t.category = ANY({categories}))");
    }
    // Also of tickets that nobody owns it says yes or no.
    Some(format!("((t.owner IS NOT NULL AND t.owner = {own}) OR ({readable}))"))
}

/// Which tickets `t` a query asks for, whoever sees them and on whichever shelf they lie.
pub(crate) fn wanted(query: &TicketQuery, parameters: &mut Parameters<'_>) -> Vec<String> {
    let mut conditions = Vec::new();
    if let Some(ticketboxes) = &query.ticketboxes {
        let boxes = parameters.ids(ticketboxes.iter().map(|it| Uuid::from(*it)));
        conditions.push(format!("t.ticketbox = ANY({boxes})"));
    }
    match query.owner {
        Some(OwnerFilter::Agent(agent)) => conditions.push(format!("t.owner = {}", parameters.id(agent.into()))),
        Some(OwnerFilter::Nobody) => conditions.push("t.owner IS NULL".to_owned()),
        None => {}
    }
    if let Some(contact) = query.contact {
        conditions.push(format!("t.contact = {}", parameters.id(contact.into())));
    }
    if let Some(category) = query.category {
        conditions.push(format!("t.category = {}", parameters.id(category.into())));
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
