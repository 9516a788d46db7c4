//! [`Desk`]: what one agent may ask for. There is no way to act without one: it knows who acts.

mod act;
mod alerts;
mod approval;
mod audit;
mod conversation;
mod look;
mod oldest;
mod own;

use std::net::IpAddr;
use std::sync::Arc;

pub use approval::ToApprove;
pub use audit::AuditFilter;
pub use conversation::{Conversation, Passage};
pub use look::{AutomaticMail, Filter, Health};
pub use oldest::Waiting;

use uuid::Uuid;

use super::{Admin, Error, Shared};
use crate::access::{self, Right, Securable, Visibility};
use crate::agent::Agent;
use crate::category::Category;
use crate::decision::configure::{self, By};
use crate::digest::Digest;
use crate::directory::Directory;
use crate::group::Group;
use crate::id::{AgentId, GroupId, Mint};
use crate::refusal::Refusal;
use crate::response::StandardResponse;
use crate::ticketbox::Ticketbox;
use crate::time::Timestamp;

/// What one agent may ask for.
#[derive(Clone)]
pub struct Desk {
    shared: Arc<Shared>,
    agent: AgentId,
    place: Option<IpAddr>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.agent)
    }
}

impl Desk {
    pub(super) const fn new(shared: Arc<Shared>, agent: AgentId) -> Self {
        Self { shared, agent, place: None }
    }

    /// The same desk, asked from this network address: nothing is configured then that would keep the agent from coming
    /// in from there again.
    #[must_use]
    pub fn at(self, place: Option<IpAddr>) -> Self {
        Self { place, ..self }
    }

    /// Whose desk it is.
    pub const fn agent_id(&self) -> AgentId {
        self.agent
    }

    /// The agent whose desk it is.
    ///
    /// # Errors
    /// [`Refusal::SignIn`] if there is no such agent, or he is not active.
    pub fn agent(&self) -> Result<Agent, Error> {
        let directory = self.directory();
        access::take_part(&directory, self.agent)?;
        Ok(directory.agents.get(&self.agent).cloned().ok_or(Refusal::SignIn)?)
    }

    /// The configuration, to show names with. What of it may be changed goes through [`admin`](Self::admin).
    pub fn directory(&self) -> Arc<Directory> {
        self.shared.directory()
    }

    /// Whether the agent has a right on objects of a class, or on one of them.
    pub fn may(&self, class: Securable, object: Option<Uuid>, right: Right) -> bool {
        access::rights(&self.directory(), self.agent, class, object).has(right)
    }

    /// Refuses what the agent may not do with objects of a class, or with one of them.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if he has not the right; [`know`](Self::know) comes first where that would give an object
    /// away.
    pub fn need(&self, class: Securable, object: Option<Uuid>, right: Right) -> Result<(), Refusal> {
        access::use_of(&self.directory(), self.agent, class, object, right).map(drop)
    }

    /// Whether the agent may know of an object: what he may not list is not there for him.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if he may not, or there is none.
    pub fn know(&self, class: Securable, object: Uuid) -> Result<(), Refusal> {
        access::know(&self.directory(), self.agent, class, object).map(drop)
    }

    /// The ticketboxes that the agent may list, by name: where he can put tickets.
    pub fn ticketboxes(&self) -> Vec<Ticketbox> {
        let directory = self.directory();
        let mut all: Vec<Ticketbox> = directory.ticketboxes.values().cloned().collect();
        all.retain(|it| self.may(Securable::Ticketboxes, Some(it.id.into()), Right::List));
        all.sort_by_key(|it| it.name.to_lowercase());
        all
    }

    /// The ticketboxes where the agent may open tickets, by name.
    pub fn ticketboxes_to_open_in(&self) -> Vec<Ticketbox> {
        let directory = self.directory();
        let mut all = self.ticketboxes();
        all.retain(|it| access::open_in(&directory, self.agent, it.id).is_ok());
        all
    }

    /// The agents whom the agent may list, by name, himself always: whom he can give tickets to, if they are active.
    pub fn agents(&self) -> Vec<Agent> {
        let directory = self.directory();
        let mut all: Vec<Agent> = directory.agents.values().cloned().collect();
        all.retain(|it| it.id == self.agent || self.may(Securable::Agents, Some(it.id.into()), Right::List));
        all.sort_by_key(|it| it.name.to_lowercase());
        all
    }

    /// The categories that the agent may list, by name.
    pub fn categories(&self) -> Vec<Category> {
        let directory = self.directory();
        let mut all: Vec<Category> = directory.categories.values().cloned().collect();
        all.retain(|it| self.may(Securable::Categories, Some(it.id.into()), Right::List));
        all.sort_by_key(|it| it.name.to_lowercase());
        all
    }

    /// The groups that the agent may list, by name, without the two that every desk has.
    pub fn groups(&self) -> Vec<Group> {
        let directory = self.directory();
        let mut all: Vec<Group> = directory.groups.values().cloned().collect();
        all.retain(|it| self.may(Securable::Groups, Some(it.id.into()), Right::List));
        all.sort_by_key(|it| it.name.to_lowercase());
        all
    }

    /// The standard responses that the agent may list, by name.
    pub fn responses(&self) -> Vec<StandardResponse> {
        if !self.may(Securable::Responses, None, Right::List) {
            return Vec::new();
        }
        let mut all: Vec<StandardResponse> = self.directory().responses.values().cloned().collect();
        all.sort_by_key(|it| it.name.to_lowercase());
        all
    }

    /// The configuration, to write standard responses: whoever has that right (guide chapter 7, *standard response
    /// editor*). Every other change is refused to him.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent has not.
    pub fn response_editor(&self, right: Right) -> Result<Admin, Error> {
        access::use_of(&self.directory(), self.agent, Securable::Responses, None, right)?;
        Ok(Admin::new(Arc::clone(&self.shared), By::Agent(self.agent)))
    }

    /// Changes the signature of a group (guide chapter 7: access to a group is access to its signature).
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if the agent may not list the group, [`Refusal::NotAllowed`] if he may not edit it,
    /// [`Refusal::Outdated`] if somebody else has changed it since.
    pub async fn sign_group(&self, group: GroupId, signature: &str, seen: Option<Digest>) -> Result<(), Error> {
        let agent = self.agent;
        self.shared
            .transact(|scene, changes, mint| {
                configure::sign_group(scene, changes, mint, agent, (group, seen), signature)
            })
            .await
            .map(drop)
    }

    /// The configuration, to change.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent is no administrator.
    pub fn admin(&self) -> Result<Admin, Error> {
        access::administer(&self.directory(), self.agent, "change the configuration")?;
        let by = self.place.map_or(By::Agent(self.agent), |place| By::AgentAt(self.agent, place));
        Ok(Admin::new(Arc::clone(&self.shared), by))
    }

    /// The time, by the flow's clock.
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// A new id, for what the agent is about to make.
    pub fn new_id<T: From<uuid::Uuid>>(&self) -> T {
        Mint::random(self.now()).id()
    }

    fn visibility(&self) -> Visibility {
        access::visibility(&self.directory(), self.agent)
    }
}
