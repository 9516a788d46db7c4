//! Where agents may sign in from (features 7.7).

use std::net::IpAddr;

use crate::agent::Agent;
use crate::directory::Directory;
use crate::id::AgentId;
use crate::ip_range::IpRange;
use crate::refusal::Refusal;

/// Whether an agent may use the desk from a place. He may from the ranges of his own, of the groups that he belongs to and
/// of *everyone*, all together: one wide range of a group is enough. Whoever has no range anywhere may from everywhere.
/// A place that is not known is in no range.
///
/// # Errors
/// [`Refusal::NotFromHere`] if he may not.
pub fn from_place(directory: &Directory, agent: AgentId, place: Option<IpAddr>) -> Result<(), Refusal> {
    let Some(known) = directory.agents.get(&agent) else { return Err(Refusal::SignIn) };
    let mut ranges = ranges(directory, known).peekable();
    let may = ranges.peek().is_none() || place.is_some_and(|place| ranges.any(|range| range.contains(place)));
    match may {
        true => Ok(()),
        false => Err(Refusal::NotFromHere {
            place: place.map_or_else(|| "an unknown address".to_owned(), |place| place.to_canonical().to_string()),
        }),
    }
}

fn ranges<'a>(directory: &'a Directory, agent: &'a Agent) -> impl Iterator<Item = &'a IpRange> {
    let groups = directory.groups.values().filter(|group| group.members.contains(&agent.id));
    agent.ip_ranges.iter().chain(groups.flat_map(|group| &group.ip_ranges)).chain(&directory.settings.ip_ranges)
}
