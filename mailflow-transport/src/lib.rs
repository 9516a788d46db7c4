//! How mailflow fetches and sends mail: [`Pop3Source`](pop3::Pop3Source), [`SmtpTransport`](smtp::SmtpTransport),
//! [folders](folder) for development, [sealed](seal) passwords, and [`Connectors`], which makes all of these from
//! documents.

pub mod connectors;
pub mod folder;
#[doc(hidden)]
pub mod fuzz;
pub mod pop3;
pub mod seal;
pub mod smtp;
mod steps;
mod wire;

pub use connectors::Connectors;
pub use steps::{Check, Step};
pub use wire::{Dial, Io};
