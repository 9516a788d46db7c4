//! Standard responses: words that are written once and sent often. Whoever has the right reads, edits and deletes them
//! (guide chapter 7).

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::{Right, Securable};
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::{Admin, Desk, Error};
use mailflow_core::refusal::Refusal;
use mailflow_core::response::StandardResponse;
use uuid::Uuid;

use super::form::{Field, Form, Kind, Section};
use super::list::{ObjectList, Row, Tone};
use super::remove::Deletable;
use super::{Asked, go, refusal, seen, words};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed, Trouble};

const HERE: &str = "/responses";

/// Standard responses, to be deleted.
pub struct Responses;

impl Deletable for Responses {
    const KIND: DocumentKind = DocumentKind::Response;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.responses.get(&id.into()).map(|it| it.name.clone())
    }

    fn admin(desk: &Desk) -> Result<Admin, Error> {
        desk.response_editor(Right::Delete)
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "Only one that no rule and no ticketbox sends can be deleted. What was sent with it stays.".to_owned()
    }
}

/// Whether the agent has a right on standard responses.
fn may(signed: &Signed, right: Right) -> bool {
    signed.desk.may(Securable::Responses, None, right)
}

fn need(signed: &Signed, right: Right) -> Result<(), Refusal> {
    signed.desk.need(Securable::Responses, None, right)
}

/// All standard responses.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    need(&signed, Right::List)?;
    let (directory, reads, edits) = (signed.desk.directory(), may(&signed, Right::Read), may(&signed, Right::Edit));
    let row = |it: &StandardResponse| {
        let rules = directory.rule_set.rules.iter().filter(|rule| rule.then.respond == Some(it.id)).count();
        let boxes = directory.ticketboxes.values();
        let boxes = boxes.filter(|box_| box_.auto_reply.as_ref().is_some_and(|auto| auto.response == it.id)).count();
        let uses = [(rules, "rule", "rules"), (boxes, "ticketbox", "ticketboxes")];
        let uses = uses.into_iter().filter(|(number, ..)| *number > 0);
        let uses: Vec<String> = uses.map(|(number, one, many)| words::count(number, one, many)).collect();
        Row {
            name: it.name.clone(),
            path: format!("{HERE}/{}", it.id),
            what: if reads { mailflow_core::text::one_line(&it.text, 120) } else { String::new() },
            state: if uses.is_empty() || !edits { String::new() } else { format!("Sent by {}", uses.join(" and ")) },
            tone: Tone::Quiet,
            uses: String::new(),
            more: None,
            acts: Vec::new(),
        }
    };
    let mut rows: Vec<Row> = directory.responses.values().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro:
            "Words that are written once and sent often: by agents, by rules, as automatic answers of ticketboxes."
                .to_owned(),
        new: edits.then(|| (format!("{HERE}/new"), "Add a response")),
        empty: "There are no standard responses yet.".to_owned(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Standard responses").await?)
}

fn form(signed: &Signed, values: &Fields, before: Option<&StandardResponse>) -> Form {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let fields = vec![
        field("name", "Name", Kind::Line, "As agents see it."),
        field("subject", "Subject", Kind::Line, "Leave it empty for the subject of the mail that is answered."),
        field(
            "text",
            "Text",
            Kind::Lines(10),
            "Filled in: {name}, {address}, {subject}, {ticket}, {ticketbox}. Anything \
            else in braces stays as it is.",
        ),
    ];
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path, (HERE, "Standard responses"), vec![Section::new("Response", fields)]);
    form.hidden.push(("version", values.one("version").to_owned()));
    form.delete = before.filter(|_| may(signed, Right::Delete)).map(|before| format!("{HERE}/{}/delete", before.id));
    form.read_only = !may(signed, Right::Edit);
    form
}

fn read(values: &Fields, before: StandardResponse) -> StandardResponse {
    StandardResponse {
        name: values.one("name").trim().to_owned(),
        subject: values.one("subject").trim().to_owned(),
        text: values.one("text").replace("\r\n", "\n"),
        ..before
    }
}

fn found(signed: &Signed, text: &str) -> Result<StandardResponse, Trouble> {
    let none = || Refusal::no_such("response", text);
    let id = text.parse().map_err(|_| none())?;
    Ok(signed.desk.directory().responses.get(&id).cloned().ok_or_else(none)?)
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    need(&signed, Right::Edit)?;
    form(&signed, &Fields::default(), None).page(Frame::of(&signed, HERE, "Add a response").await?)
}

/// One standard response.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    need(&signed, Right::Read)?;
    let response = found(&signed, &text)?;
    let mut values = Fields::default();
    values.add("name", response.name.clone());
    values.add("subject", response.subject.clone());
    values.add("text", response.text.clone());
    values.add("version", response.version().to_string());
    let mut form = form(&signed, &values, Some(&response));
    form.trail = crate::web::trail::of(&signed, DocumentKind::Response, response.id).await?;
    form.page(Frame::of(&signed, HERE, &response.name).await?)
}

/// Makes a standard response.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    need(&signed, Right::Edit)?;
    let values = Fields::of_form(&headers, &body)?;
    let (name, subject, text) = (String::new(), String::new(), String::new());
    let response = read(&values, StandardResponse { id: signed.desk.new_id(), name, subject, text });
    match signed.desk.response_editor(Right::Edit)?.save(&response).await {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed, &values, None);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Add a response").await?)
        }
    }
}

/// Saves a standard response.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    need(&signed, Right::Edit)?;
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let response = read(&values, before.clone());
    match signed.desk.response_editor(Right::Edit)?.save_over(&response, seen(&values)).await {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed, &values, Some(&before));
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, &before.name).await?)
        }
    }
}
