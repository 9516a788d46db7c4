//! Rules as a TOML file: what administrators write, compare and keep under version control. Ticketboxes, agents,
//! categories, sources and responses stand in it by name.
//!
//! ```toml
//! [default]
//! ticketbox = "Support"
//!
//! [[rule]]
//! description = "Invoices go to Billing"
//! from = ["*.suppliers.example"]
//! text = [{ pattern = "invoice no\\. (?<invoice>\\d+)", within = ["subject", "body"] }]
//! then = { ticketbox = "Billing", priority = "high" }
//! ```

mod form;
mod names;

use mailflow_core::directory::Directory;
use mailflow_core::id::RuleId;
use mailflow_core::rule::{ContactTest, DefaultRule, Forward, ForwardFrom, Rule, RuleEffect, RuleSet};

use self::form::{File, FileContact, FileDefault, FileEffect, FileForward, FileRule};
use self::names::Names;

/// A file of rules that cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RulesFileError {
    /// It is no TOML, or not of this form; the error shows the place.
    #[error("the rules cannot be read: {0}")]
    Form(#[from] toml::de::Error),
    /// The rules cannot be written as TOML.
    #[error("the rules cannot be written: {0}")]
    Write(#[from] toml::ser::Error),
    /// A name that nothing has.
    #[error("{place}: there is no {what} `{name}`")]
    NoSuch {
        /// Where it stands.
        place: String,
        /// What it should be.
        what: &'static str,
        /// The name.
        name: String,
    },
}

/// The rules that a file holds; `new_id` makes ids for those that have none. They carry the revision of the directory's
/// rules: they replace those.
///
/// # Errors
/// [`RulesFileError`] with the place.
pub fn read(
    text: &str,
    directory: &Directory,
    mut new_id: impl FnMut() -> RuleId,
) -> Result<RuleSet, RulesFileError> {
    let file: File = toml::from_str(text)?;
    let names = Names::of(directory);
    let mut rules = Vec::with_capacity(file.rules.len());
    for (number, it) in (1..).zip(file.rules) {
        let place = format!("rule {number} `{}`", it.description);
        let sources = it.source.iter().map(|name| names.id(&place, "source", name)).collect::<Result<_, _>>()?;
        let mut contact = Vec::with_capacity(it.contact.len());
        for test in it.contact {
            contact.push(match test {
                FileContact::Known => ContactTest::Known,
                FileContact::Unknown => ContactTest::Unknown,
                FileContact::Owned => ContactTest::Owned,
                FileContact::OwnedBy(agent) => ContactTest::OwnedBy(names.id(&place, "agent", &agent)?),
                FileContact::Property { name, value } => ContactTest::Property { name, value },
            });
        }
        let then = effect(&names, &place, it.then)?;
        rules.push(Rule {
            id: it.id.unwrap_or_else(&mut new_id),
            description: it.description,
            enabled: it.enabled,
            sources,
            to: it.to,
            from: it.from,
            text: it.text,
            attachments: it.attachments,
            size: it.size,
            contact,
            authentication: it.authentication,
            spam: it.spam,
            time: it.time,
            then,
        });
    }
    let default = DefaultRule {
        owner: names.maybe("the default rule", "agent", file.default.owner.as_ref())?,
        prefer_contact_owner: file.default.prefer_contact_owner,
        ticketbox: names.maybe("the default rule", "ticketbox", file.default.ticketbox.as_ref())?,
        prefer_matching_address: file.default.prefer_matching_address,
        category: names.maybe("the default rule", "category", file.default.category.as_ref())?,
    };
    Ok(RuleSet { rules, default, ..directory.rule_set.clone() })
}

fn effect(names: &Names, place: &str, then: FileEffect) -> Result<RuleEffect, RulesFileError> {
    let forward = match then.forward {
        Some(it) => Some(Forward {
            to: it.to,
            cc: it.cc,
            from: names
                .maybe(place, "agent", it.from_agent.as_ref())?
                .map_or(ForwardFrom::Ticketbox, ForwardFrom::Agent),
        }),
        None => None,
    };
    Ok(RuleEffect {
        ticketbox: names.maybe(place, "ticketbox", then.ticketbox.as_ref())?,
        owner: names.maybe(place, "agent", then.owner.as_ref())?,
        priority: then.priority,
        category: names.maybe(place, "category", then.category.as_ref())?,
        new_ticket: then.new_ticket,
        shred: then.shred,
        respond: names.maybe(place, "response", then.respond.as_ref())?,
        forward,
    })
}

/// The rules of a directory as a file.
///
/// # Errors
/// [`RulesFileError::Write`] for what TOML cannot hold.
pub fn write(directory: &Directory) -> Result<String, RulesFileError> {
    write_set(directory, &directory.rule_set)
}

/// Other rules for a directory as a file.
///
/// # Errors
/// [`RulesFileError::Write`] for what TOML cannot hold.
pub fn write_set(directory: &Directory, set: &RuleSet) -> Result<String, RulesFileError> {
    let names = Names::of(directory);
    let rules = set.rules.iter().map(|it| FileRule {
        description: it.description.clone(),
        id: Some(it.id),
        enabled: it.enabled,
        source: it.sources.iter().map(|id| names.name(*id)).collect(),
        to: it.to.clone(),
        from: it.from.clone(),
        text: it.text.clone(),
        attachments: it.attachments.clone(),
        size: it.size.clone(),
        contact: it
            .contact
            .iter()
            .map(|test| match test {
                ContactTest::Known => FileContact::Known,
                ContactTest::Unknown => FileContact::Unknown,
                ContactTest::Owned => FileContact::Owned,
                ContactTest::OwnedBy(agent) => FileContact::OwnedBy(names.name(*agent)),
                ContactTest::Property { name, value } => {
                    FileContact::Property { name: name.clone(), value: value.clone() }
                }
            })
            .collect(),
        authentication: it.authentication.clone(),
        spam: it.spam.clone(),
        time: it.time.clone(),
        then: FileEffect {
            ticketbox: it.then.ticketbox.map(|id| names.name(id)),
            owner: it.then.owner.map(|id| names.name(id)),
            priority: it.then.priority,
            category: it.then.category.map(|id| names.name(id)),
            new_ticket: it.then.new_ticket,
            shred: it.then.shred,
            respond: it.then.respond.map(|id| names.name(id)),
            forward: it.then.forward.as_ref().map(|forward| FileForward {
                to: forward.to.clone(),
                cc: forward.cc.clone(),
                from_agent: match forward.from {
                    ForwardFrom::Agent(agent) => Some(names.name(agent)),
                    ForwardFrom::Ticketbox => None,
                },
            }),
        },
    });
    let default = FileDefault {
        owner: set.default.owner.map(|id| names.name(id)),
        prefer_contact_owner: set.default.prefer_contact_owner,
        ticketbox: set.default.ticketbox.map(|id| names.name(id)),
        prefer_matching_address: set.default.prefer_matching_address,
        category: set.default.category.map(|id| names.name(id)),
    };
    Ok(toml::to_string(&File { default, rules: rules.collect() })?)
}

#[cfg(test)]
mod tests {
    use mailflow_core::agent::Agent;
    use mailflow_core::directory::Documented as _;
    use mailflow_core::id::TicketboxId;
    use mailflow_core::ticketbox::Ticketbox;

    use super::*;

    fn directory(rules: RuleSet) -> Directory {
        let support = Ticketbox::new(TicketboxId::from_bytes([9; 16]), "Support", None);
        let documents = [Agent::built_in_administrator().to_document(), support.to_document(), rules.to_document()];
        Directory::from_documents(documents).unwrap()
    }

    const FILE: &str = r#"
        [default]
        prefer_contact_owner = false

        [[rule]]
        description = "everything"
        enabled = false
        to = ["support@example.com"]
        from = ["*.one.example"]
        text = [{ pattern = "order (?<order>\\d+)", within = ["subject"] }, { pattern = "a.b", syntax = "words" }]
        attachments = [{ name = "*.pdf" }, { content_type = "image/*" }]
        size = [{ at_least = 1000 }]
        contact = ["known", { owned_by = "admin" }, { property = { name = "level", value = "gold" } }]
        authentication = [{ method = "dmarc", verdict = "pass" }]
        spam = ["flagged", { score_at_least = 4.5 }]
        time = [{ days = ["monday"], from = "08:00", until = "18:30", utc_offset_minutes = 60 }]

        [rule.then]
        ticketbox = "support"
        owner = "ADMIN"
        priority = "high"
        new_ticket = true
        shred = "trash"
        forward = { to = ["boss@two.example"], from_agent = "admin" }
    "#;

    #[test]
    fn what_is_written_is_read_again() {
        let id = || RuleId::from_bytes([7; 16]);
        let rules = read(FILE, &directory(RuleSet::default()), id).unwrap();
        let [rule] = rules.rules.as_slice() else { panic!("one rule") };
        assert_eq!(rule.then.ticketbox, Some(TicketboxId::from_bytes([9; 16])));
        assert_eq!((rule.contact.len(), rule.text.len(), rule.spam.len()), (3, 2, 2));
        let exported = write(&directory(rules.clone())).unwrap();
        let again = read(&exported, &directory(RuleSet::default()), || panic!("ids are kept")).unwrap();
        assert_eq!(again, rules, "{exported}");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let with = |from: &str, to: &str| {
            read(&FILE.replace(from, to), &directory(RuleSet::default()), || RuleId::from_bytes([7; 16]))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(with("\"ADMIN\"", "\"eve\""), "rule 1 `everything`: there is no agent `eve`");
        assert!(with("new_ticket", "new_tickets").contains("unknown field `new_tickets`"));
        assert!(with("18:30", "25:00").contains("`25:00` is not a time of the day"));
    }
}
