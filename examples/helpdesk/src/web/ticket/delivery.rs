//! How the sending of our mails goes, and what can be done about it.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::HeaderMap;
use mailflow_core::decision::delivery::Remedy;
use mailflow_core::id::OutgoingId;
use mailflow_core::mail::Address;
use mailflow_core::message::{Author, Message};
use mailflow_core::outgoing::{Outgoing, OutgoingState, RecipientState};
use mailflow_core::refusal::Refusal;
use mailflow_core::text::one_line;

use super::number;
use crate::web::ago::{ago, full, span};
use crate::web::answer::{Answer, redirect};
use crate::web::approvals::waits_for;
use crate::web::{Fields, Signed, Trouble};

/// How the sending of a mail goes, in words.
#[derive(Debug)]
pub struct Delivery {
    /// A word for the state, for the style sheet.
    pub state: String,
    /// Changes whenever the words do, but for the time that passes: for live updates.
    pub version: String,
    /// The state in words.
    pub words: String,
    /// What went wrong for whom: address and reason.
    pub failures: Vec<(String, String)>,
    /// Where a remedy is sent to, with the base; none if nothing has to be done.
    pub remedy: Option<String>,
    /// What the button for trying again says.
    pub retry: &'static str,
    /// Where its author pulls it back or sends it at once, with the base; none if it is too late, or another's.
    pub waits: Option<String>,
}

impl Delivery {
    /// How the sending of this mail goes.
    pub fn of(signed: &Signed, number: u64, message: &Message, outgoing: &Outgoing) -> Self {
        let now = signed.desk.now();
        let own = message.author == Author::Agent(signed.agent.id);
        let sent_at = outgoing.recipients.iter().filter_map(|it| it.at).max();
        let tried = outgoing.attempts > 0;
        let (state, words) = match outgoing.state {
            OutgoingState::Queued if tried => {
                let wait = span(outgoing.due.since(now).as_secs());
                let before = if outgoing.may_be_double { "perhaps sent already" } else { "not delivered yet" };
                ("deferred", format!("{before}, tried again in {wait}"))
            }
            OutgoingState::AwaitingApproval => ("queued", awaits(signed, outgoing)),
            OutgoingState::Paused => {
                ("perhaps", "not sent yet: the customer wrote after this was written".to_owned())
            }
            OutgoingState::Queued if outgoing.hold.is_some() && outgoing.due > now => {
                match outgoing.due.since(now).as_secs() {
                    seconds @ 0..=120 => ("queued", format!("will be sent in {} s", seconds.max(1))),
                    _ => ("queued", format!("will be sent on {}", full(outgoing.due))),
                }
            }
            OutgoingState::Queued => ("queued", "waiting to be sent".to_owned()),
            OutgoingState::Sending { .. } => ("queued", "being sent".to_owned()),
            OutgoingState::Sent => ("sent", sent_at.map_or("sent".to_owned(), |at| format!("sent {}", full(at)))),
            OutgoingState::Failed => ("failed", "could not be delivered".to_owned()),
            OutgoingState::PerhapsSent => {
                ("perhaps", "perhaps sent: the connection was lost before the server’s answer".to_owned())
            }
            OutgoingState::Withdrawn => ("withdrawn", withdrawn(signed, outgoing)),
        };
        let failed = outgoing
            .recipients
            .iter()
            .filter(|it| matches!(it.state, RecipientState::Failed | RecipientState::Deferred))
            .map(|it| {
                let because = it.reply.as_ref().map(ToString::to_string);
                (it.address.to_string(), because.unwrap_or_else(|| outgoing.trouble.clone()))
            });
        let mut failures: Vec<(String, String)> = failed.collect();
        if failures.is_empty() && !outgoing.trouble.is_empty() && outgoing.state != OutgoingState::Sent {
            failures.push((String::new(), outgoing.trouble.clone()));
        }
        let open =
            matches!(outgoing.state, OutgoingState::Failed | OutgoingState::PerhapsSent) || state == "deferred";
        let remedy = || signed.base.path(&format!("/ticket/{number}/delivery/{}", outgoing.id));
        Self {
            version: version(state, outgoing),
            state: state.to_owned(),
            words: if state == "sent" { sent_at.map_or(words, |at| format!("sent {}", ago(at, now))) } else { words },
            failures,
            remedy: open.then(remedy),
            waits: (own && outgoing.hold.is_some() && !tried && waits(outgoing.state)).then(remedy),
            retry: if state == "perhaps" { "Send again" } else { "Try again" },
        }
    }
}

/// Changes with each step of a mail.
fn version(state: &str, outgoing: &Outgoing) -> String {
    let approved = outgoing.approval.as_ref().is_some_and(|approval| approval.decision.is_some());
    let step = match outgoing.state {
        OutgoingState::AwaitingApproval => "waits",
        OutgoingState::Sending { .. } => "goes",
        _ if approved => "approved",
        _ => "",
    };
    format!("{state}{step}{}", outgoing.due.as_millis())
}

/// For whom a mail waits, and how long already.
fn awaits(signed: &Signed, outgoing: &Outgoing) -> String {
    let Some(approval) = &outgoing.approval else { return "waiting for an approval".to_owned() };
    let whom = waits_for(&signed.desk.directory(), approval);
    format!("waiting for {whom}, {}", span(signed.desk.now().since(approval.submitted).as_secs()))
}

/// Why a mail was not sent.
fn withdrawn(signed: &Signed, outgoing: &Outgoing) -> String {
    let decision = outgoing.approval.as_ref().and_then(|approval| approval.decision.as_ref());
    match decision.and_then(|it| it.returned.as_ref().map(|note| (it.by, note))) {
        Some((by, note)) => {
            let directory = signed.desk.directory();
            let who = directory.agents.get(&by).map_or("an approver", |it| &it.name);
            format!("returned by {who}: {}", one_line(note, 200))
        }
        None => "not sent: it was pulled back".to_owned(),
    }
}

/// Whether a mail has not begun to go out.
const fn waits(state: OutgoingState) -> bool {
    matches!(state, OutgoingState::AwaitingApproval | OutgoingState::Queued | OutgoingState::Paused)
}

/// Does something about a mail that was not delivered, or not yet.
pub async fn remedy(
    signed: Signed,
    Path((name, outgoing)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let number = number(&name)?;
    let outgoing: OutgoingId = outgoing.parse().map_err(|_| Refusal::no_such("mail", &outgoing))?;
    let address = |field: &'static str| {
        Address::new(fields.one(field)).map_err(|error| Refusal::invalid(field, error.to_string()))
    };
    let there = signed.base.path(&format!("/ticket/{number}"));
    let remedy = match fields.one("action") {
        "undo" => {
            signed.desk.pull_back(outgoing).await?;
            return Ok(redirect(&format!("{there}#composer")));
        }
        "now" => {
            signed.desk.send_now(outgoing).await?;
            return Ok(redirect(&there));
        }
        "retry" => Remedy::Retry,
        "withdraw" => Remedy::Withdraw,
        "correct" => Remedy::Correct { from: address("from")?, to: address("to")? },
        _ => return Err(Trouble::malformed("There is no such action.")),
    };
    signed.desk.remedy(outgoing, remedy).await?;
    Ok(redirect(&there))
}
