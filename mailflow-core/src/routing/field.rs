//! [`RuleField`]: what a rule can look at.

use serde::{Deserialize, Serialize};

/// A field of a rule. They are looked at in this order: what costs least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleField {
    /// Where the mail came from.
    Source,
    /// When it came.
    Time,
    /// How long it is.
    Size,
    /// Whom it is for.
    To,
    /// Whom it is from.
    From,
    /// What a spam filter said.
    Spam,
    /// What our mail server found out about the sender.
    Authentication,
    /// Who the contact is.
    Contact,
    /// What is attached.
    Attachments,
    /// What it says.
    Text,
}

impl RuleField {
    /// All of them, in their order.
    pub const ALL: [Self; 10] = [
        Self::Source,
        Self::Time,
        Self::Size,
        Self::To,
        Self::From,
        Self::Spam,
        Self::Authentication,
        Self::Contact,
        Self::Attachments,
        Self::Text,
    ];

    /// One letter for it, for what is stored often.
    pub const fn letter(self) -> char {
        match self {
            Self::Source => 'o',
            Self::Time => 'd',
            Self::Size => 'z',
            Self::To => 't',
            Self::From => 'f',
            Self::Spam => 's',
            Self::Authentication => 'a',
            Self::Contact => 'c',
            Self::Attachments => 'e',
            Self::Text => 'x',
        }
    }

    /// The field of a letter.
    pub fn of_letter(letter: char) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.letter() == letter)
    }

    /// What it is called, and why a rule failed at it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Source => "it came from another source",
            Self::Time => "it came at another time",
            Self::Size => "it has another size",
            Self::To => "it was sent to another address",
            Self::From => "it is from another address",
            Self::Spam => "the spam filter said otherwise",
            Self::Authentication => "the sender's verification says otherwise",
            Self::Contact => "the contact is another",
            Self::Attachments => "no attachment is such",
            Self::Text => "the words are not there",
        }
    }
}
