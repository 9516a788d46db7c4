//! Who may see and do what.
//!
//! ```text
//!   access lists (default of a class, own of an object) ─▶ rights ─▶ ticket_rights ─▶ Permit  for one ticket
//!                                                             └────▶ visibility ───▶ Visibility  in every list
//! ```
//! [`visibility`] and [`ticket_rights`] say the same of every ticket; tests hold them together.

mod authorize;
mod list;
mod lists;
mod place;
mod rights;
mod visibility;
mod what_if;
mod why;

pub use authorize::{
    Administer, Approve, Delete, OpenIn, Permit, PutInto, See, TakePart, Use, WorkOn, administer, approve, delete,
    know, open_in, put_into, read_audit, see, take_part, ticket_rights, to_take, use_of, visibility, work_on,
};
pub use list::{AccessList, Grant, Grantee, Scope, Securable};
pub use lists::{AccessLists, rights};
pub use place::from_place;
pub use rights::{Right, Rights};
pub use visibility::{Categories, Visibility};
pub use what_if::{Difference, agents_of, changed, what_if};
pub use why::{Why, scope_words, why_object, why_ticket};
