//! The default rule: what happens to mail that no custom rule places.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::directory::Directory;
use mailflow_core::directory::DocumentKind;
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{DefaultRule, RuleSet};

use super::form::{Field, Form, Kind, Section, chosen, or_none, switch as on};
use super::{Asked, go, refusal, rules, words};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/admin/default-rule";

/// The rule, read back as a sentence.
pub fn sentence(rule: &DefaultRule, directory: &Directory) -> String {
    let ticketbox = words::ticketbox(directory, rule.ticketbox);
    let place = match rule.prefer_matching_address {
        true => format!("the ticketbox whose address it was sent to, else to “{ticketbox}”"),
        false => format!("“{ticketbox}”"),
    };
    let named = rule.owner.map(|id| directory.agents.get(&id).map_or("an agent who is gone", |agent| &agent.name));
    let owner = match (rule.prefer_contact_owner, named) {
        (true, Some(name)) => format!("is owned by the contact’s owner, else by {name}"),
        (true, None) => "is owned by the contact’s owner, else by nobody".to_owned(),
        (false, Some(name)) => format!("is owned by {name}"),
        (false, None) => "is owned by nobody".to_owned(),
    };
    let category = rule.category.and_then(|id| directory.categories.get(&id));
    let category = category.map(|it| format!(" and is of the category “{}”", it.name)).unwrap_or_default();
    format!("Mail that no custom rule places goes to {place}; its ticket {owner}{category}.")
}

fn sections(values: &Fields, directory: &Directory) -> Vec<Section> {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let boxes = directory.ticketboxes.values().filter(|it| !it.built_in);
    let boxes = boxes.map(|it| (it.id.to_string(), it.name.clone()));
    let agents = directory.agents.values().filter(|it| it.active).map(|it| (it.id.to_string(), it.name.clone()));
    let categories = directory.categories.values().map(|it| (it.id.to_string(), it.name.clone()));
    vec![
        Section::new(
            "Ticketbox",
            vec![
                field(
                    "prefer_matching_address",
                    "The ticketbox whose address the mail was sent to",
                    Kind::Switch,
                    "On by \
                default.",
                ),
                field("ticketbox", "Else", or_none("Unassigned", boxes), ""),
            ],
        ),
        Section::new(
            "Owner",
            vec![
                field("prefer_contact_owner", "The agent who owns the contact", Kind::Switch, "On by default."),
                field("owner", "Else", or_none("Nobody", agents), ""),
            ],
        ),
        Section::new("Category", vec![field("category", "Category", or_none("None", categories), "")]),
    ]
}

fn read(values: &Fields) -> DefaultRule {
    DefaultRule {
        owner: chosen(values, "owner"),
        prefer_contact_owner: values.has("prefer_contact_owner"),
        ticketbox: chosen(values, "ticketbox"),
        prefer_matching_address: values.has("prefer_matching_address"),
        category: chosen(values, "category"),
    }
}

fn form(values: &Fields, directory: &Directory, rule: &DefaultRule) -> Form {
    let mut form = Form::new(HERE.to_owned(), ("/admin", "Overview"), sections(values, directory));
    form.hidden.push(("revision", values.one("revision").to_owned()));
    form.intro = sentence(rule, directory);
    form
}

/// The default rule.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let rule = &directory.rule_set.default;
    let mut values = Fields::default();
    values.add("owner", rule.owner.map(|id| id.to_string()).unwrap_or_default());
    values.add("prefer_contact_owner", on(rule.prefer_contact_owner).to_owned());
    values.add("ticketbox", rule.ticketbox.map(|id| id.to_string()).unwrap_or_default());
    values.add("prefer_matching_address", on(rule.prefer_matching_address).to_owned());
    values.add("category", rule.category.map(|id| id.to_string()).unwrap_or_default());
    values.add("revision", directory.rule_set.revision.to_string());
    let mut form = form(&values, &directory, rule);
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Rules, uuid::Uuid::nil()).await?;
    form.page(Frame::of(&signed, HERE, "Default rule").await?)
}

/// Saves the default rule.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let directory = signed.desk.directory();
    let default = read(&values);
    let wish = RuleSet { default: default.clone(), revision: rules::revision(&values), ..directory.rule_set.clone() };
    match signed.desk.admin()?.save_rules(&wish).await {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let refusal = refusal(error)?;
            let now = signed.desk.directory();
            let mut values = values;
            let changed = matches!(refusal, Refusal::RulesChanged { .. });
            if changed {
                values.add("revision", now.rule_set.revision.to_string());
            }
            let mut form = form(&values, &now, &default);
            form.refuse(&refusal);
            if changed {
                let theirs = sentence(&now.rule_set.default, &now);
                form.trouble = Some(format!("{} Now it says: {theirs}", rules::edited(&now, signed.desk.now())));
            }
            form.page(Frame::of(&signed, HERE, "Default rule").await?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_rule_is_read_back_as_a_sentence() {
        let directory = Directory::default();
        let rule = DefaultRule { ticketbox: None, ..DefaultRule::default() };
        assert_eq!(
            sentence(&rule, &directory),
            "Mail that no custom rule places goes to the ticketbox whose address it was sent to, else to “Unassigned”; \
             its ticket is owned by the contact’s owner, else by nobody."
        );
        let rule = DefaultRule { prefer_contact_owner: false, prefer_matching_address: false, ..rule };
        assert_eq!(
            sentence(&rule, &directory),
            "Mail that no custom rule places goes to “Unassigned”; its ticket is owned by nobody."
        );
    }
}
