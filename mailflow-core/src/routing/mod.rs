//! The stages of an arrival, each a plain function: automatic mail, delivery reports, follow-up, rules.

mod rules;

pub use rules::{InvalidRules, Rules};
