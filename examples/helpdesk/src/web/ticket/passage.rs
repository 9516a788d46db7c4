//! The parts of a conversation, as they are shown.

use mailflow_core::flow::{Conversation, Passage};
use mailflow_core::mail::{Address, Mailbox};
use mailflow_core::message::{Author, Direction, Message};
use mailflow_core::note::Note;
use mailflow_core::text::{one_line, prefix};
use mailflow_core::time::Timestamp;

use super::delivery::Delivery;
use super::text::{Piece, pieces};
use super::why::Why;
use super::words;
use crate::web::Signed;
use crate::web::ago::{ago, full, size};
use crate::web::answer::encode;

/// A part of a conversation.
#[derive(Debug)]
pub enum PassageView {
    /// A message.
    Message(Box<MessageView>),
    /// A note.
    Note(NoteView),
    /// Something that happened.
    Event(EventView),
}

/// When something was.
#[derive(Debug)]
pub struct When {
    /// How long ago, in words.
    pub age: String,
    /// Date and time.
    pub full: String,
    /// For programs.
    pub at: String,
}

impl When {
    /// A moment, as seen from now.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { age: ago(at, now), full: full(at), at: at.to_string() }
    }
}

/// A message, as it is shown.
#[derive(Debug)]
pub struct MessageView {
    /// Its id.
    pub id: String,
    /// The path of what is shown of it, with the base.
    pub path: String,
    /// Whether we wrote it.
    pub ours: bool,
    /// The author's name.
    pub who: String,
    /// The author's address.
    pub address: String,
    /// Where answers go, if elsewhere.
    pub replies_to: Option<String>,
    /// Its recipients in words.
    pub to: String,
    /// Copies.
    pub cc: String,
    /// Copies that the others do not see.
    pub bcc: String,
    /// Its subject, if it is not the ticket's.
    pub subject: Option<String>,
    /// When it came or was sent.
    pub when: When,
    /// Its first words, for the folded line.
    pub first_words: String,
    /// Its text.
    pub pieces: Vec<Piece>,
    /// Whether it has HTML, which is shown in a frame.
    pub has_html: bool,
    /// Its attachments.
    pub files: Vec<FileView>,
    /// Whether it shows another message to somebody else.
    pub forward: bool,
    /// How its sending goes.
    pub delivery: Option<Delivery>,
    /// What a machine's mail says of itself.
    pub automatic: Option<String>,
    /// Whether a filter takes it for spam.
    pub spam: bool,
    /// Why it is here, for inbound mail.
    pub why: Option<Why>,
    /// Whether it is open.
    pub open: bool,
    /// Whether the first thing that the agent has not seen is this.
    pub first_unread: bool,
    /// Changes whenever what is shown of it changes: for live updates.
    pub version: String,
}

/// An attachment.
#[derive(Debug)]
pub struct FileView {
    /// Its name.
    pub name: String,
    /// Where it is, with the base.
    pub path: String,
    /// Its length, in words.
    pub size: String,
}

/// A note.
#[derive(Debug)]
pub struct NoteView {
    /// Its id.
    pub id: String,
    /// Its author.
    pub who: String,
    /// When it was written.
    pub when: When,
    /// Its words.
    pub text: String,
    /// Whether the first thing that the agent has not seen is this.
    pub first_unread: bool,
}

/// Something that happened.
#[derive(Debug)]
pub struct EventView {
    /// Its id.
    pub id: String,
    /// What happened, in words.
    pub words: String,
    /// The number of a ticket that the words lead to.
    pub ticket: Option<u64>,
    /// When.
    pub when: When,
}

/// The parts of a conversation. Open are those that the agent has not seen, and the last message.
pub fn passages(signed: &Signed, conversation: &Conversation) -> Vec<PassageView> {
    let directory = signed.desk.directory();
    let now = signed.desk.now();
    let unread = first_unread(conversation);
    let last = conversation.messages().last().map(|message| message.id);
    let view = |(at, passage): (usize, &Passage)| {
        let first_unread = Some(at) == unread;
        match passage {
            Passage::Message(message) => {
                let open = unread.is_some_and(|first| at >= first) || Some(message.id) == last;
                let view = MessageView::of(signed, conversation, message);
                Some(PassageView::Message(Box::new(MessageView { open, first_unread, ..view })))
            }
            Passage::Note(note) => Some(PassageView::Note(self::note(signed, note, first_unread))),
            Passage::Event(event) => {
                let (words, ticket) = words::event(&directory, conversation, event)?;
                let when = When::new(event.at, now);
                Some(PassageView::Event(EventView { id: event.id.to_string(), words, ticket, when }))
            }
        }
    };
    conversation.passages.iter().enumerate().filter_map(view).collect()
}

/// The place of the first message or note that the agent has not seen. The ticket's revision counts what people must
/// have seen, so the newest of them are the new ones.
fn first_unread(conversation: &Conversation) -> Option<usize> {
    let new = usize::try_from(conversation.ticket.revision.saturating_sub(conversation.seen)).unwrap_or(usize::MAX);
    let counts = |passage: &Passage| !matches!(passage, Passage::Event(_));
    let places = conversation.passages.iter().enumerate().filter(|(_, passage)| counts(passage));
    let newest_first: Vec<usize> = places.map(|(at, _)| at).rev().collect();
    newest_first.get(..new.min(newest_first.len())).and_then(|new| new.last()).copied()
}

fn note(signed: &Signed, note: &Note, first_unread: bool) -> NoteView {
    let directory = signed.desk.directory();
    NoteView {
        id: note.id.to_string(),
        who: directory.agents.get(&note.author).map_or("an agent who is gone", |it| &it.name).to_owned(),
        when: When::new(note.at, signed.desk.now()),
        text: note.text.clone(),
        first_unread,
    }
}

impl MessageView {
    /// A message, as it is shown; folded.
    pub fn of(signed: &Signed, conversation: &Conversation, message: &Message) -> Self {
        let directory = signed.desk.directory();
        let path = signed.base.path(&format!("/message/{}", message.id));
        let address = message.from.address.as_ref().map_or_else(String::new, Address::to_string);
        let who = match message.author {
            Author::Agent(id) => directory.agents.get(&id).map(|agent| agent.name.clone()),
            Author::System => Some("mailflow".to_owned()),
            Author::Contact(_) | Author::Unknown => None,
        };
        let named = || if message.from.name.is_empty() { address.clone() } else { message.from.name.clone() };
        let who = who.unwrap_or_else(|| if named().is_empty() { "unknown sender".to_owned() } else { named() });
        let outgoing = message.outgoing.and_then(|id| conversation.outgoing.get(&id));
        let delivery = outgoing.map(|outgoing| Delivery::of(signed, conversation.ticket.number, message, outgoing));
        let elsewhere = |mailbox: &&Mailbox| Some(&mailbox.address) != message.from.address.as_ref();
        let file = |(at, info): (usize, &mailflow_core::message::AttachmentInfo)| {
            let name = info.filename.clone().unwrap_or_else(|| info.content_type.clone());
            let path = format!("{path}/file/{at}/{}", encode(&name));
            (!info.inline || !message.has_html).then(|| FileView { name, path, size: size(info.size) })
        };
        Self {
            id: message.id.to_string(),
            ours: message.direction == Direction::Outbound,
            replies_to: (message.direction == Direction::Inbound)
                .then(|| listed(message.reply_to.iter().filter(elsewhere)))
                .filter(|it| !it.is_empty()),
            to: listed(&message.to),
            cc: listed(&message.cc),
            bcc: listed(&message.bcc),
            subject: Some(message.subject.clone())
                .filter(|it| !same_subject(it, &conversation.ticket.subject) && !it.is_empty()),
            when: When::new(message.at, signed.desk.now()),
            first_words: one_line(prefix(&mailflow_core::mail::new_words(&message.text), 1000), 160),
            pieces: pieces(&message.text),
            has_html: message.has_html,
            files: message.attachments.iter().enumerate().filter_map(file).collect(),
            version: delivery.as_ref().map(|it| it.version.clone()).unwrap_or_default(),
            delivery,
            forward: message.forwards.is_some(),
            automatic: message.automatic.as_ref().filter(|it| it.machine).map(|it| it.because.clone()),
            spam: message.spam.flag == Some(true),
            why: message.explanation.as_ref().map(|it| Why::of(it, &directory)),
            open: false,
            first_unread: false,
            who,
            address,
            path,
        }
    }
}

/// Whether a subject says nothing new: answers' marks and our tags do not count.
fn same_subject(subject: &str, known: &str) -> bool {
    let bare = |subject: &str| {
        let mut bare = subject.trim().to_lowercase();
        if let Some((before, _)) = bare.rsplit_once(" [").filter(|(_, tag)| tag.ends_with(']')) {
            bare = before.trim_end().to_owned();
        }
        while let Some(rest) = ["re:", "aw:", "fwd:", "fw:"].iter().find_map(|mark| bare.strip_prefix(mark)) {
            bare = rest.trim_start().to_owned();
        }
        bare
    };
    bare(subject) == bare(known)
}

fn listed<'a>(mailboxes: impl IntoIterator<Item = &'a Mailbox>) -> String {
    mailboxes.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answers_subject_says_nothing_new() {
        assert!(same_subject("Re: AW: Printer [#12]", "Printer"));
        assert!(!same_subject("Scanner", "Printer"));
    }
}
