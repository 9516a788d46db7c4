//! [`Refusal`]: "no", with a reason.

use crate::ticket::TicketState;
use crate::time::Timestamp;

/// "No": something that was wished for and is not done, with the reason and what to do about it. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The agent has not the right; it is not said whether the thing exists.
    #[error("{agent} may not {what}; an administrator can give the right")]
    NotAllowed {
        /// Who wished it, by name.
        agent: String,
        /// What was wished for, in words that follow "may not".
        what: String,
    },
    /// There is no such thing, or the agent may not know of it.
    #[error("there is no {what} `{which}`")]
    NoSuch {
        /// What was asked for, one word of the dictionary.
        what: &'static str,
        /// Its name, number or id as it was given.
        which: String,
    },
    /// Something that was entered does not do.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, as it is called in the records.
        field: &'static str,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The name is taken.
    #[error("there is a {what} `{name}` already; choose another name")]
    NameTaken {
        /// What bears the name.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// Something else needs it.
    #[error("{what} `{name}` is still used by {by}; change that first")]
    InUse {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
        /// What needs it.
        by: String,
    },
    /// Somebody else changed it since the agent looked at it.
    #[error(
        "{what} `{name}` was changed by somebody else since you opened it; look at it as it is now, then change it"
    )]
    Outdated {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// It comes with every desk and stays.
    #[error("{what} `{name}` comes with every desk: it can be neither removed nor disabled")]
    BuiltIn {
        /// What it is.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// The ticket is not what the agent saw when he began to write: something came in between. Nothing was sent, the
    /// draft is kept.
    #[error(
        "ticket #{number} has changed since you opened it: {news}; look at it, then send anyway or change your answer"
    )]
    TicketChanged {
        /// The ticket's number.
        number: u64,
        /// What came in between, in words.
        news: String,
        /// The ticket's revision now: a reply that has seen it is sent.
        revision: u32,
    },
    /// Another program works under the name of this server, or the server was removed.
    #[error("another program works as server `{name}` now, or the server was removed; this one stops")]
    Replaced {
        /// The server's name.
        name: String,
    },
    /// Somebody else has decided about the message.
    #[error("it was {what} by {by} at {at}; nothing is left to decide")]
    Decided {
        /// What was decided, a participle.
        what: &'static str,
        /// By whom, by name.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// The message is on its way already.
    #[error("it is too late: the message is being sent or gone already")]
    TooLate,
    /// The rules are not what the administrator saw when he began to edit: another edit came in between. Nothing was
    /// changed.
    #[error(
        "the rules have changed since you opened them (revision {revision} now); look at them and make your edit again"
    )]
    RulesChanged {
        /// Their revision now.
        revision: u64,
    },
    /// The ticket is already so.
    #[error("ticket #{number} is {} already", match .state { TicketState::Open => "open", TicketState::Closed => "closed" })]
    AlreadySo {
        /// The ticket's number.
        number: u64,
        /// Its state.
        state: TicketState,
    },
    /// A mail needs somebody to go to.
    #[error("the answer has no recipient; enter an address to send it to")]
    NoRecipient,
    /// The mail would be larger than its destination takes.
    #[error("the mail has {size} bytes, `{destination}` takes {max}; remove an attachment")]
    TooLarge {
        /// Its length in bytes.
        size: u64,
        /// The most that may be.
        max: u64,
        /// The destination's name.
        destination: String,
    },
    /// There is nothing that mail could be sent through.
    #[error("there is no destination to send through; an administrator has to make one first")]
    NoDestination,
    /// There is no address that an answer could come from.
    #[error("ticketbox `{ticketbox}` has no address to answer from; an administrator has to give it one")]
    NoAddress {
        /// The ticketbox's name.
        ticketbox: String,
    },
    /// User name and password do not belong together, or the agent may not sign in.
    #[error("user name or password is wrong")]
    SignIn,
    /// The password is right, and the agent needs a code beside it: none was given.
    #[error("a code is needed beside the password; enter the one that your device shows, or a recovery code")]
    CodeNeeded,
    /// The password is right, the code beside it is wrong, or was used before.
    #[error("the code is wrong or was used before; wait for the next one")]
    Code,
    /// The agent may not sign in from here.
    #[error("you may not sign in from `{place}`; an administrator can allow it")]
    NotFromHere {
        /// The address that the wish came from.
        place: String,
    },
    /// The directory server that knows the password cannot be asked.
    #[error("the directory server cannot be asked whether the password is right; try again later")]
    SignInUnavailable,
    /// Too many wrong passwords; nothing is looked at before this time.
    #[error("too many wrong passwords for this user name; try again after {until}")]
    SignInPaused {
        /// When it may be tried again.
        until: Timestamp,
    },
}

impl Refusal {
    /// [`Refusal::Invalid`].
    pub fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }

    /// [`Refusal::NoSuch`].
    pub fn no_such(what: &'static str, which: impl std::fmt::Display) -> Self {
        Self::NoSuch { what, which: which.to_string() }
    }

    /// A word for it that never changes, for programs: the `code` of the REST API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAllowed { .. } => "not_allowed",
            Self::NoSuch { .. } => "no_such",
            Self::Invalid { .. } => "invalid",
            Self::NameTaken { .. } => "name_taken",
            Self::InUse { .. } => "in_use",
            Self::Outdated { .. } => "outdated",
            Self::BuiltIn { .. } => "built_in",
            Self::TicketChanged { .. } => "ticket_changed",
            Self::Decided { .. } => "decided",
            Self::Replaced { .. } => "replaced",
            Self::TooLate => "too_late",
            Self::RulesChanged { .. } => "rules_changed",
            Self::AlreadySo { .. } => "already_so",
            Self::NoRecipient => "no_recipient",
            Self::TooLarge { .. } => "too_large",
            Self::NoDestination => "no_destination",
            Self::NoAddress { .. } => "no_address",
            Self::SignIn => "sign_in",
            Self::CodeNeeded => "code_needed",
            Self::Code => "code",
            Self::NotFromHere { .. } => "not_from_here",
            Self::SignInUnavailable => "sign_in_unavailable",
            Self::SignInPaused { .. } => "sign_in_paused",
        }
    }
}
