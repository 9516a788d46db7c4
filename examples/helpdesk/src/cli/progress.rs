//! [`Progress`]: how far a long command is, on stderr: a line that moves on a terminal, else a line every ten seconds.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use mailflow_core::time::{Clock, SystemClock, Timestamp};

/// How often a line is written where nobody watches.
const EVERY: Duration = Duration::from_secs(10);

/// How far a long command is.
pub struct Progress {
    bar: Option<ProgressBar>,
    what: &'static str,
    quiet: bool,
    begun: Timestamp,
    said: Timestamp,
}

impl Progress {
    pub fn new(quiet: bool) -> Self {
        Self::of("mails", quiet)
    }

    /// How many of these are done.
    pub fn of(what: &'static str, quiet: bool) -> Self {
        let now = SystemClock.now();
        let bar = (!quiet && super::watched()).then(|| {
            let style =
                ProgressStyle::with_template(&format!("{{spinner}} {{pos}} {what}, {{per_sec}}, {{elapsed}}"));
            ProgressBar::new_spinner().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
        });
        Self { bar, what, quiet, begun: now, said: now }
    }

    /// So many are done.
    pub fn at(&mut self, done: u64) {
        let now = SystemClock.now();
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if !self.quiet && now.since(self.said) >= EVERY => {
                self.said = now;
                super::say(&format!("{done} {} after {} s", self.what, now.since(self.begun).as_secs()));
            }
            None => {}
        }
    }

    /// Since when.
    pub const fn begun(&self) -> Timestamp {
        self.begun
    }

    pub fn end(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
