//! The administrators' pages. A list and a form serve every kind of object; each file says what is in them.

mod access;
mod agents;
mod categories;
mod default_rule;
mod destinations;
mod directory;
mod failures;
pub(super) mod form;
mod groups;
mod list;
mod overview;
mod remove;
mod responses;
mod rules;
mod server;
mod servers;
mod settings;
mod single_sign_on;
mod sources;
#[cfg(test)]
mod tests;
mod ticketboxes;
#[cfg(test)]
mod trial_tests;
mod words;

use mailflow_core::decision::trial::Trial;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Error;
use mailflow_transport::Check;
use serde::Deserialize;

use super::answer::{Answer, redirect};
use super::{Fields, Signed, Table, Who};

use Who::Administrator as A;

/// Their part of the menu: path without the base, and name.
pub const MENU: &[(&str, &str)] = &[
    ("/admin", "Overview"),
    ("/admin/sources", "Sources"),
    ("/admin/destinations", "Destinations"),
    ("/admin/ticketboxes", "Ticketboxes"),
    ("/admin/default-rule", "Default rule"),
    ("/admin/rules", "Custom rules"),
    ("/admin/categories", "Categories"),
    ("/admin/agents", "Agents"),
    ("/admin/sessions", "Active sessions"),
    ("/admin/groups", "Groups"),
    ("/admin/access", "Access"),
    ("/admin/directory", "Directory server"),
    ("/admin/single-sign-on", "Single sign-on"),
    ("/audit", "Agent audit"),
    ("/admin/servers", "Servers"),
    ("/admin/settings", "Settings"),
];

pub(super) fn routes(table: Table) -> Table {
    table
        .get(A, "/admin", overview::show)
        .get(A, "/admin/servers", servers::list)
        .post(A, "/admin/servers/{id}/drain", servers::drain)
        .post(A, "/admin/servers/{id}/forget", servers::forget)
        .get(A, "/admin/settings", settings::show)
        .post(A, "/admin/settings", settings::save)
        .get(A, "/admin/default-rule", default_rule::show)
        .post(A, "/admin/default-rule", default_rule::save)
        .with(mail_routes)
        .with(desk_routes)
        .with(people_routes)
}

fn mail_routes(table: Table) -> Table {
    table
        .get(A, "/admin/sources", sources::list)
        .get(A, "/admin/sources/new", sources::new)
        .post(A, "/admin/sources/new", sources::make)
        .post(A, "/admin/sources/new/test", sources::test_new)
        .get(A, "/admin/sources/{id}", sources::show)
        .post(A, "/admin/sources/{id}", sources::save)
        .post(A, "/admin/sources/{id}/test", sources::test)
        .post(A, "/admin/sources/{id}/check", sources::check_now)
        .post(A, "/admin/sources/{id}/switch", sources::switch)
        .get(A, "/admin/sources/{id}/delete", remove::ask::<sources::Sources>)
        .post(A, "/admin/sources/{id}/delete", remove::remove::<sources::Sources>)
        .get(A, "/admin/destinations", destinations::list)
        .get(A, "/admin/destinations/new", destinations::new)
        .post(A, "/admin/destinations/new", destinations::make)
        .post(A, "/admin/destinations/new/test", destinations::test_new)
        .get(A, "/admin/destinations/{id}", destinations::show)
        .post(A, "/admin/destinations/{id}", destinations::save)
        .post(A, "/admin/destinations/{id}/test", destinations::test)
        .post(A, "/admin/destinations/{id}/send", destinations::send_now)
        .post(A, "/admin/destinations/{id}/switch", destinations::switch)
        .get(A, "/admin/destinations/{id}/delete", remove::ask::<destinations::Destinations>)
        .post(A, "/admin/destinations/{id}/delete", remove::remove::<destinations::Destinations>)
        .get(A, "/admin/destinations/{id}/failures", failures::list)
        .post(A, "/admin/destinations/{id}/failures", failures::act)
        .post(A, "/admin/destinations/{id}/failures/{outgoing}/recipient", failures::correct)
}

fn desk_routes(table: Table) -> Table {
    table
        .get(A, "/admin/ticketboxes", ticketboxes::list)
        .get(A, "/admin/ticketboxes/new", ticketboxes::new)
        .post(A, "/admin/ticketboxes/new", ticketboxes::make)
        .get(A, "/admin/ticketboxes/{id}", ticketboxes::show)
        .post(A, "/admin/ticketboxes/{id}", ticketboxes::save)
        .get(A, "/admin/ticketboxes/{id}/delete", remove::ask::<ticketboxes::Ticketboxes>)
        .post(A, "/admin/ticketboxes/{id}/delete", remove::remove::<ticketboxes::Ticketboxes>)
        .get(A, "/admin/categories", categories::list)
        .get(A, "/admin/categories/new", categories::new)
        .post(A, "/admin/categories/new", categories::make)
        .get(A, "/admin/categories/{id}", categories::show)
        .post(A, "/admin/categories/{id}", categories::save)
        .get(A, "/admin/categories/{id}/delete", remove::ask::<categories::Categories>)
        .post(A, "/admin/categories/{id}/delete", remove::remove::<categories::Categories>)
        .get(Who::Agent, "/responses", responses::list)
        .get(Who::Agent, "/responses/new", responses::new)
        .post(Who::Agent, "/responses/new", responses::make)
        .get(Who::Agent, "/responses/{id}", responses::show)
        .post(Who::Agent, "/responses/{id}", responses::save)
        .get(Who::Agent, "/responses/{id}/delete", remove::ask::<responses::Responses>)
        .post(Who::Agent, "/responses/{id}/delete", remove::remove::<responses::Responses>)
        .get(A, "/admin/agents", agents::list)
        .get(A, "/admin/agents/new", agents::new)
        .post(A, "/admin/agents/new", agents::make)
        .get(A, "/admin/agents/{id}", agents::show)
        .post(A, "/admin/agents/{id}", agents::save)
        .post(A, "/admin/agents/{id}/password", agents::new_password)
        .post(A, "/admin/agents/{id}/second-factor", agents::no_second_factor)
        .get(A, "/admin/agents/{id}/tokens", super::own::admin_tokens)
        .post(A, "/admin/agents/{id}/tokens", super::own::admin_make_token)
        .post(A, "/admin/agents/{id}/tokens/end", super::own::admin_end_token)
        .get(A, "/admin/sessions", super::own::admin_list)
        .post(A, "/admin/sessions/end", super::own::admin_end)
        .get(A, "/admin/agents/{id}/delete", remove::ask::<agents::Agents>)
        .post(A, "/admin/agents/{id}/delete", remove::remove::<agents::Agents>)
        .with(rules::routes)
}

fn people_routes(table: Table) -> Table {
    table
        .get(A, "/admin/groups", groups::list)
        .get(A, "/admin/groups/new", groups::new)
        .post(A, "/admin/groups/new", groups::make)
        .get(A, "/admin/groups/{id}", groups::show)
        .post(A, "/admin/groups/{id}", groups::save)
        .get(A, "/admin/groups/{id}/delete", remove::ask::<groups::Groups>)
        .post(A, "/admin/groups/{id}/delete", remove::remove::<groups::Groups>)
        .get(Who::Agent, "/groups", groups::signatures)
        .get(Who::Agent, "/groups/{id}", groups::signature)
        .post(Who::Agent, "/groups/{id}", groups::sign)
        .get(A, "/admin/directory", directory::show)
        .post(A, "/admin/directory", directory::save)
        .post(A, "/admin/directory/test", directory::test)
        .get(A, "/admin/single-sign-on", single_sign_on::show)
        .post(A, "/admin/single-sign-on", single_sign_on::save)
        .post(A, "/admin/single-sign-on/test", single_sign_on::test)
        .get(A, "/admin/access", access::classes)
        .get(A, "/admin/access/why", access::why)
        .get(A, "/admin/access/{class}", access::of_class)
        .post(A, "/admin/access/{class}", access::save_class)
        .get(A, "/admin/access/{class}/{object}", access::of_object)
        .post(A, "/admin/access/{class}/{object}", access::save_object)
        .get(A, "/admin/access/{class}/{object}/default", access::ask_default)
        .post(A, "/admin/access/{class}/{object}/default", access::back_to_default)
}

/// What a list or form is told by the link that leads to it.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    done: Option<String>,
}

impl Asked {
    /// What was just done, in words.
    pub fn done(&self) -> Option<&'static str> {
        Some(match self.done.as_deref()? {
            "saved" => "Saved.",
            "deleted" => "Deleted.",
            "checking" => "The mailbox is being looked into now. Load the page again to see what came of it.",
            "sending" => "What is due is being sent now. Load the page again to see what came of it.",
            "retrying" => "It is tried again now. What fails once more comes back here.",
            "given-up" => "Given up: it is not sent any more. The answer stays in its ticket.",
            "moved" => "Moved.",
            "draining" => "It gives away its tasks now, and takes no others. Agents are served all the same.",
            "not-draining" => "It takes tasks again.",
            "forgotten" => "Forgotten.",
            "second-factor" => "The second factor is taken away: the password alone lets the agent in.",
            _ => return None,
        })
    }
}

/// Go to a page and say there what was done.
pub(super) fn go(signed: &Signed, path: &str, done: &str) -> Answer {
    Ok(redirect(&signed.base.path(&format!("{path}?done={done}"))))
}

/// The audit says that something was tried out, and what came of it.
async fn tried_out(signed: &Signed, what: Trial<'_>, check: &Check) -> Result<(), Error> {
    signed.desk.admin()?.tried_out(what, check.trouble().as_deref()).await
}

/// What an object cannot be saved for; a failure goes on as such.
pub(super) fn refusal(error: Error) -> Result<mailflow_core::refusal::Refusal, super::Trouble> {
    match error {
        Error::Refused(refusal) => Ok(refusal),
        error => Err(error.into()),
    }
}

/// The version that a form was filled from.
fn seen(values: &Fields) -> Digest {
    // What is no version of ours is the version of nothing.
    values.one("version").parse().unwrap_or_else(|_| Digest::of(values.one("version").as_bytes()))
}
