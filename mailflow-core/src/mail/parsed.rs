//! [`Mail`]: what could be read from the bytes of a mail.

use serde::{Deserialize, Serialize};

use super::{Address, Mailbox, ThreadId};
use crate::time::Timestamp;

/// A mail, taken apart: what people and decisions look at. The bytes that it was read from are kept beside it, always.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Mail {
    /// All headers of the mail itself in their order, names as written, values unfolded and decoded.
    pub headers: Vec<Header>,
    /// `Message-ID`, if there is one that names anything.
    pub message_id: Option<ThreadId>,
    /// The ids in `In-Reply-To`.
    pub in_reply_to: Vec<ThreadId>,
    /// The ids in `References`, oldest first, as they stand there.
    pub references: Vec<ThreadId>,
    /// Who wrote it: `From`, or `Sender` where `From` is missing or empty. `None` if neither names anybody.
    pub from: Option<Sender>,
    /// Where answers are wanted, if `Reply-To` has an address.
    pub reply_to: Vec<Mailbox>,
    /// `To`.
    pub to: Vec<Mailbox>,
    /// `Cc`.
    pub cc: Vec<Mailbox>,
    /// Whom the mail servers say it was delivered to: `Delivered-To`, `X-Original-To`, `Envelope-To`, `Resent-To`,
    /// `Resent-Cc`, `X-Envelope-To`, `X-Delivered-To`.
    pub delivered_to: Vec<Address>,
    /// The envelope sender, if `Return-Path` says it.
    pub return_path: Option<ReturnPath>,
    /// `Subject`, on one line, at most 1,000 characters.
    pub subject: String,
    /// `Date`, between 1970 and 2100; `None` if it cannot be read.
    pub date: Option<Timestamp>,
    /// The body as text: the plain one if the mail has one, else made from the HTML. `\n` line ends.
    pub text: String,
    /// Where `text` comes from.
    pub text_source: TextSource,
    /// The HTML body as it was sent, decoded; never shown before it is sanitised. Passages between that came as plain
    /// text only stand in it as such.
    pub html: Option<String>,
    /// All other parts, in their order.
    pub attachments: Vec<Attachment>,
    /// Set if a machine wrote it, or a list spread it: it is never answered automatically.
    pub automatic: Option<Automatic>,
    /// Set if it is a report about a mail that could not be delivered, or not yet.
    pub bounce: Option<Bounce>,
    /// What a spam filter on the way wrote into the headers.
    pub spam: Spam,
    /// What was wrong with it, in the order in which it was met, each kind once.
    pub defects: Vec<Defect>,
}

/// One header: its name as written, its value unfolded and decoded (RFC 2047).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The name, without the colon and white space around it.
    pub name: String,
    /// The value on one line.
    pub value: String,
}

/// Who wrote a mail. The address is missing where the header has none that can be answered to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sender {
    /// The display name; empty if there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// The address, if one could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
}

impl Sender {
    /// The mailbox, if there is an address.
    pub fn mailbox(&self) -> Option<Mailbox> {
        self.address.clone().map(|address| Mailbox { name: self.name.clone(), address })
    }
}

/// The envelope sender (RFC 5321 section 4.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReturnPath {
    /// `<>`: a report, which must never be answered.
    Null,
    /// An address.
    Address(Address),
}

/// Where the text of a mail comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextSource {
    /// The mail has no text at all.
    #[default]
    None,
    /// From its `text/plain` parts.
    Plain,
    /// Made from its HTML.
    Html,
}

/// A part of a mail that is not its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The name that the sender gave it, made harmless: no folders, no control characters, at most 200 characters.
    /// Only for people to read; nothing is ever stored under it.
    pub filename: Option<String>,
    /// Media type in lower case, `type/subtype`, without parameters.
    pub content_type: String,
    /// The bytes, transfer encoding removed; byte for byte as sent for a nested mail (`message/rfc822`).
    pub content: Vec<u8>,
    /// Whether it belongs into the text: the HTML refers to it by its `Content-ID`.
    pub inline: bool,
    /// `Content-ID` without angle brackets.
    pub content_id: Option<String>,
}

/// Why a mail counts as automatic, in the words of the header that says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Automatic {
    /// Whether a machine wrote it (a notice, an out-of-office answer). Otherwise a person may have, through a list.
    pub machine: bool,
    /// What says so, for people: `Auto-Submitted: auto-replied`.
    pub because: String,
}

/// A report about the delivery of a mail (RFC 3464), as far as it could be read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bounce {
    /// What became of the mail, one entry for each recipient that the report names; at least one.
    pub reports: Vec<RecipientReport>,
    /// The `Message-ID` of the mail that the report is about, from the copy that it has with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<ThreadId>,
}

/// What became of a mail for one recipient (RFC 3464 section 2.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecipientReport {
    /// Whom it did not reach: the original recipient if the report names it, else the final one.
    pub recipient: Option<Address>,
    /// Enhanced status code (RFC 3463), such as `5.1.1`.
    pub status: Option<String>,
    /// What became of it.
    pub action: Option<BounceAction>,
    /// What the server said, on one line, at most 500 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub diagnostic: String,
}

/// What became of a mail that a report is about (RFC 3464 section 2.3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BounceAction {
    /// It could not be delivered, for good.
    Failed,
    /// It could not be delivered yet; the server goes on trying.
    Delayed,
    /// It was delivered.
    Delivered,
    /// It was passed on to a system that makes no reports.
    Relayed,
    /// It was delivered to a list or group.
    Expanded,
}

/// What a spam filter on the way wrote into the headers.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Spam {
    /// The filter's verdict, if there is one.
    pub flag: Option<bool>,
    /// The filter's score, if there is one.
    pub score: Option<f32>,
}

/// Something wrong with a mail that could be read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Defect {
    /// Longer than [`Limits::mail_bytes`](super::Limits::mail_bytes): only the headers were read.
    TooLarge,
    /// No header could be found at all: everything was taken as text.
    NoHeaders,
    /// A line among the headers is none: it was skipped, or taken for the end of the headers.
    BadHeader,
    /// A header is longer than a header may be, or there are more than there may be.
    HeadersCut,
    /// There is no `From` that can be answered to.
    BadFrom,
    /// An address in another header cannot be answered to.
    BadAddress,
    /// More addresses than are looked at.
    TooManyAddresses,
    /// There is no `Date`, or none that makes sense.
    BadDate,
    /// There is no `Message-ID`.
    NoMessageId,
    /// `Message-ID` is not of the form `<left@right>`.
    BadMessageId,
    /// A multipart without a boundary, or whose boundary never appears, or that never ends.
    BadMultipart,
    /// Deeper than parts may be: the rest is one attachment.
    TooDeep,
    /// More parts than there may be: the rest is one attachment.
    TooManyParts,
    /// A base64, quoted-printable or uuencoded part that is damaged: what could be decoded is there.
    BadTransferEncoding,
    /// A transfer encoding that nobody knows: the bytes are as they came.
    UnknownTransferEncoding,
    /// A charset that nobody knows: it was guessed.
    UnknownCharset,
    /// Bytes that are not of the charset that they were said to be: shown as U+FFFD, or read in a better one.
    BadCharset,
    /// A NUL byte in the text or in a header.
    Nul,
    /// An encoded word (RFC 2047) in a header that is damaged.
    BadEncodedWord,
    /// Parameters of a header that make no sense, or more than there may be.
    BadParameter,
    /// HTML with more of something than is safe to take apart: shown as text.
    HtmlTooComplex,
    /// The text is longer than is shown at once.
    TextCut,
    /// A `winmail.dat` (TNEF) that could not be unpacked whole.
    BadTnef,
    /// A delivery report whose machine-readable part cannot be read.
    BadReport,
}
