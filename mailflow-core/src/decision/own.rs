//! What agents change about themselves.

use super::{Scene, Stop, configure, trail};
use crate::access;
use crate::agent::{Agent, Preferences, SecondFactor};
use crate::audit::Who;
use crate::directory::{DocumentKind, Documented as _};
use crate::id::{AgentId, GroupId, Mint};
use crate::refusal::Refusal;
use crate::store::Changes;

/// What an agent wants to be true of himself.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnWish {
    /// This is the hash of his password.
    Password(String),
    /// He needs codes beside the password, or does not any more.
    SecondFactor(Option<SecondFactor>),
    /// He likes his desk so.
    Profile(Profile),
}

/// What an agent may choose about how he works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Put below what he writes.
    pub signature: String,
    /// The group whose signature is put there instead.
    pub signature_of: Option<GroupId>,
    /// How long what he sends can be pulled back, in seconds; 0 to 60.
    pub undo_send_s: u32,
    /// How he likes his pages.
    pub preferences: Preferences,
}

/// Changes what an agent may change about himself.
///
/// # Errors
/// [`Stop::Refuse`] if he may not use the desk, or it does not do.
pub fn change(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    wish: &OwnWish,
) -> Result<(), Stop> {
    access::take_part(scene.directory, agent)?;
    let known = scene.directory.agents.get(&agent).cloned().ok_or(Refusal::SignIn)?;
    let before = known.to_document().content;
    let next = match wish.clone() {
        OwnWish::Password(hash) => Agent { password: Some(hash), ..known },
        OwnWish::SecondFactor(second_factor) => Agent { second_factor, ..known },
        OwnWish::Profile(Profile { signature, signature_of, undo_send_s, preferences }) => {
            if signature_of.is_some_and(|group| !scene.directory.is_member(agent, group)) {
                return Err(Refusal::invalid("signature_of", "you are no member of this group").into());
            }
            Agent { signature, signature_of, undo_send_s, preferences, ..known }
        }
    };
    let edit = trail::Edit {
        kind: DocumentKind::Agent,
        id: agent.into(),
        name: next.user_name.clone(),
        before: Some(before),
        after: Some(next.to_document().content),
        others: Vec::new(),
    };
    trail::edited(scene, changes, mint, Who::Agent(agent), edit);
    configure::write_own(scene, changes, &next)
}
