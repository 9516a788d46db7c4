//! The overview: one line for each source and destination, and what waits.

use askama::Template;

use super::destinations::{backlog, failures_link, place as destination_place};
use super::list::Tone;
use super::sources::place as source_place;
use super::words;
use crate::web::answer::{Answer, page};
use crate::web::{Frame, Signed};

/// How a part of the desk is doing.
struct Line {
    name: String,
    path: String,
    place: String,
    state: String,
    tone: Tone,
    backlog: String,
    more: Option<(String, String)>,
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    frame: Frame,
    summary: String,
    sources: Vec<Line>,
    destinations: Vec<Line>,
    waiting: bool,
    to_do: Vec<(&'static str, &'static str)>,
}

/// How the desk is doing.
pub async fn show(signed: Signed) -> Answer {
    let (directory, health, now) = (signed.desk.directory(), signed.desk.health().await?, signed.desk.now());
    let mut sources = Vec::new();
    for source in directory.sources.values() {
        let pulse = health.pulses.get(&source.id.into());
        let (state, tone) = words::pulse(pulse, source.enabled, now);
        let mails = pulse.map_or(0, |pulse| pulse.mails);
        sources.push(Line {
            name: source.name.clone(),
            path: format!("/admin/sources/{}", source.id),
            place: source_place(source),
            state,
            tone,
            backlog: words::count(usize::try_from(mails).unwrap_or(usize::MAX), "mail so far", "mails so far"),
            more: None,
        });
    }
    let mut destinations = Vec::new();
    for destination in directory.destinations.values() {
        let (state, tone) = words::pulse(health.pulses.get(&destination.id.into()), destination.enabled, now);
        let (waiting, failed) = backlog(&signed.desk, destination.id).await?;
        destinations.push(Line {
            name: destination.name.clone(),
            path: format!("/admin/destinations/{}", destination.id),
            place: destination_place(destination),
            state,
            tone: if failed > 0 { Tone::Bad } else { tone },
            backlog: waiting,
            more: failures_link(destination.id, failed),
        });
    }
    let lines = || sources.iter().chain(&destinations);
    let summary = match lines().filter(|line| line.tone == Tone::Bad).count() {
        0 if lines().next().is_none() => "Nothing is set up yet.".to_owned(),
        0 => "Everything works.".to_owned(),
        1 => "One thing needs you.".to_owned(),
        many => format!("{many} things need you."),
    };
    let to_do = to_do(&signed);
    let frame = Frame::of(&signed, "/admin", "Overview").await?;
    page(&OverviewPage { frame, summary, sources, destinations, waiting: health.waiting, to_do })
}

/// What is left of setting the desk up: path and words.
fn to_do(signed: &Signed) -> Vec<(&'static str, &'static str)> {
    let directory = signed.desk.directory();
    let mut to_do = Vec::new();
    if directory.destinations.is_empty() {
        to_do.push(("/admin/destinations/new", "Add the server that your mail goes out through."));
    }
    if directory.sources.is_empty() {
        to_do.push(("/admin/sources/new", "Add the mailbox that your customers write to."));
    }
    if !directory.ticketboxes.values().any(|it| it.address.is_some()) {
        to_do.push(("/admin/ticketboxes/new", "Add a ticketbox with an address that answers come from."));
    }
    if directory.agents.values().filter(|it| it.active && it.administrator).count() < 2 {
        to_do.push(("/admin/agents/new", "Add a second administrator, for the day that the first one is away."));
    }
    to_do
}
