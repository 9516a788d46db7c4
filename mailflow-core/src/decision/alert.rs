//! Telling agents of what they want to know: inside, and by mail (features 9.2, 9.3).

use std::time::Duration;

use uuid::Uuid;

use super::Scene;
use crate::access;
use crate::agent::Agent;
use crate::alert::{Alert, AlertEvent};
use crate::allowance::{Allowance, Counted, Limit};
use crate::contact::Contact;
use crate::event::Actor;
use crate::id::{AgentId, Mint, OutgoingId};
use crate::mail::{Address, Composition, Mailbox, ThreadId, compose, subject_tag};
use crate::outgoing::{Outgoing, OutgoingState, Recipient};
use crate::store::{Changes, Key, NotLoaded};
use crate::text;
use crate::ticket::Ticket;

/// The most mails that tell one agent of something in an hour: beyond it he is told inside.
const MAILS: Limit = Limit { times: 60, within: Duration::from_secs(60 * 60) };

/// Something that agents may want to know.
#[derive(Debug, Clone, Copy)]
pub(super) struct News<'a> {
    /// What happened.
    pub of: AlertEvent,
    /// What caused it: one cause tells an agent once.
    pub cause: Uuid,
    /// The ticket, as it is when it has happened.
    pub ticket: &'a Ticket,
    /// Who caused it. Nobody is told of what he did himself.
    pub by: Actor,
    /// Whether a machine caused it: a mail about it could be answered by the same machine, and so on for ever.
    pub by_machine: bool,
}

/// Tells an agent, if he wants to know and may see it. Says whether he was told.
pub(super) fn tell_agent(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: AgentId,
    news: News<'_>,
) -> Result<bool, NotLoaded> {
    let Some(known) = scene.directory.agents.get(&agent).filter(|known| known.active) else { return Ok(false) };
    let wanted = known.preferences.alerts.of(news.of);
    if news.by == Actor::Agent(agent) || !(wanted.inside || wanted.by_mail) {
        return Ok(false);
    }
    // Who approves sees the message itself, wherever its ticket lies.
    if news.of != AlertEvent::NeedsApproval && access::see(scene.directory, agent, news.ticket).is_err() {
        return Ok(false);
    }
    let mailed = wanted.by_mail && !news.by_machine && mail(scene, changes, mint, known, news)?;
    if wanted.inside || !mailed {
        let News { of, cause, ticket, by, .. } = news;
        changes.put(Alert { agent, cause, at: scene.now, of, ticket: Some(ticket.id), by });
    }
    Ok(true)
}

/// Tells everybody who may approve a mail, but one of them, that it waits. Returns who was told inside: their alerts vanish when somebody
/// has decided.
pub(super) fn tell_approvers(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    outgoing: &Outgoing,
    (ticket, but): (&Ticket, Option<AgentId>),
) -> Result<Vec<AgentId>, NotLoaded> {
    let Some(approval) = &outgoing.approval else { return Ok(Vec::new()) };
    let by = Actor::Agent(approval.author);
    let cause = outgoing.id.into();
    let news = News { of: AlertEvent::NeedsApproval, cause, ticket, by, by_machine: false };
    let mut told = Vec::new();
    for agent in scene.directory.agents.keys().copied() {
        if but != Some(agent)
            && access::approve(scene.directory, agent, approval).is_ok()
            && tell_agent(scene, changes, mint, agent, news)?
        {
            told.push(agent);
        }
    }
    Ok(told)
}

/// Clears the alerts of all who were told that a mail waits for their approval: somebody decided, or it does not wait
/// any more.
pub(super) fn clear_approvers(changes: &mut Changes<'_>, outgoing: &Outgoing) -> Result<(), NotLoaded> {
    let told = outgoing.approval.iter().flat_map(|it| &it.told);
    let keys: Vec<Key> = told.map(|agent| Key::Alert(*agent, outgoing.id.into())).collect();
    changes.need(keys.clone())?;
    for key in keys {
        if changes.get::<Alert>(&key)?.is_some() {
            changes.erase(key);
        }
    }
    Ok(())
}

/// Clears alerts of an agent. What is cleared already is no error.
///
/// # Errors
/// [`Stop::Look`](super::Stop::Look) for them.
pub fn clear(changes: &mut Changes<'_>, agent: AgentId, causes: &[Uuid]) -> Result<(), super::Stop> {
    let keys: Vec<Key> = causes.iter().map(|cause| Key::Alert(agent, *cause)).collect();
    changes.need(keys.clone())?;
    for key in keys {
        if changes.get::<Alert>(&key)?.is_some() {
            changes.erase(key);
        }
    }
    Ok(())
}

/// Queues a mail that tells an agent; `false` if there is no way, or there were too many. It carries no token, so that
/// nothing that answers it belongs to the ticket; it has no sender that could be answered, and says that a machine
/// wrote it.
fn mail(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    agent: &Agent,
    news: News<'_>,
) -> Result<bool, NotLoaded> {
    let settings = &scene.directory.settings;
    let (Some(to), Some(from)) = (&agent.address, &settings.system_address) else { return Ok(false) };
    let Some(destination) = scene.directory.default_destination() else { return Ok(false) };
    // A ticketbox would make a ticket of it.
    if scene.directory.is_ours(to) {
        return Ok(false);
    }
    let of = Counted::Alerts(agent.id).key();
    let known = changes.get::<Allowance>(&Key::Allowance(of))?.cloned();
    let mut allowance = known.unwrap_or_else(|| Allowance::new(of));
    if !allowance.allows(MAILS, scene.now) {
        return Ok(false);
    }
    allowance.spend(MAILS, scene.now);
    changes.put(allowance);
    let id: OutgoingId = mint.id();
    let domain = if from.domain().is_empty() { settings.host.as_str() } else { from.domain() };
    let name = format!("alert.{}@{domain}", Uuid::from(id).simple());
    let Some(message_id) = ThreadId::new(&name) else { return Ok(false) };
    let by = match news.by {
        Actor::Agent(id) => scene.directory.agents.get(&id).map(|it| it.name.clone()),
        Actor::Contact(id) => changes.get::<Contact>(&Key::Contact(id))?.map(|it| it.shown().to_owned()),
        Actor::System => None,
    };
    let bytes = compose(&composition(scene, (agent, to), from, (news, by), message_id.clone()));
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let raw = changes.keep(bytes);
    changes.put(Outgoing {
        id,
        ticket: news.ticket.id,
        message: mint.id(),
        destination: destination.id,
        sender: None,
        recipients: vec![Recipient::new(to.clone())],
        message_id,
        raw,
        size,
        state: OutgoingState::Queued,
        created: scene.now,
        due: scene.now,
        attempts: 0,
        first_tried: None,
        may_be_double: false,
        approval: None,
        hold: None,
        alert: true,
        trouble: String::new(),
    });
    Ok(true)
}

fn composition(
    scene: &Scene<'_>,
    (agent, to): (&Agent, &Address),
    from: &Address,
    (news, by): (News<'_>, Option<String>),
    message_id: ThreadId,
) -> Composition {
    let settings = &scene.directory.settings;
    // A new ticket has no number yet.
    let number =
        if news.ticket.number == 0 { String::new() } else { format!("{} ", subject_tag(news.ticket.number)) };
    let subject = text::one_line(&format!("{}: {number}{}", capital(news.of.words()), news.ticket.subject), 300);
    let mut words = format!("{}.\n\nTicket: {number}{}\n", capital(news.of.words()), news.ticket.subject);
    if let Some(by) = by {
        words.push_str(&format!("By: {by}\n"));
    }
    words.push_str(&format!(
        "\nYou are told by mail because your preferences at {} say so; there it can be switched off.\n\
         This mail was written by a machine. Nobody reads answers to it.\n",
        settings.name
    ));
    Composition {
        message_id,
        date: scene.now,
        from: Mailbox::new(&settings.name, from.clone()),
        reply_to: None,
        to: vec![Mailbox::new(&agent.name, to.clone())],
        cc: Vec::new(),
        subject,
        in_reply_to: None,
        references: Vec::new(),
        text: words,
        html: None,
        attachments: Vec::new(),
        automatic: true,
    }
}

fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
