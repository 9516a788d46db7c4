//! The grid of a list: everybody whom rights can be given to, and what he ends up with.

use std::collections::BTreeMap;

use mailflow_core::access::{AccessList, Grant, Grantee, Right, Rights, Scope};
use mailflow_core::agent::Agent;
use mailflow_core::directory::Directory;
use mailflow_core::group::EVERYONE;
use mailflow_core::refusal::Refusal;

use super::{effect, grantee_name, rights_words};
use crate::web::Fields;

/// Somebody whom rights can be given to.
#[derive(Debug)]
pub struct GridRow {
    /// The name of its fields in the form.
    pub key: String,
    /// Who it is.
    pub name: String,
    /// What that is: a group, an agent.
    pub what: String,
    /// Whether the rights stand fixed: administrators may everything.
    pub fixed: bool,
    /// The presets: value, name, whether it is chosen.
    pub presets: Vec<(&'static str, &'static str, bool)>,
    /// The single rights: value, and whether it is given.
    pub rights: Vec<(&'static str, bool)>,
    /// What an agent ends up with; empty for groups.
    pub effect: String,
    /// Through whom.
    pub through: String,
}

const PRESETS: [(&str, &str, Rights); 5] = [
    ("none", "None", Rights::NONE),
    ("list", "List", Rights::LIST),
    ("read", "Read", Rights::READ),
    ("edit", "Edit", Rights::EDIT),
    ("full", "Full", Rights::FULL),
];

/// The word for rights that no preset has.
const SINGLE: &str = "single";

fn presets(rights: Rights, allow_or_deny: bool) -> Vec<(&'static str, &'static str, bool)> {
    if allow_or_deny {
        return vec![("none", "Deny", rights != Rights::FULL), ("full", "Allow", rights == Rights::FULL)];
    }
    let mut presets: Vec<_> = PRESETS.map(|(value, name, preset)| (value, name, preset == rights)).to_vec();
    let chosen = presets.iter().any(|(.., chosen)| *chosen);
    presets.push((SINGLE, "As ticked", !chosen));
    presets
}

fn key(to: Grantee) -> String {
    match to {
        Grantee::Agent(id) => format!("agent-{id}"),
        Grantee::Group(id) => format!("group-{id}"),
    }
}

/// Everybody whom a list can name: everyone, the groups, the agents.
fn grantees(directory: &Directory) -> Vec<Grantee> {
    let mut groups: Vec<_> = directory.groups.values().collect();
    groups.sort_by_key(|it| it.name.to_lowercase());
    let mut agents: Vec<_> = directory.agents.values().filter(|it| !it.administrator).collect();
    agents.sort_by_key(|it| it.name.to_lowercase());
    let groups = groups.into_iter().map(|it| Grantee::Group(it.id));
    let agents = agents.into_iter().map(|it| Grantee::Agent(it.id));
    [Grantee::Group(EVERYONE)].into_iter().chain(groups).chain(agents).collect()
}

fn given(list: &AccessList) -> BTreeMap<Grantee, Rights> {
    let tidy = AccessList::tidy(list.scope, &list.grants);
    tidy.grants.into_iter().map(|grant| (grant.to, grant.rights)).collect()
}

/// The rows of a list; `directory` is as it would be with it.
pub fn rows(directory: &Directory, list: &AccessList) -> Vec<GridRow> {
    let (scope, given) = (list.scope, given(list));
    let mut rows = vec![fixed("Administrators", "group, always")];
    for to in grantees(directory) {
        let rights = given.get(&to).copied().unwrap_or_default();
        let (what, ends) = match to {
            Grantee::Group(EVERYONE) => ("group of all agents".to_owned(), None),
            Grantee::Group(id) => {
                let members = directory.groups.get(&id).map_or(0, |it| it.members.len());
                (format!("group, {}", crate::web::admin::words::count(members, "member", "members")), None)
            }
            Grantee::Agent(id) => match directory.agents.get(&id) {
                Some(agent) if !agent.active => ("agent, inactive".to_owned(), Some(agent)),
                agent => ("agent".to_owned(), agent),
            },
        };
        rows.push(GridRow {
            key: key(to),
            name: grantee_name(directory, to),
            what,
            fixed: false,
            presets: presets(rights, scope.class.is_allow_or_deny()),
            rights: if scope.class.is_allow_or_deny() {
                Vec::new()
            } else {
                Right::ALL.map(|right| (right.word(), rights.has(right))).to_vec()
            },
            effect: ends
                .map_or_else(String::new, |agent| rights_words(effect(directory, agent.id, scope), scope.class)),
            through: ends.map_or_else(String::new, |agent| through(directory, list, agent)),
        });
    }
    let mut administrators: Vec<_> = directory.agents.values().filter(|it| it.administrator).collect();
    administrators.sort_by_key(|it| it.name.to_lowercase());
    rows.extend(administrators.into_iter().map(|it| fixed(&it.name, "administrator")));
    rows
}

fn fixed(name: &str, what: &str) -> GridRow {
    GridRow {
        key: String::new(),
        name: name.to_owned(),
        what: what.to_owned(),
        fixed: true,
        presets: Vec::new(),
        rights: Vec::new(),
        effect: "everything".to_owned(),
        through: "always; no list takes it away".to_owned(),
    }
}

/// Which grants an agent has his rights from.
fn through(directory: &Directory, list: &AccessList, agent: &Agent) -> String {
    if !agent.active {
        return "who is inactive may nothing".to_owned();
    }
    let applies = |grant: &&Grant| match grant.to {
        Grantee::Agent(id) => id == agent.id,
        Grantee::Group(group) => directory.is_member(agent.id, group),
    };
    let names: Vec<String> = list
        .grants
        .iter()
        .filter(|grant| !grant.rights.is_empty())
        .filter(applies)
        .map(|grant| match grant.to {
            Grantee::Agent(_) => "his own row".to_owned(),
            to => grantee_name(directory, to),
        })
        .collect();
    match names.len() {
        0 => "no row names him or a group of his".to_owned(),
        _ => format!("through {}", names.join(" and ")),
    }
}

/// The list that a form describes. Who had no row in it keeps what he has.
///
/// # Errors
/// [`Refusal::Invalid`] if the form came incomplete.
pub fn read(directory: &Directory, before: &AccessList, fields: &Fields) -> Result<AccessList, Refusal> {
    if !fields.has("end") {
        return Err(Refusal::invalid("form", "it came incomplete; nothing was read of it"));
    }
    let (scope, given): (Scope, _) = (before.scope, given(before));
    let mut grants = Vec::new();
    for to in grantees(directory) {
        let key = key(to);
        let rights = match fields.one(&key) {
            "" => given.get(&to).copied().unwrap_or_default(),
            SINGLE => {
                let ticked = format!("{key}-right");
                let word = |right: &Right| fields.all(&ticked).any(|it| it == right.word());
                Right::ALL.into_iter().filter(word).collect::<Vec<_>>().into()
            }
            preset => {
                PRESETS.iter().find(|(value, ..)| *value == preset).map_or(Rights::NONE, |(.., rights)| *rights)
            }
        };
        grants.push(Grant { to, rights });
    }
    Ok(AccessList::tidy(scope, &grants))
}

/// Who is named although everyone may as much already: his row adds nothing.
pub fn adds_nothing(directory: &Directory, list: &AccessList) -> Vec<String> {
    let given = given(list);
    let everyone = given.get(&Grantee::Group(EVERYONE)).copied().unwrap_or_default();
    let lost = given.iter().filter(|(to, rights)| {
        **to != Grantee::Group(EVERYONE) && !rights.is_empty() && everyone.and(**rights) == **rights
    });
    lost.map(|(to, _)| grantee_name(directory, *to)).collect()
}
