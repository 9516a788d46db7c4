//! Access against a naive reference: random worlds, and all worlds of a small size (features 7, AC-24).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

mod naive;
mod small_world;
mod world;

use mailflow_core::access::{self, Right, Rights, Scope, Securable};
use mailflow_core::agent::Agent;
use mailflow_core::directory::Directory;
use mailflow_core::group::EVERYONE;
use mailflow_core::ticket::Ticket;
use proptest::prelude::*;

use self::world::{World, agent_id, box_id};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// Every ticket: what the reference says, the decision says, and the lists say, is the same.
    #[test]
    fn ac_24_rights_and_visibility_are_what_the_reference_says(world in world::any_world()) {
        let directory = world.directory();
        for agent in world.agents() {
            let (visibility, to_take) = (access::visibility(&directory, agent), access::to_take(&directory, agent));
            for ticket in world.tickets() {
                let expected = naive::ticket_rights(&world, agent, &ticket);
                prop_assert_eq!(access::ticket_rights(&directory, agent, &ticket), expected);
                prop_assert_eq!(visibility.sees(&ticket), expected.has(Right::Read), "{:?} {:?}", agent, ticket);
                prop_assert_eq!(access::see(&directory, agent, &ticket).is_ok(), expected.has(Right::Read));
                let works = expected.has(Right::Read) && expected.has(Right::Edit);
                prop_assert_eq!(access::work_on(&directory, agent, &ticket).is_ok(), works);
                if ticket.owner.is_none() {
                    prop_assert_eq!(to_take.sees(&ticket), works, "{:?} {:?}", agent, ticket);
                }
            }
        }
    }

    /// A grant more never takes anything away.
    #[test]
    fn ac_24_adding_a_grant_never_removes_access(
        world in world::any_world(),
        which in any::<prop::sample::Index>(),
        grant in world::any_grant(),
    ) {
        prop_assume!(!world.lists.is_empty());
        let mut more = world.clone();
        let place = which.index(more.lists.len());
        more.lists[place].grants.push(grant);
        let (before, after) = (world.directory(), more.directory());
        for agent in world.agents() {
            for ticket in world.tickets() {
                let (had, has) = (access::ticket_rights(&before, agent, &ticket), access::ticket_rights(&after, agent, &ticket));
                prop_assert_eq!(had.and(has), had);
            }
        }
    }

    /// What somebody would gain or lose, said before, is what he gains or loses.
    #[test]
    fn what_if_says_what_will_be(world in world::any_world(), list in world::any_list()) {
        let directory = world.directory();
        let foretold = access::what_if(&directory, list.scope, Some(&list));
        let mut saved = world.clone();
        saved.put(list.clone());
        let after = saved.directory();
        for agent in world.agents() {
            for class in [Securable::Agents, Securable::Ticketboxes, Securable::Categories] {
                for object in world.objects(class) {
                    let (was, is) = (access::rights(&directory, agent, class, Some(object)), access::rights(&after, agent, class, Some(object)));
                    let told = foretold.iter().find(|it| it.agent == agent && it.class == class && it.object == Some(object));
                    prop_assert_eq!(told.map(|it| (it.before, it.after)), (was != is).then_some((was, is)));
                }
            }
        }
    }

    /// The reasons end in the same verdict as the decision, and there is always one.
    #[test]
    fn why_says_what_the_decision_says(world in world::any_world()) {
        let directory = world.directory();
        for agent in world.agents() {
            for ticket in world.tickets() {
                let why = access::why_ticket(&directory, agent, &ticket, Right::Read);
                prop_assert_eq!(why.may, naive::ticket_rights(&world, agent, &ticket).has(Right::Read));
                prop_assert!(!why.because.is_empty());
            }
        }
    }
}

/// The control: a reference that takes the strongest grant instead of the sum, and one that leaves *everyone* out, must
/// both be told apart from the real rights.
#[test]
fn the_reference_finds_planted_faults() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut strongest, mut without_everyone) = (false, false);
    for _ in 0..400 {
        let world = world::any_world().new_tree(&mut runner).unwrap().current();
        let directory = world.directory();
        for agent in world.agents() {
            for ticket in world.tickets() {
                let real = access::ticket_rights(&directory, agent, &ticket);
                strongest |= naive::with_fault(&world, agent, &ticket, naive::Fault::StrongestOnly) != real;
                without_everyone |=
                    naive::with_fault(&world, agent, &ticket, naive::Fault::NoEveryoneInOwnLists) != real;
            }
        }
    }
    assert!(strongest, "the strongest grant instead of the sum was not told apart");
    assert!(without_everyone, "leaving everyone out of own lists was not told apart");
}

#[test]
fn with_list_alone_tickets_move_in_and_are_not_seen() {
    let mut world = World::of_two();
    world.put(world::list_for(Scope::one(Securable::Ticketboxes, box_id(1).into()), EVERYONE, Rights::LIST));
    world.put(world::list_for(Scope::default_of(Securable::Agents), EVERYONE, Rights::NONE));
    let directory = world.directory();
    let ticket = Ticket { ticketbox: box_id(1), ..world.ticket(0, None, None) };
    assert!(access::put_into(&directory, agent_id(0), box_id(1)).is_ok());
    assert!(access::see(&directory, agent_id(0), &ticket).is_err());
    assert!(!access::visibility(&directory, agent_id(0)).sees(&ticket));
}

#[test]
fn who_may_read_and_not_edit_is_told_so_and_who_sees_nothing_is_not_told_that_it_exists() {
    let mut world = World::of_two();
    world.put(world::list_for(Scope::default_of(Securable::Ticketboxes), EVERYONE, Rights::READ));
    world.put(world::list_for(Scope::default_of(Securable::Agents), EVERYONE, Rights::NONE));
    let directory = world.directory();
    let ticket = world.ticket(0, None, None);
    let refused = access::work_on(&directory, agent_id(0), &ticket).unwrap_err();
    assert_eq!(refused.code(), "not_allowed");
    world.put(world::list_for(Scope::default_of(Securable::Ticketboxes), EVERYONE, Rights::LIST));
    let refused = access::work_on(&world.directory(), agent_id(0), &ticket).unwrap_err();
    assert_eq!(refused.code(), "no_such");
}

#[test]
fn an_inactive_agent_may_nothing_not_even_with_his_own_tickets() {
    let mut world = World::of_two();
    world.inactive.insert(agent_id(0));
    let directory: Directory = world.directory();
    let ticket = world.ticket(0, Some(0), None);
    assert!(!access::visibility(&directory, agent_id(0)).sees(&ticket));
    assert!(access::see(&directory, agent_id(0), &ticket).is_err());
    assert_eq!(access::ticket_rights(&directory, agent_id(0), &ticket), Rights::NONE);
    let _: &Agent = &directory.agents[&agent_id(0)];
}
