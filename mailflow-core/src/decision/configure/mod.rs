//! Changes of the configuration: every one replaces the [`DirectoryStamp`], so that two at once cannot both believe
//! that a name is free.

mod groups;
mod lists;
mod sound;
mod uses;

pub use groups::{group_uses, sign_group};
pub use lists::save_access;
pub use uses::uses;

use super::trail::{self, Edit};
use super::{Scene, Stop};
use std::net::IpAddr;

use crate::access::{self, Right, Securable};
use crate::agent::{Agent, Escalation};
use crate::digest::Digest;
use crate::directory::{Directory, DirectoryStamp, Document, DocumentKind, Documented};
use crate::group::Group;
use crate::id::{AgentId, GroupId, Mint};
use crate::refusal::Refusal;
use crate::rule::{RuleSet, RulesEdited};
use crate::settings::Settings;
use crate::store::{Changes, Key};
use crate::ticketbox::Ticketbox;

/// A document that an administrator may write, with what makes it sound.
pub trait Configured: Documented {
    /// What to call it in a refusal.
    const WORD: &'static str;

    /// Whether it fits the rest of the configuration.
    ///
    /// # Errors
    /// A [`Refusal`] that says what does not fit.
    fn check(&self, directory: &Directory) -> Result<(), Refusal>;

    /// Its name, for a refusal.
    fn called(&self) -> String;

    /// Other documents that have to change with it.
    fn others(&self, _directory: &Directory) -> Vec<Document> {
        Vec::new()
    }
}

/// Who changes the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// An agent, who has to be an administrator.
    Agent(AgentId),
    /// An agent, who has to be an administrator and is here: nothing may be so that he could not come in again.
    AgentAt(AgentId, IpAddr),
    /// The program itself, or whoever may run it.
    Program,
}

/// Writes a document.
///
/// # Errors
/// [`Stop::Refuse`] if the agent is no administrator, or the document does not fit.
pub fn save<T: Configured>(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    wish: &T,
) -> Result<(), Stop> {
    authorize(scene, by, T::KIND, Right::Edit)?;
    wish.check(scene.directory)?;
    gets_in_again(scene.directory, by, &wish.to_document())?;
    let mut others = Vec::new();
    for other in wish.others(scene.directory) {
        let before = changes.get::<Document>(&Key::Document(other.kind, other.id))?.cloned();
        others.extend(before.map(|before| (before.content, other.clone())));
        write(changes, other)?;
    }
    put(scene, changes, mint, by, wish, others)
}

/// Writes a document, and what is different.
fn put<T: Configured>(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    wish: &T,
    others: Vec<(serde_json::Value, Document)>,
) -> Result<(), Stop> {
    let after = wish.to_document();
    let known = changes.get::<Document>(&Key::Document(after.kind, after.id))?.cloned();
    // Read and written once more: fields that came later have their defaults in both.
    let again = |known: Document| serde_json::from_value::<T>(known.content).ok();
    let before = known.and_then(again).map(|known| known.to_document().content);
    let (kind, id, name) = (after.kind, after.id, wish.called());
    let edit = Edit { kind, id, name, before, after: Some(after.content.clone()), others };
    trail::edited(scene, changes, mint, by.into(), edit);
    write(changes, after)
}

/// Writes a document over one that somebody looked at; `seen` is the [`version`](Documented::version) that he saw.
///
/// # Errors
/// [`Stop::Refuse`] if it is another one now, or is gone, or as for [`save`].
pub fn save_over<T: Configured>(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    (wish, seen): (&T, Digest),
) -> Result<(), Stop> {
    authorize(scene, by, T::KIND, Right::Edit)?;
    let (key, word) = (Key::Document(T::KIND, wish.document_id()), T::WORD);
    let known = changes.get::<Document>(&key)?.ok_or_else(|| Refusal::no_such(word, wish.document_id()))?;
    // Read and written once more: fields that came later have their defaults in both.
    let is = serde_json::from_value::<T>(known.content.clone()).ok().map(|known| known.version());
    if is != Some(seen) {
        return Err(Refusal::Outdated { what: word, name: wish.called() }.into());
    }
    save(scene, changes, mint, by, wish)
}

/// Writes the rules, if they are still those that the edit began with.
///
/// # Errors
/// [`Stop::Refuse`] if the agent is no administrator, the rules do not fit, or another edit was faster.
pub fn save_rules(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    wish: &RuleSet,
) -> Result<(), Stop> {
    let revision = scene.directory.rule_set.revision;
    if wish.revision != revision {
        return Err(Refusal::RulesChanged { revision }.into());
    }
    let by_agent = match by {
        By::Agent(agent) | By::AgentAt(agent, _) => Some(agent),
        By::Program => None,
    };
    let edited = Some(RulesEdited { by: by_agent, at: scene.now });
    let next = RuleSet { revision: revision.saturating_add(1), edited, ..wish.clone() };
    save(scene, changes, mint, by, &next)
}

/// Removes a document. What others need stays.
///
/// # Errors
/// [`Stop::Refuse`] if the agent is no administrator, there is no such document, or it is needed.
pub fn remove(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    (kind, id): (DocumentKind, uuid::Uuid),
) -> Result<(), Stop> {
    authorize(scene, by, kind, Right::Delete)?;
    let key = Key::Document(kind, id);
    let known = changes.get::<Document>(&key)?.cloned().ok_or_else(|| Refusal::no_such(kind.word(), id))?;
    unneeded(scene.directory, kind, id)?;
    if kind == DocumentKind::Group {
        let mut next = scene.directory.clone();
        next.groups.remove(&id.into());
        still_lets_in(scene.directory, by, &next)?;
    }
    let name = ["user_name", "name"].iter().find_map(|field| known.content.get(field)?.as_str());
    let name = name.unwrap_or(kind.word()).to_owned();
    let edit = Edit { kind, id, name, before: Some(known.content), after: None, others: Vec::new() };
    trail::edited(scene, changes, mint, by.into(), edit);
    changes.erase(key);
    // The list of an object goes with it.
    let own_list = Key::Document(DocumentKind::Access, id);
    if kind != DocumentKind::Access && changes.get::<Document>(&own_list)?.is_some() {
        changes.erase(own_list);
    }
    stamp(changes)
}

/// What a new desk has: the built-in administrator, *Unassigned*, settings and an empty rule set. Returns whether it
/// was new.
///
/// # Errors
/// [`Stop::Look`] for the documents.
pub fn found(changes: &mut Changes<'_>) -> Result<bool, Stop> {
    if changes.get::<DirectoryStamp>(&Key::Directory)?.is_some() {
        return Ok(false);
    }
    let documents = [
        Agent::built_in_administrator().to_document(),
        Ticketbox::unassigned().to_document(),
        Settings::default().to_document(),
        RuleSet::default().to_document(),
    ];
    documents.into_iter().try_for_each(|document| write(changes, document))?;
    Ok(true)
}

/// Whether somebody may change documents of a kind: standard responses whoever has the right, all else administrators.
fn authorize(scene: &Scene<'_>, by: By, kind: DocumentKind, right: Right) -> Result<(), Refusal> {
    match (by, kind) {
        (By::Program, _) => Ok(()),
        (By::Agent(agent) | By::AgentAt(agent, _), DocumentKind::Response) => {
            access::use_of(scene.directory, agent, Securable::Responses, None, right).map(drop)
        }
        (By::Agent(agent) | By::AgentAt(agent, _), _) => {
            access::administer(scene.directory, agent, "change the configuration").map(drop)
        }
    }
}

/// Whether somebody may change the signature of a group.
fn authorize_group(directory: &Directory, agent: AgentId, group: GroupId) -> Result<(), Refusal> {
    access::know(directory, agent, Securable::Groups, group.into())?;
    access::use_of(directory, agent, Securable::Groups, Some(group.into()), Right::Edit).map(drop)
}

/// Writes what an agent changed about himself.
pub(super) fn write_own(scene: &Scene<'_>, changes: &mut Changes<'_>, agent: &Agent) -> Result<(), Stop> {
    agent.check(scene.directory)?;
    write(changes, agent.to_document())
}

/// Refuses what would lock out whoever saves it: where agents may sign in from is said by agents, groups and settings.
fn gets_in_again(directory: &Directory, by: By, document: &Document) -> Result<(), Refusal> {
    if !matches!(by, By::AgentAt(..)) {
        return Ok(());
    }
    let mut next = directory.clone();
    let content = document.content.clone();
    let read = match document.kind {
        DocumentKind::Agent => serde_json::from_value(content).map(|it: Agent| drop(next.agents.insert(it.id, it))),
        DocumentKind::Group => serde_json::from_value(content).map(|it: Group| drop(next.groups.insert(it.id, it))),
        DocumentKind::Settings => serde_json::from_value(content).map(|it: Settings| next.settings = it),
        _ => return Ok(()),
    };
    // What cannot be read is refused where it is written.
    read.map_or(Ok(()), |()| still_lets_in(directory, by, &next))
}

fn still_lets_in(directory: &Directory, by: By, next: &Directory) -> Result<(), Refusal> {
    let By::AgentAt(agent, place) = by else { return Ok(()) };
    let came_in = access::from_place(directory, agent, Some(place)).is_ok();
    if came_in && access::from_place(next, agent, Some(place)).is_err() {
        let place = place.to_canonical();
        let problem = format!("you are at `{place}` and could not sign in any more; add a range with it");
        return Err(Refusal::invalid("ip_ranges", problem));
    }
    Ok(())
}

fn write(changes: &mut Changes<'_>, document: Document) -> Result<(), Stop> {
    changes.need([Key::Document(document.kind, document.id), Key::Directory])?;
    changes.put(document);
    stamp(changes)
}

fn stamp(changes: &mut Changes<'_>) -> Result<(), Stop> {
    let before = changes.get::<DirectoryStamp>(&Key::Directory)?.copied().unwrap_or_default();
    changes.put(DirectoryStamp { changes: before.changes.saturating_add(1) });
    Ok(())
}

/// Whether anything needs a document that shall be removed. Tickets keep the id of what is gone; pages show it as such.
fn unneeded(directory: &Directory, kind: DocumentKind, id: uuid::Uuid) -> Result<(), Refusal> {
    let used = |what: &'static str, name: &str, by: String| Err(Refusal::InUse { what, name: name.to_owned(), by });
    match kind {
        DocumentKind::Agent => match directory.agents.get(&id.into()) {
            Some(agent) if agent.built_in => Err(Refusal::BuiltIn { what: "agent", name: agent.name.clone() }),
            Some(agent) => match directory.rule_set.rules.iter().find(|rule| rule.then.owner == Some(agent.id)) {
                Some(rule) => used("agent", &agent.name, format!("rule `{}`", rule.description)),
                None if directory.rule_set.default.owner == Some(agent.id) => {
                    used("agent", &agent.name, "the default rule".to_owned())
                }
                None => match escalates(directory, Escalation::Agent(agent.id)) {
                    Some(other) => {
                        used("agent", &agent.name, format!("agent `{}`, who escalates to him", other.name))
                    }
                    None => Ok(()),
                },
            },
            None => Ok(()),
        },
        DocumentKind::Category => {
            let Some(category) = directory.categories.get(&id.into()) else { return Ok(()) };
            match directory.rule_set.rules.iter().find(|rule| rule.then.category == Some(category.id)) {
                Some(rule) => used("category", &category.name, format!("rule `{}`", rule.description)),
                None if directory.rule_set.default.category == Some(category.id) => {
                    used("category", &category.name, "the default rule".to_owned())
                }
                None => Ok(()),
            }
        }
        DocumentKind::Group => {
            let Some(group) = directory.groups.get(&id.into()) else { return Ok(()) };
            match group_uses(directory, group.id).first() {
                Some(by) => used("group", &group.name, by.clone()),
                None => Ok(()),
            }
        }
        DocumentKind::Ticketbox => {
            let Some(ticketbox) = directory.ticketboxes.get(&id.into()) else { return Ok(()) };
            if ticketbox.built_in {
                return Err(Refusal::BuiltIn { what: "ticketbox", name: ticketbox.name.clone() });
            }
            if let Some(source) = directory.sources.values().find(|it| it.ticketbox == Some(ticketbox.id)) {
                return used("ticketbox", &ticketbox.name, format!("source `{}`", source.name));
            }
            match directory.rule_set.rules.iter().find(|rule| rule.then.ticketbox == Some(ticketbox.id)) {
                Some(rule) => used("ticketbox", &ticketbox.name, format!("rule `{}`", rule.description)),
                None if directory.rule_set.default.ticketbox == Some(ticketbox.id) => {
                    used("ticketbox", &ticketbox.name, "the default rule".to_owned())
                }
                None => Ok(()),
            }
        }
        DocumentKind::Destination => {
            let Some(destination) = directory.destinations.get(&id.into()) else { return Ok(()) };
            let source = directory.sources.values().find(|it| it.destination == Some(destination.id));
            let ticketbox = directory.ticketboxes.values().find(|it| it.destination == Some(destination.id));
            match (source, ticketbox) {
                (Some(it), _) => used("destination", &destination.name, format!("source `{}`", it.name)),
                (_, Some(it)) => used("destination", &destination.name, format!("ticketbox `{}`", it.name)),
                _ => Ok(()),
            }
        }
        DocumentKind::Rules | DocumentKind::Settings => {
            Err(Refusal::BuiltIn { what: "document", name: kind.word().to_owned() })
        }
        DocumentKind::Response => {
            let Some(response) = directory.responses.get(&id.into()) else { return Ok(()) };
            let rule = directory.rule_set.rules.iter().find(|rule| rule.then.respond == Some(response.id));
            let answers = |it: &&Ticketbox| it.auto_reply.as_ref().is_some_and(|it| it.response == response.id);
            match (rule, directory.ticketboxes.values().find(answers)) {
                (Some(rule), _) => used("response", &response.name, format!("rule `{}`", rule.description)),
                (_, Some(it)) => used("response", &response.name, format!("ticketbox `{}`", it.name)),
                _ => Ok(()),
            }
        }
        DocumentKind::Source | DocumentKind::Access => Ok(()),
    }
}

/// Who passes tickets on to this target.
fn escalates(directory: &Directory, to: Escalation) -> Option<&Agent> {
    directory.agents.values().find(|agent| agent.escalate_to == Some(to))
}
