//! What a change of access would mean, before it is saved.

use uuid::Uuid;

use super::{AccessList, AccessLists, Rights, Scope, Securable, rights};
use crate::directory::Directory;
use crate::id::AgentId;

/// What one agent would gain or lose with one object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Difference {
    /// The agent.
    pub agent: AgentId,
    /// The class of the object.
    pub class: Securable,
    /// The object; `None` for a class whose objects have no lists of their own.
    pub object: Option<Uuid>,
    /// What he may now.
    pub before: Rights,
    /// What he would be able to do.
    pub after: Rights,
}

impl Difference {
    /// Whether the agent loses a right.
    pub fn loses(&self) -> bool {
        self.before.and(self.after) != self.before
    }

    /// Whether the agent gains a right.
    pub fn gains(&self) -> bool {
        self.before.and(self.after) != self.after
    }
}

/// Who would gain or lose what if a list were saved as `wish`, or taken away if that is `None`. `directory` stays as it
/// is. An agent who is inactive or an administrator never gains or loses anything.
#[must_use]
pub fn what_if(directory: &Directory, scope: Scope, wish: Option<&AccessList>) -> Vec<Difference> {
    let changed = changed(directory, scope, wish);
    let mut differences = Vec::new();
    for object in objects(directory, scope) {
        for agent in directory.agents.keys() {
            let before = rights(directory, *agent, scope.class, object);
            let after = rights(&changed, *agent, scope.class, object);
            if before != after {
                differences.push(Difference { agent: *agent, class: scope.class, object, before, after });
            }
        }
    }
    differences
}

/// How many agents these differences are about.
pub fn agents_of<'a>(differences: impl Iterator<Item = &'a Difference>) -> usize {
    differences.map(|it| it.agent).collect::<std::collections::BTreeSet<_>>().len()
}

/// The directory as it would be if a list were saved as `wish`, or taken away if that is `None`.
#[must_use]
pub fn changed(directory: &Directory, scope: Scope, wish: Option<&AccessList>) -> Directory {
    let mut lists: AccessLists = directory.access.clone();
    match wish {
        Some(wish) => lists.put(AccessList { scope, ..wish.clone() }),
        None => lists.remove(&scope),
    }
    let mut changed = directory.clone();
    changed.access = lists;
    changed
}

/// The objects whose access a list may change.
fn objects(directory: &Directory, scope: Scope) -> Vec<Option<Uuid>> {
    if scope.object.is_some() {
        return vec![scope.object];
    }
    match scope.class {
        Securable::Agents => directory.agents.keys().map(|id| Some((*id).into())).collect(),
        Securable::Ticketboxes => directory.ticketboxes.keys().map(|id| Some((*id).into())).collect(),
        Securable::Categories => directory.categories.keys().map(|id| Some((*id).into())).collect(),
        Securable::Groups => directory.groups.keys().map(|id| Some((*id).into())).collect(),
        _ => vec![None],
    }
}
