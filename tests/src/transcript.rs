//! What an agent sees, in lines that a story can be compared with.

use mailflow_core::event::What;
use mailflow_core::flow::{Conversation, Passage};
use mailflow_core::message::{Direction, Message};
use mailflow_core::outgoing::RecipientState;
use mailflow_core::ticket::TicketState;

/// A conversation, a line for each part. What differs from run to run is left out.
pub fn lines(conversation: &Conversation) -> Vec<String> {
    let ticket = &conversation.ticket;
    let state = if ticket.state == TicketState::Open { "open" } else { "closed" };
    let mut lines = vec![format!("#{} {} ({state})", ticket.number, ticket.subject)];
    lines.extend(conversation.passages.iter().map(|passage| match passage {
        Passage::Message(message) => message_line(conversation, message),
        Passage::Note(note) => format!("  note: {}", note.text),
        Passage::Event(event) => format!("  - {}", event_words(&event.what)),
    }));
    lines
}

fn message_line(conversation: &Conversation, message: &Message) -> String {
    let words = message.text.lines().next().unwrap_or_default();
    if message.direction == Direction::Inbound {
        let who = if message.from.name.is_empty() { "somebody" } else { &message.from.name };
        return format!("  {who}: {words}");
    }
    let fate = message.outgoing.and_then(|id| conversation.outgoing.get(&id)).map(|outgoing| {
        let fates = outgoing.recipients.iter().map(|recipient| {
            let state = match recipient.state {
                RecipientState::Queued => "queued",
                RecipientState::Sent => "sent",
                RecipientState::Deferred => "deferred",
                RecipientState::Failed => "failed",
            };
            format!("{} {state}", recipient.address)
        });
        fates.collect::<Vec<_>>().join(", ")
    });
    format!("  we: {words} [{}]", fate.unwrap_or_default())
}

fn event_words(what: &What) -> String {
    match what {
        What::Reported { recipient, action, status, .. } => {
            let recipient = recipient.as_ref().map_or("somebody", |address| address.as_str());
            format!("reported: {recipient} {action:?} {}", status.as_deref().unwrap_or_default())
        }
        What::NotDelivered { recipient, .. } => format!("not delivered: {recipient}"),
        other => {
            let value = serde_json::to_value(other).unwrap();
            let word = value.as_str().map(str::to_owned);
            word.or_else(|| value.as_object()?.keys().next().cloned()).unwrap().replace('_', " ")
        }
    }
}
