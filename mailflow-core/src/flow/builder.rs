//! [`Builder`]: what a helpdesk is made of.

use std::sync::Arc;
use std::time::Duration;

use super::agreed::AgreedClock;
use super::cluster::Membership;
use super::{Error, Mailflow, Shared};
use crate::decision::cluster::Me;
use crate::decision::configure;
use crate::destination::{Destination, DestinationAccess};
use crate::id::DestinationId;
use crate::mail::{Keyring, Limits};
use crate::server::Server;
use crate::store::Store;
use crate::time::{Clock, SystemClock};
use crate::transport::{MailTransport, Network, NoNetwork};

/// The destination of a program that brings its own transport.
const EMBEDDED: DestinationId = DestinationId::from_bytes([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3]);

/// What a helpdesk is made of; every part but the store has a default.
#[must_use]
pub struct Builder {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    network: Arc<dyn Network>,
    keyring: Keyring,
    limits: Limits,
    transport: Option<Arc<dyn MailTransport>>,
    server: Option<String>,
    lasts: Duration,
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Builder").field("keyring", &self.keyring).finish_non_exhaustive()
    }
}

impl Builder {
    pub(super) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            clock: Arc::new(SystemClock),
            network: Arc::new(NoNetwork),
            keyring: Keyring::random(),
            limits: Limits::default(),
            transport: None,
            server: None,
            lasts: Server::LASTS,
        }
    }

    /// Where the time comes from. Default: the machine's clock. One of several servers puts it right by the database's.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// How sources and destinations are reached. Default: not at all.
    pub fn network(mut self, network: impl Network) -> Self {
        self.network = Arc::new(network);
        self
    }

    /// What tokens are made with. It must be the same at every start, or replies to older mail are recognised by their
    /// other evidence only. Default: random.
    pub fn keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = keyring;
        self
    }

    /// How much of a mail is looked at.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// A way out that the program brings itself. A desk that has no destination yet gets one that uses it.
    pub fn transport(mut self, transport: impl MailTransport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Makes this program one of several servers on the same store, under a name that no other one has: each task is
    /// done by one of them, and by another one when that one dies. Default: it is the only one.
    pub fn server(mut self, name: impl Into<String>) -> Self {
        self.server = Some(name.into());
        self
    }

    /// How long a server is taken to be alive after it last said so; the time until others take over. Default:
    /// [`Server::LASTS`].
    pub fn server_lasts(mut self, lasts: Duration) -> Self {
        self.lasts = lasts;
        self
    }

    /// Opens the helpdesk. A store without one gets the built-in administrator, *Unassigned*, settings and rules.
    ///
    /// # Errors
    /// [`Error`] if the store cannot be read or written, or holds a configuration of a later version.
    pub async fn build(self) -> Result<Mailflow, Error> {
        let agreed = Arc::new(AgreedClock::new(Arc::clone(&self.clock)));
        let clock = if self.server.is_some() { Arc::<AgreedClock>::clone(&agreed) } else { self.clock };
        let mut shared = Shared::new(self.store, clock, self.network, self.keyring, self.limits);
        shared.member = self.server.map(|name| {
            let (id, version) = (Server::id_of(&name), env!("CARGO_PKG_VERSION").to_owned());
            Membership::new(Me { id, name, version, run: shared.run, lasts: self.lasts }, agreed)
        });
        shared.refresh().await?;
        shared.transact(|_, changes, _| configure::found(changes)).await?;
        let flow = Mailflow { shared: Arc::new(shared) };
        if let Some(transport) = self.transport {
            flow.shared.embed_transport(transport);
            if flow.directory().destinations.is_empty() {
                let embedded = Destination::new(EMBEDDED, "This program", DestinationAccess::Embedded);
                flow.admin().save(&Destination { default: true, ..embedded }).await?;
            }
        }
        Ok(flow)
    }
}
