//! What an approver sees: the messages that wait for him, and all that belongs to one of them.

use super::{Conversation, Desk, Error};
use crate::access;
use crate::approval::{Approval, Returned};
use crate::id::OutgoingId;
use crate::message::{Direction, Message};
use crate::outgoing::Outgoing;
use crate::refusal::Refusal;
use crate::store::{Key, Page, Query, StoreExt};
use crate::ticket::Ticket;

/// How many of the newest messages of the ticket are looked through for what came meanwhile.
const LOOKED_THROUGH: u32 = 50;

/// A message that an agent may approve, or might have, with all that there is to see.
#[derive(Debug, Clone)]
pub struct ToApprove {
    /// How it stands.
    pub outgoing: Outgoing,
    /// Who wrote it, who approves it, and what was decided.
    pub approval: Approval,
    /// The message.
    pub message: Message,
    /// Its exact bytes.
    pub raw: Vec<u8>,
    /// Its ticket.
    pub ticket: Ticket,
    /// If it was returned before: why, and what the message was then.
    pub before: Option<(Returned, Message)>,
    /// The last that came in after it was submitted.
    pub meanwhile: Option<Message>,
}

impl Desk {
    /// Messages that wait for this agent's approval, the one submitted first first (features 6.2). All of them: few wait
    /// at a time.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn to_approve(&self) -> Result<Vec<Outgoing>, Error> {
        let directory = self.directory();
        access::take_part(&directory, self.agent)?;
        let mut waiting: Vec<Outgoing> = self.shared.store.list_all(&Query::AwaitingApproval).await?;
        let may = |it: &Approval| access::approve(&directory, self.agent, it).is_ok();
        waiting.retain(|outgoing| outgoing.approval.as_ref().is_some_and(may));
        Ok(waiting)
    }

    /// A message that waits for this agent's approval, or was decided about.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none, or the agent may not approve it.
    pub async fn approval(&self, id: OutgoingId) -> Result<ToApprove, Error> {
        let none = || Refusal::no_such("outgoing mail", id);
        let store = &self.shared.store;
        let (outgoing, approval) = self.approvable(id).await?;
        let message = store.get::<Message>(Key::Message(outgoing.message)).await?.ok_or_else(none)?.value;
        let raw = store.body(&outgoing.raw).await?.ok_or_else(none)?;
        let ticket = store.get::<Ticket>(Key::Ticket(outgoing.ticket)).await?.ok_or_else(none)?.value;
        let mut before = None;
        if let Some(returned) = &approval.before
            && let Some(id) = returned.message
            && let Some(then) = store.get::<Message>(Key::Message(id)).await?
        {
            before = Some((returned.clone(), then.value));
        }
        let page = Page::first(LOOKED_THROUGH);
        let newest: Vec<Message> = store.list(&Query::Messages(ticket.id), &page).await?.rows;
        let meanwhile = newest.into_iter().find(|it| it.direction == Direction::Inbound && it.bounce.is_none());
        let meanwhile = meanwhile.filter(|it| it.at > approval.submitted);
        Ok(ToApprove { outgoing, approval, message, raw, ticket, before, meanwhile })
    }

    /// The tickets of messages that this agent approves: the number and the subject are for him to see, whatever else of
    /// them is not.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn tickets_to_approve(&self, waiting: &[Outgoing]) -> Result<Vec<Ticket>, Error> {
        let mut tickets = Vec::with_capacity(waiting.len());
        for outgoing in waiting {
            let (outgoing, _) = self.approvable(outgoing.id).await?;
            let ticket = self.shared.store.get::<Ticket>(Key::Ticket(outgoing.ticket)).await?;
            tickets.push(ticket.ok_or_else(|| Refusal::no_such("ticket", outgoing.ticket))?.value);
        }
        Ok(tickets)
    }

    /// The conversation that a message is part of which this agent approves: he sees it, whatever access lists say of the
    /// ticket (features 6.2).
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none, or the agent may not approve it.
    pub async fn conversation_to_approve(&self, id: OutgoingId) -> Result<Conversation, Error> {
        let (outgoing, _) = self.approvable(id).await?;
        let none = || Refusal::no_such("outgoing mail", id);
        let ticket = self.shared.store.get::<Ticket>(Key::Ticket(outgoing.ticket)).await?.ok_or_else(none)?;
        self.gather(ticket.value).await
    }

    async fn approvable(&self, id: OutgoingId) -> Result<(Outgoing, Approval), Error> {
        let none = || Refusal::no_such("outgoing mail", id);
        let outgoing = self.shared.store.get::<Outgoing>(Key::Outgoing(id)).await?.ok_or_else(none)?.value;
        let approval = outgoing.approval.clone().ok_or_else(none)?;
        access::approve(&self.directory(), self.agent, &approval).map_err(|refusal| match refusal {
            Refusal::SignIn => refusal,
            _ => none(),
        })?;
        Ok((outgoing, approval))
    }
}
