//! Where a mail would go: the decision itself, made and not committed.

use std::sync::Arc;

use super::{Admin, Error};
use crate::arrival::{Arrival, ArrivalState};
use crate::decision::arrival::Readable;
use crate::decision::route::{self, Reading, Routed, RuleTried};
use crate::decision::{Scene, Stop};
use crate::digest::Digest;
use crate::id::{Mint, SourceId};
use crate::message::{Direction, Message};
use crate::refusal::Refusal;
use crate::rule::RuleSet;
use crate::store::{Changes, Key, Loaded, Record, Version, View};
use crate::ticket::Ticket;

/// What would become of a mail if it came in now.
#[derive(Debug, Clone)]
pub struct WouldBe {
    /// What the decision says.
    pub routed: Routed,
    /// Its ticket, as it would be then; one that would be made has no number. `None` if nothing would be kept.
    pub ticket: Option<Ticket>,
    /// The message that it would be, or that it is a copy of. `None` if nothing would be kept.
    pub message: Option<Message>,
    /// Mail that would be sent for it.
    pub sent: Vec<Message>,
    /// Every rule that was tried, in the order of the list.
    pub tried: Vec<RuleTried>,
    /// What the winner's expressions catch.
    pub caught: std::collections::BTreeMap<String, String>,
}

impl Admin {
    /// Says what would become of a mail: it is routed as any that comes in, only that nothing is written or sent.
    /// `rules` take the place of the rules as they are; without a source it comes from nowhere.
    ///
    /// # Errors
    /// [`Error::Refused`] if the agent is no administrator, the rules do not compile, or the mail cannot be read;
    /// [`Error`] if the store fails.
    pub async fn try_mail(
        &self,
        rules: Option<&RuleSet>,
        source: Option<SourceId>,
        bytes: &[u8],
    ) -> Result<WouldBe, Error> {
        self.may("try rules")?;
        let (shared, mut directory) = (self.shared(), self.directory());
        if let Some(set) = rules {
            let compiled =
                directory.rules.compile_again(set).map_err(|error| Refusal::invalid("rules", error.to_string()))?;
            let changed = Arc::make_mut(&mut directory);
            (changed.rules, changed.rule_set) = (Arc::new(compiled), set.clone());
        }
        let now = self.now();
        let arrival = Arrival {
            source: source.unwrap_or_else(|| SourceId::from_bytes([0; 16])),
            digest: Digest::of(bytes),
            at: now,
            order: 0,
            size: u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            whole_size: None,
            attempts: 0,
            state: ArrivalState::Received,
        };
        let key = Key::Arrival(arrival.source, arrival.digest);
        let read = shared.parse(arrival.clone(), Readable::Whole, Some(bytes)).reading;
        let reading = read.ok_or_else(|| Refusal::invalid("mail", "it cannot be read".to_owned()))?;
        let raw = directory.rules.forward().then(|| bytes.to_vec());
        let reading = Reading { raw, open_of_sender: shared.open_of_sender(&reading).await?, ..reading };
        let mut view = View::default();
        view.add([key], [Loaded { version: Version::ABSENT, record: Some(Record::from(arrival.clone())) }]);
        let mint = Mint::random(now);
        loop {
            let decided = {
                let scene = Scene { directory: &directory, keyring: &shared.keyring, now };
                decide(&scene, view.changes(), &mut mint.clone(), &reading, &arrival)
            };
            match decided {
                Ok(would_be) => return Ok(would_be),
                Err(Stop::Refuse(refusal)) => return Err(refusal.into()),
                Err(Stop::Look(keys)) => {
                    let loaded = shared.store.load(&keys).await?;
                    view.add(keys, loaded);
                }
            }
        }
    }
}

fn decide(
    scene: &Scene<'_>,
    mut changes: Changes<'_>,
    mint: &mut Mint,
    reading: &Reading,
    arrival: &Arrival,
) -> Result<WouldBe, Stop> {
    route::looks(scene, &changes, reading)?;
    let (tried, caught) = route::tried(scene, &changes, reading, arrival)?;
    let routed = route::route(scene, &mut changes, mint, reading)?;
    // The arrival waits: it stands so in the view.
    let routed = routed.ok_or_else(|| Refusal::invalid("mail", "it does not wait".to_owned()))?;
    let (ticket, message) = match routed.outcome {
        route::Outcome::Shredded => (None, None),
        _ => (
            changes.get::<Ticket>(&Key::Ticket(routed.ticket))?.cloned(),
            changes.get::<Message>(&Key::Message(routed.message))?.cloned(),
        ),
    };
    let changeset = changes.finish();
    let sent = changeset.records().filter_map(|record| match record {
        Record::Message(message) if message.direction == Direction::Outbound => Some((**message).clone()),
        _ => None,
    });
    let sent = sent.filter(|it| Some(it.id) != message.as_ref().map(|it| it.id)).collect();
    Ok(WouldBe { routed, ticket, message, sent, tried, caught })
}
