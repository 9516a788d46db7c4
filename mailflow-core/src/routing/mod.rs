//! Where a mail belongs, as plain functions of the mail: what points to a ticket, which rule places a new one.

mod authentication;
mod follow_up;
mod rules;

pub use authentication::Authentication;
pub use follow_up::{IDS_LOOKED_UP, Trace, answered, bare_subject, traces};
pub use rules::{BODY_LOOKED_INTO, InvalidRules, Matter, Rules, recipients};
