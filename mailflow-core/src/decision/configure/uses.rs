//! What uses a piece of configuration: nothing is deleted blind.

use uuid::Uuid;

use super::group_uses;
use crate::access::{Grantee, scope_words};
use crate::agent::Escalation;
use crate::approval::Approver;
use crate::directory::{Directory, DocumentKind};

/// What uses a document, each in words that follow "used by"; `None` for what nothing can use. Tickets are not counted.
#[must_use]
pub fn uses(directory: &Directory, kind: DocumentKind, id: Uuid) -> Option<Vec<String>> {
    let mut uses = Vec::new();
    let set = &directory.rule_set;
    let rules = |uses: &mut Vec<String>, by: &dyn Fn(&crate::rule::RuleEffect) -> bool| {
        let named = set.rules.iter().filter(|rule| by(&rule.then));
        uses.extend(named.map(|rule| format!("rule `{}`", rule.description)));
    };
    match kind {
        DocumentKind::Agent => {
            rules(&mut uses, &|then| then.owner.map(Uuid::from) == Some(id));
            if set.default.owner.map(Uuid::from) == Some(id) {
                uses.push("the default rule".to_owned());
            }
            let others = directory.agents.values();
            let approved = others.clone().filter(|it| it.approval == Some(Approver::Agent(id.into())));
            uses.extend(approved.map(|it| format!("the approval of `{}`", it.name)));
            let escalating = others.filter(|it| it.escalate_to == Some(Escalation::Agent(id.into())));
            uses.extend(escalating.map(|it| format!("agent `{}`, who escalates to him", it.name)));
            let groups = directory.groups.values().filter(|it| it.members.contains(&id.into()));
            uses.extend(groups.map(|it| format!("group `{}`, which he belongs to", it.name)));
            let lists = directory.access.iter().filter(|list| list.names(Grantee::Agent(id.into())));
            uses.extend(lists.map(|list| format!("the access to {}", scope_words(directory, list.scope))));
        }
        DocumentKind::Group => uses = group_uses(directory, id.into()),
        DocumentKind::Ticketbox => {
            rules(&mut uses, &|then| then.ticketbox.map(Uuid::from) == Some(id));
            if set.default.ticketbox.map(Uuid::from) == Some(id) {
                uses.push("the default rule".to_owned());
            }
            let sources = directory.sources.values().filter(|it| it.ticketbox.map(Uuid::from) == Some(id));
            uses.extend(sources.map(|it| format!("source `{}`", it.name)));
        }
        DocumentKind::Category => {
            rules(&mut uses, &|then| then.category.map(Uuid::from) == Some(id));
            if set.default.category.map(Uuid::from) == Some(id) {
                uses.push("the default rule".to_owned());
            }
        }
        DocumentKind::Destination => {
            let sources = directory.sources.values().filter(|it| it.destination.map(Uuid::from) == Some(id));
            uses.extend(sources.map(|it| format!("source `{}`", it.name)));
            let boxes = directory.ticketboxes.values().filter(|it| it.destination.map(Uuid::from) == Some(id));
            uses.extend(boxes.map(|it| format!("ticketbox `{}`", it.name)));
        }
        DocumentKind::Response => {
            rules(&mut uses, &|then| then.respond.map(Uuid::from) == Some(id));
            let answers = directory.ticketboxes.values();
            let boxes = answers.filter(|it| it.auto_reply.as_ref().is_some_and(|it| Uuid::from(it.response) == id));
            uses.extend(boxes.map(|it| format!("ticketbox `{}`", it.name)));
        }
        DocumentKind::Source | DocumentKind::Access | DocumentKind::Rules | DocumentKind::Settings => return None,
    }
    Some(uses)
}
