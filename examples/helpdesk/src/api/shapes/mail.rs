//! Messages, and how their sending goes.

use mailflow_core::mail::{Bounce, RecipientReport, Sender};
use mailflow_core::message::{AttachmentInfo, Author};
use mailflow_core::outgoing::{Outgoing, OutgoingState, Recipient};
use uuid::Uuid;

use super::{Person, people, shape, texts, word};

shape! {
    /// A mail in a ticket.
    Message of it: mailflow_core::message::Message {
        id: Uuid = it.id.into(),
        ticket: Uuid = it.ticket.into(),
        /// When it came or was sent, by our clock.
        at: i64 = it.at.as_millis(),
        /// `inbound` or `outbound`.
        direction: String = word(&it.direction),
        author: Wrote = it.author.into(),
        from: SenderShape = it.from.into(),
        /// Where answers are wanted, if not at `from`.
        reply_to: Vec<Person> = people(it.reply_to),
        to: Vec<Person> = people(it.to),
        cc: Vec<Person> = people(it.cc),
        /// Of ours only.
        bcc: Vec<Person> = people(it.bcc),
        /// The address of ours that it came to.
        received_by: Option<String> = it.received_by.map(String::from),
        subject: String = it.subject,
        /// Its `Message-ID`, without angle brackets.
        message_id: Option<String> = it.message_id.map(|id| id.to_string()),
        /// The ids that it refers to, oldest first.
        references: Vec<String> = it.references.iter().map(ToString::to_string).collect(),
        /// Its `Date`.
        date: Option<i64> = it.date.map(|at| at.as_millis()),
        /// Length of the raw mail in bytes.
        size: u64 = it.size,
        text: String = it.text,
        /// Whether it has an HTML body; it is in the raw mail.
        has_html: bool = it.has_html,
        attachments: Vec<Attachment> = it.attachments.into_iter().map(Attachment::from).collect(),
        /// Why it counts as automatic, if it does.
        automatic: Option<String> = it.automatic.map(|automatic| automatic.because),
        /// Set if it is a delivery report.
        bounce: Option<Report> = it.bounce.map(Report::from),
        /// Whether a spam filter on the way said so.
        spam: Option<bool> = it.spam.flag,
        /// What was wrong with it.
        defects: Vec<String> = it.defects.iter().map(word).collect(),
        /// Why it is in this ticket, in words.
        because: Option<String> = it.explanation.map(|explanation| explanation.words()),
        /// How its sending goes: an id among the deliveries.
        outgoing: Option<Uuid> = it.outgoing.map(Uuid::from),
    }
}

shape! {
    /// Who wrote a message, as far as we know him: one of both, or nobody.
    Wrote of it: Author {
        agent: Option<Uuid> = match it { Author::Agent(id) => Some(id.into()), _ => None },
        contact: Option<Uuid> = match it { Author::Contact(id) => Some(id.into()), _ => None },
    }
}

shape! {
    /// Who a mail says that it is from.
    SenderShape of it: Sender {
        name: String = it.name,
        /// Null if there is none that can be answered to.
        address: Option<String> = it.address.map(String::from),
    }
}

shape! {
    /// An attachment.
    Attachment of it: AttachmentInfo {
        filename: Option<String> = it.filename,
        content_type: String = it.content_type,
        /// Length in bytes.
        size: u64 = it.size,
        /// Whether the HTML body shows it.
        inline: bool = it.inline,
        content_id: Option<String> = it.content_id,
    }
}

shape! {
    /// A delivery report.
    Report of it: Bounce {
        reports: Vec<RecipientFate> = it.reports.into_iter().map(RecipientFate::from).collect(),
        /// The `Message-ID` of the mail that it is about.
        about: Option<String> = it.about.map(|id| id.to_string()),
    }
}

shape! {
    /// What a report says about one recipient.
    RecipientFate of it: RecipientReport {
        recipient: Option<String> = it.recipient.map(String::from),
        /// Enhanced status code, such as `5.1.1`.
        status: Option<String> = it.status,
        /// `failed`, `delayed`, `delivered`, `relayed` or `expanded`.
        action: Option<String> = it.action.as_ref().map(word),
        diagnostic: String = it.diagnostic,
    }
}

shape! {
    /// A mail that has to be sent, and how far that is.
    Delivery of it: Outgoing {
        id: Uuid = it.id.into(),
        ticket: Uuid = it.ticket.into(),
        message: Uuid = it.message.into(),
        destination: Uuid = it.destination.into(),
        /// Envelope sender; null for automatic mail.
        sender: Option<String> = texts(it.sender).pop(),
        recipients: Vec<RecipientShape> = it.recipients.into_iter().map(RecipientShape::from).collect(),
        /// `awaiting_approval`, `queued`, `paused`, `sending`, `sent`, `failed`, `perhaps_sent` or `withdrawn`.
        state: String = state(it.state).to_owned(),
        /// Length of the mail in bytes.
        size: u64 = it.size,
        created: i64 = it.created.as_millis(),
        /// When it is tried next.
        due: i64 = it.due.as_millis(),
        attempts: u32 = it.attempts,
        /// Whether recipients may have it twice.
        may_be_double: bool = it.may_be_double,
        /// What went wrong at the last try.
        trouble: String = it.trouble,
    }
}

const fn state(state: OutgoingState) -> &'static str {
    match state {
        OutgoingState::AwaitingApproval => "awaiting_approval",
        OutgoingState::Queued => "queued",
        OutgoingState::Paused => "paused",
        OutgoingState::Sending { .. } => "sending",
        OutgoingState::Sent => "sent",
        OutgoingState::Failed => "failed",
        OutgoingState::PerhapsSent => "perhaps_sent",
        OutgoingState::Withdrawn => "withdrawn",
    }
}

shape! {
    /// How far a mail is for one recipient.
    RecipientShape of it: Recipient {
        address: String = it.address.into(),
        /// `queued`, `sent`, `deferred` or `failed`.
        state: String = word(&it.state),
        /// What the server last said.
        reply: Option<String> = it.reply.map(|reply| reply.to_string()),
        at: Option<i64> = it.at.map(|at| at.as_millis()),
    }
}
