//! Messages, and how their sending goes.

use mailflow_core::explanation::{Done, Explanation, PlacedBy, SetAside};
use mailflow_core::mail::{Bounce, RecipientReport, Sender};
use mailflow_core::message::{AttachmentInfo, Author};
use mailflow_core::outgoing::{Outgoing, OutgoingState, Recipient};
use mailflow_core::routing::{Trial, TriedRules};
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
        because: Option<String> = it.explanation.as_ref().map(|explanation| explanation.words()),
        /// The same, step by step: what chose its ticket, each rule that was tried, what was done. Of inbound mail only.
        explanation: Option<ExplanationShape> = it.explanation.map(ExplanationShape::from),
        /// The message that it shows to somebody else, of ours that forward.
        forwards: Option<Uuid> = it.forwards.map(Uuid::from),
        /// How its sending goes: an id among the deliveries.
        outgoing: Option<Uuid> = it.outgoing.map(Uuid::from),
    }
}

shape! {
    /// Why a message is where it is; written down when it came.
    ExplanationShape of it: Explanation {
        /// What chose its ticket, in one word; null if a new one was made.
        evidence: Option<String> = it.evidence.as_ref().map(word),
        /// What pointed to a ticket and was not followed.
        set_aside: Vec<SetAsideShape> = it.set_aside.into_iter().map(SetAsideShape::from).collect(),
        /// What placed a new ticket: `rule`, `matching_address`, `source_ticketbox` or `default_ticketbox`.
        placed_by: Option<String> = it.placed_by.as_ref().map(word),
        /// The rule, if one placed it.
        rule: Option<Uuid> = match it.placed_by { Some(PlacedBy::Rule { id, .. }) => Some(id.into()), _ => None },
        /// The rules that were tried.
        tried: Option<TriedShape> = it.tried.map(TriedShape::from),
        /// What was done beside placing it, in words.
        done: Vec<String> = it.done.iter().map(Done::words).collect(),
        /// Why it may not be answered automatically; null if it may.
        no_automatic_answer: Option<String> = it.no_automatic_answer,
    }
}

shape! {
    /// A ticket that a mail pointed to, and does not belong to.
    SetAsideShape of it: SetAside {
        ticket: Uuid = it.ticket.into(),
        number: u64 = it.number,
        /// The reason, in words.
        because: String = it.because,
    }
}

shape! {
    /// The rules that were tried on a mail.
    TriedShape of it: TriedRules {
        /// The revision of the rules: those of `GET /rules`, if it is the same.
        revision: u64 = it.revision,
        /// How far down the list they were tried.
        tried: u32 = it.tried,
        /// The first of them, in the order of the list.
        rules: Vec<TriedRuleShape> = it.trials().map(TriedRuleShape::from).collect(),
    }
}

shape! {
    /// What came of trying a rule.
    TriedRuleShape of it: (u32, Trial) {
        /// Its place in the list, counted from 1.
        rule: u32 = it.0,
        /// `matched`, `failed` or `disabled`.
        what: String = word(&it.1),
        /// The first of its fields that did not match.
        field: Option<String> = match it.1 { Trial::Failed(field) => Some(word(&field)), _ => None },
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
