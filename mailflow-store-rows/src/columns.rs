//! What rows are sorted, filtered and found by.

use std::collections::BTreeSet;

use mailflow_core::arrival::{Arrival, ArrivalState};
use mailflow_core::contact::Contact;
use mailflow_core::digest::Digest;
use mailflow_core::outgoing::OutgoingState;
use mailflow_core::search;
use mailflow_core::store::TicketQuery;
use mailflow_core::ticket::TicketState;

/// The shelf that a ticket lies on: 0 open, 1 closed, 2 open and in the trash, 3 closed and in the trash.
pub const fn shelf(state: TicketState, trashed: bool) -> i64 {
    let closed = matches!(state, TicketState::Closed) as i64;
    closed + if trashed { 2 } else { 0 }
}

/// The state and whether it is in the trash, of what lies on a shelf.
pub const fn of_shelf(shelf: i64) -> (TicketState, bool) {
    (if shelf % 2 == 0 { TicketState::Open } else { TicketState::Closed }, shelf >= 2)
}

/// The shelves that a query looks at.
pub fn shelves(query: &TicketQuery) -> Vec<i64> {
    let states = match query.state {
        Some(state) => vec![state],
        None => vec![TicketState::Open, TicketState::Closed],
    };
    states.into_iter().map(|state| shelf(state, query.trashed)).collect()
}

/// The list that an arrival stands in: 0 waits for the router, 1 shelved; `None` for the rest.
pub const fn arrival_list(state: &ArrivalState) -> Option<i64> {
    match state {
        state if state.waits() => Some(0),
        ArrivalState::Shelved { .. } => Some(1),
        _ => None,
    }
}

/// The list that a mail to send stands in: 0 queued, 1 being sent, 2 failed or perhaps sent, 3 waits for an approval;
/// `None` for the rest.
pub const fn outgoing_list(state: OutgoingState) -> Option<i64> {
    match state {
        OutgoingState::Queued => Some(0),
        OutgoingState::Sending { .. } => Some(1),
        OutgoingState::Failed | OutgoingState::PerhapsSent => Some(2),
        OutgoingState::AwaitingApproval => Some(3),
        OutgoingState::Paused | OutgoingState::Sent | OutgoingState::Withdrawn => None,
    }
}

/// A hash of the words that a row is found by: they are indexed again only when it changes.
pub fn hash_of_words(words: &str) -> i64 {
    let digest = Digest::of(words.as_bytes());
    let mut first = [0; 8];
    for (to, from) in first.iter_mut().zip(digest.as_bytes()) {
        *to = *from;
    }
    i64::from_be_bytes(first)
}

/// The words that a contact is found by.
pub fn contact_words(contact: &Contact) -> BTreeSet<String> {
    search::words_of_contact(contact).split_whitespace().map(str::to_owned).collect()
}

/// Arrivals of the same time sort by their order, then by their bytes.
pub fn arrival_place(arrival: &Arrival) -> [u8; 16] {
    let mut place = first_half(arrival.digest.as_bytes());
    for (to, from) in place.iter_mut().zip(arrival.order.to_be_bytes()) {
        *to = from;
    }
    place
}

/// The first half of a digest: enough to tell two rows apart.
pub fn first_half(bytes: &[u8; 32]) -> [u8; 16] {
    let mut half = [0; 16];
    for (to, from) in half.iter_mut().zip(bytes) {
        *to = *from;
    }
    half
}
