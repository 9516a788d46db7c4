//! [`RuleField`]: what a rule can look at.

use serde::{Deserialize, Serialize};

use crate::rule::Rule;

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

/// The fields in which a rule asks for something: a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked(u16);

impl Asked {
    /// Those of a rule.
    pub fn by(rule: &Rule) -> Self {
        let asks = |field: &RuleField| match field {
            RuleField::Source => !rule.sources.is_empty(),
            RuleField::Time => !rule.time.is_empty(),
            RuleField::Size => !rule.size.is_empty(),
            RuleField::To => !rule.to.is_empty(),
            RuleField::From => !rule.from.is_empty(),
            RuleField::Spam => !rule.spam.is_empty(),
            RuleField::Authentication => !rule.authentication.is_empty(),
            RuleField::Contact => !rule.contact.is_empty(),
            RuleField::Attachments => !rule.attachments.is_empty(),
            RuleField::Text => !rule.text.is_empty(),
        };
        Self(RuleField::ALL.into_iter().filter(asks).fold(0, |bits, field| bits | 1 << field as u16))
    }

    /// In the order in which they are looked at.
    pub fn fields(self) -> impl Iterator<Item = RuleField> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let field = RuleField::ALL.get(left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            field.copied()
        })
    }

    /// Without one of them, as if the rule said nothing there.
    #[cfg(test)]
    pub fn without(self, field: RuleField) -> Self {
        Self(self.0 & !(1 << field as u16))
    }
}
