//! What holds for the whole desk.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::directory::Documented;
use mailflow_core::settings::Settings;

use super::form::{Field, Form, Kind, Section, number};
use super::{Asked, go, refusal, seen};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/admin/settings";

fn form(values: &Fields) -> Form {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let fields = vec![
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
    ];
    let mut form = Form::new(HERE.to_owned(), ("/admin", "Overview"), vec![Section::new("The desk", fields)]);
    form.hidden.push(("version", values.one("version").to_owned()));
    form
}

/// The settings.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let settings = signed.desk.directory().settings.clone();
    let mut values = Fields::default();
    values.add("name", settings.name.clone());
    values.add("first_ticket_number", settings.first_ticket_number.to_string());
    values.add("host", settings.host.clone());
    values.add("automatic_per_hour", settings.automatic_per_hour.to_string());
    values.add("version", settings.version().to_string());
    let mut form = form(&values);
    form.done = asked.done();
    form.page(Frame::of(&signed, HERE, "Settings").await?)
}

/// Saves the settings.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let numbers = number(&values, "first_ticket_number")
        .and_then(|first| Ok((first, number::<u32>(&values, "automatic_per_hour")?)));
    let saved = match numbers {
        Ok((first_ticket_number, automatic_per_hour)) => {
            let before = signed.desk.directory().settings.clone();
            let settings = Settings {
                name: values.one("name").trim().to_owned(),
                first_ticket_number,
                host: values.one("host").trim().to_owned(),
                automatic_per_hour,
                ..before
            };
            signed.desk.admin()?.save_over(&settings, seen(&values)).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Settings").await?)
        }
    }
}
