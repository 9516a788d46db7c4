//! A rule, read back in words.

use mailflow_core::directory::Directory;
use mailflow_core::rule::{Rule, Shred};

use crate::web::admin::words;

/// When the rule matches.
pub fn when(rule: &Rule, directory: &Directory) -> String {
    let or = |words: Vec<String>| words.join(" or ");
    let mut all = Vec::new();
    if !rule.sources.is_empty() {
        let name = |id| directory.sources.get(id).map_or("a source that is gone".to_owned(), |it| it.name.clone());
        all.push(format!("from source {}", or(rule.sources.iter().map(name).collect())));
    }
    if !rule.to.is_empty() {
        all.push(format!("to {}", or(rule.to.clone())));
    }
    if !rule.from.is_empty() {
        all.push(format!("from {}", or(rule.from.clone())));
    }
    if !rule.text.is_empty() {
        all.push(format!("with the text {}", or(rule.text.iter().map(|text| text.pattern.clone()).collect())));
    }
    let others = [
        (rule.attachments.len(), "an attachment"),
        (rule.size.len(), "its size"),
        (rule.contact.len(), "the contact"),
        (rule.authentication.len(), "the sender’s proof"),
        (rule.spam.len(), "the spam verdict"),
        (rule.time.len(), "the time"),
    ];
    let others: Vec<&str> = others.into_iter().filter(|(number, _)| *number > 0).map(|(_, words)| words).collect();
    if !others.is_empty() {
        all.push(format!("by {}", others.join(" and ")));
    }
    match all.is_empty() {
        true => "Every mail".to_owned(),
        false => format!("Mail {}", all.join(", and ")),
    }
}

/// What the rule does.
pub fn then(rule: &Rule, directory: &Directory) -> String {
    let effect = &rule.then;
    let mut all = Vec::new();
    match effect.shred {
        Some(Shred::Trash) => all.push("into the trash".to_owned()),
        Some(Shred::ForGood) => all.push("shredded for good".to_owned()),
        None => {}
    }
    if let Some(id) = effect.ticketbox {
        all.push(format!("to “{}”", words::ticketbox(directory, Some(id))));
    }
    if let Some(id) = effect.owner {
        let name = directory.agents.get(&id).map_or("an agent who is gone", |agent| &agent.name);
        all.push(format!("owned by {name}"));
    }
    if let Some(priority) = effect.priority {
        all.push(format!("{} priority", priority.word()));
    }
    if let Some(category) = effect.category.and_then(|id| directory.categories.get(&id)) {
        all.push(format!("category “{}”", category.name));
    }
    if effect.new_ticket {
        all.push("always a new ticket".to_owned());
    }
    if let Some(response) = effect.respond.and_then(|id| directory.responses.get(&id)) {
        all.push(format!("answered with “{}”", response.name));
    }
    if let Some(forward) = &effect.forward {
        let to: Vec<String> = forward.to.iter().chain(&forward.cc).map(ToString::to_string).collect();
        all.push(format!("forwarded to {}", to.join(", ")));
    }
    match all.is_empty() {
        true => "As the default rule says".to_owned(),
        false => crate::web::admin::form::sentence(&all.join(", ")),
    }
}
