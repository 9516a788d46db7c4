//! What an agent does.

use super::{Desk, Error};
use crate::access;
use crate::contact::Contact;
use crate::decision::approval;
use crate::decision::delivery::{self, Remedy};
use crate::decision::draft;
use crate::decision::hold;
use crate::decision::reply::{self, Replied, Reply};
use crate::decision::ticket::{self, TicketWish};
use crate::digest::Digest;
use crate::draft::{Draft, Purpose, Upload};
use crate::id::{ContactId, DestinationId, MessageId, NoteId, OutgoingId, TicketId};
use crate::mail::{Enclosure, Limits, parse};
use crate::message::{Direction, Message};
use crate::refusal::Refusal;
use crate::store::{Page, Query, StoreExt};
use crate::text;
use crate::ticket::Ticket;
use crate::time::Timestamp;

/// How many of the newest messages are looked through for one to answer.
const LOOKED_THROUGH: u32 = 50;

impl Desk {
    /// Sends an answer. It answers the last message that came in, unless it says which one.
    ///
    /// # Errors
    /// [`Error::Refused`] with the reason; see [`reply`](crate::decision::reply::reply). Nothing is sent then.
    pub async fn reply(&self, ticket: TicketId, wish: Reply) -> Result<Replied, Error> {
        self.reply_once(ticket, self.new_id(), wish).await
    }

    /// Sends the first message of a ticket, which is made with it: [`Reply::purpose`] says what the ticket is to be.
    ///
    /// # Errors
    /// As for [`Desk::reply`], and if the agent may not open tickets in the ticketbox, or it has no subject.
    pub async fn open_ticket(&self, wish: Reply) -> Result<Replied, Error> {
        self.reply_once(self.new_id(), self.new_id(), wish).await
    }

    /// Sends an answer, a forward, or the first message of a ticket that gets this id. It will be this message: asked
    /// twice for the same, it is sent once.
    ///
    /// # Errors
    /// As for [`Desk::reply`] and [`Desk::open_ticket`].
    pub async fn reply_once(&self, ticket: TicketId, message: MessageId, mut wish: Reply) -> Result<Replied, Error> {
        if !matches!(wish.purpose, Purpose::Opening(_)) {
            self.ticket_by_id(ticket).await?;
        }
        if wish.purpose == Purpose::Answer && wish.answers.is_none() {
            wish.answers = self.last_received(ticket).await?;
        }
        let mut files = Vec::with_capacity(wish.attachments.len() + wish.carried.len());
        for upload in &wish.attachments {
            let gone = || Refusal::no_such("file", &upload.filename);
            files.push(Enclosure {
                filename: upload.filename.clone(),
                content_type: upload.content_type.clone(),
                content: self.shared.store.body(&upload.body).await?.ok_or_else(gone)?,
                content_id: None,
            });
        }
        files.extend(self.carried(ticket, &wish).await?);
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| {
                reply::reply(scene, changes, mint, agent, (ticket, message), &wish, &files)
            })
            .await?;
        Ok(done.value)
    }

    /// The attachments of a message of the ticket that go along.
    async fn carried(&self, ticket: TicketId, wish: &Reply) -> Result<Vec<Enclosure>, Error> {
        let Some(of) = wish.answers.filter(|_| !wish.carried.is_empty()) else { return Ok(Vec::new()) };
        if self.message(of).await?.ticket != ticket {
            return Err(Refusal::no_such("message", of).into());
        }
        let mut found = parse(&self.raw(of).await?, &Limits::default()).attachments;
        let mut carried = Vec::with_capacity(wish.carried.len());
        for place in &wish.carried {
            let at = usize::try_from(*place).ok().and_then(|at| found.get_mut(at));
            let attachment = at.ok_or_else(|| Refusal::no_such("attachment", place))?;
            let nested = attachment.content_type == "message/rfc822";
            let unnamed = if nested { "message.eml" } else { "attachment" };
            carried.push(Enclosure {
                filename: attachment.filename.clone().unwrap_or_else(|| unnamed.to_owned()),
                content_type: attachment.content_type.clone(),
                content: std::mem::take(&mut attachment.content),
                content_id: None,
            });
        }
        Ok(carried)
    }

    /// The last message that a person wrote to us, else the last one of all.
    async fn last_received(&self, ticket: TicketId) -> Result<Option<MessageId>, Error> {
        let newest: Vec<Message> =
            self.shared.store.list(&Query::Messages(ticket), &Page::first(LOOKED_THROUGH)).await?.rows;
        let by_person =
            |it: &&Message| it.direction == Direction::Inbound && it.bounce.is_none() && it.from.address.is_some();
        Ok(newest.iter().find(by_person).or_else(|| newest.first()).map(|message| message.id))
    }

    /// Pulls a message back that is not yet being sent: its draft is as it was.
    ///
    /// # Errors
    /// [`Refusal::TooLate`] if it is being sent or gone; [`Refusal::NoSuch`] if the agent did not write it.
    pub async fn pull_back(&self, outgoing: OutgoingId) -> Result<Draft, Error> {
        let agent = self.agent;
        let done =
            self.shared.transact(|scene, changes, mint| hold::pull_back(scene, changes, mint, agent, outgoing));
        Ok(done.await?.value)
    }

    /// Sends a message of the agent's without waiting any longer, also if the customer wrote meanwhile.
    ///
    /// # Errors
    /// As for [`Desk::pull_back`], and if the message needs an approval.
    pub async fn send_now(&self, outgoing: OutgoingId) -> Result<(), Error> {
        let agent = self.agent;
        self.shared
            .transact(|scene, changes, mint| hold::send_now(scene, changes, mint, agent, outgoing))
            .await
            .map(drop)
    }

    /// Sends a message of the agent's that waits at another time.
    ///
    /// # Errors
    /// As for [`Desk::pull_back`], and if the time is over or more than a year away.
    pub async fn reschedule(&self, outgoing: OutgoingId, at: Timestamp) -> Result<(), Error> {
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| hold::reschedule(scene, changes, mint, agent, (outgoing, at)));
        done.await.map(drop)
    }

    /// Releases a message that another agent wrote. `raw` is the digest of the bytes that were looked at
    /// ([`Outgoing::raw`](crate::outgoing::Outgoing::raw)); others are not released.
    ///
    /// # Errors
    /// [`Refusal::Decided`] if somebody was faster, [`Refusal::NoSuch`] if the agent may not approve it.
    pub async fn release(&self, outgoing: OutgoingId, raw: Digest) -> Result<(), Error> {
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| approval::release(scene, changes, mint, agent, outgoing, raw));
        done.await.map(drop)
    }

    /// Takes back that the agent released a message, as long as it is held.
    ///
    /// # Errors
    /// [`Refusal::TooLate`] if it is being sent or gone; [`Refusal::NoSuch`] if the agent has not released it.
    pub async fn take_back(&self, outgoing: OutgoingId) -> Result<(), Error> {
        let agent = self.agent;
        let done =
            self.shared.transact(|scene, changes, mint| approval::take_back(scene, changes, mint, agent, outgoing));
        done.await.map(drop)
    }

    /// Returns a message to its author, with what is to be changed.
    ///
    /// # Errors
    /// As for [`Desk::release`], and if the note says nothing.
    pub async fn give_back(&self, outgoing: OutgoingId, note: &str) -> Result<(), Error> {
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| approval::give_back(scene, changes, mint, agent, outgoing, note));
        done.await.map(drop)
    }

    /// Makes something true of a ticket.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent may not, or what the wish names is not there.
    pub async fn change(&self, ticket: TicketId, wish: TicketWish) -> Result<Ticket, Error> {
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| ticket::change(scene, changes, mint, agent, ticket, wish))
            .await?;
        Ok(done.value)
    }

    /// Writes a note into a ticket.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent may not, or the note says nothing.
    pub async fn note(&self, ticket: TicketId, words: &str) -> Result<NoteId, Error> {
        self.note_once(ticket, self.new_id(), words).await
    }

    /// Writes a note that will have this id: asked twice for the same, it is written once.
    ///
    /// # Errors
    /// As for [`Desk::note`].
    pub async fn note_once(&self, ticket: TicketId, note: NoteId, words: &str) -> Result<NoteId, Error> {
        let agent = self.agent;
        let done = self
            .shared
            .transact(|scene, changes, mint| ticket::note(scene, changes, mint, agent, (ticket, note), words))
            .await?;
        Ok(done.value)
    }

    /// Keeps what was begun. Its author is the agent, whatever it says.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent may not work on the ticket, or not open one there.
    pub async fn save_draft(&self, draft: Draft) -> Result<Draft, Error> {
        let draft = Draft { agent: self.agent, ..draft };
        Ok(self.shared.transact(|scene, changes, _| draft::save(scene, changes, &draft)).await?.value)
    }

    /// Throws an answer away that was begun.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn discard_draft(&self, ticket: TicketId) -> Result<(), Error> {
        let agent = self.agent;
        self.shared.transact(|_, changes, _| draft::discard(changes, agent, ticket)).await.map(drop)
    }

    /// Throws a forward away that was begun.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn discard_forward(&self, ticket: TicketId) -> Result<(), Error> {
        self.discard_draft(Draft::place_of(ticket, Purpose::Forward)).await
    }

    /// Keeps a file that is to go with an answer. It becomes part of a draft or reply that names it.
    ///
    /// # Errors
    /// [`Error`] if the bytes cannot be kept.
    pub async fn keep_file(&self, filename: &str, content_type: &str, bytes: Vec<u8>) -> Result<Upload, Error> {
        access::take_part(&self.directory(), self.agent)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let body: Digest = self.shared.store.keep_body(bytes).await?;
        let name = filename.rsplit(['/', '\\']).next().unwrap_or_default();
        let filename = match text::one_line(name, 200) {
            name if name.is_empty() => "file".to_owned(),
            name => name,
        };
        let content_type = text::one_line(content_type, 100).to_lowercase();
        let sound = content_type.split_once('/').is_some_and(|(kind, form)| !kind.is_empty() && !form.is_empty());
        let content_type = if sound { content_type } else { "application/octet-stream".to_owned() };
        Ok(Upload { filename, content_type, size, body })
    }

    /// Remembers that the agent has seen a ticket as it is now.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent does not see it.
    pub async fn mark_seen(&self, ticket: TicketId) -> Result<(), Error> {
        let agent = self.agent;
        self.shared.transact(|scene, changes, _| draft::seen(scene, changes, agent, ticket)).await.map(drop)
    }

    /// Changes what is known of a contact, or makes a new one.
    ///
    /// # Errors
    /// [`Error::Refused`] if an address belongs to another contact, or is one of ours.
    pub async fn save_contact(&self, contact: &Contact) -> Result<ContactId, Error> {
        let agent = self.agent;
        Ok(self
            .shared
            .transact(|scene, changes, mint| ticket::contact(scene, changes, mint, agent, contact))
            .await?
            .value)
    }

    /// Does something about a mail that was not delivered, or not yet.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent does not see its ticket, or it is sent already.
    pub async fn remedy(&self, outgoing: OutgoingId, remedy: Remedy) -> Result<(), Error> {
        let agent = self.agent;
        self.shared
            .transact(|scene, changes, mint| delivery::remedy(scene, changes, mint, agent, (outgoing, &remedy)))
            .await
            .map(drop)
    }

    /// Tries everything again that could not be delivered through a destination. Returns how many mails that were.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent is no administrator.
    pub async fn retry_all(&self, destination: DestinationId) -> Result<u64, Error> {
        access::administer(&self.directory(), self.agent, "send again what was not delivered")?;
        let failed: Vec<crate::outgoing::Outgoing> = self.shared.store.list_all(&Query::Failed(destination)).await?;
        let mut retried = 0;
        for outgoing in failed {
            self.remedy(outgoing.id, Remedy::Retry).await?;
            retried += 1;
        }
        Ok(retried)
    }
}
