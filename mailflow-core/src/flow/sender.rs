//! The sender: works off what has to be sent through one destination. Each mail is claimed before it is sent, and what
//! came of it is written down before the next one (AC-22).

use std::sync::Arc;

use super::{Error, Shared};
use crate::decision::Scene;
use crate::decision::delivery::{self, Tried};
use crate::destination::{Destination, DestinationAccess};
use crate::id::{DestinationId, Mint, OutgoingId};
use crate::lease::Task;
use crate::outgoing::{Outgoing, OutgoingState};
use crate::store::{Changes, Page, Query, StoreExt};
use crate::transport::{Envelope, MailTransport, TransportError, TransportErrorKind};

/// How many due mails are listed at once.
const LISTED: u32 = 20;

/// What working off a destination came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Mails that were tried.
    pub tried: u64,
    /// Mails that all their recipients' servers accepted.
    pub sent: u64,
    /// What went wrong with the last one that could not be handed over.
    pub trouble: String,
}

impl Shared {
    /// The way out of a destination.
    pub fn way_out(&self, destination: &Destination) -> Result<Arc<dyn MailTransport>, TransportError> {
        match (&destination.access, self.embedded_transport()) {
            (DestinationAccess::Embedded, Some(transport)) => Ok(transport),
            _ => self.network.transport(destination).map(Arc::from),
        }
    }

    /// What another run was sending through a destination when it ended, or lost it, was perhaps sent: it goes the way
    /// that the destination says.
    pub async fn reclaim(&self, destination: DestinationId) -> Result<u64, Error> {
        let (mut reclaimed, run) = (0, self.run);
        for outgoing in self.store.list_all::<Outgoing>(&Query::Sending).await? {
            let other = outgoing.state != (OutgoingState::Sending { run });
            if other && outgoing.destination == destination {
                let (id, task) = (outgoing.id, Task::Destination(destination));
                self.transact_as(task, |scene, changes, mint| delivery::reclaim(scene, changes, mint, id, run))
                    .await?;
                reclaimed += 1;
            }
        }
        Ok(reclaimed)
    }

    /// Sends what is due. Ends early when `stop` says so, or when the server cannot be reached: the next one would not
    /// reach it either.
    pub async fn deliver(&self, destination: &Destination, stop: impl Fn() -> bool) -> Result<Delivered, Error> {
        let task = Task::Destination(destination.id);
        self.settle_what_was_left(task).await?;
        let mut delivered = Delivered::default();
        let way_out = match self.way_out(destination) {
            Ok(way_out) => way_out,
            Err(error) => {
                // Nothing was tried: the mails wait until the set-up is right.
                let due = Query::Due(destination.id, self.clock.now());
                if self.is_any(&due).await? {
                    delivered.tried = 1;
                    delivered.trouble = words(&error);
                }
                return Ok(delivered);
            }
        };
        loop {
            let due = Query::Due(destination.id, self.clock.now());
            let listed: Vec<Outgoing> = self.store.list(&due, &Page::first(LISTED)).await?.rows;
            if listed.is_empty() {
                return Ok(delivered);
            }
            for outgoing in listed {
                if stop() {
                    return Ok(delivered);
                }
                if !self.deliver_one((task, outgoing.id), way_out.as_ref(), &mut delivered).await? {
                    return Ok(delivered);
                }
            }
        }
    }

    /// Sends one mail. Returns whether it makes sense to go on.
    async fn deliver_one(
        &self,
        (task, id): (Task, OutgoingId),
        way_out: &dyn MailTransport,
        delivered: &mut Delivered,
    ) -> Result<bool, Error> {
        let run = self.run;
        let claimed =
            self.transact_as(task, |scene, changes, mint| delivery::claim(scene, changes, mint, id, run)).await;
        if matches!(claimed, Err(Error::NotOurs)) {
            return Ok(false);
        }
        if claimed.is_err() {
            // It may be claimed all the same; nobody sends it then, and nobody else may.
            self.remember(id, Tried::NotSent("the store failed before it was sent".to_owned()));
        }
        let Some(outgoing) = claimed?.value else { return Ok(true) };
        let Some(result) = self.while_sure(self.hand_over(&outgoing, way_out)).await else {
            // Whoever has taken our place knows that it was being sent; if nobody has, it is written down later.
            self.remember(id, Tried::PerhapsSent("this server was cut off from the others while it sent".to_owned()));
            return Ok(false);
        };
        let reachable =
            !matches!(&result, Err(error) if error.is_transient() || error.kind() == TransportErrorKind::Setup);
        let tried = Tried::of(result);
        delivered.tried += 1;
        match &tried {
            Tried::Answered(_) => {
                tracing::info!(message_id = %outgoing.message_id, "a mail was handed over");
                delivered.trouble.clear();
            }
            Tried::NotSent(trouble) | Tried::NeverSent(trouble) | Tried::PerhapsSent(trouble) => {
                tracing::warn!(message_id = %outgoing.message_id, trouble, "a mail was not delivered");
                delivered.trouble.clone_from(trouble);
            }
        }
        self.remember(id, tried.clone());
        if self.settle(task, id, &tried).await? == Some(OutgoingState::Sent) {
            delivered.sent += 1;
        }
        Ok(reachable)
    }

    /// Writes down what came of a mail.
    async fn settle(&self, task: Task, id: OutgoingId, tried: &Tried) -> Result<Option<OutgoingState>, Error> {
        let run = self.run;
        let decide = |scene: &Scene<'_>, changes: &mut Changes<'_>, mint: &mut Mint| {
            delivery::settle(scene, changes, mint, id, run, tried)
        };
        let done = self.transact_as(task, decide).await?;
        self.settled(id);
        Ok(done.value)
    }

    /// Writes down what the store could not write before: else these mails would be *being sent* until the next start.
    async fn settle_what_was_left(&self, task: Task) -> Result<(), Error> {
        for (id, tried) in self.unsettled() {
            self.settle(task, id, &tried).await?;
        }
        Ok(())
    }

    async fn hand_over(
        &self,
        outgoing: &Outgoing,
        way_out: &dyn MailTransport,
    ) -> Result<Vec<crate::transport::Answer>, TransportError> {
        let failed = |kind, doing: &str| TransportError::new(kind, doing);
        let bytes = self
            .store
            .body(&outgoing.raw)
            .await
            .map_err(|error| {
                failed(TransportErrorKind::Temporary, "the mail could not be read from the store").because(error)
            })?
            .ok_or_else(|| failed(TransportErrorKind::Permanent, "the mail's bytes were erased"))?;
        let recipients = outgoing.pending().map(|recipient| recipient.address.clone()).collect();
        let envelope = Envelope::new(outgoing.sender.clone(), recipients)
            .map_err(|error| failed(TransportErrorKind::Permanent, "the mail has nobody to go to").because(error))?;
        way_out.send(&envelope, &bytes).await
    }
}

/// An error with its causes, on one line.
pub fn words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !words.contains(&more) {
            words.push_str(": ");
            words.push_str(&more);
        }
        cause = error.source();
    }
    words
}
