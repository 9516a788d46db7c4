//! Taking mail in: what was fetched becomes an arrival, once.

use super::{Scene, Stop};
use crate::arrival::{Arrival, ArrivalState, FetchMark, Uid};
use crate::digest::Digest;
use crate::id::SourceId;
use crate::store::{Changes, Key};

/// A mail that was fetched and whose bytes are kept.
#[derive(Debug, Clone)]
pub struct Received {
    /// Its name in the source, if it has one that lasts.
    pub uid: Option<Uid>,
    /// Digest of its bytes.
    pub digest: Digest,
    /// Their number.
    pub size: u64,
    /// Length of the whole mail, if only its headers were fetched.
    pub whole_size: Option<u64>,
}

/// How many of the mails were new, and how many were there already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Mails that are arrivals now.
    pub new: u64,
    /// Mails whose very bytes had come from this source before.
    pub duplicates: u64,
    /// For each mail, in their order, whether it is new.
    pub is_new: Vec<bool>,
}

/// Takes mails of a source in, in their order; `first` is the [`order`](Arrival::order) of the first one. The same bytes from the same source are one arrival, however often and
/// under whatever name they are offered (features 3.2).
///
/// # Errors
/// [`Stop::Look`] for what is known of the mails.
pub fn receive(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    source: SourceId,
    first: u32,
    mails: &[Received],
) -> Result<Taken, Stop> {
    let marks = mails.iter().filter_map(|mail| mail.uid.clone()).map(|uid| Key::FetchMark(source, uid));
    let arrivals = mails.iter().map(|mail| Key::Arrival(source, mail.digest));
    changes.need(marks.chain(arrivals).collect::<Vec<_>>())?;
    let mut taken = Taken::default();
    for (place, mail) in (0u32..).zip(mails) {
        if let Some(uid) = &mail.uid {
            let mark = Key::FetchMark(source, uid.clone());
            if changes.get::<FetchMark>(&mark)?.is_none() {
                changes.put(FetchMark { source, uid: uid.clone(), digest: mail.digest, at: scene.now });
            }
        }
        if let Some(known) = changes.get::<Arrival>(&Key::Arrival(source, mail.digest))?.cloned() {
            if let ArrivalState::Shredded { rule, description } = known.state.clone() {
                // Its bytes are there again.
                changes.put(Arrival { state: ArrivalState::Shredding { rule, description }, ..known });
            }
            taken.duplicates += 1;
            taken.is_new.push(false);
            continue;
        }
        taken.new += 1;
        taken.is_new.push(true);
        changes.put(Arrival {
            source,
            digest: mail.digest,
            at: scene.now,
            order: first.wrapping_add(place),
            size: mail.size,
            whole_size: mail.whole_size,
            attempts: 1,
            state: ArrivalState::Received,
        });
    }
    Ok(taken)
}

/// Notes that the bytes of an arrival that a rule shredded are erased.
///
/// # Errors
/// [`Stop::Look`] for the arrival.
pub fn shredded(changes: &mut Changes<'_>, source: SourceId, digest: Digest) -> Result<(), Stop> {
    let known = changes.get::<Arrival>(&Key::Arrival(source, digest))?.cloned();
    let Some(arrival) = known else { return Ok(()) };
    if let ArrivalState::Shredding { rule, description } = arrival.state.clone() {
        changes.put(Arrival { state: ArrivalState::Shredded { rule, description }, ..arrival });
    }
    Ok(())
}

/// How much of an arrival may still be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readable {
    /// All of it.
    Whole,
    /// Its headers: whoever read more of it ended, three times.
    Headers,
    /// Nothing: whoever read its headers ended too.
    Nothing,
}

/// Counts one more attempt to read an arrival, before it is read: a mail that ends the process cannot do so for ever.
/// Returns how much of it may be read this time.
///
/// # Errors
/// [`Stop::Look`] for the arrival.
pub fn attempt(changes: &mut Changes<'_>, source: SourceId, digest: Digest) -> Result<Readable, Stop> {
    let Some(arrival) = changes.get::<Arrival>(&Key::Arrival(source, digest))?.cloned() else {
        return Ok(Readable::Nothing);
    };
    let readable = match arrival.attempts {
        0..Arrival::MAX_ATTEMPTS => Readable::Whole,
        Arrival::MAX_ATTEMPTS..Arrival::MAX_ATTEMPTS_AT_HEADERS => Readable::Headers,
        _ => return Ok(Readable::Nothing),
    };
    changes.put(Arrival { attempts: arrival.attempts + 1, ..arrival });
    Ok(readable)
}
