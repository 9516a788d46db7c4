//! [`Explanation`]: why a mail is where it is, kept with it.

mod reasons;

pub use reasons::{Reasons, TriedRule};

use serde::{Deserialize, Serialize};

use crate::id::{RuleId, TicketId};
use crate::mail::{Address, ThreadId};
use crate::routing::TriedRules;

/// Why a mail is where it is: what chose its ticket, what was set aside on the way, which rule placed the ticket. Made
/// by the decision itself, on the way.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// What chose the ticket; `None` means that nothing did, and a new one was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// What pointed to a ticket and was not followed, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set_aside: Vec<SetAside>,
    /// What placed a new ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_by: Option<PlacedBy>,
    /// Which rules were tried, and where each failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tried: Option<TriedRules>,
    /// What was done with it beside placing it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Done>,
    /// Whether an automatic answer may be sent to it, and if not, why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub no_automatic_answer: Option<String>,
}

/// A trace in a mail that points to a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// Our keyed token in `In-Reply-To`.
    TokenInReplyTo,
    /// Our keyed token in `References`.
    TokenInReferences,
    /// Our keyed token in an address that the mail was sent to.
    TokenInAddress {
        /// The header that the address stands in.
        header: String,
    },
    /// Our keyed token in the body.
    TokenInBody,
    /// `In-Reply-To` or `References` names a message of the ticket.
    KnownId {
        /// The id.
        id: ThreadId,
    },
    /// `In-Reply-To` or `References` names a mail that a message of the ticket names too, and they share a participant.
    SharedAncestor {
        /// The id.
        id: ThreadId,
    },
    /// A message of the ticket names this mail as one that it answers, and they share a participant.
    NamedByLater {
        /// The id.
        id: ThreadId,
    },
    /// The subject names the ticket's number, and the sender takes part in the ticket.
    NumberInSubject {
        /// The number.
        number: u64,
    },
    /// The sender has an open ticket with this subject, and the ticketbox matches by that.
    SubjectAndSender,
    /// A delivery report about a mail of ours.
    ReportAboutOurs {
        /// The id of our mail.
        id: ThreadId,
    },
    /// The same mail is there already: same `Message-ID`, same words, only the way was another.
    SameMail,
}

impl Evidence {
    /// The evidence in words that follow "because ".
    pub fn words(&self) -> String {
        match self {
            Self::TokenInReplyTo => "In-Reply-To carries our token of this ticket".to_owned(),
            Self::TokenInReferences => "References carries our token of this ticket".to_owned(),
            Self::TokenInAddress { header } => format!("the address in {header} carries our token of this ticket"),
            Self::TokenInBody => "the text carries our token of this ticket".to_owned(),
            Self::KnownId { id } => format!("it answers {id}, which is a message of this ticket"),
            Self::SharedAncestor { id } => {
                format!("it answers {id}, which this ticket answers too, and they share a participant")
            }
            Self::NamedByLater { id } => {
                format!("it is {id}, which this ticket answers, and they share a participant")
            }
            Self::NumberInSubject { number } => {
                format!("the subject names #{number}, and the sender takes part in it")
            }
            Self::SubjectAndSender => {
                "the sender has an open ticket with this subject, and the ticketbox matches by that".to_owned()
            }
            Self::ReportAboutOurs { id } => format!("it is a delivery report about our mail {id}"),
            Self::SameMail => "the same mail is there already; only the way it came was another".to_owned(),
        }
    }
}

/// A trace that pointed to a ticket and was not followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetAside {
    /// The ticket that it pointed to.
    pub ticket: TicketId,
    /// The ticket's number.
    pub number: u64,
    /// The trace and the reason, in words.
    pub because: String,
}

/// What placed a new ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlacedBy {
    /// A custom rule.
    Rule {
        /// The rule.
        id: RuleId,
        /// Its place in the list, counted from 1.
        number: u32,
        /// Its description when it was applied.
        description: String,
    },
    /// The default rule: a ticketbox whose address the mail was sent to.
    MatchingAddress,
    /// The default rule: the ticketbox that belongs to the source.
    SourceTicketbox,
    /// The default rule: its own ticketbox.
    DefaultTicketbox,
}

/// What was done with a mail beside placing it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Done {
    /// It was answered automatically.
    Answered {
        /// The name of the standard response.
        response: String,
    },
    /// It was passed on.
    Forwarded {
        /// To whom.
        to: Vec<Address>,
    },
    /// Something was to be sent for it, and was not.
    NotSent {
        /// What.
        what: String,
        /// Why not.
        because: String,
    },
    /// Its ticket was put into the trash.
    Trashed,
    /// Custom fields were filled from it.
    Filled {
        /// Their names.
        fields: Vec<String>,
    },
}

impl Done {
    /// What was done, in words.
    pub fn words(&self) -> String {
        match self {
            Self::Answered { response } => format!("answered with `{response}`"),
            Self::Forwarded { to } => {
                let to: Vec<&str> = to.iter().map(Address::as_str).collect();
                format!("passed on to {}", to.join(", "))
            }
            Self::NotSent { what, because } => format!("{what} was not sent: {because}"),
            Self::Trashed => "put into the trash".to_owned(),
            Self::Filled { fields } => format!("filled {}", fields.join(", ")),
        }
    }
}

impl PlacedBy {
    /// What placed the ticket, in words that follow "because ".
    pub fn words(&self) -> String {
        match self {
            Self::Rule { number, description, .. } => format!("rule {number} `{description}` matched"),
            Self::MatchingAddress => "it was sent to the ticketbox's address".to_owned(),
            Self::SourceTicketbox => "its source belongs to the ticketbox".to_owned(),
            Self::DefaultTicketbox => "the default rule sends it there".to_owned(),
        }
    }
}

impl Explanation {
    /// What chose the ticket, in words that follow "because ".
    pub fn chosen(&self) -> String {
        match &self.evidence {
            Some(evidence) => evidence.words(),
            None => {
                let placed = self.placed_by.as_ref().map(PlacedBy::words).unwrap_or_default();
                format!("nothing ties it to a ticket; {placed}")
            }
        }
    }

    /// The whole explanation in one sentence.
    pub fn words(&self) -> String {
        let mut words = self.chosen();
        for aside in &self.set_aside {
            words.push_str("; ");
            words.push_str(&aside.because);
        }
        words
    }
}
