//! How an agent likes his desk.

use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::agent::{Agent, Preferences, Times};
use mailflow_core::alert::{AlertEvent, AlertWishes, Told};
use mailflow_core::decision::own::{OwnWish, Profile};
use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;

use crate::web::admin::form::{Field, Form, Kind, Section, chosen, number, or_none, sentence};
use crate::web::admin::{Asked, go, refusal};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/preferences";

/// The groups whose signature an agent may use.
pub fn signatures(directory: &Directory, agent: &Agent) -> Vec<(String, String)> {
    let groups = directory.groups.values().filter(|it| it.members.contains(&agent.id) && !it.signature.is_empty());
    groups.map(|it| (it.id.to_string(), format!("That of the group {}", it.name))).collect()
}

/// Says that the form has the grid of alerts: what is not ticked is not wanted.
const ALERTS: &str = "alerts";

/// What the agent wants to be told of: a grid of events and ways.
fn alerts(values: &Fields, directory: &Directory, agent: &Agent) -> Section {
    let field = |event: AlertEvent| {
        let chosen = |way: &str| values.all(event.word()).any(|it| it == way);
        let ways = [("inside", "In my alerts"), ("mail", "By mail")];
        let ways = ways.map(|(way, name)| (way.to_owned(), name.to_owned(), chosen(way)));
        let label = sentence(event.words());
        Field::new(event.word(), label.trim_end_matches('.'), Kind::Several(ways.to_vec()), values, "")
    };
    let mut section = Section::new("Tell me when", AlertEvent::OF_AGENTS.map(field).into());
    section.help = match (&agent.address, &directory.settings.system_address) {
        (_, None) => "By mail nothing is told yet: an administrator has to enter a system address in the settings. \
                      Until then it is told in your alerts instead."
            .to_owned(),
        (None, _) => {
            "You have no mail address: what is to be told by mail is told in your alerts instead.".to_owned()
        }
        (Some(address), _) => format!("Mail goes to {address}. What you do yourself is never told."),
    };
    section
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
    let sections =
        vec![Section::new("Answers", answers), alerts(values, directory, agent), Section::new("Pages", pages)];
    let mut form = Form::new(HERE.to_owned(), ("/tickets/mine", "My tickets"), sections);
    form.hidden.push((ALERTS, "yes".to_owned()));
    form
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
    for event in AlertEvent::OF_AGENTS {
        let told = agent.preferences.alerts.of(event);
        for (way, _) in [("inside", told.inside), ("mail", told.by_mail)].into_iter().filter(|(_, is)| *is) {
            values.add(event.word(), way.to_owned());
        }
    }
    let mut form = form(&values, &signed.desk.directory(), agent);
    form.done = asked.done();
    form.page(Frame::of(&signed, HERE, "Preferences").await?)
}

fn read(values: &Fields, before: &AlertWishes) -> Result<Profile, Refusal> {
    let undo_send_s = number(values, "undo_send_s")?;
    if undo_send_s > 60 {
        return Err(Refusal::invalid("undo_send_s", "at most 60 seconds"));
    }
    let times = if values.one("times") == "utc" { Times::Utc } else { Times::Device };
    let told = |event: AlertEvent| {
        let has = |way: &str| values.all(event.word()).any(|it| it == way);
        (event, Told { inside: has("inside"), by_mail: has("mail") })
    };
    let alerts = match values.has(ALERTS) {
        true => AlertWishes(AlertEvent::OF_AGENTS.into_iter().map(told).collect()),
        false => before.clone(),
    };
    Ok(Profile {
        signature: values.one("signature").replace("\r\n", "\n").trim_end().to_owned(),
        signature_of: chosen(values, "signature_of"),
        undo_send_s,
        preferences: Preferences { rows: number(values, "rows")?, times, alerts },
    })
}

/// Saves it.
pub async fn save(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let saved = match read(&values, &signed.agent.preferences.alerts) {
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
