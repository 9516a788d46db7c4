//! A message that waits for an approval, as it is shown.

use mailflow_core::approval::{Approval, Approver};
use mailflow_core::directory::Directory;
use mailflow_core::flow::ToApprove;
use mailflow_core::id::{AgentId, OutgoingId};
use mailflow_core::mail::{Header, Limits, Mail, Mailbox, parse};
use mailflow_core::message::Message;
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::refusal::Refusal;
use mailflow_core::text::{one_line, prefix};
use mailflow_core::time::Timestamp;

use super::HERE;
use super::diff::{self, Part};
use crate::web::ago::{full, seconds_ago, size, span};
use crate::web::answer::encode;
use crate::web::{Signed, Trouble};

/// A message in the list.
#[derive(Debug)]
pub struct Row {
    /// Its page, with the base.
    pub path: String,
    /// Who wrote it.
    pub author: String,
    /// The ticket's number.
    pub number: u64,
    /// The ticket's subject.
    pub subject: String,
    /// How long it has waited, in words.
    pub age: String,
    /// When it was submitted; the same for programs.
    pub submitted: (String, String),
    /// Why it waits for this agent.
    pub reason: String,
    /// Whether it is the one that is shown.
    pub here: bool,
}

/// A message to look at, exactly as it would leave.
#[derive(Debug)]
pub struct Item {
    /// Its id.
    pub id: String,
    /// Its page, with the base.
    pub path: String,
    /// The digest of its bytes.
    pub raw: String,
    /// Who wrote it.
    pub author: String,
    /// The ticket's number.
    pub number: u64,
    /// The ticket's page, with the base; none if the agent may not see it.
    pub ticket: Option<String>,
    /// How long it has waited, in words.
    pub age: String,
    /// When it was submitted; the same for programs.
    pub submitted: (String, String),
    /// For whom it waits.
    pub waits_for: String,
    /// When it leaves after its release, if that is not at once.
    pub leaves: Option<String>,
    /// What is written on it: name and value.
    pub people: Vec<(&'static str, String)>,
    /// Its whole text.
    pub text: String,
    /// Files that go with it: name, path with the base, length.
    pub files: Vec<(String, String, String)>,
    /// Its headers.
    pub headers: Vec<Header>,
    /// Its length.
    pub size: String,
    /// What became of it when it was submitted before.
    pub before: Option<Before>,
    /// Who wrote meanwhile, how long ago, and the first words.
    pub meanwhile: Option<(String, String, String)>,
    /// Why there is nothing to decide any more.
    pub decided: Option<String>,
    /// Why what was wished was not done.
    pub trouble: Option<String>,
    /// The note to return it with, as far as it is written.
    pub note: String,
}

/// What became of a message when it was submitted before, and what is different now.
#[derive(Debug)]
pub struct Before {
    /// Who returned it.
    pub who: String,
    /// How long ago.
    pub age: String,
    /// What was to be changed.
    pub note: String,
    /// Headings and the words that differ.
    pub differences: Vec<(&'static str, Vec<Part>)>,
}

impl Row {
    /// All that waits for the agent, the one submitted first first.
    ///
    /// # Errors
    /// [`Trouble`] if the store fails.
    pub async fn all(signed: &Signed, here: Option<&str>) -> Result<Vec<Self>, Trouble> {
        let (now, directory) = (signed.desk.now(), signed.desk.directory());
        let waiting = signed.desk.to_approve().await?;
        let tickets = signed.desk.tickets_to_approve(&waiting).await?;
        let row = |(outgoing, ticket): (Outgoing, mailflow_core::ticket::Ticket)| {
            let approval = outgoing.approval?;
            Some(Self {
                path: signed.base.path(&format!("{HERE}/{}", outgoing.id)),
                author: name(&directory, approval.author),
                number: ticket.number,
                subject: if ticket.subject.is_empty() { "(no subject)".to_owned() } else { ticket.subject },
                age: span(now.since(approval.submitted).as_secs()),
                submitted: (full(approval.submitted), approval.submitted.to_string()),
                reason: reason(&directory, signed.agent.id, &approval),
                here: here == Some(&outgoing.id.to_string()),
            })
        };
        Ok(waiting.into_iter().zip(tickets).filter_map(row).collect())
    }
}

impl Item {
    /// A message, as it is shown.
    ///
    /// # Errors
    /// [`Trouble`] if there is none, or the agent may not approve it.
    pub async fn of(signed: &Signed, id: OutgoingId) -> Result<Self, Trouble> {
        let seen = signed.desk.approval(id).await?;
        let ticket = signed.desk.ticket_by_id(seen.ticket.id).await.ok().map(|it| it.number);
        let signed = signed.clone();
        // Texts may be long: not on an async thread.
        let shown = tokio::task::spawn_blocking(move || Self::shown(&signed, seen, ticket)).await;
        shown.map_err(|_| Trouble::malformed("The mail could not be read."))
    }

    fn shown(signed: &Signed, seen: ToApprove, ticket: Option<u64>) -> Self {
        let (now, directory) = (signed.desk.now(), signed.desk.directory());
        let mail = parse(&seen.raw, &Limits::default());
        let path = signed.base.path(&format!("{HERE}/{}", seen.outgoing.id));
        let file = |(at, it): (usize, &mailflow_core::mail::Attachment)| {
            let name = it.filename.clone().unwrap_or_else(|| it.content_type.clone());
            let to = format!("{path}/file/{at}/{}", encode(&name));
            (name, to, size(u64::try_from(it.content.len()).unwrap_or(u64::MAX)))
        };
        let meanwhile = seen.meanwhile.as_ref().map(|it| {
            let who = if it.from.name.is_empty() { it.from.address.as_ref().map(ToString::to_string) } else { None };
            let who = who.unwrap_or_else(|| it.from.name.clone());
            let words = one_line(prefix(&mailflow_core::mail::new_words(&it.text), 2000), 300);
            (who, seconds_ago(it.at, now), words)
        });
        Self {
            id: seen.outgoing.id.to_string(),
            raw: seen.outgoing.raw.to_string(),
            author: name(&directory, seen.approval.author),
            number: seen.ticket.number,
            ticket: ticket.map(|number| signed.base.path(&format!("/ticket/{number}"))),
            age: span(now.since(seen.approval.submitted).as_secs()),
            submitted: (full(seen.approval.submitted), seen.approval.submitted.to_string()),
            waits_for: waits_for(&directory, &seen.approval),
            leaves: (seen.outgoing.due > now).then(|| leaves(&seen.outgoing, now)),
            people: people(&mail, &seen.message, &seen.outgoing),
            text: mail.text.trim_end().to_owned(),
            files: mail.attachments.iter().enumerate().map(file).collect(),
            size: size(seen.outgoing.size),
            before: before(&directory, now, &seen),
            meanwhile,
            decided: decided(&directory, &seen, now),
            trouble: None,
            note: String::new(),
            headers: mail.headers,
            path,
        }
    }
}

/// What is written on a mail and on its envelope.
fn people(mail: &Mail, message: &Message, outgoing: &Outgoing) -> Vec<(&'static str, String)> {
    let listed = |all: &[Mailbox]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let from = mail.from.as_ref().and_then(|it| it.mailbox()).map(|it| it.to_string()).unwrap_or_default();
    let envelope = outgoing.recipients.iter().map(|it| it.address.to_string()).collect::<Vec<_>>().join(", ");
    let written = [
        ("From", from),
        ("Reply-To", listed(&mail.reply_to)),
        ("To", listed(&mail.to)),
        ("Cc", listed(&mail.cc)),
        ("Bcc", listed(&message.bcc)),
        ("Subject", mail.subject.clone()),
        ("Goes to", envelope),
    ];
    written.into_iter().filter(|(_, value)| !value.is_empty()).collect()
}

fn before(directory: &Directory, now: Timestamp, seen: &ToApprove) -> Option<Before> {
    let (returned, then) = seen.before.as_ref()?;
    let message = &seen.message;
    let all = |it: &Message| {
        let listed = |all: &[Mailbox]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let files = |it: &Message| {
            let file = |it: &mailflow_core::message::AttachmentInfo| {
                format!("{} ({})", it.filename.as_deref().unwrap_or(&it.content_type), size(it.size))
            };
            it.attachments.iter().map(file).collect::<Vec<_>>().join(", ")
        };
        let from = it.from.mailbox().map(|it| it.to_string()).unwrap_or_default();
        [
            ("From", from),
            ("To", listed(&it.to)),
            ("Cc", listed(&it.cc)),
            ("Bcc", listed(&it.bcc)),
            ("Subject", it.subject.clone()),
            ("Files", files(it)),
            ("Text", it.text.clone()),
        ]
    };
    let differences =
        all(then).into_iter().zip(all(message)).map(|((name, was), (_, is))| (name, diff::words(&was, &is)));
    Some(Before {
        who: name(directory, returned.by),
        age: seconds_ago(returned.at, now),
        note: returned.note.clone(),
        differences: differences.filter(|(_, parts)| !parts.is_empty()).collect(),
    })
}

/// Why there is nothing to decide any more; nothing if there is.
fn decided(directory: &Directory, seen: &ToApprove, now: Timestamp) -> Option<String> {
    if let Some(decision) = &seen.approval.decision {
        let what = if decision.returned.is_some() { "returned" } else { "released" };
        return Some(decided_words(what, &name(directory, decision.by), decision.at, now));
    }
    let pulled_back = || format!("pulled back by {}", name(directory, seen.approval.author));
    (seen.outgoing.state != OutgoingState::AwaitingApproval).then(pulled_back)
}

/// `released by Kim 4 s ago`: what whoever comes second sees, and is told if he presses the button all the same.
fn decided_words(what: &str, by: &str, at: Timestamp, now: Timestamp) -> String {
    format!("{what} by {by} {}", seconds_ago(at, now))
}

/// Why what was wished was not done, in words.
pub fn refused(refusal: &Refusal, now: Timestamp) -> String {
    match refusal {
        Refusal::Decided { what: "pulled back", by, .. } => format!("Nothing was done: pulled back by {by}."),
        Refusal::Decided { what, by, at } => format!("Nothing was done: {}.", decided_words(what, by, *at, now)),
        refusal => Trouble::from(refusal.clone()).what,
    }
}

/// When a message leaves that is not held up any more.
pub fn leaves(outgoing: &Outgoing, now: Timestamp) -> String {
    match outgoing.state {
        OutgoingState::Sending { .. } | OutgoingState::Sent => "it is on its way".to_owned(),
        OutgoingState::Paused => "it waits, because the customer wrote meanwhile".to_owned(),
        _ => match outgoing.due.since(now).as_secs() {
            0 => "it leaves at once".to_owned(),
            seconds @ 1..=120 => format!("it leaves in {seconds} s"),
            _ => format!("it leaves on {}", full(outgoing.due)),
        },
    }
}

/// For whom a message waits.
pub fn waits_for(directory: &Directory, approval: &Approval) -> String {
    match approval.approver {
        Approver::Agent(id) => name(directory, id),
        Approver::Group(id) => directory.group_name(id),
    }
}

fn reason(directory: &Directory, agent: AgentId, approval: &Approval) -> String {
    if let Some(before) = &approval.before {
        let who = if before.by == agent { "you".to_owned() } else { name(directory, before.by) };
        return format!("submitted again; {who} returned it: {}", one_line(&before.note, 120));
    }
    let named = match approval.approver {
        Approver::Agent(id) => id == agent,
        Approver::Group(id) => directory.is_member(agent, id),
    };
    match named {
        true => format!("to be approved by {}", waits_for(directory, approval)),
        false => format!("nobody of {} is active: administrators approve", waits_for(directory, approval)),
    }
}

fn name(directory: &Directory, id: AgentId) -> String {
    directory.agents.get(&id).map_or("an agent who is gone", |it| &it.name).to_owned()
}
