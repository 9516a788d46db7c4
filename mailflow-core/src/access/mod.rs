//! Who may see and do what.

mod authorize;
mod visibility;

pub use authorize::{Administer, Permit, TakePart, WorkOn, administer, take_part, visibility, work_on};
pub use visibility::{Categories, Visibility};
