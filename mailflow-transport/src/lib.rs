//! How mailflow fetches and sends mail: [`Pop3Source`](pop3::Pop3Source), [`SmtpTransport`](smtp::SmtpTransport),
//! [folders](folder) for development, [sealed](seal) passwords, and [`Connectors`], which makes all of these from
//! documents.
//!
//! ```
//! use mailflow_core::source::{MailServer, Tls};
//! use mailflow_core::transport::MailSource;
//! use mailflow_test::servers::{Mailboxes, Pop3Server};
//! use mailflow_transport::pop3::Pop3Source;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mailboxes = Mailboxes::new();
//! mailboxes.create("support", "secret", "support@example.com");
//! mailboxes.deliver("support", b"Subject: hello\r\n\r\nA mail.\r\n");
//! let listening = Pop3Server::new(mailboxes).start().await?;
//!
//! // Never without TLS, but for a server on the same machine.
//! let server =
//!     MailServer { host: "127.0.0.1".to_owned(), port: listening.port(), tls: Tls::None, trusted_certificate: None };
//! let source = Pop3Source::new(&server, "support", "secret", 60)?;
//! let mut session = source.open().await?;
//! assert_eq!(session.list().await?.len(), 1);
//! session.close().await?;
//! # Ok(())
//! # }
//! ```

pub mod connectors;
pub mod folder;
mod network;
pub mod pop3;
pub mod seal;
pub mod smtp;
mod steps;
mod wire;

pub use connectors::Connectors;
pub use steps::{Check, Step};
pub use wire::{Dial, Io, client_config};

#[doc(hidden)]
pub mod fuzz;
