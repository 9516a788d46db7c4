//! Entries of the audit in words.

use std::collections::BTreeMap;
use std::sync::Arc;

use mailflow_core::access::Securable;
use mailflow_core::audit::{About, AuditEntry, Change, Deed, Who};
use mailflow_core::directory::{Directory, DocumentKind};
use mailflow_core::event::What;
use mailflow_core::id::TicketId;
use mailflow_core::ticket::Ticket;
use serde_json::Value;
use uuid::Uuid;

use crate::web::Signed;

/// What things are called, as far as the agent may know of them.
pub struct Names<'a> {
    signed: &'a Signed,
    directory: Arc<Directory>,
    tickets: &'a BTreeMap<TicketId, Ticket>,
}

impl<'a> Names<'a> {
    /// Names for this agent; `tickets` are those that he sees.
    pub fn new(signed: &'a Signed, tickets: &'a BTreeMap<TicketId, Ticket>) -> Self {
        Self { signed, directory: signed.desk.directory(), tickets }
    }

    /// What is called so.
    fn of(&self, id: Uuid) -> Option<String> {
        let directory = &self.directory;
        let known = |class| self.signed.agent.administrator || self.signed.desk.know(class, id).is_ok();
        let agent = directory.agents.get(&id.into()).map(|it| (Securable::Agents, it.name.clone()));
        let group = || directory.groups.get(&id.into()).map(|it| (Securable::Groups, it.name.clone()));
        let ticketbox = || directory.ticketboxes.get(&id.into()).map(|it| (Securable::Ticketboxes, it.name.clone()));
        let category = || directory.categories.get(&id.into()).map(|it| (Securable::Categories, it.name.clone()));
        let response = || directory.responses.get(&id.into()).map(|it| (Securable::Responses, it.name.clone()));
        let found = agent.or_else(group).or_else(ticketbox).or_else(category).or_else(response);
        if let Some((class, name)) = found {
            return known(class).then_some(name);
        }
        if mailflow_core::group::is_built_in(id.into()) {
            return Some(directory.group_name(id.into()));
        }
        let rule = || directory.rule_set.rules.iter().find(|it| Uuid::from(it.id) == id);
        let source = directory.sources.get(&id.into()).map(|it| it.name.clone());
        let destination = || directory.destinations.get(&id.into()).map(|it| it.name.clone());
        let name = source.or_else(destination).or_else(|| rule().map(|it| it.description.clone()));
        name.filter(|_| self.signed.agent.administrator)
    }

    fn named(&self, id: impl Into<Uuid>, gone: &str) -> String {
        self.of(id.into()).unwrap_or_else(|| gone.to_owned())
    }

    /// Who did it.
    pub fn who(&self, who: Who) -> String {
        match who {
            // Who did something to what the agent may see is told there too.
            Who::Agent(id) => self.directory.agents.get(&id).map_or("an agent who is gone", |it| &it.name).to_owned(),
            Who::Program => "mailflow (command line)".to_owned(),
            Who::Nobody => "somebody unknown".to_owned(),
        }
    }

    /// What it was done to, and where that is, without the base.
    pub fn about(&self, about: &About) -> (String, Option<String>) {
        match about {
            About::Ticket(id) => match self.tickets.get(id) {
                Some(ticket) => {
                    let subject = if ticket.subject.is_empty() { "(no subject)" } else { &ticket.subject };
                    (format!("#{} {subject}", ticket.number), Some(format!("/ticket/{}", ticket.number)))
                }
                None => ("a ticket that is gone".to_owned(), None),
            },
            About::Document { kind, id, name } => {
                let words = match kind {
                    DocumentKind::Rules => "the routing rules".to_owned(),
                    DocumentKind::Settings => "the settings".to_owned(),
                    DocumentKind::Access => format!("the access to {name}"),
                    kind => format!("{} {name}", kind.word()),
                };
                (words, self.path(*kind, *id))
            }
            About::Contact(id) => ("a contact".to_owned(), Some(format!("/contact/{id}"))),
            About::Server { name, .. } => (format!("server {name}"), Some("/admin/servers".to_owned())),
            About::Desk => (String::new(), None),
        }
    }

    fn path(&self, kind: DocumentKind, id: Uuid) -> Option<String> {
        if !self.signed.agent.administrator {
            return None;
        }
        let directory = &self.directory;
        let there = |place: &str, there: bool| there.then(|| format!("/admin/{place}/{id}"));
        match kind {
            DocumentKind::Agent => there("agents", directory.agents.contains_key(&id.into())),
            DocumentKind::Group => there("groups", directory.groups.contains_key(&id.into())),
            DocumentKind::Ticketbox => there("ticketboxes", directory.ticketboxes.contains_key(&id.into())),
            DocumentKind::Category => there("categories", directory.categories.contains_key(&id.into())),
            DocumentKind::Source => there("sources", directory.sources.contains_key(&id.into())),
            DocumentKind::Destination => there("destinations", directory.destinations.contains_key(&id.into())),
            DocumentKind::Response => {
                directory.responses.contains_key(&id.into()).then(|| format!("/responses/{id}"))
            }
            DocumentKind::Rules => Some("/admin/rules".to_owned()),
            DocumentKind::Settings => Some("/admin/settings".to_owned()),
            DocumentKind::Access => Some("/admin/access".to_owned()),
            _ => None,
        }
    }

    /// What was done.
    pub fn deed(&self, entry: &AuditEntry) -> String {
        match &entry.what {
            Deed::Ticket(what) => self.to_ticket(what),
            Deed::SentNow { .. } => "sent an answer without waiting".to_owned(),
            Deed::Rescheduled { to, .. } => format!("put off an answer until {}", crate::web::ago::full(*to)),
            Deed::Remedied { how, .. } => format!("a mail that was not delivered: {how}"),
            Deed::Made { .. } => "made".to_owned(),
            Deed::Changed { .. } => "changed".to_owned(),
            Deed::Removed { .. } if matches!(entry.about, About::Server { .. }) => "forgot it".to_owned(),
            Deed::Removed { .. } => "removed".to_owned(),
            Deed::ContactWritten { made: true, .. } => "added".to_owned(),
            Deed::ContactWritten { fields, .. } => format!("changed: {}", fields.join(", ")),
            Deed::SignedIn { from } => format!("signed in from {}", place(from)),
            Deed::SignedOut => "signed out".to_owned(),
            Deed::SignInFailed { user_name, from, because } => {
                format!("could not sign in as “{user_name}” from {}: {because}", place(from))
            }
            Deed::SignInRefused { from, because } => format!("was not let in from {}: {because}", place(from)),
            Deed::SessionEnded { from } => format!("ended a session that was begun from {}", place(from)),
            Deed::TokenMade { name } => format!("made the API token “{name}”"),
            Deed::TokenEnded { name } => format!("ended the API token “{name}”"),
            Deed::TriedOut { part, trouble } => {
                let what = if part.is_empty() { "it out".to_owned() } else { format!("the {part} out") };
                let came = if trouble.is_empty() { "it works" } else { trouble };
                format!("tried {what}: {came}")
            }
            Deed::Hurried if matches!(&entry.about, About::Document { kind: DocumentKind::Destination, .. }) => {
                "told it to send what is due at once".to_owned()
            }
            Deed::Hurried => "told it to look for mail at once".to_owned(),
            Deed::Drained { draining: true } => "told it to give away its tasks".to_owned(),
            Deed::Drained { draining: false } => "told it to take tasks again".to_owned(),
            _ => "did something".to_owned(),
        }
    }

    fn to_ticket(&self, what: &What) -> String {
        let ticketbox = |id: &mailflow_core::id::TicketboxId| self.named(*id, "another ticketbox");
        let agent = |id: &Option<mailflow_core::id::AgentId>| match id {
            Some(id) => self.directory.agents.get(id).map_or("an agent who is gone", |it| &it.name).to_owned(),
            None => "nobody".to_owned(),
        };
        match what {
            What::Replied { .. } => "answered".to_owned(),
            What::Wrote { .. } => "opened it by writing".to_owned(),
            What::Forwarded { to, .. } => {
                let to: Vec<String> = to.iter().map(ToString::to_string).collect();
                format!("forwarded a message to {}", to.join(", "))
            }
            What::Submitted { .. } => "submitted an answer for approval".to_owned(),
            What::Approved { .. } => "released an answer".to_owned(),
            What::ReleaseTakenBack { .. } => "took back that an answer was released".to_owned(),
            What::ReturnedToAuthor { .. } => "returned an answer to its author".to_owned(),
            What::PulledBack { .. } => "pulled an answer back".to_owned(),
            What::Noted { .. } => "wrote a note".to_owned(),
            What::Closed => "closed".to_owned(),
            What::Reopened => "opened again".to_owned(),
            What::Moved { from, to } => format!("moved from {} to {}", ticketbox(from), ticketbox(to)),
            What::Assigned { from, to } => format!("changed the owner from {} to {}", agent(from), agent(to)),
            What::Escalated { to, .. } => format!("escalated to {}", agent(&Some(*to))),
            What::Prioritised { from, to } => format!("changed the priority from {} to {}", from.word(), to.word()),
            What::Categorised { to: Some(to), .. } => {
                format!("put into the category {}", self.named(*to, "another one"))
            }
            What::Categorised { to: None, .. } => "took out of its category".to_owned(),
            What::Trashed => "put into the trash".to_owned(),
            What::Restored => "took out of the trash".to_owned(),
            _ => "changed something".to_owned(),
        }
    }

    /// The fields that are different.
    pub fn changes(&self, entry: &AuditEntry) -> Vec<ChangeView> {
        let (Deed::Made { changes } | Deed::Changed { changes } | Deed::Removed { changes }) = &entry.what else {
            return Vec::new();
        };
        changes.iter().map(|change| self.change(change)).collect()
    }

    fn change(&self, change: &Change) -> ChangeView {
        let step = |step: &str| match step.parse::<Uuid>() {
            Ok(id) => self.of(id).unwrap_or_else(|| step.to_owned()),
            Err(_) => step.replace('_', " "),
        };
        let field = change.field.split('.').map(step).collect::<Vec<_>>().join(" › ");
        let value = |value: &Option<Value>| match value {
            _ if change.secret => "not shown".to_owned(),
            Some(value) => self.value(value),
            None => "nothing".to_owned(),
        };
        ChangeView { field, before: value(&change.before), after: value(&change.after) }
    }

    fn value(&self, value: &Value) -> String {
        match value {
            Value::Null => "nothing".to_owned(),
            Value::Bool(true) => "yes".to_owned(),
            Value::Bool(false) => "no".to_owned(),
            Value::String(text) if text.is_empty() => "empty".to_owned(),
            Value::String(text) => match text.parse::<Uuid>() {
                Ok(id) => self.of(id).unwrap_or_else(|| text.clone()),
                Err(_) => text.clone(),
            },
            Value::Number(number) => number.to_string(),
            Value::Array(things) if things.is_empty() => "none".to_owned(),
            Value::Array(things) => things.iter().map(|it| self.value(it)).collect::<Vec<_>>().join(", "),
            Value::Object(fields) => {
                let field =
                    |(name, value): (&String, &Value)| format!("{}: {}", name.replace('_', " "), self.value(value));
                fields.iter().map(field).collect::<Vec<_>>().join("; ")
            }
        }
    }
}

/// A field that is different.
#[derive(Debug)]
pub struct ChangeView {
    /// The field.
    pub field: String,
    /// What it was.
    pub before: String,
    /// What it is.
    pub after: String,
}

fn place(from: &str) -> &str {
    if from.is_empty() { "an unknown address" } else { from }
}
