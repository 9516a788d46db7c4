//! [`SingleSignOn`]: begins and ends a sign-in through the provider.

use mailflow_core::flow::Mailflow;
use mailflow_core::id::AgentId;
use mailflow_core::oidc::Oidc;
use mailflow_transport::{Check, Connectors};

use super::Trouble;

/// Signs agents in through the provider of the settings. Clones are handles of the same one, which remembers what the
/// provider said of itself, and which answers were used.
#[derive(Debug, Clone)]
pub struct SingleSignOn {
    #[cfg(feature = "oidc")]
    flow: super::flow::Flow,
}

/// A sign-in that was begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where the browser has to go.
    pub to: String,
    /// What it has to bring back: what was asked, sealed.
    pub sealed: String,
}

/// What the browser brings back.
#[derive(Debug, Clone, Default)]
pub struct Returned {
    /// What it was given when it began.
    pub sealed: String,
    /// `state` of the question that is answered.
    pub state: String,
    /// `code` to be exchanged.
    pub code: String,
    /// `error`, and its description.
    pub error: Option<String>,
    /// `iss`: who answers (RFC 9207).
    pub issuer: Option<String>,
}

#[cfg(feature = "oidc")]
impl SingleSignOn {
    /// The provider of this desk's settings; its secret is opened with the key of `network`.
    #[must_use]
    pub fn new(flow: Mailflow, network: Option<Connectors>) -> Self {
        Self { flow: super::flow::Flow::new(flow, network) }
    }

    /// Begins: the provider is to send the browser back to `redirect`, and then it is to see the page `next`.
    ///
    /// # Errors
    /// [`Trouble`]
    pub async fn begin(&self, redirect: &str, next: &str) -> Result<Begun, Trouble> {
        self.flow.begin(redirect, next).await
    }

    /// Who came back, and the page to show.
    ///
    /// # Errors
    /// [`Trouble`] if that cannot be said, or is nobody.
    pub async fn finish(&self, returned: &Returned) -> Result<(AgentId, String), Trouble> {
        self.flow.finish(returned).await
    }

    /// Looks whether a provider does, saved or not.
    pub async fn test(&self, oidc: &Oidc, redirect: &str) -> Check {
        self.flow.test(oidc, redirect).await
    }
}

#[cfg(not(feature = "oidc"))]
impl SingleSignOn {
    /// Nothing: this program was built without it.
    #[must_use]
    pub fn new(_: Mailflow, _: Option<Connectors>) -> Self {
        Self {}
    }

    /// Does not begin.
    ///
    /// # Errors
    /// [`Trouble::Setup`]
    pub async fn begin(&self, _: &str, _: &str) -> Result<Begun, Trouble> {
        Err(absent())
    }

    /// Does not end either.
    ///
    /// # Errors
    /// [`Trouble::Setup`]
    pub async fn finish(&self, _: &Returned) -> Result<(AgentId, String), Trouble> {
        Err(absent())
    }

    /// Says that there is nothing to test it with.
    pub async fn test(&self, _: &Oidc, _: &str) -> Check {
        let failure = mailflow_core::transport::TransportErrorKind::Setup;
        Check {
            steps: Vec::new(),
            failure: Some(mailflow_core::transport::TransportError::new(failure, absent().to_string())),
        }
    }
}

#[cfg(not(feature = "oidc"))]
fn absent() -> Trouble {
    Trouble::Setup("this program was built without OpenID Connect".to_owned())
}
