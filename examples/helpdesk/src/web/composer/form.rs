//! From a form to a draft.

use mailflow_core::draft::{Draft, Upload};
use mailflow_core::flow::Conversation;
use mailflow_core::id::MessageId;
use mailflow_core::mail::Address;
use mailflow_core::signature::Signature;

use super::{addresses, upload::Sent};
use crate::web::{Signed, Trouble, when};

/// A draft as a form describes it, and what of its addresses is none.
pub struct Read {
    /// The draft.
    pub draft: Draft,
    /// What was typed as an address and is none.
    pub wrong: Vec<String>,
    /// Whether what was chosen as a time is none.
    pub wrong_time: bool,
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
pub async fn read(signed: &Signed, conversation: &Conversation, sent: Sent) -> Result<Read, Trouble> {
    let fields = &sent.fields;
    let (mut wrong, mut wrong_time) = (Vec::new(), false);
    let mut list = |name: &str| {
        let (read, bad) = addresses::read(fields.one(name));
        wrong.extend(bad);
        read
    };
    let (to, cc, bcc) = (list("to"), list("cc"), list("bcc"));
    let known = conversation.draft.as_ref().map(|draft| draft.attachments.clone()).unwrap_or_default();
    let removed = |upload: &Upload| fields.one("action") == format!("remove:{}", upload.body);
    let mut attachments: Vec<Upload> = known.into_iter().filter(|it| !removed(it)).collect();
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
        ticket: conversation.ticket.id,
        message: fields.one("message").parse().unwrap_or_else(|_| signed.desk.new_id::<MessageId>()),
        answers: fields.one("answers").parse().ok(),
        from: Address::new(fields.one("from")).ok(),
        to,
        cc,
        bcc,
        subject: fields.one("subject").to_owned(),
        text: fields.one("text").replace("\r\n", "\n"),
        attachments,
        signature: signature(fields.one("signature")),
        send_at,
        returned: None,
        seen_revision: fields.one("revision").parse().unwrap_or(0),
        saved: signed.desk.now(),
    };
    Ok(Read { draft, wrong, wrong_time })
}
