//! A POP3 and an SMTP server in this process, which do as they are told.
//!
//! [`Mailboxes`] hold the mail; [`Pop3Server`] gives it out and [`SmtpServer`] takes it in. Both listen on a free port of
//! 127.0.0.1, or serve any stream in memory, and both can be told to misbehave: see [`Pop3Faults`], [`SmtpFaults`] and
//! [`Cut`]. Clones share what they hold, so a test keeps one and looks.
//!
//! ```
//! # use mailflow_test::servers::{Mailboxes, Pop3Server, SmtpServer};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let mailboxes = Mailboxes::new();
//! mailboxes.create("support", "secret", "support@example.com");
//! let pop3 = Pop3Server::new(mailboxes.clone()).start().await?;
//! let smtp = SmtpServer::delivering_to(mailboxes.clone()).start().await?;
//! mailboxes.deliver("support", b"Subject: hello\r\n\r\nA mail.\r\n");
//! assert_eq!(mailboxes.mails("support").len(), 1);
//! println!("{} {}", pop3.address(), smtp.address());
//! # Ok(())
//! # }
//! ```

mod cut;
mod lines;
mod listen;
mod mailboxes;
mod pop3;
mod pop3_faults;
mod smtp;
mod smtp_faults;
#[cfg(feature = "servers-tls")]
mod tls;

pub use cut::Cut;
pub use listen::Listening;
pub use mailboxes::{Mailboxes, StoredMail};
pub use pop3::Pop3Server;
pub use pop3_faults::{Pop3Faults, Uidl};
pub use smtp::{AcceptedMail, SmtpServer};
pub use smtp_faults::{Said, SmtpFaults};
#[cfg(feature = "servers-tls")]
pub use tls::Authority;
