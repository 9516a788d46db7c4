//! [`Why`]: why a message is where it is, as its page shows it.

use mailflow_core::directory::Directory;
use mailflow_core::explanation::{Explanation, TriedRule};
use mailflow_core::routing::Trial;

/// Why a message is where it is.
#[derive(Debug)]
pub struct Why {
    /// What chose its ticket, in words that follow "because ".
    pub because: String,
    /// What pointed elsewhere.
    pub set_aside: Vec<String>,
    /// Rules that were tried.
    pub rules: Vec<RuleLine>,
    /// What else there is to say about them, in sentences.
    pub notes: Vec<String>,
    /// What was done beside.
    pub done: Vec<String>,
    /// Why it may not be answered automatically.
    pub no_automatic_answer: Option<String>,
}

/// A rule that was tried.
#[derive(Debug)]
pub struct RuleLine {
    /// Its place in the list, counted from 1.
    pub number: u32,
    /// Its description; empty if it is not known any more.
    pub description: String,
    /// What came of it, in words.
    pub verdict: &'static str,
    /// Whether it matched.
    pub matched: bool,
}

impl Why {
    /// An explanation, as it is shown.
    pub fn of(explanation: &Explanation, directory: &Directory) -> Self {
        let reasons = explanation.reasons(&directory.rule_set);
        let line = |it: TriedRule| RuleLine {
            number: it.number,
            description: it.description.unwrap_or_default(),
            verdict: it.trial.words(),
            matched: it.trial == Trial::Matched,
        };
        Self {
            because: reasons.because,
            set_aside: reasons.set_aside,
            rules: reasons.rules.into_iter().map(line).collect(),
            notes: reasons.notes.iter().map(|it| sentence(it)).collect(),
            done: reasons.done.iter().map(|it| sentence(it)).collect(),
            no_automatic_answer: reasons.no_automatic_answer,
        }
    }
}

/// Words that begin small and end without a full stop, as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
