//! [`AccessLists`]: all access lists of a desk, as decisions ask them.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{AccessList, Grant, Grantee, Rights, Scope, Securable};
use crate::directory::Directory;
use crate::id::AgentId;

/// All access lists of a desk. What has none is open to everyone.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AccessLists {
    lists: BTreeMap<Scope, AccessList>,
}

impl AccessLists {
    /// Adds a list, or puts it in place of the one with its scope.
    pub fn put(&mut self, list: AccessList) {
        self.lists.insert(list.scope, list);
    }

    /// Takes an object's own list away: the default one holds for it again.
    pub fn remove(&mut self, scope: &Scope) {
        self.lists.remove(scope);
    }

    /// The lists that somebody wrote.
    pub fn iter(&self) -> impl Iterator<Item = &AccessList> {
        self.lists.values()
    }

    /// The list that somebody wrote for exactly this.
    pub fn get(&self, scope: &Scope) -> Option<&AccessList> {
        self.lists.get(scope)
    }

    /// The list that holds for an object: its own, else the default one of its class; `None` if nobody wrote either.
    pub fn holds_for(&self, class: Securable, object: Option<Uuid>) -> Option<&AccessList> {
        let own = object.and_then(|object| self.lists.get(&Scope::one(class, object)));
        own.or_else(|| self.lists.get(&Scope::default_of(class)))
    }
}

/// What an agent may do with an object: the sum of his grants in the list that holds for it. Administrators may do
/// everything, who is inactive nothing.
#[must_use]
pub fn rights(directory: &Directory, agent: AgentId, class: Securable, object: Option<Uuid>) -> Rights {
    let Some(known) = directory.agents.get(&agent).filter(|agent| agent.active) else { return Rights::NONE };
    if known.administrator {
        return Rights::FULL;
    }
    let Some(list) = directory.access.holds_for(class, object) else { return Rights::FULL };
    list.grants.iter().filter(|grant| applies(directory, grant, agent)).fold(Rights::NONE, |all, it| all | it.rights)
}

/// Whether a grant is for an agent, himself or through a group.
pub fn applies(directory: &Directory, grant: &Grant, agent: AgentId) -> bool {
    match grant.to {
        Grantee::Agent(id) => id == agent,
        Grantee::Group(group) => directory.is_member(agent, group),
    }
}
