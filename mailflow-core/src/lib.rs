//! The shared inbox as a library: mail becomes tickets, rules say where they go, agents answer.
//!
//! This crate holds all that mailflow decides, behind traits: [`Store`](store::Store) keeps it,
//! [`MailSource`](transport::MailSource) brings mail in, [`MailTransport`](transport::MailTransport) takes it out. It
//! knows no database, no TLS and no web; both sides exist in memory as well, so that this runs as it stands:
//!
//! ```
//! use mailflow_core::flow::{Filter, Mailflow};
//! use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
//! use mailflow_core::decision::reply::Reply;
//! use mailflow_core::store::{MemoryStore, Page};
//! use mailflow_core::transport::{MemorySource, MemoryTransport};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (mailbox, sent) = (MemorySource::new(), MemoryTransport::new());
//! let flow = Mailflow::builder(MemoryStore::new()).transport(sent.clone()).build().await?;
//! let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await?;
//! let source = flow.listen("mailbox", &support, mailbox.clone()).await?;
//!
//! mailbox.deliver("From: ada@one.example\r\nTo: support@example.com\r\nSubject: Help\r\n\r\nIt is broken.\r\n");
//! flow.collect(&source).await?; // A server calls `flow.run(shutdown)` instead of these three.
//! flow.route_some().await?;
//!
//! let desk = flow.desk(BUILT_IN_ADMINISTRATOR); // Every action has an actor.
//! for ticket in desk.tickets(&Filter::open_in(support.id), &Page::first(20)).await?.rows {
//!     desk.reply(ticket.id, Reply::text("We are on it.")).await?;
//! }
//! flow.deliver().await?;
//! assert_eq!(sent.sent().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # Where to find what
//! - the words: [`ticket`], [`message`], [`note`], [`event`], [`contact`], [`agent`], [`group`], [`ticketbox`], [`source`],
//!   [`destination`], [`rule`] …: one main type a file;
//! - [`mail`]: bytes to [`Mail`](mail::Mail) and back, tokens, thread ids;
//! - [`routing`]: what ties a mail to a ticket, which rule places a new one;
//! - [`access`]: who may see and do what;
//! - [`decision`]: wish and records in, changeset or refusal out; plain functions;
//! - [`flow`]: the only code that acts: [`Mailflow`](flow::Mailflow) and [`Desk`](flow::Desk);
//! - [`store`], [`transport`]: the contracts, and both in memory.

pub mod access;
pub mod agent;
pub mod alert;
pub mod allowance;
pub mod approval;
pub mod arrival;
pub mod audit;
pub mod category;
pub mod contact;
pub mod decision;
pub mod destination;
pub mod digest;
pub mod directory;
pub mod draft;
pub mod event;
pub mod explanation;
pub mod flow;
pub mod group;
pub mod id;
pub mod ip_range;
pub mod ldap;
pub mod lease;
pub mod mail;
pub mod message;
pub mod note;
pub mod oidc;
pub mod outgoing;
pub mod pulse;
pub mod refusal;
pub mod response;
pub mod routing;
pub mod rule;
pub mod search;
pub mod secret;
pub mod server;
pub mod session;
pub mod settings;
pub mod signature;
pub mod source;
pub mod store;
pub mod text;
pub mod thread_entry;
pub mod ticket;
pub mod ticketbox;
pub mod time;
pub mod transport;
