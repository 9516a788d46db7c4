//! Which mail rules are tried on: one that is here, or a pasted one.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use mailflow_core::contact::{AddressEntry, Contact};
use mailflow_core::flow::Error;
use mailflow_core::id::{MessageId, SourceId};
use mailflow_core::mail::{Address, Limits, Mail, parse};
use mailflow_core::message::{AttachmentInfo, Author, Direction, Message};
use mailflow_core::refusal::Refusal;
use mailflow_core::routing::Matter;
use mailflow_core::rule::{Rule, RuleSet};
use mailflow_core::store::{Key, Page, Query as Asked, StoreExt};
use mailflow_core::time::Timestamp;
use serde::Deserialize;

use super::super::form::{Button, Form, chosen};
use super::tried::Tried;
use super::{HERE, edit};
use crate::web::answer::Answer;
use crate::web::{App, Fields, Frame, Signed, Trouble};

/// The most bytes of a pasted mail.
const MOST_BYTES: usize = 10 << 20;

/// A mail to try rules on.
pub struct Subject {
    what: What,
    contact: Option<Contact>,
    /// The stored message's number of ticket and what was said of it when it came.
    pub story: Option<String>,
}

enum What {
    Pasted { mail: Box<Mail>, attachments: Vec<AttachmentInfo>, source: Option<SourceId>, at: Timestamp, size: u64 },
    Stored { message: Box<Message>, mail: Option<Box<Mail>> },
}

/// Why nothing can be tried.
pub enum Refused {
    /// What was typed does not do.
    No(Refusal),
    /// Something else.
    Trouble(Trouble),
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        Self::No(refusal)
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => Self::No(refusal),
            error => Self::Trouble(error.into()),
        }
    }
}

impl Subject {
    /// What rules look at: as the router sees a mail that comes in, or a replay one that is stored.
    pub fn matter(&self) -> Matter<'_> {
        match &self.what {
            What::Pasted { mail, attachments, source, at, size } => Matter {
                source: *source,
                attachments,
                contact: self.contact.as_ref(),
                ..Matter::of_mail(SourceId::from_bytes([0; 16]), *at, *size, mail)
            },
            What::Stored { message, mail } => {
                let headers = mail.as_ref().map_or(&[][..], |mail| &mail.headers);
                Matter::of_message(message, headers, self.contact.as_ref())
            }
        }
    }
}

/// The mail that the form names: what is here comes before what was pasted.
pub async fn subject(app: &App, signed: &Signed, values: &Fields) -> Result<Subject, Refused> {
    let of = values.one("try_of").trim();
    if !of.is_empty() {
        return stored(app, signed, of).await;
    }
    let pasted = values.one("try_mail").trim_start();
    if pasted.is_empty() {
        return Err(Refusal::invalid("try_of", "enter a ticket's number, or paste a mail").into());
    }
    if pasted.len() > MOST_BYTES {
        return Err(
            Refusal::invalid("try_mail", format!("it has {} bytes; at most {MOST_BYTES}", pasted.len())).into()
        );
    }
    let bytes = pasted.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes();
    let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    let mail = read(bytes).await?;
    let from = mail.from.as_ref().and_then(|from| from.address.clone());
    let contact = match from {
        Some(address) => contact_at(app, address).await?,
        None => None,
    };
    let attachments = mail.attachments.iter().map(AttachmentInfo::of).collect();
    let (source, at) = (chosen(values, "try_source"), signed.desk.now());
    Ok(Subject { what: What::Pasted { mail, attachments, source, at, size }, contact, story: None })
}

async fn read(bytes: Vec<u8>) -> Result<Box<Mail>, Refused> {
    let read = tokio::task::spawn_blocking(move || Box::new(parse(&bytes, &Limits::default()))).await;
    read.map_err(|_| Refused::Trouble(Trouble::malformed("The mail could not be read.")))
}

async fn contact_at(app: &App, address: Address) -> Result<Option<Contact>, Refused> {
    let entry = app.flow.store().get::<AddressEntry>(Key::Address(address)).await.map_err(Error::from)?;
    match entry {
        Some(entry) => contact(app, Key::Contact(entry.value.contact)).await,
        None => Ok(None),
    }
}

async fn contact(app: &App, key: Key) -> Result<Option<Contact>, Refused> {
    Ok(app.flow.store().get::<Contact>(key).await.map_err(Error::from)?.map(|it| it.value))
}

/// A message by its id, or the last one that came in of a ticket.
async fn stored(app: &App, signed: &Signed, of: &str) -> Result<Subject, Refused> {
    let wrong = |problem: &str| Refusal::invalid("try_of", problem);
    let message = match (of.parse::<MessageId>(), of.trim_start_matches('#').parse::<u64>()) {
        (Ok(id), _) => signed.desk.message(id).await?,
        (_, Ok(number)) => {
            let ticket = signed.desk.ticket(number).await.map_err(|error| match error {
                Error::Refused(_) => wrong(&format!("there is no ticket #{number}")).into(),
                error => Refused::from(error),
            })?;
            let page = Page::first(50);
            let all = app.flow.store().list::<Message>(&Asked::Messages(ticket.id), &page).await;
            let came = all.map_err(Error::from)?.rows.into_iter().find(|it| it.direction == Direction::Inbound);
            came.ok_or_else(|| wrong(&format!("no mail came in of ticket #{number}")))?
        }
        _ => return Err(wrong("this is neither a ticket's number nor a message's id").into()),
    };
    let mail = match message.raw {
        Some(_) => Some(read(signed.desk.raw(message.id).await?).await?),
        None => None,
    };
    let contact = match message.author {
        Author::Contact(id) => contact(app, Key::Contact(id)).await?,
        _ => None,
    };
    let number = signed.desk.ticket_by_id(message.ticket).await?.number;
    let then = message.explanation.as_ref().map(|it| format!(" When it came: {}.", it.words())).unwrap_or_default();
    let story = Some(format!("A mail of ticket #{number}, “{}”.{then}", message.subject));
    Ok(Subject { what: What::Stored { message: Box::new(message), mail }, contact, story })
}

/// What came of it, as HTML; `edited` is the rule whose finds are shown, else that of the winner.
pub fn render(signed: &Signed, set: &RuleSet, subject: &Subject, edited: Option<&Rule>) -> Result<String, Trouble> {
    Ok(Tried::new(signed, set, subject, edited)?.render()?)
}

/// What a link may name.
#[derive(Debug, Default, Deserialize)]
pub struct Of {
    of: Option<String>,
}

/// The box alone: the rules as they are, on any mail.
pub async fn show(State(app): State<App>, signed: Signed, Query(asked): Query<Of>) -> Answer {
    let mut values = Fields::default();
    values.add("try_of", asked.of.unwrap_or_default());
    page(&app, &signed, values, false).await
}

/// The same, with a mail.
pub async fn show_pasted(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    page(&app, &signed, Fields::of_form(&headers, &body)?, true).await
}

async fn page(app: &App, signed: &Signed, values: Fields, asked: bool) -> Answer {
    let directory = signed.desk.directory();
    let mut form = Form::new(format!("{HERE}/try"), (HERE, "Custom rules"), vec![edit::trial(&values, &directory)]);
    form.intro = "Which rule would place a mail, and why the ones before it do not. The rules are taken as they are \
                  saved; a rule that you are writing is tried in its own form."
        .to_owned();
    form.save = "Try it";
    form.buttons = Vec::<Button>::new();
    if asked || !values.one("try_of").is_empty() {
        match subject(app, signed, &values).await {
            Ok(subject) => form.shown = render(signed, &directory.rule_set, &subject, None)?,
            Err(Refused::No(refusal)) => form.refuse(&refusal),
            Err(Refused::Trouble(trouble)) => return Err(trouble),
        }
    }
    form.page(Frame::of(signed, HERE, "Try a mail").await?)
}
