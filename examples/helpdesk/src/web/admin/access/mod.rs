//! Who may see and do what: default lists of classes, lists of single objects, what they come to, why somebody may, and
//! what a change would mean before it is saved (guide chapter 7).

mod editor;
mod grid;
#[cfg(test)]
mod tests;
mod why;

use axum::extract::Query;
use mailflow_core::access::{self, AccessList, Grantee, Rights, Scope, Securable};
use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

pub use editor::{ask_default, back_to_default, of_class, of_object, save_class, save_object};
pub use why::why;

use super::form::sentence;
use super::list::{ObjectList, Row, Tone};
use super::{Asked, words};
use crate::web::answer::Answer;
use crate::web::{Frame, Signed};

const HERE: &str = "/admin/access";

/// The link to the access of an object, for its own page.
pub fn link(class: Securable, object: impl Into<Uuid>) -> (String, String) {
    (format!("{HERE}/{}/{}", class.word(), object.into()), "Access: who may see and do what with it".to_owned())
}

fn path_of(scope: Scope) -> String {
    match scope.object {
        Some(object) => format!("{HERE}/{}/{object}", scope.class.word()),
        None => format!("{HERE}/{}", scope.class.word()),
    }
}

/// What access to a class is access to.
const fn guards(class: Securable) -> &'static str {
    match class {
        Securable::Agents => "Tickets that an agent owns, wherever they lie; and to whom tickets can be given.",
        Securable::Ticketboxes => "Tickets in a ticketbox; and where tickets can be moved to.",
        Securable::Contacts => "The contacts: who writes to us, and what we know of him.",
        Securable::Groups => "The signatures of groups. It gives nothing of what its members may.",
        Securable::Responses => "The standard responses.",
        Securable::Categories => "Tickets of a category, wherever they lie.",
        Securable::StandardReports => "The standard reports.",
        Securable::ScheduledReports => "The scheduled reports.",
        Securable::AutoOpen => "The choice that a closed ticket opens again by itself.",
        _ => "The reports of what agents did.",
    }
}

/// Rights as people say them.
fn rights_words(rights: Rights, class: Securable) -> String {
    match (rights, class.is_allow_or_deny()) {
        (Rights::NONE, true) => "denied".to_owned(),
        (_, true) => "allowed".to_owned(),
        (Rights::NONE, false) => "nothing".to_owned(),
        (Rights::FULL, false) => "everything".to_owned(),
        (rights, false) => rights.iter().map(|right| right.word()).collect::<Vec<_>>().join(", "),
    }
}

fn grantee_name(directory: &Directory, to: Grantee) -> String {
    match to {
        Grantee::Agent(id) => directory.agents.get(&id).map_or("an agent who is gone", |it| &it.name).to_owned(),
        Grantee::Group(id) => directory.group_name(id),
    }
}

/// What a list says, in a line.
fn summary(directory: &Directory, list: &AccessList) -> String {
    let grants = list.grants.iter().map(|grant| {
        format!("{}: {}", grantee_name(directory, grant.to), rights_words(grant.rights, list.scope.class))
    });
    match grants.collect::<Vec<_>>() {
        none if none.is_empty() => "Nobody but administrators".to_owned(),
        grants => sentence(&grants.join("; ")),
    }
}

/// The objects of a class that can have lists of their own, by name.
fn objects(directory: &Directory, class: Securable) -> Vec<(Uuid, String)> {
    let mut all: Vec<(Uuid, String)> = match class {
        Securable::Agents => directory.agents.values().map(|it| (it.id.into(), it.name.clone())).collect(),
        Securable::Ticketboxes => directory.ticketboxes.values().map(|it| (it.id.into(), it.name.clone())).collect(),
        Securable::Categories => directory.categories.values().map(|it| (it.id.into(), it.name.clone())).collect(),
        Securable::Groups => directory.groups.values().map(|it| (it.id.into(), it.name.clone())).collect(),
        _ => Vec::new(),
    };
    all.sort_by_key(|(_, name)| name.to_lowercase());
    all
}

/// The name of an object that can have a list of its own.
fn object_name(directory: &Directory, class: Securable, object: Uuid) -> Result<String, Refusal> {
    let known = objects(directory, class).into_iter().find(|(id, _)| *id == object);
    known.map(|(_, name)| name).ok_or_else(|| Refusal::no_such(class.one(), object))
}

/// All classes, and all objects with lists of their own.
pub async fn classes(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let mut rows = Vec::new();
    for class in Securable::ALL {
        let scope = Scope::default_of(class);
        let open = AccessList::open(class);
        let list = directory.access.get(&scope).unwrap_or(&open);
        let own: Vec<&AccessList> =
            directory.access.iter().filter(|it| it.scope.class == class && it.scope.object.is_some()).collect();
        rows.push(Row {
            name: sentence(class.words()).trim_end_matches('.').to_owned(),
            path: path_of(scope),
            what: guards(class).to_owned(),
            state: summary(&directory, list),
            tone: Tone::Quiet,
            uses: match own.len() {
                0 => String::new(),
                number => words::count(number, "object has a list of its own", "objects have lists of their own"),
            },
            more: None,
            acts: Vec::new(),
        });
        for list in own {
            let Some(name) = list.scope.object.and_then(|id| object_name(&directory, class, id).ok()) else {
                continue;
            };
            rows.push(Row {
                name: format!("{} {name}", sentence(class.one()).trim_end_matches('.')),
                path: path_of(list.scope),
                what: "Its own list, in place of the default one.".to_owned(),
                state: summary(&directory, list),
                tone: Tone::Quiet,
                uses: String::new(),
                more: None,
                acts: Vec::new(),
            });
        }
    }
    let list = ObjectList {
        intro: "Who may list, read, edit and delete what. Everyone may do everything until it is lowered here. Inside a \
                list all that is granted adds up; an object’s own list stands in place of the default one of its class. \
                Administrators may do everything, always."
            .to_owned(),
        new: Some((format!("{HERE}/why"), "Why may somebody …?")),
        empty: String::new(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Access").await?)
}

/// A class, as it stands in a path.
fn class(text: &str) -> Result<Securable, Refusal> {
    Securable::from_word(text).ok_or_else(|| Refusal::no_such("class", text))
}

/// The scope that a path names: there is such an object, and it can have a list of its own.
fn scope(directory: &Directory, of_class: &str, object: Option<&str>) -> Result<Scope, Refusal> {
    let class = class(of_class)?;
    let Some(text) = object else { return Ok(Scope::default_of(class)) };
    let id: Uuid = text.parse().map_err(|_| Refusal::no_such(class.one(), text))?;
    object_name(directory, class, id)?;
    Ok(Scope::one(class, id))
}

/// The list that holds for a scope as it is.
fn holds(directory: &Directory, scope: Scope) -> AccessList {
    let list = directory.access.holds_for(scope.class, scope.object).cloned();
    AccessList { scope, ..list.unwrap_or_else(|| AccessList::open(scope.class)) }
}

/// What somebody may, of whom a list is about.
fn effect(directory: &Directory, agent: mailflow_core::id::AgentId, scope: Scope) -> Rights {
    access::rights(directory, agent, scope.class, scope.object)
}
