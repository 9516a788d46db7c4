//! What waits in a mailbox, from the answers to LIST and UIDL.

use std::collections::{BTreeMap, BTreeSet};

use mailflow_core::arrival::Uid;
use mailflow_core::transport::Waiting;

/// The mails that wait, by number. `uidl` is `None` if the server gives no names.
///
/// A name that is empty, not ASCII, or given to two mails is no name: such a mail is recognised by its bytes. Lines that
/// are none are passed over; a mail that stands in one of the two listings only is there.
pub(super) fn waiting(list: &[u8], uidl: Option<&[u8]>) -> Vec<Waiting> {
    let sizes: BTreeMap<u32, u64> = numbered(list)
        .filter_map(|(number, rest)| {
            let size = std::str::from_utf8(rest).ok()?.split_ascii_whitespace().next()?;
            Some((number, size.parse().ok()?))
        })
        .collect();
    let names = uidl.map(unique_names).unwrap_or_default();
    let numbers: BTreeSet<u32> = sizes.keys().chain(names.keys()).copied().collect();
    let of_number = |number: u32| Waiting {
        uid: names.get(&number).cloned().flatten(),
        number,
        size: sizes.get(&number).copied().unwrap_or(0),
    };
    numbers.into_iter().map(of_number).collect()
}

/// The name of each number that has exactly one, which no other number has.
fn unique_names(uidl: &[u8]) -> BTreeMap<u32, Option<Uid>> {
    let mut by_name: BTreeMap<&[u8], usize> = BTreeMap::new();
    let mut by_number: BTreeMap<u32, Option<&[u8]>> = BTreeMap::new();
    for (number, name) in numbered(uidl) {
        *by_name.entry(name).or_default() += 1;
        by_number.entry(number).and_modify(|known| *known = None).or_insert(Some(name));
    }
    let sound = |name: &&[u8]| {
        !name.is_empty()
            && name.iter().all(|byte| matches!(byte, b' '..=b'~'))
            && by_name.get(name).is_some_and(|uses| *uses == 1)
    };
    let uid = |name: &[u8]| std::str::from_utf8(name).ok().map(Uid::new);
    by_number.into_iter().map(|(number, name)| (number, name.filter(sound).and_then(uid))).collect()
}

/// The lines that begin with a number, and what follows it.
fn numbered(lines: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
    lines.split(|byte| *byte == b'\n').filter_map(|line| {
        let line = line.trim_ascii();
        let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
        let (number, rest) = line.split_at_checked(end)?;
        let number = std::str::from_utf8(number).ok()?.parse().ok()?;
        Some((number, rest.trim_ascii()))
    })
}

/// What the server can do, from the answer to CAPA (RFC 2449 section 5).
#[derive(Debug, Default)]
pub(super) struct Abilities {
    pub(super) pipelining: bool,
    pub(super) sasl_plain: bool,
}

impl Abilities {
    pub(super) fn read(capa: &[u8]) -> Self {
        let mut abilities = Self::default();
        for line in String::from_utf8_lossy(capa).to_ascii_uppercase().lines() {
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("PIPELINING") => abilities.pipelining = true,
                Some("SASL") => abilities.sasl_plain = words.any(|word| word == "PLAIN"),
                _ => {}
            }
        }
        abilities
    }
}
