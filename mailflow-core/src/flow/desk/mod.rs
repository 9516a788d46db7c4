//! [`Desk`]: what one agent may ask for. There is no way to act without one: it knows who acts.

mod act;
mod conversation;
mod look;
mod oldest;
mod own;

use std::net::IpAddr;
use std::sync::Arc;

pub use conversation::{Conversation, Passage};
pub use look::{AutomaticMail, Filter, Health};
pub use oldest::Waiting;

use super::{Admin, Error, Shared};
use crate::access::{self, Visibility};
use crate::agent::Agent;
use crate::decision::configure::By;
use crate::directory::Directory;
use crate::id::{AgentId, Mint};
use crate::refusal::Refusal;
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
