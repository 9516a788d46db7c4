//! Destinations: the servers that mail is sent through.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use mailflow_core::decision::trial::Trial;
use mailflow_core::destination::{Destination, DestinationAccess, PerhapsSent, SmtpLogin};
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::Desk;
use mailflow_core::id::DestinationId;
use mailflow_core::refusal::Refusal;
use mailflow_core::secret::Sealed;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::store::Page;
use uuid::Uuid;

use super::form::{Button, Field, Form, Kind, Section, chosen, number, switch as on};
use super::list::{Act, ObjectList, Row};
use super::remove::Deletable;
use super::{Asked, go, refusal, seen, server, tried_out, words};
use crate::passwords;
use crate::web::ago::span;
use crate::web::answer::Answer;
use crate::web::{App, Fields, Frame, Signed, Trouble};

pub const HERE: &str = "/admin/destinations";
/// How far what waits is counted.
const COUNTED: u32 = 100;

/// Destinations, to be deleted.
pub struct Destinations;

impl Deletable for Destinations {
    const KIND: DocumentKind = DocumentKind::Destination;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.destinations.get(&id.into()).map(|it| it.name.clone())
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "Nothing is sent through it any more. It can only be deleted when nothing waits in it and nothing names it."
            .to_owned()
    }
}

/// What waits in a destination, in words, and how its failures stand.
pub async fn backlog(desk: &Desk, id: DestinationId) -> Result<(String, usize), Trouble> {
    let page = Page::first(COUNTED);
    let (queued, failed) = (desk.queued(id, &page).await?, desk.failures(id, &page).await?);
    let more = if queued.next.is_some() { "+" } else { "" };
    let next = queued.rows.first().map(|first| first.due);
    let words = match (queued.rows.len(), next) {
        (0, _) => "Nothing waits".to_owned(),
        (waiting, Some(due)) if due > desk.now() => {
            format!("{waiting}{more} waiting, next try in {}", span(due.since(desk.now()).as_secs()))
        }
        (waiting, _) => format!("{waiting}{more} waiting, due now"),
    };
    Ok((words, failed.rows.len()))
}

/// Where the server is.
pub fn place(destination: &Destination) -> String {
    match &destination.access {
        DestinationAccess::Smtp { server, login } => {
            words::place("SMTP", login.as_ref().map(|login| login.user.as_str()), server)
        }
        DestinationAccess::Folder { path } => format!("Folder {path}"),
        _ => "Sent by this program itself".to_owned(),
    }
}

/// How failures are linked to.
pub fn failures_link(id: DestinationId, failed: usize) -> Option<(String, String)> {
    let words = match failed {
        0 => return None,
        1 => "1 mail was not delivered".to_owned(),
        many if many >= COUNTED as usize => format!("{many} mails or more were not delivered"),
        many => format!("{many} mails were not delivered"),
    };
    Some((format!("{HERE}/{id}/failures"), words))
}

/// All destinations.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let (directory, health, now) = (signed.desk.directory(), signed.desk.health().await?, signed.desk.now());
    let mut rows = Vec::new();
    for destination in directory.destinations.values() {
        let id = destination.id;
        let (state, tone) = words::pulse(health.pulses.get(&id.into()), destination.enabled, now);
        let (waiting, failed) = backlog(&signed.desk, id).await?;
        let switch = if destination.enabled { "Switch off" } else { "Switch on" };
        let default = if destination.default { "The default destination. " } else { "" };
        rows.push(Row {
            name: destination.name.clone(),
            path: format!("{HERE}/{id}"),
            what: format!("{default}{}", place(destination)),
            state,
            tone,
            uses: waiting,
            more: failures_link(id, failed),
            acts: vec![
                Act { label: "Send now", path: format!("{HERE}/{id}/send") },
                Act { label: switch, path: format!("{HERE}/{id}/switch") },
            ],
        });
    }
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro:
            "Servers that mail is sent through. What an agent sends is sent at once; what could not be delivered is \
                tried again."
                .to_owned(),
        new: Some((format!("{HERE}/new"), "Add a destination")),
        empty: "Nothing can be sent yet. Add the server that your mail goes out through.".to_owned(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Destinations").await?)
}

fn sections(values: &Fields) -> Vec<Section> {
    let mut kinds = vec![
        ("smtp".to_owned(), "SMTP server".to_owned()),
        ("folder".to_owned(), "Folder of .eml files (for development)".to_owned()),
    ];
    if values.one("kind") == "embedded" {
        kinds.push(("embedded".to_owned(), "Sent by this program itself".to_owned()));
    }
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let perhaps = Kind::Choice(vec![
        ("retry".to_owned(), "It is sent again, with the same Message-ID".to_owned()),
        ("hold".to_owned(), "It waits until somebody decides".to_owned()),
    ]);
    let mut access = server::fields(values, "465 for TLS from the start, 587 for STARTTLS.");
    access.push(field("user", "User name", Kind::Line, "Leave it empty for a server that wants none."));
    access.push(field(
        "password",
        "Password",
        Kind::Password,
        "Kept sealed and never shown. Leave it empty to keep \
        the one that is there.",
    ));
    vec![
        Section::new(
            "Destination",
            vec![
                field("name", "Name", Kind::Line, "As you call it, such as “Our mail server”."),
                field("enabled", "Send mail", Kind::Switch, "While it is off, mail waits here."),
                field(
                    "default",
                    "The default destination",
                    Kind::Switch,
                    "Used where nothing else is said. The one that \
                was the default is none any more.",
                ),
                field("kind", "Kind", Kind::Choice(kinds), ""),
            ],
        ),
        Section { help: "For an SMTP server only.".to_owned(), ..Section::new("SMTP server", access) },
        Section {
            help: "For a folder only.".to_owned(),
            ..Section::new("Folder", vec![field("path", "Path", Kind::Line, "The folder on the desk's own machine.")])
        },
        Section::new(
            "Sending",
            vec![
                field(
                    "max_mib",
                    "Send mail up to",
                    Kind::Number("MiB"),
                    "Whoever writes a larger one is told at once. \
                Default: 25.",
                ),
                field(
                    "retry_for_h",
                    "Try for",
                    Kind::Number("hours"),
                    "What could not be delivered until then is a \
                delivery failure. Default: 24.",
                ),
                field("delivery_interval_s", "Look every", Kind::Number("seconds"), "Default: 60."),
                field("timeout_s", "Wait for the server at most", Kind::Number("seconds"), "Default: 60."),
                field(
                    "perhaps_sent",
                    "If nobody knows whether a mail was sent",
                    perhaps,
                    "The connection was lost after \
                the last byte and before the answer. Sent again, most mail programs show it once, by its Message-ID.",
                ),
                server::pin(values),
            ],
        ),
    ]
}

fn filled(destination: &Destination) -> Fields {
    let mut values = Fields::default();
    let mut add = |name: &str, value: String| values.add(name, value);
    add("name", destination.name.clone());
    add("enabled", on(destination.enabled).to_owned());
    add("default", on(destination.default).to_owned());
    add("max_mib", (destination.max_bytes >> 20).to_string());
    add("retry_for_h", (destination.retry_for_s / 3600).to_string());
    add("delivery_interval_s", destination.delivery_interval_s.to_string());
    add("timeout_s", destination.timeout_s.to_string());
    let perhaps = match destination.perhaps_sent {
        PerhapsSent::Retry => "retry",
        PerhapsSent::Hold => "hold",
    };
    add("perhaps_sent", perhaps.to_owned());
    add("pinned_to", destination.pinned_to.clone().unwrap_or_default());
    match &destination.access {
        DestinationAccess::Smtp { server, login } => {
            add("kind", "smtp".to_owned());
            add("user", login.as_ref().map(|login| login.user.clone()).unwrap_or_default());
            server::fill(&mut values, server);
        }
        DestinationAccess::Folder { path } => {
            add("kind", "folder".to_owned());
            add("path", path.clone());
        }
        _ => add("kind", "embedded".to_owned()),
    }
    values
}

/// The destination in the fields. A password that was typed for a trial comes back sealed.
fn read(
    app: &App,
    values: &Fields,
    blank: Destination,
    before: Option<&Destination>,
) -> Result<Destination, Refusal> {
    let user = values.one("user").trim();
    let access = match values.one("kind") {
        "folder" => DestinationAccess::Folder { path: values.one("path").trim().to_owned() },
        "embedded" => DestinationAccess::Embedded,
        _ if user.is_empty() => DestinationAccess::Smtp { server: server::read(values)?, login: None },
        _ => {
            let (entered, tried) = (values.one("password"), values.one("sealed"));
            let network = app.config.network.as_ref();
            let password = match (entered, tried) {
                ("", tried) if !tried.is_empty() => Sealed::new(tried.to_owned()),
                (entered, _) => passwords::of_destination(network, blank.id, Some(entered), before)?,
            };
            let login = Some(SmtpLogin { user: user.to_owned(), password });
            DestinationAccess::Smtp { server: server::read(values)?, login }
        }
    };
    let (mebibytes, hours): (u64, u32) = (number(values, "max_mib")?, number(values, "retry_for_h")?);
    Ok(Destination {
        name: values.one("name").trim().to_owned(),
        enabled: values.has("enabled"),
        access,
        default: values.has("default"),
        delivery_interval_s: number(values, "delivery_interval_s")?,
        timeout_s: number(values, "timeout_s")?,
        max_bytes: mebibytes.clamp(1, 1024) << 20,
        retry_for_s: hours.min(24 * 365) * 3600,
        perhaps_sent: if values.one("perhaps_sent") == "hold" { PerhapsSent::Hold } else { PerhapsSent::Retry },
        pinned_to: server::read_pin(values),
        ..blank
    })
}

fn form(id: DestinationId, values: &Fields, before: Option<&Destination>) -> Form {
    let path = match before {
        Some(before) => format!("{HERE}/{}", before.id),
        None => format!("{HERE}/new"),
    };
    let mut form = Form::new(path.clone(), (HERE, "Destinations"), sections(values));
    form.buttons.push(Button { label: "Test", path: format!("{path}/test") });
    form.hidden.push(("id", id.to_string()));
    form.hidden.push(("version", values.one("version").to_owned()));
    form.delete = before.map(|before| format!("{HERE}/{}/delete", before.id));
    if values.one("kind") == "smtp" && values.one("tls") == "none" {
        form.warnings.push(server::UNPROTECTED.to_owned());
    }
    form
}

/// The destination that a path names.
pub fn found(signed: &Signed, text: &str) -> Result<Destination, Trouble> {
    let none = || Refusal::no_such("destination", text);
    let id = text.parse().map_err(|_| none())?;
    Ok(signed.desk.directory().destinations.get(&id).cloned().ok_or_else(none)?)
}

async fn frame(signed: &Signed, before: Option<&Destination>) -> Result<Frame, Trouble> {
    Frame::of(signed, HERE, before.map_or("Add a destination", |destination| &destination.name)).await
}

/// A destination as it is before anything was entered.
fn blank(signed: &Signed, id: DestinationId) -> Destination {
    let server = MailServer { host: String::new(), port: 587, tls: Tls::Upgrade, trusted_certificate: None };
    let default = signed.desk.directory().destinations.is_empty();
    Destination { default, ..Destination::new(id, "", DestinationAccess::Smtp { server, login: None }) }
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let blank = blank(&signed, signed.desk.new_id());
    form(blank.id, &filled(&blank), None).page(frame(&signed, None).await?)
}

/// One destination.
pub async fn show(signed: Signed, Path(text): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let destination = found(&signed, &text)?;
    let mut values = filled(&destination);
    values.add("version", destination.version().to_string());
    let mut form = form(destination.id, &values, Some(&destination));
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Destination, destination.id).await?;
    form.page(frame(&signed, Some(&destination)).await?)
}

/// Makes a destination.
pub async fn make(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let id = chosen(&values, "id").unwrap_or_else(|| signed.desk.new_id());
    let made = match read(&app, &values, blank(&signed, id), None) {
        Ok(destination) => signed.desk.admin()?.save(&destination).await,
        Err(refusal) => Err(refusal.into()),
    };
    match made {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(id, &values, None);
            form.refuse(&refusal(error)?);
            form.page(frame(&signed, None).await?)
        }
    }
}

/// Saves a destination.
pub async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let saved = match read(&app, &values, before.clone(), Some(&before)) {
        Ok(destination) => signed.desk.admin()?.save_over(&destination, seen(&values)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(before.id, &values, Some(&before));
            form.refuse(&refusal(error)?);
            form.page(frame(&signed, Some(&before)).await?)
        }
    }
}

/// Tries out what a new destination has in its fields.
pub async fn test_new(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let id = chosen(&values, "id").unwrap_or_else(|| signed.desk.new_id());
    try_out(&app, &signed, &values, blank(&signed, id), None).await
}

/// Tries out what a destination has in its fields, saved or not.
pub async fn test(
    State(app): State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    try_out(&app, &signed, &values, before.clone(), Some(&before)).await
}

async fn try_out(
    app: &App,
    signed: &Signed,
    values: &Fields,
    blank: Destination,
    before: Option<&Destination>,
) -> Answer {
    let mut form = form(blank.id, values, before);
    match (read(app, values, blank, before), &app.config.network) {
        (Err(refusal), _) => form.refuse(&refusal),
        (Ok(_), None) => form.trouble = Some("This program reaches no mail servers.".to_owned()),
        (Ok(destination), Some(network)) => {
            let check = network.check_destination(&destination).await;
            tried_out(signed, Trial::Destination(&destination), &check).await?;
            form.check = Some(check);
            // Typed once is enough: it goes back into the page, but sealed.
            if let DestinationAccess::Smtp { login: Some(login), .. } = &destination.access {
                form.hidden.push(("sealed", login.password.as_str().to_owned()));
            }
        }
    }
    form.page(frame(signed, before).await?)
}

/// Sends at once what is due.
pub async fn send_now(signed: Signed, Path(text): Path<String>) -> Answer {
    signed.desk.admin()?.wake(found(&signed, &text)?.id).await?;
    go(&signed, HERE, "sending")
}

/// Switches a destination on or off.
pub async fn switch(signed: Signed, Path(text): Path<String>) -> Answer {
    let before = found(&signed, &text)?;
    let switched = Destination { enabled: !before.enabled, ..before.clone() };
    signed.desk.admin()?.save_over(&switched, before.version()).await?;
    go(&signed, HERE, "saved")
}
