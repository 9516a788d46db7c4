//! What a rule asks of a mail, one type for each kind of field.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::AgentId;

/// A regular expression and where it is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TextPattern {
    /// Where it is looked for; empty means subject, body and headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub within: Vec<TextField>,
    /// The expression, in the syntax of the `regex` crate; upper and lower case are the same unless it says `(?-i)`.
    /// What its named groups `(?<order>…)` catch goes into the ticket's custom fields of that name.
    pub pattern: String,
    /// Whether it is an expression, or words that stand there as they are.
    #[serde(default, skip_serializing_if = "Syntax::is_expression")]
    pub syntax: Syntax,
}

/// How a text pattern is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// As a regular expression.
    #[default]
    Expression,
    /// As the words themselves; no character means anything else.
    Words,
}

impl Syntax {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    const fn is_expression(&self) -> bool {
        matches!(self, Self::Expression)
    }
}

/// A text of a mail that a rule can look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextField {
    /// The subject.
    Subject,
    /// The body as text, at most its first 256 KiB.
    Body,
    /// All headers, one `Name: value` a line, at most their first 256 KiB.
    Headers,
}

impl TextField {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Subject, Self::Body, Self::Headers];
}

/// What an attachment may look like; both must fit, and `None` fits everything. `*` stands for any characters, `?` for
/// one; upper and lower case are the same.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AttachmentPattern {
    /// Its name: `*.pdf`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its media type: `image/*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
}

/// A range of lengths in bytes, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SizeRange {
    /// At least so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u64>,
    /// At most so many bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u64>,
}

/// What may be true of the contact who wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactTest {
    /// He has written before, or was entered by an agent.
    Known,
    /// He has not.
    Unknown,
    /// Some agent owns him.
    Owned,
    /// This agent owns him.
    OwnedBy(AgentId),
    /// A custom property of his has this value (`*` and `?` as in [`AttachmentPattern`]).
    Property {
        /// The property's name.
        name: String,
        /// What its value looks like.
        value: String,
    },
}

/// A way to tell whether a mail is from whom it says (RFC 8601).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuthenticationMethod {
    /// Sender Policy Framework (RFC 7208).
    Spf,
    /// Signatures (RFC 6376).
    Dkim,
    /// Both, as the domain's owner wants it (RFC 7489).
    Dmarc,
}

/// A verdict about the sender. A mail without a verdict has [`Verdict::None`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationTest {
    /// What was tested.
    pub method: AuthenticationMethod,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of a test of the sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was not tested, or there was nothing to test.
    #[default]
    None,
    /// He is who he says.
    Pass,
    /// He is not.
    Fail,
    /// Anything between: `softfail`, `neutral`, `temperror`, `permerror`, `policy`.
    Unclear,
}

/// What a spam filter on the way may have said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpamTest {
    /// It is spam.
    Flagged,
    /// It is none; also where no filter said anything.
    NotFlagged,
    /// Its score is at least this.
    ScoreAtLeast(Score),
}

/// A spam score, to a hundredth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "f64", into = "f64")]
pub struct Score(i64);

impl From<f64> for Score {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates")]
    fn from(score: f64) -> Self {
        Self((score * 100.0).round() as i64)
    }
}

impl From<Score> for f64 {
    #[expect(clippy::cast_precision_loss, reason = "scores are small")]
    fn from(score: Score) -> Self {
        score.0 as Self / 100.0
    }
}

/// A time of the day on some days of the week, in a fixed offset from UTC: the offset does not follow summer time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TimeSpan {
    /// The days on which it begins; none means every day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<Weekday>,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it is over. Before `from` it is over on the next day; the same means a whole day.
    pub until: TimeOfDay,
    /// Minutes that the clock is ahead of UTC.
    #[serde(default)]
    pub utc_offset_minutes: i32,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Weekday {
    /// The first.
    Monday,
    /// The second.
    Tuesday,
    /// The third.
    Wednesday,
    /// The fourth.
    Thursday,
    /// The fifth.
    Friday,
    /// The sixth.
    Saturday,
    /// The seventh.
    Sunday,
}

impl Weekday {
    /// All of them, from Monday on.
    pub const ALL: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];
}

/// Minutes since midnight; written `08:30`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(u16);

impl TimeOfDay {
    /// Minutes in a day.
    pub const DAY: u16 = 24 * 60;

    /// Minutes since midnight.
    pub const fn minutes(self) -> u16 {
        self.0
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = InvalidTime;

    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl std::str::FromStr for TimeOfDay {
    type Err = InvalidTime;

    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        let read = |text: &str| {
            let (hours, minutes) = text.trim().split_once(':')?;
            let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
            (hours < 24 && minutes < 60).then_some(Self(hours * 60 + minutes))
        };
        read(text).ok_or_else(|| InvalidTime(text.chars().take(20).collect()))
    }
}

/// A text that was meant to be a time of the day and is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a time of the day; a time looks like 08:30")]
pub struct InvalidTime(String);
