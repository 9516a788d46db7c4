//! [`Ranges`]: where in the indexes all tickets of a query lie. Each is walked in the order of the list, newest first, and
//! no further than a page needs.

use std::collections::BTreeSet;

use mailflow_core::access::Visibility;
use mailflow_core::id::TicketboxId;
use mailflow_core::store::{OwnerFilter, TicketQuery, UnownedQuery};

use crate::visible::sees_all_categories;

/// Above so many visible ticketboxes all tickets are walked in their order: most of them will be visible.
const MAX_BOX_RANGES: usize = 256;

/// An index of tickets: of those that lie on a shelf, each in the order of their last change, or of those that have a turn,
/// in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Index {
    /// All of them.
    Time,
    /// By their ticketbox.
    Ticketbox,
    /// Those that nobody owns, by their ticketbox.
    OfNobody,
    /// By their owner.
    Owner,
    /// By their contact.
    Contact,
    /// By their category.
    Category,
    /// Those that have a turn.
    Turn,
    /// Those that have a turn, by their ticketbox.
    TicketboxAndTurn,
}

impl Index {
    /// How a ticket `t` lies in the range of the key `r.k`; of an index that is one range, in it.
    pub const fn within(self) -> &'static str {
        match self {
            Self::Time => "t.shelf IS NOT NULL",
            Self::Ticketbox => "t.ticketbox = r.k",
            Self::OfNobody => "t.owner IS NULL AND t.ticketbox = r.k",
            Self::Owner => "t.owner = r.k",
            Self::Contact => "t.contact = r.k",
            Self::Category => "t.category = r.k",
            Self::Turn => "t.turn IS NOT NULL",
            Self::TicketboxAndTurn => "t.turn IS NOT NULL AND t.ticketbox = r.k",
        }
    }
}

/// Ranges of one index.
#[derive(Debug, PartialEq, Eq)]
pub struct Ranges {
    /// Which index.
    pub index: Index,
    /// What is looked up in it, a range each; `None`: all of it is one range.
    pub keys: Option<Vec<[u8; 16]>>,
    /// Whether all that lies there may be seen.
    pub seen: bool,
}

/// The ranges in which all tickets of a query lie. A ticket may lie in several: its ticketbox's and its owner's.
pub fn ranges(query: &TicketQuery) -> Vec<Ranges> {
    let one = |index, id: &[u8; 16]| vec![Ranges { index, keys: Some(vec![*id]), seen: false }];
    if let Some(contact) = &query.contact {
        return one(Index::Contact, contact.as_bytes());
    }
    if let Some(OwnerFilter::Agent(agent)) = &query.owner {
        return one(Index::Owner, agent.as_bytes());
    }
    let Some(boxes) = boxes(&query.visibility, query.ticketboxes.as_ref()) else {
        return match &query.category {
            Some(category) => one(Index::Category, category.as_bytes()),
            None => vec![Ranges { index: Index::Time, keys: None, seen: false }],
        };
    };
    let nobody = query.owner == Some(OwnerFilter::Nobody);
    let seen = sees_all_categories(&query.visibility);
    let index = if nobody { Index::OfNobody } else { Index::Ticketbox };
    let mut ranges = vec![Ranges { index, keys: Some(boxes), seen }];
    // What nobody owns, no owner's list has.
    if let (Visibility::Of { agent, owners, .. }, false) = (&query.visibility, nobody) {
        let owners = owners.iter().filter(|id| *id != agent).chain([agent]);
        let keys = Some(owners.map(|it| *it.as_bytes()).collect());
        ranges.push(Ranges { index: Index::Owner, keys, seen });
    }
    ranges
}

/// The ranges in which all tickets of a query lie that nobody takes care of. A ticket lies in one.
pub fn ranges_by_turn(query: &UnownedQuery) -> Ranges {
    match boxes(&query.visibility, query.ticketboxes.as_ref()) {
        None => Ranges { index: Index::Turn, keys: None, seen: query.visibility == Visibility::Everything },
        keys => Ranges { index: Index::TicketboxAndTurn, keys, seen: sees_all_categories(&query.visibility) },
    }
}

/// The ticketboxes in which tickets are looked for, one by one; `None`: in all of them at once.
fn boxes(visibility: &Visibility, wanted: Option<&BTreeSet<TicketboxId>>) -> Option<Vec<[u8; 16]>> {
    let keys = |boxes: &mut dyn Iterator<Item = &TicketboxId>| boxes.map(|it| *it.as_bytes()).collect::<Vec<_>>();
    match (visibility, wanted) {
        (Visibility::Everything, wanted) => wanted.map(|wanted| keys(&mut wanted.iter())),
        (Visibility::Of { ticketboxes, .. }, Some(wanted)) => Some(keys(&mut ticketboxes.intersection(wanted))),
        (Visibility::Of { ticketboxes, .. }, None) => {
            (ticketboxes.len() <= MAX_BOX_RANGES).then(|| keys(&mut ticketboxes.iter()))
        }
    }
}

#[cfg(test)]
mod tests {
    use mailflow_test::store::samples::{agent_id, box_id};

    use super::*;

    fn seen_by(agent: u64, boxes: std::ops::RangeInclusive<u64>) -> TicketQuery {
        TicketQuery::all(Visibility::of_ticketboxes(agent_id(agent), boxes.map(box_id).collect()))
    }

    fn indexes(query: &TicketQuery) -> Vec<(Index, usize)> {
        ranges(query).iter().map(|it| (it.index, it.keys.as_ref().map_or(1, Vec::len))).collect()
    }

    #[test]
    fn tickets_are_looked_for_where_they_may_be_seen_and_where_there_are_few() {
        let mut query = seen_by(1, 1..=3);
        assert_eq!(indexes(&query), [(Index::Ticketbox, 3), (Index::Owner, 1)]);
        query.owner = Some(OwnerFilter::Nobody);
        assert_eq!(indexes(&query), [(Index::OfNobody, 3)], "what nobody owns, no owner's list has");
        query.ticketboxes = Some([box_id(2), box_id(9)].into());
        assert_eq!(ranges(&query)[0].keys, Some(vec![*box_id(2).as_bytes()]), "not that which may not be seen");
        query.owner = Some(OwnerFilter::Agent(agent_id(7)));
        assert_eq!(indexes(&query), [(Index::Owner, 1)]);
        assert!(!ranges(&query)[0].seen);
    }

    #[test]
    fn who_sees_very_many_ticketboxes_walks_through_all_tickets() {
        assert_eq!(indexes(&seen_by(1, 1..=256)), [(Index::Ticketbox, 256), (Index::Owner, 1)]);
        assert_eq!(indexes(&seen_by(1, 1..=257)), [(Index::Time, 1)]);
        assert!(!ranges(&seen_by(1, 1..=257))[0].seen);
        assert_eq!(indexes(&TicketQuery::all(Visibility::Everything)), [(Index::Time, 1)]);
    }

    #[test]
    fn what_nobody_takes_care_of_is_looked_for_in_each_ticketbox_that_may_be_seen() {
        let of = |TicketQuery { visibility, ticketboxes, .. }| {
            let Ranges { index, keys, seen } = ranges_by_turn(&UnownedQuery { visibility, ticketboxes });
            (index, keys.map(|it| it.len()), seen)
        };
        assert_eq!(of(seen_by(1, 1..=3)), (Index::TicketboxAndTurn, Some(3), true));
        assert_eq!(of(seen_by(1, 1..=257)), (Index::Turn, None, false));
        let some = |visibility| TicketQuery { ticketboxes: Some([box_id(9)].into()), ..TicketQuery::all(visibility) };
        assert_eq!(of(some(Visibility::Everything)), (Index::TicketboxAndTurn, Some(1), true));
        assert_eq!(of(some(seen_by(1, 1..=3).visibility)), (Index::TicketboxAndTurn, Some(0), true));
        assert_eq!(of(TicketQuery::all(Visibility::Everything)), (Index::Turn, None, true));
    }
}
