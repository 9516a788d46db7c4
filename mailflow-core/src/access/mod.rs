//! Who may see and do what.

mod visibility;

pub use visibility::{Categories, Visibility};
