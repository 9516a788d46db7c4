//! Ticketboxes.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::Securable;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::ticketbox::{AutoReply, Reopen, Ticketbox};
use uuid::Uuid;

use super::form::{Field, Form, Kind, Section, chosen, lines, number, or_none, switch as on};
use super::list::{ObjectList, Row, Tone};
use super::remove::Deletable;
use super::{Asked, access, go, refusal, seen, words};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/ticketboxes";

/// Ticketboxes, to be deleted.
pub struct Ticketboxes;

impl Deletable for Ticketboxes {
    const KIND: DocumentKind = DocumentKind::Ticketbox;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.ticketboxes.get(&id.into()).map(|it| it.name.clone())
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "Its tickets stay, and only administrators and their owners see them: move them to another ticketbox first. Mail \
         to its addresses is placed by the rules from then on."
            .to_owned()
    }
}

/// All ticketboxes.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let (directory, counts) = (signed.desk.directory(), signed.desk.open_counts().await?);
    let row = |it: &Ticketbox| {
        let open = counts.get(&it.id).map_or("0".to_owned(), |count| crate::web::frame::thousands(*count));
        let sources = directory.sources.values().filter(|source| source.ticketbox == Some(it.id)).count();
        let rules = directory.rule_set.rules.iter().filter(|rule| rule.then.ticketbox == Some(it.id)).count();
        let uses = [(sources, "source", "sources"), (rules, "rule", "rules")];
        let uses = uses.into_iter().filter(|(number, ..)| *number > 0);
        let uses: Vec<String> = uses.map(|(number, one, many)| words::count(number, one, many)).collect();
        let address = it.address.as_ref().map_or("no address", Address::as_str);
        Row {
            name: it.name.clone(),
            path: format!("{HERE}/{}", it.id),
            what: if it.description.is_empty() {
                address.to_owned()
            } else {
                format!("{address}. {}", it.description)
            },
            state: format!("{open} open"),
            tone: Tone::Quiet,
            uses: if uses.is_empty() { String::new() } else { format!("Used by {}", uses.join(", ")) },
            more: None,
            acts: Vec::new(),
        }
    };
    let mut rows: Vec<Row> = directory.ticketboxes.values().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro: "Folders of tickets, each with an address of its own. “Unassigned” takes what nothing else takes."
            .to_owned(),
        new: Some((format!("{HERE}/new"), "Add a ticketbox")),
        empty: "There is none yet.".to_owned(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Ticketboxes").await?)
}

fn sections(values: &Fields, directory: &Directory) -> Vec<Section> {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let destinations = directory.destinations.values().map(|it| (it.id.to_string(), it.name.clone()));
    let responses = directory.responses.values().map(|it| (it.id.to_string(), it.name.clone()));
    let reopen = Kind::Choice(vec![
        ("always".to_owned(), "It is open again".to_owned()),
        ("within".to_owned(), "It is open again for some days, then a new linked ticket is made".to_owned()),
        ("never".to_owned(), "A new, linked ticket is made".to_owned()),
    ]);
    vec![
        Section::new(
            "Ticketbox",
            vec![
                field("name", "Name", Kind::Line, "As agents see it."),
                field("description", "Description", Kind::Line, "What it is for."),
            ],
        ),
        Section::new(
            "Addresses",
            vec![
                field(
                    "address",
                    "Address",
                    Kind::Line,
                    "Mail to it comes here, and answers come from it. A ticketbox \
                without an address cannot answer.",
                ),
                field(
                    "address_name",
                    "Name beside the address",
                    Kind::Line,
                    "Leave it empty for the ticketbox's own name.",
                ),
                field(
                    "more_addresses",
                    "Further addresses",
                    Kind::Lines(3),
                    "One a line. They reach it too, and answers may \
                come from them.",
                ),
                field(
                    "destination",
                    "Answers go through",
                    or_none("The source's or the default destination", destinations),
                    "",
                ),
            ],
        ),
        Section::new(
            "Answers of customers",
            vec![
                field("reopen", "When a customer writes in a closed ticket", reopen, "Default: it is open again."),
                field("reopen_days", "For so many days", Kind::Number("days"), "Only for “for some days”."),
                field(
                    "new_subject_days",
                    "A new subject makes a new ticket after",
                    Kind::Number("quiet days"),
                    "Leave it \
                empty for never (default).",
                ),
                field(
                    "plus_addressing",
                    "The reply address carries the ticket",
                    Kind::Switch,
                    "support+t.…@example.com: \
                answers find their ticket even from programs that drop everything else. Your mail server must deliver \
                such addresses. On by default.",
                ),
                field(
                    "reference_line",
                    "What is sent ends with a reference line",
                    Kind::Switch,
                    "For programs that drop \
                every other trace. On by default.",
                ),
                field(
                    "match_by_subject_and_sender",
                    "Match by subject and sender",
                    Kind::Switch,
                    "A mail without any trace \
                joins the newest open ticket of its sender with the same subject. It joins what does not belong \
                together; off by default.",
                ),
            ],
        ),
        Section::new(
            "Automatic answer",
            vec![
                field(
                    "auto_response",
                    "Answer",
                    or_none("None", responses),
                    "A standard response, for the first mail of a \
                new ticket only: never to machines or lists, and at most once a day to an address.",
                ),
                field(
                    "auto_after",
                    "After",
                    Kind::Number("minutes"),
                    "0 answers at once. Later, it is only sent if nobody \
                has answered.",
                ),
                field("auto_quote", "Quote the mail below it", Kind::Switch, ""),
                field("auto_close", "Close the ticket with it", Kind::Switch, ""),
            ],
        ),
    ]
}

fn filled(it: &Ticketbox) -> Fields {
    let mut values = Fields::default();
    let mut add = |name: &str, value: String| values.add(name, value);
    let more: Vec<&str> = it.more_addresses.iter().map(Address::as_str).collect();
    let (reopen, days) = match it.reopen {
        Reopen::Always => ("always", String::new()),
        Reopen::WithinDays(days) => ("within", days.to_string()),
        Reopen::Never => ("never", String::new()),
    };
    add("name", it.name.clone());
    add("description", it.description.clone());
    add("address", it.address.as_ref().map(ToString::to_string).unwrap_or_default());
    add("address_name", it.address_name.clone());
    add("more_addresses", more.join("\n"));
    add("destination", it.destination.map(|id| id.to_string()).unwrap_or_default());
    add("reopen", reopen.to_owned());
    add("reopen_days", days);
    add("new_subject_days", it.new_subject_days.map(|days| days.to_string()).unwrap_or_default());
    add("plus_addressing", on(it.plus_addressing).to_owned());
    add("reference_line", on(it.reference_line).to_owned());
    add("match_by_subject_and_sender", on(it.match_by_subject_and_sender).to_owned());
    let auto = it.auto_reply.as_ref();
    add("auto_response", auto.map(|auto| auto.response.to_string()).unwrap_or_default());
    add("auto_after", auto.map_or(0, |auto| auto.after_minutes).to_string());
    add("auto_quote", on(auto.is_some_and(|auto| auto.quote)).to_owned());
    add("auto_close", on(auto.is_some_and(|auto| auto.close)).to_owned());
    values
}

fn read(values: &Fields, before: Ticketbox) -> Result<Ticketbox, Refusal> {
    let address = |field: &'static str, text: &str| {
        Address::new(text).map_err(|error| Refusal::invalid(field, error.to_string()))
    };
    let typed = values.one("address").trim();
    let more = lines(values, "more_addresses").into_iter().map(|line| address("more_addresses", line));
    let auto_reply = match chosen(values, "auto_response") {
        None => None,
        Some(response) => Some(AutoReply {
            response,
            after_minutes: number(values, "auto_after")?,
            quote: values.has("auto_quote"),
            close: values.has("auto_close"),
        }),
    };
    Ok(Ticketbox {
        name: values.one("name").trim().to_owned(),
        description: values.one("description").trim().to_owned(),
        address: if typed.is_empty() { None } else { Some(address("address", typed)?) },
        address_name: values.one("address_name").trim().to_owned(),
        more_addresses: more.collect::<Result<_, _>>()?,
        destination: chosen(values, "destination"),
        reopen: match values.one("reopen") {
            "within" => Reopen::WithinDays(number(values, "reopen_days")?),
            "never" => Reopen::Never,
            _ => Reopen::Always,
        },
        new_subject_days: match values.one("new_subject_days").trim() {
            "" => None,
            _ => Some(number(values, "new_subject_days")?),
        },
        plus_addressing: values.has("plus_addressing"),
        reference_line: values.has("reference_line"),
        match_by_subject_and_sender: values.has("match_by_subject_and_sender"),
        auto_reply,
        ..before
    })
}

fn form(directory: &Directory, values: &Fields, before: Option<&Ticketbox>) -> Form {
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path, (HERE, "Ticketboxes"), sections(values, directory));
    form.hidden.push(("version", values.one("version").to_owned()));
    form.links.extend(before.map(|it| access::link(Securable::Ticketboxes, it.id)));
    match before {
        Some(before) if before.built_in => {
            form.intro = "It comes with every desk and cannot be deleted.".to_owned();
        }
        before => form.delete = before.map(|before| format!("{HERE}/{}/delete", before.id)),
    }
    form
}

fn found(signed: &Signed, text: &str) -> Result<Ticketbox, Trouble> {
    let none = || Refusal::no_such("ticketbox", text);
    let id = text.parse().map_err(|_| none())?;
    Ok(signed.desk.directory().ticketboxes.get(&id).cloned().ok_or_else(none)?)
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let values = filled(&Ticketbox::new(signed.desk.new_id(), "", None));
    form(&signed.desk.directory(), &values, None).page(Frame::of(&signed, HERE, "Add a ticketbox").await?)
}

/// One ticketbox.
pub async fn show(signed: Signed, Path(text): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let ticketbox = found(&signed, &text)?;
    let mut values = filled(&ticketbox);
    values.add("version", ticketbox.version().to_string());
    let mut form = form(&signed.desk.directory(), &values, Some(&ticketbox));
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Ticketbox, ticketbox.id).await?;
    form.page(Frame::of(&signed, HERE, &ticketbox.name).await?)
}

/// Makes a ticketbox.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let made = match read(&values, Ticketbox::new(signed.desk.new_id(), "", None)) {
        Ok(ticketbox) => signed.desk.admin()?.save(&ticketbox).await,
        Err(refusal) => Err(refusal.into()),
    };
    match made {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed.desk.directory(), &values, None);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Add a ticketbox").await?)
        }
    }
}

/// Saves a ticketbox.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let saved = match read(&values, before.clone()) {
        Ok(ticketbox) => signed.desk.admin()?.save_over(&ticketbox, seen(&values)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed.desk.directory(), &values, Some(&before));
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, &before.name).await?)
        }
    }
}
