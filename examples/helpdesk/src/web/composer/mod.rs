//! The composer: an answer or a note, from the first word to being sent.

mod addresses;
mod form;
mod send;
mod upload;

use askama::Template;
use axum::extract::Path;
use axum::http::HeaderMap;
use mailflow_core::approval::Approver;
use mailflow_core::decision::reply::answer_to;
use mailflow_core::draft::{Draft, Upload};
use mailflow_core::flow::Conversation;
use mailflow_core::id::MessageId;
use mailflow_core::mail::{Address, Mailbox};
use mailflow_core::message::{Direction, Message};
use mailflow_core::refusal::Refusal;
use mailflow_core::signature::Signature;

pub use upload::Sent;

use super::ago::size;
use super::answer::{Answer, page};
use super::{Signed, Table, Who, own, when};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/ticket/{number}/composer/{kind}", open)
        .post(Who::Agent, "/ticket/{number}/composer", send::act)
        .get(Who::Agent, "/ticket/{number}/upload/{body}", upload::show)
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer to the author.
    Reply,
    /// An answer to all who take part.
    ReplyAll,
    /// A note: internal, never sent.
    Note,
}

impl Kind {
    /// The kind with a name, as it stands in an address.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "reply" => Some(Self::Reply),
            "all" => Some(Self::ReplyAll),
            "note" => Some(Self::Note),
            _ => None,
        }
    }
}

/// A composer, as it is shown.
#[derive(Debug)]
pub struct Composer {
    /// Where it is sent, with the base.
    pub path: String,
    /// Whether it is a note.
    pub note: bool,
    /// The message that it will be.
    pub message: String,
    /// The message that it answers.
    pub answers: String,
    /// What of the ticket its author has seen.
    pub revision: u32,
    /// Addresses that it can come from, and whether it is chosen.
    pub from: Vec<(String, bool)>,
    /// Recipients, as typed.
    pub to: String,
    /// Copies.
    pub cc: String,
    /// Copies that the others do not see.
    pub bcc: String,
    /// The subject; empty means that of the message that it answers.
    pub subject: String,
    /// The words.
    pub text: String,
    /// Put below the words.
    pub signature: String,
    /// The signatures that there are: value, name, text, and whether it is chosen.
    pub signatures: Vec<(String, String, String, bool)>,
    /// Whether the ticketbox puts its reference below all that.
    pub reference: bool,
    /// When it is to be sent: as it stands in the field, and in milliseconds; empty for now.
    pub later: (String, String),
    /// What the button does.
    pub does: String,
    /// Files that go with it.
    pub files: Vec<(Upload, String)>,
    /// When it was last saved, as a time of the day.
    pub saved: String,
    /// Who returned it, and what is to be changed.
    pub returned: Option<(String, String)>,
    /// What keeps it from being sent.
    pub trouble: Option<String>,
    /// Set if the ticket changed meanwhile: sending again is meant.
    pub anyway: bool,
}

#[derive(Template)]
#[template(path = "composer/fragment.html")]
struct ComposerFragment {
    composer: Composer,
}

async fn open(signed: Signed, Path((name, kind)): Path<(String, String)>, headers: HeaderMap) -> Answer {
    let number = super::ticket::number(&name)?;
    let kind = Kind::named(&kind).ok_or_else(|| Refusal::no_such("composer", &kind))?;
    if !super::answer::is_fragment(&headers) {
        let kind = name_of(kind);
        return Ok(super::answer::redirect(&signed.base.path(&format!("/ticket/{number}?compose={kind}#composer"))));
    }
    let conversation = signed.desk.conversation(number).await?;
    let composer = Composer::begin(&signed, &conversation, kind, None)?;
    page(&ComposerFragment { composer })
}

const fn name_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Reply => "reply",
        Kind::ReplyAll => "all",
        Kind::Note => "note",
    }
}

impl Composer {
    /// A composer for something new; what was begun before in this ticket is kept in it.
    ///
    /// # Errors
    /// [`Refusal::NoSuch`] if the message to answer is not there.
    pub fn begin(
        signed: &Signed,
        conversation: &Conversation,
        kind: Kind,
        answers: Option<&str>,
    ) -> Result<Self, Refusal> {
        let blank = Self::blank(signed, conversation);
        if kind == Kind::Note {
            return Ok(Self { note: true, ..blank });
        }
        let begun = conversation.draft.as_ref().filter(|draft| !draft.text.trim().is_empty());
        let answered = match answers {
            Some(id) => Some(find(conversation, id).ok_or_else(|| Refusal::no_such("message", id))?),
            None => begun
                .and_then(|it| it.answers)
                .and_then(|id| find(conversation, &id.to_string()))
                .or_else(|| last_received(conversation)),
        };
        let to = answered.map(answer_to).unwrap_or_default();
        let cc = match (kind, answered) {
            (Kind::ReplyAll, Some(message)) => others(signed, message, &to),
            _ => Vec::new(),
        };
        Ok(Self {
            answers: answered.map(|it| it.id.to_string()).unwrap_or_default(),
            from: from(signed, conversation, answered, None),
            to: addresses::write(&to),
            cc: addresses::write(&cc),
            ..match begun {
                Some(draft) => blank.with_draft(signed, draft),
                None => blank,
            }
        })
    }

    /// The composer with what was begun in this ticket, if anything was.
    pub fn resume(signed: &Signed, conversation: &Conversation) -> Option<Self> {
        let draft = conversation.draft.as_ref()?;
        if draft.text.trim().is_empty() && draft.attachments.is_empty() {
            return None;
        }
        Some(Self::of_draft(signed, conversation, draft))
    }

    /// The composer of a draft.
    pub fn of_draft(signed: &Signed, conversation: &Conversation, draft: &Draft) -> Self {
        let answered = draft.answers.and_then(|id| find(conversation, &id.to_string()));
        Self {
            answers: draft.answers.map(|id| id.to_string()).unwrap_or_default(),
            revision: draft.seen_revision,
            from: from(signed, conversation, answered, draft.from.as_ref()),
            to: addresses::write(&draft.to),
            cc: addresses::write(&draft.cc),
            bcc: addresses::write(&draft.bcc),
            ..Self::blank(signed, conversation).with_draft(signed, draft)
        }
    }

    fn blank(signed: &Signed, conversation: &Conversation) -> Self {
        let (ticket, directory) = (&conversation.ticket, signed.desk.directory());
        Self {
            path: signed.base.path(&format!("/ticket/{}/composer", ticket.number)),
            note: false,
            message: signed.desk.new_id::<MessageId>().to_string(),
            answers: String::new(),
            revision: ticket.revision,
            from: Vec::new(),
            to: String::new(),
            cc: String::new(),
            bcc: String::new(),
            subject: String::new(),
            text: String::new(),
            signature: String::new(),
            signatures: Vec::new(),
            reference: directory.ticketboxes.get(&ticket.ticketbox).is_some_and(|it| it.reference_line),
            later: (String::new(), String::new()),
            does: match &signed.agent.approval {
                Some(Approver::Agent(id)) => {
                    let name = directory.agents.get(id).map_or("an approver", |it| &it.name);
                    format!("Submit for approval to {name}")
                }
                Some(Approver::Group(id)) => format!("Submit for approval to {}", directory.group_name(*id)),
                None => "Send".to_owned(),
            },
            files: Vec::new(),
            saved: String::new(),
            returned: None,
            trouble: None,
            anyway: false,
        }
        .signed_with(signed, Signature::Usual)
    }

    /// With the signatures that the agent may choose, one of them chosen.
    fn signed_with(self, signed: &Signed, chosen: Signature) -> Self {
        let (directory, agent) = (signed.desk.directory(), &signed.agent);
        let group = agent.signature_of.filter(|id| directory.is_member(agent.id, *id));
        let chosen = match (chosen, group) {
            (Signature::Usual, Some(id)) => Signature::Group(id),
            (Signature::Usual, None) => Signature::Own,
            (chosen, _) => chosen,
        };
        let text = |it| directory.signature_chosen(agent, it).unwrap_or_default();
        let own = (Signature::Own, "own".to_owned(), "Your own".to_owned());
        let of = |(id, name): (String, String)| id.parse().ok().map(|group| (Signature::Group(group), id, name));
        let groups = own::signatures(&directory, agent).into_iter().filter_map(of);
        let mut all: Vec<_> = std::iter::once(own).chain(groups).collect();
        all.retain(|(it, ..)| !text(*it).is_empty());
        let chosen = if all.iter().any(|(it, ..)| *it == chosen) { chosen } else { Signature::Nothing };
        all.push((Signature::Nothing, "none".to_owned(), "None".to_owned()));
        let signatures = all.into_iter().map(|(it, id, name)| (id, name, text(it), it == chosen)).collect();
        Self { signature: text(chosen), signatures, ..self }
    }

    /// What a draft keeps whatever it answers.
    fn with_draft(self, signed: &Signed, draft: &Draft) -> Self {
        let directory = signed.desk.directory();
        let who = |id| directory.agents.get(&id).map_or("an approver", |it| &it.name).to_owned();
        Self {
            returned: draft.returned.as_ref().map(|it| (who(it.by), it.note.clone())),
            message: draft.message.to_string(),
            subject: draft.subject.clone(),
            text: draft.text.clone(),
            files: draft.attachments.iter().map(|it| (it.clone(), size(it.size))).collect(),
            saved: clock(draft),
            later: draft.send_at.map(|at| (when::field(at), at.as_millis().to_string())).unwrap_or_default(),
            ..self
        }
        .signed_with(signed, draft.signature)
    }
}

/// When a draft was saved, as a time of the day in UTC.
fn clock(draft: &Draft) -> String {
    draft.saved.to_utc().format("%H:%M UTC").to_string()
}

fn find<'a>(conversation: &'a Conversation, id: &str) -> Option<&'a Message> {
    conversation.messages().find(|message| message.id.to_string() == id)
}

fn last_received(conversation: &Conversation) -> Option<&Message> {
    let by_person =
        |it: &&Message| it.direction == Direction::Inbound && it.bounce.is_none() && it.from.address.is_some();
    conversation.messages().rev().find(by_person).or_else(|| conversation.messages().next_back())
}

/// Who else took part in a message: its recipients that are neither ours nor answered already.
fn others(signed: &Signed, message: &Message, to: &[Mailbox]) -> Vec<Mailbox> {
    let directory = signed.desk.directory();
    let mut others: Vec<Mailbox> = Vec::new();
    for mailbox in message.to.iter().chain(&message.cc) {
        let known = to.iter().chain(&others).any(|it| it.address == mailbox.address);
        if !known && !directory.is_ours(&mailbox.address) {
            others.push(mailbox.clone());
        }
    }
    others
}

/// The addresses that an answer can come from. Chosen is the one that was wished, else the one that the message came
/// to, else the ticketbox's own.
fn from(
    signed: &Signed,
    conversation: &Conversation,
    answered: Option<&Message>,
    wished: Option<&Address>,
) -> Vec<(String, bool)> {
    let directory = signed.desk.directory();
    let ticket = &conversation.ticket;
    let ticketbox = directory.ticketboxes.get(&ticket.ticketbox);
    let mut all: Vec<&Address> = ticketbox.map(|it| it.addresses().collect()).unwrap_or_default();
    for address in &ticket.our_addresses {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let came_to = answered.and_then(|it| it.received_by.as_ref()).map(Address::without_tag);
    let of_box = |address: &&Address| ticketbox.is_some_and(|it| it.addresses().any(|own| own == *address));
    let chosen =
        wished.or(came_to.as_ref()).filter(|it| all.contains(it) && (wished.is_some() || of_box(it))).cloned();
    let chosen = chosen.or_else(|| all.first().map(|it| (*it).clone()));
    all.into_iter().map(|it| (it.to_string(), Some(it) == chosen.as_ref())).collect()
}

#[cfg(test)]
mod tests;
