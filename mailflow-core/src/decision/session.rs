//! Signing in and out.

use std::net::IpAddr;
use std::time::Duration;

use super::{Scene, Stop, configure, trail};
use crate::access;
use crate::agent::{Agent, SecondFactor};
use crate::allowance::{self, Allowance, Counted, Limit};
use crate::audit::{About, Deed, Who};
use crate::digest::Digest;
use crate::id::{AgentId, Mint};
use crate::refusal::Refusal;
use crate::session::{Caller, NewToken, Proof, Session};
use crate::store::{Changes, Key};
use crate::text;
use crate::time::Timestamp;

/// How long a session lasts that nobody uses.
pub const LASTS: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How old "last seen" may be before it is written again.
pub const SEEN: Duration = Duration::from_secs(5 * 60);
/// How long a code of a second factor is the current one (RFC 6238 section 4).
const STEP_MS: u64 = 30_000;
/// The most API tokens of an agent.
pub const TOKENS: usize = 50;

/// Begins a session. `token` is the digest of a secret that only the agent's program has.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not sign in, not from there, or needs a code that was not given or is used up.
pub fn begin(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (agent, proof): (AgentId, Proof),
    token: Digest,
    (peer, user_agent): (&str, &str),
) -> Result<(), Stop> {
    access::take_part(scene.directory, agent)?;
    access::from_place(scene.directory, agent, peer.parse().ok())?;
    let known = scene.directory.agents.get(&agent).ok_or(Refusal::SignIn)?;
    match (&known.second_factor, proof) {
        (None, _) => {}
        (Some(_), Proof::Password) => return Err(Refusal::CodeNeeded.into()),
        (Some(_), Proof::Code(step)) => once(changes, agent, step)?,
        (Some(factor), Proof::Recovery(code)) => use_up(scene, changes, known, (factor, code))?,
    }
    let from = text::one_line(peer, 100);
    let entered = (Who::Agent(agent), trail::about_agent(known));
    trail::record(scene, changes, mint, entered, Deed::SignedIn { from });
    changes.put(Session {
        token,
        agent,
        created: scene.now,
        seen: scene.now,
        expires: scene.now.plus(LASTS),
        peer: text::one_line(peer, 100),
        user_agent: text::one_line(user_agent, 300),
        api_token: None,
    });
    Ok(())
}

/// Accepts the code of a step, if neither it nor a later one was accepted before.
fn once(changes: &mut Changes<'_>, agent: AgentId, step: u64) -> Result<(), Stop> {
    let of = allowance::codes_of(agent);
    let last = changes.get::<Allowance>(&Key::Allowance(of))?.and_then(|known| known.done.last().copied());
    let at = Timestamp::from_millis(i64::try_from(step.saturating_mul(STEP_MS)).unwrap_or(i64::MAX));
    if last.is_some_and(|last| last >= at) {
        return Err(Refusal::Code.into());
    }
    changes.put(Allowance { of, done: vec![at] });
    Ok(())
}

/// Takes a recovery code away.
fn use_up(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    agent: &Agent,
    (factor, code): (&SecondFactor, Digest),
) -> Result<(), Stop> {
    if !factor.recovery.contains(&code) {
        return Err(Refusal::Code.into());
    }
    let recovery = factor.recovery.iter().copied().filter(|known| *known != code).collect();
    let second_factor = Some(SecondFactor { recovery, ..factor.clone() });
    configure::write_own(scene, changes, &Agent { second_factor, ..agent.clone() })
}

/// Whose session or API token it is; `None` if it is over, or worth nothing from there. "Last seen" is written now and then.
///
/// # Errors
/// [`Stop::Look`] for the session.
pub fn whose(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    token: Digest,
    place: Option<IpAddr>,
) -> Result<Option<Caller>, Stop> {
    let Some(session) = changes.get::<Session>(&Key::Session(token))?.cloned() else { return Ok(None) };
    let begun_at: Option<IpAddr> = session.peer.parse().ok();
    let canonical = |place: Option<IpAddr>| place.map(|place| place.to_canonical());
    let of_program = session.api_token.is_some();
    let moved = !of_program && scene.directory.settings.lock_sessions && canonical(begun_at) != canonical(place);
    let may = access::take_part(scene.directory, session.agent).is_ok()
        && access::from_place(scene.directory, session.agent, place).is_ok();
    if session.expires <= scene.now || moved || !may {
        return Ok(None);
    }
    if scene.now.since(session.seen) >= SEEN {
        let expires = if of_program { session.expires } else { scene.now.plus(LASTS) };
        changes.put(Session { seen: scene.now, expires, ..session.clone() });
    }
    Ok(Some(if of_program { Caller::Token(session.agent) } else { Caller::Session(session.agent) }))
}

/// Makes an API token for an agent: a program that shows its secret has his rights.
///
/// # Errors
/// [`Stop::Refuse`] if the agent may not use the desk, the name says nothing, or the token would be over already.
pub fn make_token(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (agent, by): (AgentId, Who),
    (wish, peer): (&NewToken, Option<IpAddr>),
) -> Result<(), Stop> {
    access::take_part(scene.directory, agent)?;
    let name = text::one_line(wish.name.trim(), 100);
    if name.is_empty() {
        return Err(Refusal::invalid("name", "say what the token is for").into());
    }
    if wish.expires.is_some_and(|at| at <= scene.now) {
        return Err(Refusal::invalid("expires", "this time is over already; choose a later one, or none").into());
    }
    let about = scene.directory.agents.get(&agent).map_or(About::Desk, trail::about_agent);
    trail::record(scene, changes, mint, (by, about), Deed::TokenMade { name: name.clone() });
    changes.put(Session {
        token: wish.token,
        agent,
        created: scene.now,
        // Never used so far: no later than it was made.
        seen: scene.now,
        expires: wish.expires.unwrap_or(Timestamp::MAX),
        peer: peer.map(|it| it.to_string()).unwrap_or_default(),
        user_agent: String::new(),
        api_token: Some(name),
    });
    Ok(())
}

/// Who ends a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The agent signs out.
    SignedOut,
    /// Somebody, from elsewhere.
    By(Who),
}

/// Ends a session.
///
/// # Errors
/// [`Stop::Look`] for the session.
pub fn end(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    token: Digest,
    ended: Ended,
) -> Result<(), Stop> {
    let key = Key::Session(token);
    let Some(session) = changes.get::<Session>(&key)?.cloned() else { return Ok(()) };
    let about = scene.directory.agents.get(&session.agent).map_or(About::Desk, trail::about_agent);
    let (who, what) = match (ended, session.api_token) {
        (Ended::SignedOut, _) => (Who::Agent(session.agent), Deed::SignedOut),
        (Ended::By(who), Some(name)) => (who, Deed::TokenEnded { name }),
        (Ended::By(who), None) => (who, Deed::SessionEnded { from: session.peer }),
    };
    trail::record(scene, changes, mint, (who, about), what);
    changes.erase(key);
    Ok(())
}

/// So many sign-ins of one network address that came to nothing are written down in an hour: nobody can fill the audit.
const FAILED: Limit = Limit { times: 100, within: Duration::from_secs(60 * 60) };

/// Writes down that somebody was not let in. `agent` is who he is, if he has shown it.
///
/// # Errors
/// [`Stop::Look`] for how often that happened.
pub fn not_let_in(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (user_name, agent): (&str, Option<AgentId>),
    from: &str,
    refusal: &Refusal,
) -> Result<(), Stop> {
    let from = text::one_line(from, 100);
    let of = Counted::FailedSignIns(&from).key();
    let known = changes.get::<Allowance>(&Key::Allowance(of))?.cloned();
    let mut allowance = known.unwrap_or_else(|| Allowance::new(of));
    if !allowance.allows(FAILED, scene.now) {
        return Ok(());
    }
    allowance.spend(FAILED, scene.now);
    changes.put(allowance);
    let because = refusal.to_string();
    let named = agent.and_then(|id| scene.directory.agents.get(&id));
    let known = named.or_else(|| scene.directory.agent_named(user_name));
    let about = known.map_or(About::Desk, trail::about_agent);
    let what = match refusal {
        Refusal::NotFromHere { .. } => Deed::SignInRefused { from, because },
        _ => {
            let user_name = text::one_line(user_name, 100);
            Deed::SignInFailed { user_name, from, because }
        }
    };
    trail::record(scene, changes, mint, (Who::Nobody, about), what);
    Ok(())
}
