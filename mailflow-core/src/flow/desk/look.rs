//! What an agent sees.

use std::collections::{BTreeMap, BTreeSet};

use super::super::cluster::Membership;
use super::{Desk, Error};
use crate::access::{self, Right, Securable};
use crate::allowance::{Allowance, Counted};
use crate::contact::Contact;
use crate::decision::automatic_mail_of;
use crate::digest::Digest;
use crate::directory::Directory;
use crate::draft::{Draft, Purpose};
use crate::id::{CategoryId, ContactId, DestinationId, MessageId, TicketId, TicketboxId};
use crate::message::Message;
use crate::outgoing::Outgoing;
use crate::pulse::Pulse;
use crate::refusal::Refusal;
use crate::search;
use crate::store::{
    Count, Cursor, Hit, Key, Listing, OwnerFilter, Page, Query, Record, Row, SearchQuery, StoreExt, TicketQuery,
};
use crate::ticket::{Ticket, TicketState};
use crate::time::Timestamp;

/// Which tickets an agent wants to see, of those that he may.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filter {
    /// Only in these ticketboxes.
    pub ticketboxes: Option<BTreeSet<TicketboxId>>,
    /// Only with this owner.
    pub owner: Option<OwnerFilter>,
    /// Only of this contact.
    pub contact: Option<ContactId>,
    /// Only in this category.
    pub category: Option<CategoryId>,
    /// Only open, or only closed ones.
    pub state: Option<TicketState>,
    /// Those in the trash instead of the others.
    pub trashed: bool,
}

impl Filter {
    /// Open tickets of one ticketbox.
    pub fn open_in(ticketbox: TicketboxId) -> Self {
        Self { ticketboxes: Some(BTreeSet::from([ticketbox])), state: Some(TicketState::Open), ..Self::default() }
    }
}

/// How sources and destinations are doing: the answer of the health strip.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// By the id of the source or destination; none for what was never tried.
    pub pulses: BTreeMap<uuid::Uuid, Pulse>,
    /// Whether a mail waits to be routed.
    pub waiting: bool,
    /// For each destination whether it has a mail that somebody has to look at.
    pub failed: BTreeMap<DestinationId, bool>,
    /// Why this server, of several, is too old for the database and takes no tasks; `None` if it is not.
    pub outdated: Option<String>,
    /// Mail that nobody writes: answers of ticketboxes and rules, and what rules pass on.
    pub automatic: AutomaticMail,
}

/// How much automatic mail the desk has sent lately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AutomaticMail {
    /// Mails within the last hour.
    pub within_an_hour: u32,
    /// How many it may be.
    pub most: u32,
    /// When the next one may be sent, if none may be sent now.
    pub stopped_until: Option<Timestamp>,
}

impl Desk {
    pub(super) fn query(&self, filter: &Filter) -> TicketQuery {
        TicketQuery {
            visibility: self.visibility(),
            ticketboxes: filter.ticketboxes.clone(),
            owner: filter.owner,
            contact: filter.contact,
            category: filter.category,
            state: filter.state,
            trashed: filter.trashed,
        }
    }

    /// Tickets, the one that changed last first; for an agent who is given the oldest one, only his own.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn tickets(&self, filter: &Filter, page: &Page) -> Result<Listing<Ticket>, Error> {
        let mut query = self.query(filter);
        // Whoever is given the oldest ticket has no list to choose from but that of his own.
        if self.directory().agents.get(&self.agent).is_some_and(|agent| agent.get_oldest) {
            query.owner = Some(OwnerFilter::Agent(self.agent));
        }
        Ok(self.shared.store.list(&Query::Tickets(query), page).await?)
    }

    /// Which of these tickets have something that the agent has not seen.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn unread(&self, tickets: &[Ticket]) -> Result<BTreeSet<TicketId>, Error> {
        let keys: Vec<Key> = tickets.iter().map(|ticket| Key::ReadMark(self.agent, ticket.id)).collect();
        let marks = self.shared.store.load(&keys).await?;
        let seen = |loaded: crate::store::Loaded| match loaded.record {
            Some(Record::ReadMark(mark)) => mark.revision,
            _ => 0,
        };
        let unread = tickets.iter().zip(marks).filter(|(ticket, mark)| ticket.revision > seen(mark.clone()));
        Ok(unread.map(|(ticket, _)| ticket.id).collect())
    }

    /// The contacts of these tickets.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn contacts_of(&self, tickets: &[Ticket]) -> Result<BTreeMap<ContactId, Contact>, Error> {
        access::take_part(&self.directory(), self.agent)?;
        let wanted: BTreeSet<ContactId> = tickets.iter().filter_map(|ticket| ticket.contact).collect();
        let keys: Vec<Key> = wanted.into_iter().map(Key::Contact).collect();
        let contact = |loaded: crate::store::Loaded| match loaded.record {
            Some(Record::Contact(contact)) => Some((contact.id, *contact)),
            _ => None,
        };
        Ok(self.shared.store.load(&keys).await?.into_iter().filter_map(contact).collect())
    }

    /// How many open tickets each ticketbox has, of those that the agent sees.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn open_counts(&self) -> Result<BTreeMap<TicketboxId, Count>, Error> {
        let ticketboxes: Vec<TicketboxId> = self.directory().ticketboxes.keys().copied().collect();
        let most = u32::try_from(ticketboxes.len()).unwrap_or(u32::MAX).max(1);
        let query = Query::OpenCounts { visibility: self.visibility(), ticketboxes };
        let found = self.shared.store.find(&query, &Page::first(most)).await?;
        let count = |row| match row {
            Row::Count(ticketbox, count) => Some((ticketbox, count)),
            _ => None,
        };
        Ok(found.rows.into_iter().filter_map(count).collect())
    }

    /// Messages and notes with these words, newest first, each ticket once. Any text is a question, none is an error
    /// (AC-26).
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn search(&self, words: &str, filter: &Filter, page: &Page) -> Result<Listing<Hit>, Error> {
        let query = Query::Search(SearchQuery { phrases: search::phrases(words), within: self.query(filter) });
        let found = self.shared.store.find(&query, page).await?;
        let hit = |row| match row {
            Row::Hit(hit) => Some(*hit),
            _ => None,
        };
        Ok(Listing { rows: found.rows.into_iter().filter_map(hit).collect(), next: found.next })
    }

    /// A ticket by its number.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none, or the agent does not see it.
    pub async fn ticket(&self, number: u64) -> Result<Ticket, Error> {
        let found = self.shared.store.get::<Ticket>(Key::TicketNumber(number)).await?;
        let ticket = found.ok_or_else(|| Refusal::no_such("ticket", number))?.value;
        access::see(&self.directory(), self.agent, &ticket).map_err(|_| Refusal::no_such("ticket", number))?;
        Ok(ticket)
    }

    /// A ticket by its id.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none, or the agent does not see it.
    pub async fn ticket_by_id(&self, id: TicketId) -> Result<Ticket, Error> {
        let found = self.shared.store.get::<Ticket>(Key::Ticket(id)).await?;
        let ticket = found.ok_or_else(|| Refusal::no_such("ticket", id))?.value;
        access::see(&self.directory(), self.agent, &ticket).map_err(|_| Refusal::no_such("ticket", id))?;
        Ok(ticket)
    }

    /// A message of a ticket that the agent sees.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none, or the agent does not see its ticket.
    pub async fn message(&self, id: MessageId) -> Result<Message, Error> {
        let none = || Refusal::no_such("message", id);
        let message = self.shared.store.get::<Message>(Key::Message(id)).await?.ok_or_else(none)?.value;
        self.ticket_by_id(message.ticket).await.map_err(|error| match error {
            Error::Refused(_) => none().into(),
            error => error,
        })?;
        Ok(message)
    }

    /// The raw bytes of a message, exactly as it came or was sent.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if the agent does not see it, or its bytes were erased.
    pub async fn raw(&self, id: MessageId) -> Result<Vec<u8>, Error> {
        let none = || Refusal::no_such("message", id);
        let digest: Digest = self.message(id).await?.raw.ok_or_else(none)?;
        Ok(self.shared.store.body(&digest).await?.ok_or_else(none)?)
    }

    /// Contacts in whose name, addresses or telephone numbers each of these words begins a word; all for no words.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn contacts(&self, words: &str, page: &Page) -> Result<Listing<Contact>, Error> {
        self.use_contacts()?;
        Ok(self.shared.store.list(&Query::Contacts(search::words(words)), page).await?)
    }

    fn use_contacts(&self) -> Result<(), Error> {
        access::use_of(&self.directory(), self.agent, Securable::Contacts, None, Right::Read)?;
        Ok(())
    }

    /// A contact.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is none.
    pub async fn contact(&self, id: ContactId) -> Result<Contact, Error> {
        self.use_contacts()?;
        let found = self.shared.store.get::<Contact>(Key::Contact(id)).await?;
        Ok(found.ok_or_else(|| Refusal::no_such("contact", id))?.value)
    }

    /// What the agent has begun to answer, the newest first.
    ///
    /// # Errors
    /// [`Error`] if the store fails.
    pub async fn drafts(&self, page: &Page) -> Result<Listing<Draft>, Error> {
        Ok(self.shared.store.list(&Query::Drafts(self.agent), page).await?)
    }

    /// What the agent has begun to write to open a ticket, or to answer in one.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if there is nothing.
    pub async fn draft(&self, ticket: TicketId) -> Result<Draft, Error> {
        let found = self.shared.store.get::<Draft>(Key::Draft(self.agent, ticket)).await?;
        Ok(found.ok_or_else(|| Refusal::no_such("draft", ticket))?.value)
    }

    /// The bytes of a file that was uploaded for what the agent writes in a ticket.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if his drafts there have no such file.
    pub async fn upload(&self, ticket: TicketId, body: Digest) -> Result<Vec<u8>, Error> {
        let none = || Refusal::no_such("file", body);
        let keys = [Purpose::Answer, Purpose::Forward]
            .map(|purpose| Key::Draft(self.agent, Draft::place_of(ticket, purpose)));
        let of_draft = |loaded: &crate::store::Loaded| match &loaded.record {
            Some(Record::Draft(draft)) => draft.attachments.iter().any(|upload| upload.body == body),
            _ => false,
        };
        self.shared.store.load(&keys).await?.iter().find(|loaded| of_draft(loaded)).ok_or_else(none)?;
        Ok(self.shared.store.body(&body).await?.ok_or_else(none)?)
    }

    /// Mails of a destination that somebody has to look at, newest first: *delivery failures*.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent is no administrator.
    pub async fn failures(&self, destination: DestinationId, page: &Page) -> Result<Listing<Outgoing>, Error> {
        access::administer(&self.directory(), self.agent, "look at delivery failures")?;
        Ok(self.shared.store.list(&Query::Failed(destination), page).await?)
    }

    /// Mails of a destination that wait to be sent, the first due first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent is no administrator.
    pub async fn queued(&self, destination: DestinationId, page: &Page) -> Result<Listing<Outgoing>, Error> {
        access::administer(&self.directory(), self.agent, "look at what waits to be sent")?;
        Ok(self.shared.store.list(&Query::Queued(destination), page).await?)
    }

    /// How sources and destinations are doing. It counts mail of all ticketboxes, so it is for administrators.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent is no administrator.
    pub async fn health(&self) -> Result<Health, Error> {
        let directory = self.directory();
        access::administer(&directory, self.agent, "look at how sources and destinations are doing")?;
        let sources = directory.sources.keys().map(|id| Key::Pulse((*id).into()));
        let destinations = directory.destinations.keys().map(|id| Key::Pulse((*id).into()));
        let keys: Vec<Key> = sources.chain(destinations).collect();
        let mut health = Health { waiting: self.shared.is_any(&Query::Waiting).await?, ..Health::default() };
        for loaded in self.shared.store.load(&keys).await? {
            if let Some(Record::Pulse(pulse)) = loaded.record {
                health.pulses.insert(pulse.of, *pulse);
            }
        }
        for id in directory.destinations.keys() {
            health.failed.insert(*id, self.shared.is_any(&Query::Failed(*id)).await?);
        }
        health.outdated = self.shared.member.as_ref().and_then(Membership::outdated);
        health.automatic = self.automatic_mail(&directory).await?;
        Ok(health)
    }

    async fn automatic_mail(&self, directory: &Directory) -> Result<AutomaticMail, Error> {
        let (of, limit) = (Counted::Desk.key(), automatic_mail_of(&directory.settings));
        let known = self.shared.store.get::<Allowance>(Key::Allowance(of)).await?;
        let allowance = known.map_or_else(|| Allowance::new(of), |known| known.value);
        let now = self.shared.clock.now();
        Ok(AutomaticMail {
            within_an_hour: allowance.lately(limit, now),
            most: limit.times,
            stopped_until: allowance.stopped_until(limit, now),
        })
    }

    /// Where the page after a list's part begins, from the text in a link.
    pub fn page(limit: u32, after: Option<&str>) -> Page {
        Page { limit, after: after.map(Cursor::from) }
    }
}
