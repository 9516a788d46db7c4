//! Signing in and out.

use std::time::Duration;

use super::{Scene, Stop};
use crate::access;
use crate::digest::Digest;
use crate::id::AgentId;
use crate::session::Session;
use crate::store::{Changes, Key};
use crate::text;

/// How long a session lasts that nobody uses.
pub const LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How old "last seen" may be before it is written again.
pub const SEEN: Duration = Duration::from_secs(5 * 60);

/// Begins a session. `token` is the digest of a secret that only the agent's program has.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not sign in.
pub fn begin(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    agent: AgentId,
    token: Digest,
    (peer, user_agent): (&str, &str),
) -> Result<(), Stop> {
    access::take_part(scene.directory, agent)?;
    changes.put(Session {
        token,
        agent,
        created: scene.now,
        seen: scene.now,
        expires: scene.now.plus(LASTS),
        peer: text::one_line(peer, 100),
        user_agent: text::one_line(user_agent, 300),
    });
    Ok(())
}

/// Whose session it is; `None` if it is over. "Last seen" is written now and then.
///
/// # Errors
/// [`Stop::Look`] for the session.
pub fn whose(scene: &Scene<'_>, changes: &mut Changes<'_>, token: Digest) -> Result<Option<AgentId>, Stop> {
    let Some(session) = changes.get::<Session>(&Key::Session(token))?.cloned() else { return Ok(None) };
    if session.expires <= scene.now || access::take_part(scene.directory, session.agent).is_err() {
        return Ok(None);
    }
    if scene.now.since(session.seen) >= SEEN {
        changes.put(Session { seen: scene.now, expires: scene.now.plus(LASTS), ..session.clone() });
    }
    Ok(Some(session.agent))
}

/// Ends a session.
///
/// # Errors
/// [`Stop::Look`] for the session.
pub fn end(changes: &mut Changes<'_>, token: Digest) -> Result<(), Stop> {
    let key = Key::Session(token);
    if changes.get::<Session>(&key)?.is_some() {
        changes.erase(key);
    }
    Ok(())
}
