//! [`App`]: what every handler has at hand.

use std::sync::Arc;

use mailflow_core::flow::Mailflow;
use mailflow_core::ip_range::IpRange;
use mailflow_transport::Connectors;
use tokio::sync::watch;

use super::replays::Replays;
use crate::auth::{Login, SignIn};

/// How the pages are served.
#[derive(Debug, Clone, Default)]
pub struct WebConfig {
    /// What a proxy in front takes off the path before it asks us, such as `/helpdesk`; empty for nothing. A prefix
    /// that this program nests the router under is found without it.
    pub proxy_prefix: String,
    /// Whether the session's cookie goes over TLS only: set it where the pages are reached by `https`.
    pub secure_cookie: bool,
    /// Origins that forms may come from beside the pages' own, such as `https://desk.example.com`: for a proxy that
    /// changes `Host`.
    pub origins: Vec<String>,
    /// Proxies in front whose word is believed about who asks (`X-Forwarded-For`) and how (`X-Forwarded-Proto`).
    pub proxies: Vec<IpRange>,
    /// A way of your own to say who somebody is, instead of the desk's passwords and its directory server.
    pub login: Option<Arc<dyn Login>>,
    /// How mail servers are reached and their passwords sealed; without it, sources and destinations can be looked at
    /// but not tested or given a password.
    pub network: Option<Connectors>,
    /// Becomes true when the server stops: streams end then, so that it can.
    pub stopping: Option<watch::Receiver<bool>>,
}

/// What every handler has at hand. Clones are handles of the same one.
#[derive(Debug, Clone)]
pub struct App {
    /// The desk.
    pub flow: Mailflow,
    /// How the pages are served.
    pub config: Arc<WebConfig>,
    /// Signs agents in.
    pub sign_in: SignIn,
    /// Replays of draft rules.
    pub replays: Replays,
}

impl App {
    pub(super) fn new(flow: Mailflow, config: WebConfig) -> Self {
        let sign_in = SignIn::new(flow.clone(), config.network.clone());
        let sign_in = match &config.login {
            Some(login) => sign_in.with_login(Arc::clone(login)),
            None => sign_in,
        };
        let secure = config.secure_cookie;
        let sign_in = sign_in.with_address(config.origins.first().cloned(), secure);
        Self { sign_in, replays: Replays::default(), flow, config: Arc::new(config) }
    }
}
