//! Groups: what uses them, and their signatures, which are not for administrators only.

use super::{By, Configured as _, authorize_group, put};
use crate::access::{self, Grantee};
use crate::agent::Escalation;
use crate::approval::Approver;
use crate::decision::{Scene, Stop};
use crate::digest::Digest;
use crate::directory::{Directory, Documented as _};
use crate::group::Group;
use crate::id::{AgentId, GroupId, Mint};
use crate::refusal::Refusal;
use crate::store::Changes;

/// What uses a group, each in words that follow "used by".
#[must_use]
pub fn group_uses(directory: &Directory, group: GroupId) -> Vec<String> {
    let lists = directory.access.iter().filter(|list| list.names(Grantee::Group(group)));
    let mut uses: Vec<String> =
        lists.map(|list| format!("the access to {}", access::scope_words(directory, list.scope))).collect();
    let approved = directory.agents.values().filter(|it| it.approval == Some(Approver::Group(group)));
    uses.extend(approved.map(|it| format!("the approval of `{}`", it.name)));
    let escalating = directory.agents.values().filter(|it| it.escalate_to == Some(Escalation::Group(group)));
    uses.extend(escalating.map(|it| format!("agent `{}`, who escalates to it", it.name)));
    uses
}

/// Changes the signature of a group. `seen` is the group's version that was looked at.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not list or edit the group, or somebody else has changed it since.
pub fn sign_group(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    (id, seen): (GroupId, Option<Digest>),
    signature: &str,
) -> Result<(), Stop> {
    authorize_group(scene.directory, agent, id)?;
    let before = scene.directory.groups.get(&id).ok_or_else(|| Refusal::no_such("group", id))?;
    if seen.is_some_and(|seen| seen != before.version()) {
        return Err(Refusal::Outdated { what: "group", name: before.name.clone() }.into());
    }
    let wish = Group { signature: signature.to_owned(), ..before.clone() };
    wish.check(scene.directory)?;
    put(scene, changes, mint, By::Agent(agent), &wish, Vec::new())
}
