//! How an agent likes his desk.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::agent::{Agent, Preferences, Times};
use mailflow_core::decision::own::{OwnWish, Profile};
use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;

use crate::web::admin::form::{Field, Form, Kind, Section, chosen, number, or_none};
use crate::web::admin::{Asked, go, refusal};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/preferences";

/// The groups whose signature an agent may use.
pub fn signatures(directory: &Directory, agent: &Agent) -> Vec<(String, String)> {
    let groups = directory.groups.values().filter(|it| it.members.contains(&agent.id) && !it.signature.is_empty());
    groups.map(|it| (it.id.to_string(), format!("That of the group {}", it.name))).collect()
}

fn form(values: &Fields, directory: &Directory, agent: &Agent) -> Form {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let times =
        vec![("device".to_owned(), "The time zone of this device".to_owned()), ("utc".to_owned(), "UTC".to_owned())];
    let mut answers = vec![field("signature", "Your signature", Kind::Lines(4), "Put below what you write.")];
    let groups = signatures(directory, agent);
    if !groups.is_empty() {
        let kind = or_none("Your own", groups.into_iter());
        answers.push(field("signature_of", "Signature to use", kind, "Groups that you belong to may have one."));
    }
    answers.push(field(
        "undo_send_s",
        "Can be pulled back for",
        Kind::Number("seconds"),
        "How long what you send waits, so that you can change your mind. 0 to 60; default: 10.",
    ));
    let pages = vec![
        field("rows", "Tickets on a page", Kind::Number(""), "10 to 200; default: 50."),
        field("times", "Times are shown in", Kind::Choice(times), "Without scripts always in UTC."),
    ];
    let sections = vec![Section::new("Answers", answers), Section::new("Pages", pages)];
    Form::new(HERE.to_owned(), ("/tickets/mine", "My tickets"), sections)
}

/// The form.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let agent = &signed.agent;
    let mut values = Fields::default();
    values.add("signature", agent.signature.clone());
    values.add("signature_of", agent.signature_of.map(|id| id.to_string()).unwrap_or_default());
    values.add("undo_send_s", agent.undo_send_s.to_string());
    values.add("rows", agent.preferences.rows.to_string());
    values.add("times", if agent.preferences.times == Times::Utc { "utc" } else { "device" }.to_owned());
    let mut form = form(&values, &signed.desk.directory(), agent);
    form.done = asked.done();
    form.page(Frame::of(&signed, HERE, "Preferences").await?)
}

fn read(values: &Fields) -> Result<Profile, Refusal> {
    let undo_send_s = number(values, "undo_send_s")?;
    if undo_send_s > 60 {
        return Err(Refusal::invalid("undo_send_s", "at most 60 seconds"));
    }
    let times = if values.one("times") == "utc" { Times::Utc } else { Times::Device };
    Ok(Profile {
        signature: values.one("signature").replace("\r\n", "\n").trim_end().to_owned(),
        signature_of: chosen(values, "signature_of"),
        undo_send_s,
        preferences: Preferences { rows: number(values, "rows")?, times },
    })
}

/// Saves it.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let saved = match read(&values) {
        Ok(profile) => signed.desk.change_own(&OwnWish::Profile(profile)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, &signed.desk.directory(), &signed.agent);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Preferences").await?)
        }
    }
}
