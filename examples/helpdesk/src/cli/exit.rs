//! [`Exit`]: how a command ends (exit codes that scripts and mail servers understand).

use mailflow_core::flow::Error;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::StoreErrorKind;

use crate::setup::SetupError;

/// Why a command did not do everything, with the exit code for it.
#[derive(Debug)]
pub struct Exit {
    /// The exit code.
    pub code: u8,
    /// What to say on stderr; empty if everything was said.
    pub words: String,
}

/// It failed.
pub const FAILED: u8 = 1;
/// It was called in a wrong way.
pub const USAGE: u8 = 2;
/// What it is about does not exist.
pub const NOT_FOUND: u8 = 3;
/// Whoever called it may not.
pub const NOT_ALLOWED: u8 = 4;
/// Somebody else has it.
pub const BUSY: u8 = 5;
/// Some of it was done.
pub const PARTLY: u8 = 6;
/// A check found something wrong.
pub const FOUND_PROBLEMS: u8 = 7;
/// Later it may work (`EX_TEMPFAIL` of sysexits, for mail servers).
pub const TEMPORARY: u8 = 75;
/// It was stopped by Ctrl-C.
pub const INTERRUPTED: u8 = 130;

impl Exit {
    /// An end with an exit code and words.
    pub fn new(code: u8, words: impl Into<String>) -> Self {
        Self { code, words: words.into() }
    }
}

impl From<Error> for Exit {
    fn from(error: Error) -> Self {
        let code = match &error {
            Error::Refused(Refusal::NoSuch { .. }) => NOT_FOUND,
            Error::Refused(Refusal::NotAllowed { .. } | Refusal::SignIn) => NOT_ALLOWED,
            Error::Refused(Refusal::Invalid { .. }) => USAGE,
            Error::Refused(Refusal::TicketChanged { .. }) | Error::Busy => BUSY,
            Error::Store(error) if error.is_transient() => TEMPORARY,
            _ => FAILED,
        };
        Self::new(code, mailflow_core::flow::words(&error))
    }
}

impl From<Refusal> for Exit {
    fn from(refusal: Refusal) -> Self {
        Error::from(refusal).into()
    }
}

impl From<SetupError> for Exit {
    fn from(error: SetupError) -> Self {
        let words = mailflow_core::flow::words(&error);
        match error {
            SetupError::NoDesk(_) => Self::new(NOT_FOUND, words),
            SetupError::Url(_) => Self::new(USAGE, words),
            SetupError::Store(error) if error.kind() == StoreErrorKind::InUse => Self::new(BUSY, words),
            SetupError::Store(error) if error.is_transient() => Self::new(TEMPORARY, words),
            SetupError::Flow(error) => error.into(),
            SetupError::Store(_) | SetupError::Key(_) => Self::new(FAILED, words),
        }
    }
}

impl From<std::io::Error> for Exit {
    fn from(error: std::io::Error) -> Self {
        Self::new(FAILED, error.to_string())
    }
}
