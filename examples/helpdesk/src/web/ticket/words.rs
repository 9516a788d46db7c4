//! Events in words.

use mailflow_core::directory::Directory;
use mailflow_core::event::{Actor, Event, What};
use mailflow_core::flow::Conversation;
use mailflow_core::id::{AgentId, CategoryId, TicketboxId};
use mailflow_core::mail::BounceAction;
use mailflow_core::ticket::LinkKind;

/// What happened, in words; `None` if the conversation shows it anyway. With the number of the ticket to go to, if it
/// names one.
pub fn event(directory: &Directory, conversation: &Conversation, event: &Event) -> Option<(String, Option<u64>)> {
    let agent = |id: Option<AgentId>| match id.and_then(|id| directory.agents.get(&id)) {
        Some(agent) => agent.name.clone(),
        None => "nobody".to_owned(),
    };
    let ticketbox =
        |id: TicketboxId| directory.ticketboxes.get(&id).map_or("a ticketbox that is gone", |it| &it.name).to_owned();
    let category = |id: Option<CategoryId>| match id.and_then(|id| directory.categories.get(&id)) {
        Some(category) => category.name.clone(),
        None => "none".to_owned(),
    };
    let who = match event.actor {
        Actor::Agent(id) => agent(Some(id)),
        Actor::Contact(_) => conversation.contact.as_ref().map_or("the customer", |it| it.shown()).to_owned(),
        Actor::System => "mailflow".to_owned(),
    };
    let mut link = None;
    let words = match &event.what {
        What::Created
        | What::Received { .. }
        | What::Replied { .. }
        | What::Wrote { .. }
        | What::Sent { .. }
        | What::Noted { .. } => {
            return None;
        }
        What::Forwarded { to, .. } => {
            let to: Vec<String> = to.iter().map(ToString::to_string).collect();
            format!("{who} forwarded a message to {}", to.join(", "))
        }
        What::NotDelivered { recipient, because, .. } => {
            format!("an answer could not be delivered to {recipient}: {because}")
        }
        What::PerhapsSent { .. } => "nobody knows whether an answer was sent: the connection was lost".to_owned(),
        What::Reported { recipient, action, status, .. } => {
            let whom = recipient.as_ref().map_or("somebody".to_owned(), ToString::to_string);
            let status = status.as_ref().map(|status| format!(" ({status})")).unwrap_or_default();
            format!("a report says that our mail to {whom} {}{status}", became(*action))
        }
        What::CopyReceived { .. } => "another copy of the same mail came in".to_owned(),
        What::Closed => format!("{who} closed the ticket"),
        What::Reopened => format!("{who} opened the ticket again"),
        What::Moved { from, to } => format!("{who} moved it from {} to {}", ticketbox(*from), ticketbox(*to)),
        What::Assigned { to: Some(to), .. } if event.actor == Actor::Agent(*to) => format!("{who} took the ticket"),
        What::Assigned { to, .. } => format!("{who} gave it to {}", agent(*to)),
        What::Escalated { to, .. } => format!("{who} escalated it to {}", agent(Some(*to))),
        What::Prioritised { from, to } => format!("{who} changed the priority from {} to {}", from.word(), to.word()),
        What::Categorised { from, to } => {
            format!("{who} changed the category from {} to {}", category(*from), category(*to))
        }
        What::Linked { number, kind, .. } => {
            link = Some(*number);
            match kind {
                LinkKind::ClaimsToBelongTo => "the subject claims that it belongs to".to_owned(),
                LinkKind::AddressedElsewhere => "it answers a ticket in another ticketbox:".to_owned(),
                LinkKind::Continues => "it continues".to_owned(),
            }
        }
        What::Submitted { .. } => format!("{who} submitted an answer for approval"),
        What::Approved { .. } => format!("{who} released an answer"),
        What::ReleaseTakenBack { .. } => format!("{who} took back that an answer was released"),
        What::ReturnedToAuthor { .. } => format!("{who} returned an answer to its author"),
        What::Paused { .. } => "an answer was not sent: the customer wrote after it was written".to_owned(),
        What::PulledBack { .. } => format!("{who} pulled an answer back before it was sent"),
        What::Trashed => format!("{who} put it into the trash"),
        What::Restored => format!("{who} took it out of the trash"),
        _ => format!("{who} changed something"),
    };
    Some((words, link))
}

const fn became(action: BounceAction) -> &'static str {
    match action {
        BounceAction::Failed => "could not be delivered",
        BounceAction::Delayed => "is delayed",
        BounceAction::Delivered => "was delivered",
        BounceAction::Relayed => "was passed on",
        BounceAction::Expanded => "went to a list",
    }
}
