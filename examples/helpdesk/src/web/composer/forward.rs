//! The composer of a forward: the message is quoted with its heading, its files go along.

use mailflow_core::decision::reply::{forward_subject, forwarded};
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::flow::Conversation;
use mailflow_core::mail::subject_tag;
use mailflow_core::message::Message;
use mailflow_core::refusal::Refusal;

use super::{Composer, find, last_received, offer};
use crate::web::Signed;
use crate::web::ago::size;

/// An attachment of the message that is forwarded.
#[derive(Debug)]
pub struct Carried {
    /// Its place in the message.
    pub place: usize,
    /// Its name.
    pub name: String,
    /// Its length, in words.
    pub size: String,
    /// Whether it goes along.
    pub taken: bool,
}

/// What the words of a composer are kept under in the browser: an answer and a forward do not displace each other.
pub fn key(path: &str, purpose: Purpose) -> String {
    if purpose == Purpose::Forward { format!("{path} forward") } else { path.to_owned() }
}

/// The attachments of a message, and which of them go along.
pub fn carried(message: Option<&Message>, taken: &[u32]) -> Vec<Carried> {
    let all = message.map(|it| it.attachments.as_slice()).unwrap_or_default().iter().enumerate();
    let carried = |(place, info): (usize, &mailflow_core::message::AttachmentInfo)| Carried {
        place,
        name: info.filename.clone().unwrap_or_else(|| info.content_type.clone()),
        size: size(info.size),
        taken: taken.iter().any(|it| usize::try_from(*it) == Ok(place)),
    };
    all.map(carried).collect()
}

/// The composer of a forward: of what was begun, else of a message, else of the last one that came in.
///
/// # Errors
/// [`Refusal::NoSuch`] if the message is not there.
pub fn begin(signed: &Signed, conversation: &Conversation, message: Option<&str>) -> Result<Composer, Refusal> {
    let begun = conversation.forward.as_ref();
    let message = match (message, begun) {
        (Some(id), _) => find(conversation, id).ok_or_else(|| Refusal::no_such("message", id))?,
        (None, Some(begun)) => return Ok(Composer::of_draft(signed, conversation, begun)),
        (None, None) => last_received(conversation).ok_or_else(|| Refusal::no_such("message", "to forward"))?,
    };
    match begun {
        Some(begun) if begun.answers == Some(message.id) => {
            return Ok(Composer::of_draft(signed, conversation, begun));
        }
        Some(begun) if !is_untouched(conversation, begun) => {
            let words = "You have begun to forward another message of this ticket, and it is below. Send or discard it \
                         first.";
            let composer = Composer::of_draft(signed, conversation, begun);
            return Ok(Composer { trouble: Some(words.to_owned()), ..composer });
        }
        _ => {}
    }
    let blank = Composer::in_ticket(signed, conversation);
    let subject = message.subject.replace(&subject_tag(conversation.ticket.number), "");
    let all: Vec<u32> = (0..).zip(&message.attachments).map(|(place, _)| place).collect();
    Ok(Composer {
        purpose: "forward",
        key: key(&blank.path, Purpose::Forward),
        answers: message.id.to_string(),
        from: offer::from(signed, conversation, Some(message), None),
        subject: forward_subject(&subject),
        text: format!("\n\n{}", forwarded(message)),
        carried: carried(Some(message), &all),
        ..blank
    }
    .beside(conversation))
}

/// Whether nobody wrote anything yet into what was begun.
fn is_untouched(conversation: &Conversation, begun: &Draft) -> bool {
    let of = begun.answers.and_then(|id| find(conversation, &id.to_string()));
    let empty = begun.to.is_empty() && begun.cc.is_empty() && begun.bcc.is_empty() && begun.attachments.is_empty();
    empty && of.is_some_and(|message| begun.text.trim() == forwarded(message).trim())
}
