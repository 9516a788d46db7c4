//! The words of mail, and the way from bytes to a [`Mail`] and back.
//!
//! Everything here is a plain function over bytes: no clock, no store, no network. Reading never fails and never
//! panics: what is broken becomes a [`Defect`], and what could be read is there.

mod address;
mod compose;
pub mod html;
mod limits;
mod parse;
mod parsed;
mod reply;
mod thread;

pub use address::{Address, InvalidAddress, Mailbox};
pub use compose::{Composition, Enclosure, compose};
pub use limits::Limits;
pub use parse::parse;
pub use parsed::{
    Attachment, Automatic, Bounce, BounceAction, Defect, Header, Mail, RecipientReport, ReturnPath, Sender, Spam,
    TextSource,
};
pub use reply::{Piece, PieceKind, fold, new_words};
pub use thread::{Keyring, ThreadId, Token, numbers_in_subject, subject_tag};
