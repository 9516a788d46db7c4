//! The composer: an answer, a forward, a note or the first message of a ticket, from the first word to being sent.

mod addresses;
mod form;
mod forward;
mod offer;
mod opening;
mod send;
mod upload;

use askama::Template;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::approval::Approver;
use mailflow_core::decision::reply::answer_to;
use mailflow_core::draft::{Draft, Purpose, Upload};
use mailflow_core::flow::Conversation;
use mailflow_core::id::{MessageId, TicketboxId};
use mailflow_core::message::{Direction, Message};
use mailflow_core::refusal::Refusal;
use mailflow_core::signature::Signature;

pub use forward::Carried;
pub use offer::{Choice, Choices};
pub use upload::Sent;

use super::ago::size;
use super::answer::{Answer, page};
use super::{Signed, Table, Who, own, when};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/ticket/{number}/composer/{kind}", open)
        .post(Who::Agent, "/ticket/{number}/composer", send::act)
        .get(Who::Agent, "/ticket/{number}/upload/{body}", upload::show)
        .get(Who::Agent, "/tickets/new", opening::begin)
        .get(Who::Agent, "/tickets/new/{id}", opening::show)
        .post(Who::Agent, "/tickets/new/{id}", opening::act)
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An answer to the author.
    Reply,
    /// An answer to all who take part.
    ReplyAll,
    /// A message is shown to somebody else.
    Forward,
    /// What was begun as an answer.
    Draft,
    /// A note: internal, never sent.
    Note,
}

impl Kind {
    /// The kind with a name, as it stands in an address.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "reply" => Some(Self::Reply),
            "all" => Some(Self::ReplyAll),
            "forward" => Some(Self::Forward),
            "draft" => Some(Self::Draft),
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
    /// What its words are kept under in the browser.
    pub key: String,
    /// Whether it is a note.
    pub note: bool,
    /// What it is for, in a word: `answer`, `forward` or `opening`.
    pub purpose: &'static str,
    /// What else was begun in this ticket: its page, with the base, and in words.
    pub other: Option<(String, &'static str)>,
    /// What can be chosen for a new ticket.
    pub choices: Option<Choices>,
    /// Attachments of the message that is forwarded.
    pub carried: Vec<Carried>,
    /// The message that it will be.
    pub message: String,
    /// The message that it answers or forwards.
    pub answers: String,
    /// What of the ticket its author has seen.
    pub revision: u32,
    /// Addresses that it can come from.
    pub from: Vec<Choice>,
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
        Kind::Forward => "forward",
        Kind::Draft => "draft",
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
        let blank = Self::in_ticket(signed, conversation);
        match kind {
            Kind::Note => return Ok(Self { note: true, ..blank }),
            Kind::Forward => return forward::begin(signed, conversation, answers),
            Kind::Draft => {
                let draft = conversation.draft.as_ref();
                let draft = draft.ok_or_else(|| Refusal::no_such("draft", conversation.ticket.number))?;
                return Ok(Self::of_draft(signed, conversation, draft));
            }
            Kind::Reply | Kind::ReplyAll => {}
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
            (Kind::ReplyAll, Some(message)) => offer::others(signed, message, &to),
            _ => Vec::new(),
        };
        Ok(Self {
            answers: answered.map(|it| it.id.to_string()).unwrap_or_default(),
            from: offer::from(signed, conversation, answered, None),
            to: addresses::write(&to),
            cc: addresses::write(&cc),
            ..match begun {
                Some(draft) => Self { purpose: "answer", ..blank.with_draft(signed, draft) },
                None => blank,
            }
        })
    }

    /// The composer with what was begun in this ticket, if anything was.
    pub fn resume(signed: &Signed, conversation: &Conversation) -> Option<Self> {
        let begun = |draft: &&Draft| !draft.text.trim().is_empty() || !draft.attachments.is_empty();
        let drafts = [&conversation.draft, &conversation.forward].into_iter().flatten().filter(begun);
        Some(Self::of_draft(signed, conversation, drafts.max_by_key(|draft| draft.saved)?))
    }

    /// The composer of a draft in a ticket that is there.
    pub fn of_draft(signed: &Signed, conversation: &Conversation, draft: &Draft) -> Self {
        let answered = draft.answers.and_then(|id| find(conversation, &id.to_string()));
        Self {
            answers: draft.answers.map(|id| id.to_string()).unwrap_or_default(),
            revision: draft.seen_revision,
            from: offer::from(signed, conversation, answered, draft.from.as_ref()),
            to: addresses::write(&draft.to),
            cc: addresses::write(&draft.cc),
            bcc: addresses::write(&draft.bcc),
            carried: forward::carried(answered, &draft.carried),
            ..Self::in_ticket(signed, conversation).with_draft(signed, draft)
        }
        .beside(conversation)
    }

    /// With what else was begun in the ticket.
    fn beside(self, conversation: &Conversation) -> Self {
        let other = match self.purpose {
            "forward" => conversation.draft.as_ref().map(|_| ("draft", "an answer")),
            _ => conversation.forward.as_ref().map(|_| ("forward", "a forward")),
        };
        let page = self.path.strip_suffix("/composer").unwrap_or_default();
        let other = other.map(|(kind, words)| (format!("{page}?compose={kind}#composer"), words));
        Self { other, ..self }
    }

    /// An empty composer in a ticket that is there.
    fn in_ticket(signed: &Signed, conversation: &Conversation) -> Self {
        let ticket = &conversation.ticket;
        let path = signed.base.path(&format!("/ticket/{}/composer", ticket.number));
        Self { revision: ticket.revision, ..Self::blank(signed, path, ticket.ticketbox) }.beside(conversation)
    }

    fn blank(signed: &Signed, path: String, ticketbox: TicketboxId) -> Self {
        let directory = signed.desk.directory();
        Self {
            key: path.clone(),
            path,
            note: false,
            purpose: "answer",
            other: None,
            choices: None,
            carried: Vec::new(),
            message: signed.desk.new_id::<MessageId>().to_string(),
            answers: String::new(),
            revision: 0,
            from: Vec::new(),
            to: String::new(),
            cc: String::new(),
            bcc: String::new(),
            subject: String::new(),
            text: String::new(),
            signature: String::new(),
            signatures: Vec::new(),
            reference: directory.ticketboxes.get(&ticketbox).is_some_and(|it| it.reference_line),
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
            purpose: match draft.purpose {
                Purpose::Answer => "answer",
                Purpose::Forward => "forward",
                Purpose::Opening(_) => "opening",
            },
            key: forward::key(&self.path, draft.purpose),
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

    /// What stands before the words in their field: HTML drops the first line end there.
    pub fn lead(&self) -> &'static str {
        if self.text.starts_with('\n') { "\n" } else { "" }
    }
}

impl Composer {
    /// The composer with what keeps it from being sent. What could not even be written was not saved.
    pub fn in_trouble(self, status: StatusCode, words: String) -> Self {
        let saved = if status == StatusCode::SERVICE_UNAVAILABLE { String::new() } else { self.saved };
        Self { trouble: Some(words), saved, ..self }
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

#[cfg(test)]
mod tests;
