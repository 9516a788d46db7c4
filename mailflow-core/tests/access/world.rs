//! Small worlds of agents, groups, ticketboxes, categories and access lists.

use std::collections::BTreeSet;

use mailflow_core::access::{AccessList, Grant, Grantee, Right, Rights, Scope, Securable};
use mailflow_core::agent::Agent;
use mailflow_core::category::Category;
use mailflow_core::directory::{Directory, Document, Documented};
use mailflow_core::group::{ADMINISTRATORS, EVERYONE, Group};
use mailflow_core::id::{AgentId, CategoryId, GroupId, TicketId, TicketboxId};
use mailflow_core::ticket::Ticket;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::Timestamp;
use proptest::prelude::*;
use uuid::Uuid;

pub const AGENTS: u8 = 4;
pub const GROUPS: u8 = 2;
pub const BOXES: u8 = 3;
pub const CATEGORIES: u8 = 2;

pub fn agent_id(number: u8) -> AgentId {
    AgentId::from_bytes([10 + number; 16])
}

pub fn group_id(number: u8) -> GroupId {
    GroupId::from_bytes([30 + number; 16])
}

pub fn box_id(number: u8) -> TicketboxId {
    TicketboxId::from_bytes([50 + number; 16])
}

pub fn category_id(number: u8) -> CategoryId {
    CategoryId::from_bytes([70 + number; 16])
}

#[derive(Debug, Clone, Default)]
pub struct World {
    pub administrators: BTreeSet<AgentId>,
    pub inactive: BTreeSet<AgentId>,
    pub members: BTreeSet<(AgentId, GroupId)>,
    pub lists: Vec<AccessList>,
}

impl World {
    /// No administrators, no members, no lists.
    pub fn of_two() -> Self {
        Self::default()
    }

    pub fn put(&mut self, list: AccessList) {
        self.lists.retain(|known| known.scope != list.scope);
        self.lists.push(list);
    }

    pub fn agents(&self) -> impl Iterator<Item = AgentId> + use<> {
        (0..AGENTS).map(agent_id)
    }

    pub fn objects(&self, class: Securable) -> Vec<Uuid> {
        match class {
            Securable::Agents => (0..AGENTS).map(|it| agent_id(it).into()).collect(),
            Securable::Ticketboxes => (0..BOXES).map(|it| box_id(it).into()).collect(),
            Securable::Categories => (0..CATEGORIES).map(|it| category_id(it).into()).collect(),
            _ => Vec::new(),
        }
    }

    pub fn ticket(&self, ticketbox: u8, owner: Option<u8>, category: Option<u8>) -> Ticket {
        let id = TicketId::from_bytes([ticketbox + 1; 16]);
        let mut ticket = Ticket::new(id, box_id(ticketbox), "a ticket", Timestamp::from_millis(0));
        ticket.owner = owner.map(agent_id);
        ticket.category = category.map(category_id);
        ticket
    }

    /// Tickets of every kind: each box, each owner or none, each category or none.
    pub fn tickets(&self) -> Vec<Ticket> {
        let some = |count: u8| (0..count).map(Some).chain([None]);
        let kinds = (0..BOXES).flat_map(|of_box| {
            some(AGENTS).flat_map(move |owner| some(CATEGORIES).map(move |it| (of_box, owner, it)))
        });
        kinds.map(|(of_box, owner, category)| self.ticket(of_box, owner, category)).collect()
    }

    /// The world as the product has it.
    pub fn directory(&self) -> Directory {
        let agent = |id: AgentId| Agent {
            id,
            user_name: id.to_string(),
            administrator: self.administrators.contains(&id),
            active: !self.inactive.contains(&id),
            built_in: false,
            ..Agent::built_in_administrator()
        };
        let group = |number: u8| {
            let id = group_id(number);
            let members = self.members.iter().filter(|(_, group)| *group == id).map(|(agent, _)| *agent).collect();
            Group { members, ..Group::new(id, id.to_string()) }
        };
        let mut documents: Vec<Document> = self.agents().map(|id| agent(id).to_document()).collect();
        documents.extend((0..GROUPS).map(|number| group(number).to_document()));
        documents.extend((0..BOXES).map(|it| Ticketbox::new(box_id(it), &it.to_string(), None).to_document()));
        documents
            .extend((0..CATEGORIES).map(|it| Category { id: category_id(it), name: it.to_string() }.to_document()));
        documents.extend(self.lists.iter().map(Documented::to_document));
        Directory::from_documents(documents).unwrap()
    }
}

/// A list with one grant to a group.
pub fn list_for(scope: Scope, group: GroupId, rights: Rights) -> AccessList {
    AccessList { scope, grants: vec![Grant { to: Grantee::Group(group), rights }] }
}

fn any_rights() -> impl Strategy<Value = Rights> {
    prop::sample::subsequence(Right::ALL.to_vec(), 0..=4).prop_map(Rights::from)
}

pub fn any_grant() -> impl Strategy<Value = Grant> {
    let group = prop_oneof![Just(EVERYONE), Just(ADMINISTRATORS), (0..GROUPS).prop_map(group_id),];
    let to = prop_oneof![group.prop_map(Grantee::Group), (0..AGENTS).prop_map(|it| Grantee::Agent(agent_id(it)))];
    (to, any_rights()).prop_map(|(to, rights)| Grant { to, rights })
}

pub fn any_list() -> impl Strategy<Value = AccessList> {
    let object = |class| {
        let objects = World::default().objects(class);
        prop::option::of(prop::sample::select(objects)).prop_map(move |object| Scope { class, object })
    };
    let scope = prop_oneof![object(Securable::Agents), object(Securable::Ticketboxes), object(Securable::Categories)];
    (scope, prop::collection::vec(any_grant(), 0..4)).prop_map(|(scope, grants)| AccessList { scope, grants })
}

pub fn any_world() -> impl Strategy<Value = World> {
    let agents = || prop::collection::btree_set((0..AGENTS).prop_map(agent_id), 0..2);
    let members = prop::collection::btree_set(((0..AGENTS).prop_map(agent_id), (0..GROUPS).prop_map(group_id)), 0..6);
    (agents(), agents(), members, prop::collection::vec(any_list(), 0..8)).prop_map(
        |(administrators, inactive, members, lists)| {
            let mut world = World { administrators, inactive, members, lists: Vec::new() };
            lists.into_iter().for_each(|list| world.put(list));
            world
        },
    )
}
