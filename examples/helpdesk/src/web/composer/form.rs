//! From a form to a draft.

use mailflow_core::draft::{Draft, Purpose, Upload};
use mailflow_core::flow::Conversation;
use mailflow_core::id::{MessageId, TicketId};
use mailflow_core::mail::Address;
use mailflow_core::signature::Signature;

use super::{addresses, upload::Sent};
use crate::web::{Fields, Signed, Trouble, when};

/// A draft as a form describes it, and what of its addresses is none.
pub struct Read {
    /// The draft.
    pub draft: Draft,
    /// What was typed as an address and is none.
    pub wrong: Vec<String>,
    /// Whether what was chosen as a time is none.
    pub wrong_time: bool,
}

/// What a form is for.
pub struct Form {
    /// The ticket, also if it is not there yet.
    pub ticket: TicketId,
    /// What is written.
    pub purpose: Purpose,
    /// The files that its draft has already.
    pub kept: Vec<Upload>,
}

impl Form {
    /// The form of a ticket that is there.
    pub fn in_ticket(conversation: &Conversation, fields: &Fields) -> Self {
        let begun = |draft: &Option<Draft>| draft.as_ref().map(|it| it.attachments.clone()).unwrap_or_default();
        let opening = conversation.draft.as_ref().map(|draft| draft.purpose);
        let (purpose, kept) = match fields.one("purpose") {
            "forward" => (Purpose::Forward, begun(&conversation.forward)),
            "opening" => (opening.unwrap_or_default(), begun(&conversation.draft)),
            _ => (Purpose::Answer, begun(&conversation.draft)),
        };
        Self { ticket: conversation.ticket.id, purpose, kept }
    }
}

/// The signature that was chosen.
fn signature(text: &str) -> Signature {
    match text {
        "own" => Signature::Own,
        "none" => Signature::Nothing,
        group => group.parse().map_or(Signature::Usual, Signature::Group),
    }
}

/// Reads a form. New files are kept, and are part of the draft from now on.
pub async fn read(signed: &Signed, form: Form, sent: Sent) -> Result<Read, Trouble> {
    let fields = &sent.fields;
    let (mut wrong, mut wrong_time) = (Vec::new(), false);
    let mut list = |name: &str| {
        let (read, bad) = addresses::read(fields.one(name));
        wrong.extend(bad);
        read
    };
    let (to, cc, bcc) = (list("to"), list("cc"), list("bcc"));
    let removed = |upload: &Upload| fields.one("action") == format!("remove:{}", upload.body);
    let mut attachments: Vec<Upload> = form.kept.into_iter().filter(|it| !removed(it)).collect();
    for (filename, kind, bytes) in sent.files {
        let upload = signed.desk.keep_file(&filename, &kind, bytes).await?;
        if !attachments.iter().any(|it| it.body == upload.body && it.filename == upload.filename) {
            attachments.push(upload);
        }
    }
    // What is no time is said where it is sent; until then it is none.
    let send_at = when::read(fields).unwrap_or_else(|_| {
        wrong_time = true;
        None
    });
    let draft = Draft {
        agent: signed.agent.id,
        ticket: form.ticket,
        purpose: form.purpose,
        message: fields.one("message").parse().unwrap_or_else(|_| signed.desk.new_id::<MessageId>()),
        answers: fields.one("answers").parse().ok(),
        from: Address::new(fields.one("from")).ok(),
        to,
        cc,
        bcc,
        subject: fields.one("subject").to_owned(),
        text: fields.one("text").replace("\r\n", "\n"),
        attachments,
        carried: fields.all("carry").filter_map(|place| place.parse().ok()).collect(),
        signature: signature(fields.one("signature")),
        send_at,
        returned: None,
        seen_revision: fields.one("revision").parse().unwrap_or(0),
        saved: signed.desk.now(),
    };
    Ok(Read { draft, wrong, wrong_time })
}
