//! All worlds of two agents and two groups, with *everyone*, a default list and a list of the object's own. Without
//! optimisation a part of them; `cargo test --release -p mailflow-core --test access` takes all pairs of lists.

use mailflow_core::access::{self, AccessList, Grant, Grantee, Rights, Scope, Securable};
use mailflow_core::directory::Directory;
use mailflow_core::group::EVERYONE;

use crate::world::{World, agent_id, box_id, group_id};

/// What a grant can say: the presets, and delete without read.
const GRANTS: [Rights; 5] = [Rights::NONE, Rights::LIST, Rights::READ, Rights::EDIT, Rights::FULL];

fn grantees() -> [Grantee; 5] {
    [
        Grantee::Agent(agent_id(0)),
        Grantee::Agent(agent_id(1)),
        Grantee::Group(group_id(0)),
        Grantee::Group(group_id(1)),
        Grantee::Group(EVERYONE),
    ]
}

/// The list with this number: for each of the five grantees one of the five grants.
fn list(scope: Scope, number: usize) -> AccessList {
    let mut rest = number;
    let grants = grantees().map(|to| {
        let rights = GRANTS[rest % GRANTS.len()];
        rest /= GRANTS.len();
        Grant { to, rights }
    });
    AccessList { scope, grants: grants.to_vec() }
}

/// What the sum is, from the numbers alone.
fn expected(number: usize, agent: usize, memberships: usize) -> Rights {
    let digit = |place: u32| GRANTS[number / GRANTS.len().pow(place) % GRANTS.len()];
    let mut sum = digit(u32::try_from(agent).unwrap()) | digit(4);
    for group in 0..2 {
        if memberships >> (agent * 2 + group) & 1 == 1 {
            sum = sum | digit(2 + u32::try_from(group).unwrap());
        }
    }
    sum
}

fn world(memberships: usize) -> Directory {
    let mut world = World::default();
    for agent in 0..2u8 {
        for group in 0..2u8 {
            if memberships >> (agent * 2 + group) & 1 == 1 {
                world.members.insert((agent_id(agent), group_id(group)));
            }
        }
    }
    world.directory()
}

#[test]
fn all_small_worlds_are_as_the_numbers_say() {
    let lists = GRANTS.len().pow(5);
    let (default, own) =
        (Scope::default_of(Securable::Ticketboxes), Scope::one(Securable::Ticketboxes, box_id(0).into()));
    // Every default list alone and every own list over some default lists; optimised, over many more.
    let step = if cfg!(debug_assertions) { 1501 } else { 53 };
    let mut states = 0u64;
    for memberships in 0..16 {
        let mut directory = world(memberships);
        for by_default in 0..lists {
            directory.access.put(list(default, by_default));
            directory.access.remove(&own);
            check(&directory, by_default, memberships);
            states += 1;
        }
        for by_default in (0..lists).step_by(step) {
            directory.access.put(list(default, by_default));
            for of_its_own in 0..lists {
                directory.access.put(list(own, of_its_own));
                check(&directory, of_its_own, memberships);
                states += 1;
            }
        }
    }
    assert!(states > 50_000, "only {states} states");
}

fn check(directory: &Directory, number: usize, memberships: usize) {
    for agent in 0..2 {
        let id = agent_id(u8::try_from(agent).unwrap());
        let real = access::rights(directory, id, Securable::Ticketboxes, Some(box_id(0).into()));
        assert_eq!(real, expected(number, agent, memberships), "list {number}, memberships {memberships:b}");
    }
}
