//! [`RuleSet`]: what an administrator wrote about where mail goes.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AgentId, CategoryId, ResponseId, RuleId, SourceId, TicketboxId};
use crate::mail::Address;
use crate::ticket::Priority;
use crate::time::Timestamp;

/// All rules together: one document, so that an edit of them is one versioned step.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleSet {
    /// How often it was edited: who saves an edit says which revision it began with, so that two administrators at once
    /// lose nothing.
    #[serde(default)]
    pub revision: u64,
    /// Who edited it last, and when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<RulesEdited>,
    /// The custom rules, in the order in which they are tried. The first one that matches wins.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What happens to mail that no custom rule matches.
    #[serde(default)]
    pub default: DefaultRule,
}

/// Who edited the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RulesEdited {
    /// The agent; `None` is the program itself, or whoever may run it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<AgentId>,
    /// When.
    pub at: Timestamp,
}

/// A custom routing rule (guide chapter 5). All fields that say something must match; inside a field one match is
/// enough. A rule whose fields all say nothing matches every mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its identity.
    pub id: RuleId,
    /// What it is for.
    pub description: String,
    /// Whether it is tried at all.
    pub enabled: bool,
    /// The mail came from one of these sources.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<SourceId>,
    /// One of these matches an address in `To`, `Cc` or the envelope headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<String>,
    /// One of these matches the address that the mail is from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub from: Vec<String>,
    /// One of these is found in the mail's text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub text: Vec<TextPattern>,
    /// One of these matches an attachment.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attachments: Vec<AttachmentPattern>,
    /// The length of the whole mail is in one of these ranges.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub size: Vec<SizeRange>,
    /// One of these is true of the contact who wrote.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contact: Vec<ContactTest>,
    /// One of these is what our own mail server found out about the sender (`Authentication-Results`, RFC 8601).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authentication: Vec<AuthenticationTest>,
    /// One of these is what a spam filter on the way said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub spam: Vec<SpamTest>,
    /// The mail came to us at one of these times.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub time: Vec<TimeSpan>,
    /// Where the mail goes.
    pub then: RuleEffect,
}

impl Rule {
    /// An enabled rule that matches every mail and does nothing yet.
    pub fn new(id: RuleId, description: &str) -> Self {
        Self {
            id,
            description: description.to_owned(),
            enabled: true,
            sources: Vec::new(),
            to: Vec::new(),
            from: Vec::new(),
            text: Vec::new(),
            attachments: Vec::new(),
            size: Vec::new(),
            contact: Vec::new(),
            authentication: Vec::new(),
            spam: Vec::new(),
            time: Vec::new(),
            then: RuleEffect::default(),
        }
    }
}

/// A regular expression and where it is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
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

/// What a rule does with a new ticket. What it does not say is left to the default rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleEffect {
    /// The ticketbox.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<TicketboxId>,
    /// The owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// The priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
    /// Whether the mail makes a new ticket even if it answers one that is there. A rule without it says nothing about
    /// answers: they go to their ticket, and nothing else is done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub new_ticket: bool,
    /// Whether nobody is to see the mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shred: Option<Shred>,
    /// The standard response that is sent to whoever wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub respond: Option<ResponseId>,
    /// To whom the mail is passed on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forward: Option<Forward>,
}

/// What becomes of a mail that nobody is to see. Nothing is sent for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Shred {
    /// Its ticket is made in the trash.
    Trash,
    /// No ticket is made; only that it came and which rule shredded it is kept.
    ForGood,
}

/// To whom a mail is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forward {
    /// `To`.
    pub to: Vec<Address>,
    /// `Cc`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cc: Vec<Address>,
    /// Whom it comes from.
    #[serde(default)]
    pub from: ForwardFrom,
}

/// Whom a mail that is passed on comes from. Answers go to whoever wrote it, in both cases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForwardFrom {
    /// The ticketbox's address, as *Ada via Support*.
    #[default]
    Ticketbox,
    /// An agent's own address.
    Agent(AgentId),
}

/// What happens to mail that no custom rule matches (guide chapter 5, default routing rule).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultRule {
    /// The owner of its tickets; `None` leaves them unowned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<AgentId>,
    /// Whether the agent who owns the contact owns the ticket instead.
    #[serde(default = "yes")]
    pub prefer_contact_owner: bool,
    /// The ticketbox; `None` means *Unassigned*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticketbox: Option<TicketboxId>,
    /// Whether a ticketbox with a matching address is taken instead.
    #[serde(default = "yes")]
    pub prefer_matching_address: bool,
    /// The category.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<CategoryId>,
}

impl Default for DefaultRule {
    fn default() -> Self {
        Self {
            owner: None,
            prefer_contact_owner: true,
            ticketbox: None,
            prefer_matching_address: true,
            category: None,
        }
    }
}

const fn yes() -> bool {
    true
}
