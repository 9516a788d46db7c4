//! [`Connectors`]: from the documents of sources and destinations to what fetches and sends.

use std::sync::Arc;

use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::source::{Source, SourceAccess};
use mailflow_core::transport::{MailSource, MailTransport, TransportError, TransportErrorKind};

use crate::folder::{FolderSource, FolderTransport};
use crate::pop3::Pop3Source;
use crate::seal::{KeyFile, SealError, destination_context, source_context};
use crate::smtp::SmtpTransport;
use crate::steps::{Check, Steps};

/// Makes what fetches and sends mail from documents, and opens their passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Connectors {
    key: Arc<KeyFile>,
    hello: String,
}

impl Connectors {
    /// Connectors that open passwords with this key.
    pub const fn new(key: Arc<KeyFile>) -> Self {
        Self { key, hello: String::new() }
    }

    /// The name that is said to SMTP servers in EHLO (see [`SmtpTransport::with_hello`]).
    #[must_use]
    pub fn with_hello(mut self, host: &str) -> Self {
        host.clone_into(&mut self.hello);
        self
    }

    /// The key that passwords are sealed with.
    pub fn key(&self) -> &KeyFile {
        &self.key
    }

    /// What fetches from this source; `None` if mail comes from code that mailflow was given.
    ///
    /// # Errors
    /// [`TransportError`] of the kind `Setup` if the document cannot be used, such as a password under another key.
    pub fn source(&self, source: &Source) -> Result<Option<Box<dyn MailSource>>, TransportError> {
        Ok(match &source.access {
            SourceAccess::Pop3 { .. } => Some(Box::new(self.pop3(source)?)),
            SourceAccess::Folder { path } => Some(Box::new(FolderSource::new(path))),
            SourceAccess::Embedded => None,
            _ => return Err(unknown_access()),
        })
    }

    /// What sends through this destination; `None` if that is done by code that mailflow was given.
    ///
    /// # Errors
    /// As [`source`](Self::source).
    pub fn transport(&self, destination: &Destination) -> Result<Option<Box<dyn MailTransport>>, TransportError> {
        Ok(match &destination.access {
            DestinationAccess::Smtp { .. } => Some(Box::new(self.smtp(destination)?)),
            DestinationAccess::Folder { path } => Some(Box::new(FolderTransport::new(path))),
            DestinationAccess::Embedded => None,
            _ => return Err(unknown_access()),
        })
    }

    /// Connects, signs in and counts the mails, without touching them.
    pub async fn check_source(&self, source: &Source) -> Check {
        match &source.access {
            SourceAccess::Pop3 { .. } => match self.pop3(source) {
                Ok(pop3) => pop3.check().await,
                Err(error) => Check::of(Steps::default(), Err(error)),
            },
            SourceAccess::Folder { path } => FolderSource::new(path).check().await,
            SourceAccess::Embedded => nothing_to_check(),
            _ => Check::of(Steps::default(), Err(unknown_access())),
        }
    }

    /// Connects, signs in and sends nothing.
    pub async fn check_destination(&self, destination: &Destination) -> Check {
        match &destination.access {
            DestinationAccess::Smtp { .. } => match self.smtp(destination) {
                Ok(smtp) => smtp.check().await,
                Err(error) => Check::of(Steps::default(), Err(error)),
            },
            DestinationAccess::Folder { path } => FolderTransport::new(path).check().await,
            DestinationAccess::Embedded => nothing_to_check(),
            _ => Check::of(Steps::default(), Err(unknown_access())),
        }
    }

    fn pop3(&self, source: &Source) -> Result<Pop3Source, TransportError> {
        let SourceAccess::Pop3 { server, user, password, apop } = &source.access else {
            return Err(unknown_access());
        };
        let password = self.key.open(password, &source_context(source.id)).map_err(sealed)?;
        Ok(Pop3Source::new(server, user, &password, source.timeout_s)?.with_apop(*apop))
    }

    fn smtp(&self, destination: &Destination) -> Result<SmtpTransport, TransportError> {
        let DestinationAccess::Smtp { server, login } = &destination.access else { return Err(unknown_access()) };
        let transport = SmtpTransport::new(server, destination.timeout_s)?.with_hello(&self.hello);
        match login {
            None => Ok(transport),
            Some(login) => {
                let context = destination_context(destination.id);
                let password = self.key.open(&login.password, &context).map_err(sealed)?;
                Ok(transport.with_login(&login.user, &password))
            }
        }
    }
}

fn sealed(error: SealError) -> TransportError {
    TransportError::new(TransportErrorKind::Setup, error.to_string()).because(error)
}

fn unknown_access() -> TransportError {
    TransportError::new(TransportErrorKind::Setup, "this version does not know this kind of access")
}

fn nothing_to_check() -> Check {
    let mut steps = Steps::default();
    steps.worked("nothing to connect to", "mail comes and goes by the program that embeds mailflow");
    Check::of(steps, Ok(()))
}
