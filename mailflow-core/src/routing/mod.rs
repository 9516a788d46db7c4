//! Where a mail belongs, as plain functions of the mail: what points to a ticket, which rule places a new one.

mod address_index;
mod authentication;
mod bits;
mod compile;
mod conditions;
mod field;
mod follow_up;
mod hidden;
mod highlight;
mod literals;
mod matter;
mod needles;
mod pattern;
mod placement;
mod presumed;
mod relaxed;
mod replay;
mod rules;
#[cfg(test)]
mod tests;
mod text_index;
mod tried;
mod warnings;

pub use authentication::Authentication;
pub use field::RuleField;
pub use follow_up::{IDS_LOOKED_UP, Trace, answered, bare_subject, traces};
pub use hidden::hidden;
pub use highlight::{Highlight, highlight};
pub use matter::{Matter, recipients};
pub use placement::{Placement, place};
pub use replay::{Fate, Moved, Replay, Replayed, RuleRecord};
pub use rules::{BODY_LOOKED_INTO, Decided, InvalidRules, Rules};
pub use tried::{Trial, TriedRules};
pub use warnings::{RuleWarning, warnings};
