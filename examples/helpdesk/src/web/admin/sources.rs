//! Sources: the mailboxes that mail is collected from.

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use mailflow_core::decision::trial::Trial;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::id::SourceId;
use mailflow_core::refusal::Refusal;
use mailflow_core::secret::Sealed;
use mailflow_core::source::{Source, SourceAccess, Tls};
use uuid::Uuid;

use super::form::{Field, Form, Kind, Section, chosen, number, or_none, switch as on};
use super::list::{Act, ObjectList, Row};
use super::remove::Deletable;
use super::{Asked, go, refusal, seen, server, tried_out, words};
use crate::passwords;
use crate::web::answer::Answer;
use crate::web::{App, Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/sources";

/// Sources, to be deleted.
pub struct Sources;

impl Deletable for Sources {
    const KIND: DocumentKind = DocumentKind::Source;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.sources.get(&id.into()).map(|source| source.name.clone())
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "No mail is collected from it any more. All mail and all tickets stay. If you make the same source again, it \
         fetches everything that is in the mailbox once more."
            .to_owned()
    }
}

/// All sources.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let (directory, health, now) = (signed.desk.directory(), signed.desk.health().await?, signed.desk.now());
    let row = |source: &Source| {
        let id = source.id;
        let pulse = health.pulses.get(&id.into());
        let (state, tone) = words::pulse(pulse, source.enabled, now);
        let mails = pulse.map(|pulse| words::count(usize::try_from(pulse.mails).unwrap_or(0), "mail", "mails"));
        let switch = if source.enabled { "Switch off" } else { "Switch on" };
        Row {
            name: source.name.clone(),
            path: format!("{HERE}/{id}"),
            what: place(source),
            state,
            tone,
            uses: mails.map(|mails| format!("{mails} so far")).unwrap_or_default(),
            more: None,
            acts: vec![
                Act { label: "Check now", path: format!("{HERE}/{id}/check") },
                Act { label: switch, path: format!("{HERE}/{id}/switch") },
            ],
        }
    };
    let mut rows: Vec<Row> = directory.sources.values().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro:
            "Mailboxes that mail is collected from. Every mail is kept before the mailbox is told to let go of it."
                .to_owned(),
        new: Some((format!("{HERE}/new"), "Add a source")),
        empty: "No mail is collected yet. Add the mailbox that your customers write to.".to_owned(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Sources").await?)
}

/// Where the mailbox is.
pub fn place(source: &Source) -> String {
    match &source.access {
        SourceAccess::Pop3 { server, user, .. } => words::place("POP3", Some(user), server),
        SourceAccess::Folder { path } => format!("Folder {path}"),
        _ => "Brought by this program or by commands".to_owned(),
    }
}

fn sections(values: &Fields, directory: &Directory) -> Vec<Section> {
    let mut kinds = vec![
        ("pop3".to_owned(), "POP3 mailbox".to_owned()),
        ("folder".to_owned(), "Folder of .eml files (for development)".to_owned()),
    ];
    if values.one("kind") == "embedded" {
        kinds.push(("embedded".to_owned(), "Brought by this program or by commands".to_owned()));
    }
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let destinations = directory.destinations.values().map(|it| (it.id.to_string(), it.name.clone()));
    let ticketboxes = directory.ticketboxes.values().map(|it| (it.id.to_string(), it.name.clone()));
    let mut access = server::fields(values, "995 for TLS from the start, 110 for STLS.");
    access.push(field("user", "User name", Kind::Line, "Often the whole mail address."));
    access.push(field(
        "password",
        "Password",
        Kind::Password,
        "Kept sealed and never shown. Leave it empty to keep \
        the one that is there.",
    ));
    access.push(field(
        "apop",
        "Sign in with APOP if the server offers it",
        Kind::Switch,
        "Only for old servers without \
        TLS. Off by default.",
    ));
    vec![
        Section::new(
            "Source",
            vec![
                field("name", "Name", Kind::Line, "As you call it, such as “Support mailbox”."),
                field("enabled", "Collect mail", Kind::Switch, "While it is off, mail waits in the mailbox."),
                field("kind", "Kind", Kind::Choice(kinds), ""),
            ],
        ),
        Section { help: "For a POP3 mailbox only.".to_owned(), ..Section::new("POP3 server", access) },
        Section {
            help: "For a folder only.".to_owned(),
            ..Section::new("Folder", vec![field("path", "Path", Kind::Line, "The folder on the desk's own machine.")])
        },
        Section::new(
            "Collecting",
            vec![
                field(
                    "leave_copies",
                    "Leave mail in the mailbox",
                    Kind::Switch,
                    "Nothing is fetched twice either way. Off: \
                a mail is removed from the mailbox once it is safe here.",
                ),
                field("check_interval_s", "Look every", Kind::Number("seconds"), "Default: 120."),
                field("timeout_s", "Wait for the server at most", Kind::Number("seconds"), "Default: 60."),
                field(
                    "max_mib",
                    "Fetch mail up to",
                    Kind::Number("MiB"),
                    "Of a larger mail only the headers come, as a \
                ticket that says so; the mail stays in the mailbox. Default: 25.",
                ),
                server::pin(values),
            ],
        ),
        Section::new(
            "Where mail goes",
            vec![
                field(
                    "ticketbox",
                    "Ticketbox",
                    or_none("As the default rule says", ticketboxes),
                    "For mail that no rule \
                and no address places.",
                ),
                field(
                    "destination",
                    "Answers go through",
                    or_none("The default destination", destinations),
                    "Unless the \
                ticketbox says otherwise.",
                ),
            ],
        ),
    ]
}

fn filled(source: &Source) -> Fields {
    let mut values = Fields::default();
    let mut add = |name: &str, value: String| values.add(name, value);
    add("name", source.name.clone());
    add("enabled", on(source.enabled).to_owned());
    add("leave_copies", on(source.leave_copies).to_owned());
    add("check_interval_s", source.check_interval_s.to_string());
    add("timeout_s", source.timeout_s.to_string());
    add("max_mib", (source.max_bytes >> 20).to_string());
    add("ticketbox", source.ticketbox.map(|id| id.to_string()).unwrap_or_default());
    add("destination", source.destination.map(|id| id.to_string()).unwrap_or_default());
    add("pinned_to", source.pinned_to.clone().unwrap_or_default());
    match &source.access {
        SourceAccess::Pop3 { server, user, apop, .. } => {
            add("kind", "pop3".to_owned());
            add("user", user.clone());
            add("apop", on(*apop).to_owned());
            server::fill(&mut values, server);
        }
        SourceAccess::Folder { path } => {
            add("kind", "folder".to_owned());
            add("path", path.clone());
        }
        _ => add("kind", "embedded".to_owned()),
    }
    values
}

/// The source in the fields. A password that was typed for a trial comes back sealed.
fn read(app: &App, values: &Fields, blank: Source, before: Option<&Source>) -> Result<Source, Refusal> {
    let access = match values.one("kind") {
        "folder" => SourceAccess::Folder { path: values.one("path").trim().to_owned() },
        "embedded" => SourceAccess::Embedded,
        _ => {
            let (entered, tried) = (values.one("password"), values.one("sealed"));
            let password = match (entered, tried) {
                ("", tried) if !tried.is_empty() => Sealed::new(tried.to_owned()),
                (entered, _) => passwords::of_source(app.config.network.as_ref(), blank.id, Some(entered), before)?,
            };
            let user = values.one("user").trim().to_owned();
            SourceAccess::Pop3 { server: server::read(values)?, user, password, apop: values.has("apop") }
        }
    };
    let mebibytes: u64 = number(values, "max_mib")?;
    Ok(Source {
        name: values.one("name").trim().to_owned(),
        enabled: values.has("enabled"),
        access,
        leave_copies: values.has("leave_copies"),
        check_interval_s: number(values, "check_interval_s")?,
        timeout_s: number(values, "timeout_s")?,
        max_bytes: mebibytes.clamp(1, 1024) << 20,
        destination: chosen(values, "destination"),
        ticketbox: chosen(values, "ticketbox"),
        pinned_to: server::read_pin(values),
        ..blank
    })
}

fn form(directory: &Directory, id: SourceId, values: &Fields, before: Option<&Source>) -> Form {
    let path = match before {
        Some(before) => format!("{HERE}/{}", before.id),
        None => format!("{HERE}/new"),
    };
    let mut form = Form::new(path.clone(), (HERE, "Sources"), sections(values, directory));
    form.buttons.push(super::form::Button { label: "Test", path: format!("{path}/test") });
    form.hidden.push(("id", id.to_string()));
    form.hidden.push(("version", values.one("version").to_owned()));
    form.delete = before.map(|before| format!("{HERE}/{}/delete", before.id));
    if values.one("kind") == "pop3" && values.one("tls") == "none" {
        form.warnings.push(server::UNPROTECTED.to_owned());
    }
    if directory.destinations.is_empty() {
        form.warnings.push("A source needs a destination for its answers: add a destination first.".to_owned());
    }
    form
}

fn found(signed: &Signed, text: &str) -> Result<Source, Trouble> {
    let id = text.parse().map_err(|_| Refusal::no_such("source", text))?;
    Ok(signed.desk.directory().sources.get(&id).cloned().ok_or_else(|| Refusal::no_such("source", text))?)
}

async fn frame(signed: &Signed, before: Option<&Source>) -> Result<Frame, Trouble> {
    Frame::of(signed, HERE, before.map_or("Add a source", |source| &source.name)).await
}

/// A source as it is before anything was entered.
fn blank(id: SourceId) -> Source {
    let server = mailflow_core::source::MailServer {
        host: String::new(),
        port: 995,
        tls: Tls::Implicit,
        trusted_certificate: None,
    };
    let password = Sealed::new(String::new());
    Source::new(id, "", SourceAccess::Pop3 { server, user: String::new(), password, apop: false })
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let blank = blank(signed.desk.new_id());
    form(&signed.desk.directory(), blank.id, &filled(&blank), None).page(frame(&signed, None).await?)
}

/// One source.
pub async fn show(signed: Signed, Path(text): Path<String>, Query(asked): Query<Asked>) -> Answer {
    let source = found(&signed, &text)?;
    let mut values = filled(&source);
    values.add("version", source.version().to_string());
    let mut form = form(&signed.desk.directory(), source.id, &values, Some(&source));
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Source, source.id).await?;
    form.page(frame(&signed, Some(&source)).await?)
}

/// Makes a source.
pub async fn make(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let id = chosen(&values, "id").unwrap_or_else(|| signed.desk.new_id());
    let made = match read(&app, &values, blank(id), None) {
        Ok(source) => signed.desk.admin()?.save(&source).await,
        Err(refusal) => Err(refusal.into()),
    };
    match made {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed.desk.directory(), id, &values, None);
            form.refuse(&refusal(error)?);
            form.page(frame(&signed, None).await?)
        }
    }
}

/// Saves a source.
pub async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let saved = match read(&app, &values, before.clone(), Some(&before)) {
        Ok(source) => signed.desk.admin()?.save_over(&source, seen(&values)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&signed.desk.directory(), before.id, &values, Some(&before));
            form.refuse(&refusal(error)?);
            form.page(frame(&signed, Some(&before)).await?)
        }
    }
}

/// Tries out what a new source has in its fields.
pub async fn test_new(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let id = chosen(&values, "id").unwrap_or_else(|| signed.desk.new_id());
    try_out(&app, &signed, &values, blank(id), None).await
}

/// Tries out what a source has in its fields, saved or not.
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

async fn try_out(app: &App, signed: &Signed, values: &Fields, blank: Source, before: Option<&Source>) -> Answer {
    let mut form = form(&signed.desk.directory(), blank.id, values, before);
    match (read(app, values, blank, before), &app.config.network) {
        (Err(refusal), _) => form.refuse(&refusal),
        (Ok(_), None) => form.trouble = Some("This program reaches no mail servers.".to_owned()),
        (Ok(source), Some(network)) => {
            let check = network.check_source(&source).await;
            tried_out(signed, Trial::Source(&source), &check).await?;
            form.check = Some(check);
            // Typed once is enough: it goes back into the page, but sealed.
            if let SourceAccess::Pop3 { password, .. } = &source.access {
                form.hidden.push(("sealed", password.as_str().to_owned()));
            }
        }
    }
    form.page(frame(signed, before).await?)
}

/// Looks into the mailbox at once.
pub async fn check_now(signed: Signed, Path(text): Path<String>) -> Answer {
    signed.desk.admin()?.wake(found(&signed, &text)?.id).await?;
    go(&signed, HERE, "checking")
}

/// Switches a source on or off.
pub async fn switch(signed: Signed, Path(text): Path<String>) -> Answer {
    let before = found(&signed, &text)?;
    let switched = Source { enabled: !before.enabled, ..before.clone() };
    signed.desk.admin()?.save_over(&switched, before.version()).await?;
    go(&signed, HERE, "saved")
}
