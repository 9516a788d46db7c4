//! What holds for the whole desk.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::audit::Activity;
use mailflow_core::directory::DocumentKind;
use mailflow_core::directory::Documented;
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::settings::Settings;

use super::form::{Field, Form, Kind, Section, number, ranges, ranges_text, switch as on};
use super::{Asked, go, refusal, seen};
use crate::auth::Place;
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/admin/settings";

fn form(values: &Fields, place: Place) -> Form {
    let here = match place.address {
        Some(address) => format!("You are here from {address}; a range that would lock you out is not saved."),
        None => String::new(),
    };
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let desk = vec![
        field("name", "Name of the desk", Kind::Line, "Stands on every page. Default: mailflow."),
        field(
            "first_ticket_number",
            "Number of the first ticket",
            Kind::Number(""),
            "Raising it makes later tickets \
            start there; no number is given twice. Default: 1.",
        ),
        field(
            "host",
            "Host of message ids",
            Kind::Line,
            "Stands in the Message-ID of what is sent from a ticketbox \
            without an address. Default: mailflow.invalid.",
        ),
        field(
            "automatic_per_hour",
            "Automatic mails an hour",
            Kind::Number(""),
            "The most that ticketboxes and rules send in any hour, all together: a brake for mail that goes round in \
            circles. 0 sends none. Default: 500.",
        ),
        field(
            "system_address",
            "System address",
            Kind::Line,
            "The sender of mail that the desk itself writes, such as alerts. It says that a machine wrote it and that \
            nobody reads answers. Empty: alerts are told inside only.",
        ),
    ];
    let doors = vec![
        field(
            "force_https",
            "Only over HTTPS",
            Kind::Switch,
            "Pages are given over HTTPS only, which a proxy in front provides (mailflow serve --proxy). If it locks you \
             out: mailflow settings allow-http.",
        ),
        field(
            "ip_ranges",
            "Everyone may sign in from",
            Kind::Lines(2),
            "IP addresses or ranges such as 192.0.2.0/24, one a line; empty for no restriction by this. What groups and \
             agents have of their own adds to it. If it locks you out: mailflow settings allow-all.",
        ),
        field(
            "lock_sessions",
            "Sessions belong to an address",
            Kind::Switch,
            "A session is worth nothing from another IP address than the one that it was begun from. Telephones change \
             theirs often.",
        ),
    ];
    let mut doors = Section::new("Doors", doors);
    doors.help = here;
    let sections = vec![Section::new("The desk", desk), doors, audited(values)];
    let mut form = Form::new(HERE.to_owned(), ("/admin", "Overview"), sections);
    form.hidden.push(("version", values.one("version").to_owned()));
    form.hidden.push(("audit", "yes".to_owned()));
    form
}

/// Which deeds of agents are written down.
fn audited(values: &Fields) -> Section {
    let all = Activity::ALL.into_iter().filter(|it| it.is_switchable());
    let choice = |it: Activity| {
        let chosen = values.all("audited").any(|word| word == it.word());
        (it.word().to_owned(), super::form::sentence(it.words()).trim_end_matches('.').to_owned(), chosen)
    };
    let help = "Who did what is written into the agent audit. Changes of the configuration always are. Default: all.";
    let kind = Kind::Several(all.map(choice).collect());
    Section::new("Agent audit", vec![Field::new("audited", "What is written down", kind, values, help)])
}

/// The settings.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let settings = signed.desk.directory().settings.clone();
    let mut values = Fields::default();
    values.add("name", settings.name.clone());
    values.add("first_ticket_number", settings.first_ticket_number.to_string());
    values.add("host", settings.host.clone());
    values.add("automatic_per_hour", settings.automatic_per_hour.to_string());
    values.add("force_https", on(settings.force_https).to_owned());
    values.add("lock_sessions", on(settings.lock_sessions).to_owned());
    values.add("ip_ranges", ranges_text(&settings.ip_ranges));
    values.add("system_address", settings.system_address.as_ref().map(ToString::to_string).unwrap_or_default());
    for activity in Activity::ALL.into_iter().filter(|it| !settings.audit_off.contains(it)) {
        values.add("audited", activity.word().to_owned());
    }
    values.add("version", settings.version().to_string());
    let mut form = form(&values, signed.place);
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Settings, uuid::Uuid::nil()).await?;
    form.page(Frame::of(&signed, HERE, "Settings").await?)
}

fn address(values: &Fields) -> Result<Option<Address>, Refusal> {
    match values.one("system_address").trim() {
        "" => Ok(None),
        text => Address::new(text).map(Some).map_err(|it| Refusal::invalid("system_address", it.to_string())),
    }
}

fn read(signed: &Signed, values: &Fields) -> Result<Settings, Refusal> {
    let before = signed.desk.directory().settings.clone();
    let force_https = values.has("force_https");
    if force_https && !before.force_https && !signed.place.secure {
        let problem = "you are not here over HTTPS yourself, and could not come in any more; open the desk over HTTPS, \
                       through a proxy that `mailflow serve --proxy` names, and save it there";
        return Err(Refusal::invalid("force_https", problem));
    }
    Ok(Settings {
        name: values.one("name").trim().to_owned(),
        first_ticket_number: number(values, "first_ticket_number")?,
        automatic_per_hour: number(values, "automatic_per_hour")?,
        host: values.one("host").trim().to_owned(),
        force_https,
        lock_sessions: values.has("lock_sessions"),
        ip_ranges: ranges(values, "ip_ranges")?,
        system_address: address(values)?,
        // What is not ticked is not written down, in a form that has the boxes at all.
        audit_off: match values.has("audit") {
            true => Activity::ALL
                .into_iter()
                .filter(|it| it.is_switchable() && !values.all("audited").any(|word| word == it.word()))
                .collect(),
            false => before.audit_off.clone(),
        },
        ..before
    })
}

/// Saves the settings.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let saved = match read(&signed, &values) {
        Ok(settings) => signed.desk.admin()?.save_over(&settings, seen(&values)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, signed.place);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Settings").await?)
        }
    }
}
