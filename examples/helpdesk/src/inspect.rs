//! What mailflow reads in a mail, as `mailflow inspect` prints it.

use mailflow_core::digest::Digest;
use mailflow_core::mail::{
    Attachment, Bounce, BounceAction, Defect, Limits, Mail, Mailbox, RecipientReport, Sender, new_words, parse,
};
use serde::Serialize;

/// What mailflow reads in a mail.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `Message-ID` with angle brackets, or null.
    pub message_id: Option<String>,
    /// The ids in `In-Reply-To`.
    pub in_reply_to: Vec<String>,
    /// The ids in `References`, oldest first.
    pub references: Vec<String>,
    /// Who wrote it.
    pub from: Person,
    /// Where answers are wanted.
    pub reply_to: Vec<Person>,
    /// `To`.
    pub to: Vec<Person>,
    /// `Cc`.
    pub cc: Vec<Person>,
    /// `Subject`.
    pub subject: String,
    /// `Date` in UTC (RFC 3339), or null.
    pub date: Option<String>,
    /// The body as text.
    pub text: String,
    /// The HTML body as it was sent, or null.
    pub html: Option<String>,
    /// The attachments, in their order.
    pub attachments: Vec<AttachmentReport>,
    /// Whether a machine wrote it.
    pub auto_submitted: bool,
    /// Set if it is a delivery report.
    pub bounce: Option<BounceReport>,
    /// The new words, without quoted text and signature.
    pub reply_text: String,
    /// What a spam filter on the way said.
    pub spam: SpamReport,
    /// What was wrong with it.
    pub defects: Vec<Defect>,
}

/// Somebody whom a mail names; both are always there.
#[derive(Debug, Default, Serialize)]
pub struct Person {
    /// The display name, or an empty text.
    pub name: String,
    /// The address, or null if the mail has none that can be answered to.
    pub address: Option<String>,
}

impl Person {
    fn of(mailbox: &Mailbox) -> Self {
        Self { name: mailbox.name.clone(), address: Some(mailbox.address.to_string()) }
    }

    fn sender(sender: &Sender) -> Self {
        Self { name: sender.name.clone(), address: sender.address.as_ref().map(ToString::to_string) }
    }
}

/// An attachment.
#[derive(Debug, Serialize)]
pub struct AttachmentReport {
    /// Its name, made harmless, or null.
    pub filename: Option<String>,
    /// Its media type.
    pub content_type: String,
    /// Its length in bytes, decoded.
    pub size: usize,
    /// Digest of its bytes, hexadecimal.
    pub sha256: String,
    /// Whether the HTML shows it.
    pub inline: bool,
    /// `Content-ID` without angle brackets, or null.
    pub content_id: Option<String>,
}

/// What a delivery report says of its first failed recipient, else of its first one.
#[derive(Debug, Clone, Serialize)]
pub struct BounceReport {
    /// Whom it is about.
    pub recipient: Option<String>,
    /// Enhanced status code.
    pub status: Option<String>,
    /// What became of the mail.
    pub action: Option<BounceAction>,
}

/// What a spam filter on the way said.
#[derive(Debug, Serialize)]
pub struct SpamReport {
    /// Its verdict, or null.
    pub flag: Option<bool>,
    /// Its score, or null.
    pub score: Option<f32>,
}

impl BounceReport {
    /// The report in short.
    #[must_use]
    pub fn of(bounce: &Bounce) -> Self {
        let failed = bounce.reports.iter().find(|report| report.action == Some(BounceAction::Failed));
        let report = failed.or_else(|| bounce.reports.first());
        let of = |report: &RecipientReport| Self {
            recipient: report.recipient.as_ref().map(ToString::to_string),
            status: report.status.clone(),
            action: report.action,
        };
        report.map_or(Self { recipient: None, status: None, action: None }, of)
    }
}

/// Reads a mail. Never fails, however broken it is.
#[must_use]
pub fn report(bytes: &[u8]) -> Report {
    let mail: Mail = parse(bytes, &Limits::default());
    Report {
        message_id: mail.message_id.as_ref().map(ToString::to_string),
        in_reply_to: mail.in_reply_to.iter().map(ToString::to_string).collect(),
        references: mail.references.iter().map(ToString::to_string).collect(),
        reply_text: new_words(&mail.text),
        from: mail.from.as_ref().map(Person::sender).unwrap_or_default(),
        reply_to: mail.reply_to.iter().map(Person::of).collect(),
        to: mail.to.iter().map(Person::of).collect(),
        cc: mail.cc.iter().map(Person::of).collect(),
        subject: mail.subject,
        date: mail.date.map(|date| date.to_string()),
        text: mail.text,
        html: mail.html,
        attachments: mail.attachments.iter().map(attachment).collect(),
        auto_submitted: mail.automatic.is_some_and(|automatic| automatic.machine),
        bounce: mail.bounce.as_ref().map(BounceReport::of),
        spam: SpamReport { flag: mail.spam.flag, score: mail.spam.score },
        defects: mail.defects,
    }
}

fn attachment(attachment: &Attachment) -> AttachmentReport {
    AttachmentReport {
        filename: attachment.filename.clone(),
        content_type: attachment.content_type.clone(),
        size: attachment.content.len(),
        sha256: Digest::of(&attachment.content).to_string(),
        inline: attachment.inline,
        content_id: attachment.content_id.clone(),
    }
}
