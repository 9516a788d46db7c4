//! [`Step`] and [`Check`]: what a trial sign-in did, in words.

use mailflow_core::transport::{TransportError, TransportErrorKind};

/// One thing that a trial did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What was done, such as `sign in`.
    pub name: &'static str,
    /// What came of it, in words for whoever set the server up.
    pub words: String,
    /// Whether it worked.
    pub worked: bool,
}

/// What a trial of a source or destination found (guide chapter 5, *test login*). Steps stand in their order; the last
/// one is the one that failed, if any did.
#[derive(Debug)]
pub struct Check {
    /// What was done.
    pub steps: Vec<Step>,
    /// Why it ended early.
    pub failure: Option<TransportError>,
}

impl Check {
    /// Whether everything worked.
    pub const fn worked(&self) -> bool {
        self.failure.is_none()
    }

    /// Why it does not work, in words; `None` if everything worked.
    pub fn trouble(&self) -> Option<String> {
        self.failure.as_ref().map(with_causes)
    }

    pub(crate) fn of(steps: Steps, outcome: Result<(), TransportError>) -> Self {
        let mut steps = steps.0;
        let failure = outcome.err();
        if let Some(failure) = &failure {
            steps.push(Step { name: step_of(failure.kind()), words: with_causes(failure), worked: false });
        }
        Self { steps, failure }
    }
}

impl std::fmt::Display for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for step in &self.steps {
            writeln!(f, "{} {}: {}", if step.worked { "ok  " } else { "FAIL" }, step.name, step.words)?;
        }
        Ok(())
    }
}

/// The steps that were taken so far.
#[derive(Debug, Default)]
pub(crate) struct Steps(Vec<Step>);

impl Steps {
    pub(crate) fn worked(&mut self, name: &'static str, words: impl Into<String>) {
        self.0.push(Step { name, words: words.into(), worked: true });
    }
}

/// So many mails, in words.
pub(crate) fn mails(count: usize) -> String {
    if count == 1 { "1 mail".to_owned() } else { format!("{count} mails") }
}

/// What was being done when such a failure happens.
const fn step_of(kind: TransportErrorKind) -> &'static str {
    match kind {
        TransportErrorKind::Name => "find the server",
        TransportErrorKind::Connection => "connect",
        TransportErrorKind::Tls => "tls",
        TransportErrorKind::Login => "sign in",
        TransportErrorKind::Setup => "read the settings",
        _ => "talk",
    }
}

fn with_causes(failure: &TransportError) -> String {
    let mut words = failure.to_string();
    let mut cause = std::error::Error::source(failure);
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}
