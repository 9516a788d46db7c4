//! [`Trouble`]: why a provider's word is not taken.

use mailflow_core::refusal::Refusal;

/// Why somebody could not be signed in through the provider. The `Display` is for the log and for administrators;
/// [`Trouble::words`] are for who wants to sign in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// There is none in the settings.
    #[error("no provider is set up")]
    NotSetUp,
    /// This program cannot ask one.
    #[error("{0}")]
    Setup(String),
    /// The provider cannot be reached, or does not do its work.
    #[error("the provider cannot be asked: {0}")]
    Unavailable(String),
    /// What the provider says of itself does not do.
    #[error("what the provider says of itself does not do: {0}")]
    Metadata(String),
    /// The provider, or the person there, said no.
    #[error("the provider said no: {0}")]
    Denied(String),
    /// It was not begun in this browser, or too long ago.
    #[error("it was not begun in this browser, or too long ago")]
    NotBegun,
    /// The same answer came before.
    #[error("this answer of the provider was used before")]
    Replayed,
    /// The provider does not know the code, or gave it for another one: it was used before, or is too old.
    #[error("the provider does not take the code that it gave: {0}")]
    Code(String),
    /// What the provider signed does not do.
    #[error("the ID token does not do: {0}")]
    Token(#[from] Fault),
    /// The provider did not say the user name.
    #[error("the provider does not say `{0}` of who signs in; choose another claim, or more scopes")]
    NoName(String),
    /// No agent of that name is known to the provider.
    #[error("no active agent signs in as `{0}` through the provider")]
    Nobody(String),
    /// The desk says no.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

/// What is wrong with an ID token (OpenID Connect Core 1.0 section 3.1.3.7).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// It is none.
    #[error("it is no signed token")]
    Malformed,
    /// It is signed in a way that proves nothing to us, or not at all.
    #[error("it is signed with `{0}`, which is not allowed")]
    Algorithm(String),
    /// None of the provider's keys is the one that signed it.
    #[error("the provider has no key for it in its list")]
    Key,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another issuer made it.
    #[error("it was made by `{0}`, not by the provider of the settings")]
    Issuer(String),
    /// It was made for somebody else.
    #[error("it was made for `{0}`, not for the client id of the settings")]
    Audience(String),
    /// It is over.
    #[error("it is over since {0} s; check the clocks of both servers")]
    Expired(i64),
    /// It begins later.
    #[error("it was made {0} s from now; check the clocks of both servers")]
    NotYet(i64),
    /// It answers another question.
    #[error("it answers another question than ours")]
    Nonce,
    /// A claim that it must have is not there.
    #[error("it does not say `{0}`")]
    Missing(&'static str),
}

impl Trouble {
    /// What is told to who wants to sign in.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NotSetUp => "There is no single sign-on here. Sign in with user name and password.".to_owned(),
            Self::Setup(_) | Self::Metadata(_) => {
                "Single sign-on is not set up rightly. Tell an administrator; the log says why.".to_owned()
            }
            Self::Unavailable(_) => "The sign-in provider cannot be asked now. Try again later.".to_owned(),
            Self::Denied(_) => "The sign-in provider did not let you in. Try again, or ask who runs it.".to_owned(),
            Self::NotBegun => "That took too long, or was begun in another browser or tab. Begin again.".to_owned(),
            Self::Replayed => "This answer of the sign-in provider was used before. Begin again.".to_owned(),
            Self::Code(_) => {
                "The sign-in provider does not know its own answer any more: it was used before, or is too old. \
                 Begin again."
                    .to_owned()
            }
            Self::Token(Fault::Expired(_) | Fault::NotYet(_)) => {
                "The clocks of the desk and of the sign-in provider do not agree. Tell an administrator.".to_owned()
            }
            Self::Token(Fault::Audience(_)) => {
                "The sign-in provider made its answer for another program than this desk. Tell an administrator."
                    .to_owned()
            }
            Self::Token(_) => {
                "The sign-in provider's answer cannot be trusted, so nobody was let in. Tell an administrator."
                    .to_owned()
            }
            Self::NoName(_) => {
                "The sign-in provider does not say what you are called here. Tell an administrator.".to_owned()
            }
            Self::Nobody(name) => {
                format!("Nobody signs in here as {name} through the provider. An administrator can change that.")
            }
            Self::Refused(refusal) => crate::web::sentence(&refusal.to_string()),
        }
    }

    /// Whether another try may work without anybody doing something.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}
