//! All routes of the desk, in one place: each screen adds its own.

use mailflow_core::flow::Mailflow;

use super::{
    App, Route, Table, WebConfig, admin, asset, composer, contacts, drafts, live, message, search, sign_in, ticket,
    tickets,
};

/// All routes, each with who may use it.
pub fn routes(flow: &Mailflow) -> Vec<Route> {
    table(&App::new(flow.clone(), WebConfig::default())).into_parts().1
}

pub(super) fn table(app: &App) -> Table {
    Table::new(app)
        .with(asset::routes)
        .with(sign_in::routes)
        .with(tickets::routes)
        .with(ticket::routes)
        .with(composer::routes)
        .with(message::routes)
        .with(admin::routes)
        .with(contacts::routes)
        .with(drafts::routes)
        .with(search::routes)
        .with(live::routes)
}
