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

use std::collections::BTreeMap;

use mailflow_core::directory::Directory;
use mailflow_core::id::RuleId;
use mailflow_core::mail::Address;
use mailflow_core::rule::{
    AttachmentPattern, AuthenticationTest, ContactTest, DefaultRule, Forward, ForwardFrom, Rule, RuleEffect, RuleSet,
    Shred, SizeRange, SpamTest, TextPattern, TimeSpan,
};
use mailflow_core::ticket::Priority;
use serde::{Deserialize, Serialize};

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

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default, skip_serializing_if = "is_default")]
    default: FileDefault,
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    rules: Vec<FileRule>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileDefault {
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    prefer_contact_owner: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticketbox: Option<String>,
    prefer_matching_address: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
}

impl Default for FileDefault {
    fn default() -> Self {
        let DefaultRule { prefer_contact_owner, prefer_matching_address, .. } = DefaultRule::default();
        Self { owner: None, prefer_contact_owner, ticketbox: None, prefer_matching_address, category: None }
    }
}

fn is_default(default: &FileDefault) -> bool {
    *default == FileDefault::default()
}

const fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_yes(yes: &bool) -> bool {
    *yes
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRule {
    description: String,
    /// Kept over export and import, so that statistics stay with their rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<RuleId>,
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    enabled: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    source: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    to: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    from: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    text: Vec<TextPattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<AttachmentPattern>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    size: Vec<SizeRange>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    contact: Vec<FileContact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    authentication: Vec<AuthenticationTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    spam: Vec<SpamTest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    time: Vec<TimeSpan>,
    #[serde(default)]
    then: FileEffect,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileContact {
    Known,
    Unknown,
    Owned,
    OwnedBy(String),
    Property { name: String, value: String },
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FileEffect {
    #[serde(skip_serializing_if = "Option::is_none")]
    ticketbox: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    priority: Option<Priority>,
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    new_ticket: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    shred: Option<Shred>,
    #[serde(skip_serializing_if = "Option::is_none")]
    respond: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forward: Option<FileForward>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForward {
    to: Vec<Address>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    cc: Vec<Address>,
    /// The user name of the agent whom it is from, instead of the ticketbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from_agent: Option<String>,
}

/// The names of a directory.
struct Names(BTreeMap<(&'static str, String), uuid::Uuid>, BTreeMap<uuid::Uuid, String>);

impl Names {
    fn of(directory: &Directory) -> Self {
        let mut names = Self(BTreeMap::new(), BTreeMap::new());
        let mut put = |what: &'static str, name: &str, id: uuid::Uuid| {
            names.0.insert((what, name.trim().to_lowercase()), id);
            names.1.insert(id, name.to_owned());
        };
        directory.ticketboxes.values().for_each(|it| put("ticketbox", &it.name, it.id.into()));
        directory.agents.values().for_each(|it| put("agent", &it.user_name, it.id.into()));
        directory.categories.values().for_each(|it| put("category", &it.name, it.id.into()));
        directory.sources.values().for_each(|it| put("source", &it.name, it.id.into()));
        directory.responses.values().for_each(|it| put("response", &it.name, it.id.into()));
        names
    }

    fn id<T: From<uuid::Uuid>>(&self, place: &str, what: &'static str, name: &str) -> Result<T, RulesFileError> {
        let found = self.0.get(&(what, name.trim().to_lowercase()));
        let none = || RulesFileError::NoSuch { place: place.to_owned(), what, name: name.to_owned() };
        found.copied().map(T::from).ok_or_else(none)
    }

    fn maybe<T: From<uuid::Uuid>>(
        &self,
        place: &str,
        what: &'static str,
        name: Option<&String>,
    ) -> Result<Option<T>, RulesFileError> {
        name.map(|name| self.id(place, what, name)).transpose()
    }

    /// The name of what has an id; the id itself if it is gone.
    fn name(&self, id: impl Into<uuid::Uuid>) -> String {
        let id = id.into();
        self.1.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
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
