//! What draft rules would have done with mail that is stored: begun here, watched while it runs, read when it is done.
//! Nothing is changed by it.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;
use mailflow_core::flow::Error;
use mailflow_core::routing::{Moved, Replayed};
use mailflow_core::time::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::super::form::sentence;
use super::super::words;
use super::{HERE, file};
use crate::replayed::{WarningShape, fate, rule_words};
use crate::web::answer::{Answer, page_with, redirect};
use crate::web::replays::{Job, State as Stage};
use crate::web::{App, Fields, Frame, Signed, Trouble};

/// Where replays are.
const REPLAYS: &str = "/admin/rules/replay";
/// How many days are taken if nobody says.
pub const DAYS: u32 = 30;
/// How many mails stand on a page.
const PAGE: usize = 50;
/// How often a page is told at most how far it is.
const PACE: Duration = Duration::from_millis(100);
const DAY: u64 = 24 * 60 * 60;

/// A replay that runs or ran, in the list.
struct Past {
    path: String,
    words: String,
}

#[derive(Template)]
#[template(path = "admin/rules/replay.html")]
struct BeginPage {
    frame: Frame,
    text: String,
    days: String,
    trouble: Option<String>,
    past: Vec<Past>,
}

/// What to replay; prefilled with the rules as they are.
pub async fn show(State(app): State<App>, signed: Signed) -> Answer {
    let directory = signed.desk.directory();
    let text = file::written(&directory, &directory.rule_set)?;
    begin_page(&app, &signed, text, DAYS.to_string(), None).await
}

/// The form, with a draft in it.
pub async fn begin_page(app: &App, signed: &Signed, text: String, days: String, trouble: Option<String>) -> Answer {
    let now = signed.desk.now();
    let past = app.replays.list().iter().map(|job| past(job, now)).collect();
    let status = if trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::of(signed, HERE, "Replay").await?;
    page_with(status, &BeginPage { frame, text, days, trouble, past })
}

fn past(job: &Job, now: Timestamp) -> Past {
    let state = match job.state() {
        Stage::Running(messages, share) => format!("runs: {messages} messages, {} %", share / 10),
        Stage::Done(replayed) => format!("{} of {} mails would go elsewhere", replayed.moved, replayed.mails),
        Stage::Stopped => "was stopped".to_owned(),
        Stage::Failed(why) => format!("failed: {why}"),
    };
    let words = format!("{} by {}, {}: {state}", words::ago(job.begun, now), job.by, span(job.days));
    Past { path: format!("{REPLAYS}/{}", job.id), words }
}

fn span(days: u32) -> String {
    match days {
        0 => "all mail".to_owned(),
        1 => "the last day".to_owned(),
        days => format!("the last {days} days"),
    }
}

/// The form with a draft that was written elsewhere.
pub async fn draft(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let text = values.one("text").to_owned();
    let trouble = file::read(&signed, &text).err().map(|wrong| sentence(&wrong));
    begin_page(&app, &signed, text, DAYS.to_string(), trouble).await
}

/// Begins a replay.
pub async fn begin(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let text = values.one("text").to_owned();
    let typed = values.one("days").trim().to_owned();
    let days: Option<u32> = if typed.is_empty() { Some(DAYS) } else { typed.parse().ok() };
    let begun = match (file::read(&signed, &text), days) {
        (Err(wrong), _) => Err(sentence(&wrong)),
        (_, None) => Err(format!("`{typed}` is no number of days; 0 is all mail.")),
        (Ok(draft), Some(days)) => {
            let now = signed.desk.now();
            let since = match days {
                0 => Timestamp::MIN,
                days => now.minus(Duration::from_secs(u64::from(days) * DAY)),
            };
            let admin = signed.desk.admin()?;
            let begun = app.replays.begin(admin, draft, (days, since, now), &signed.agent.name);
            begun.map_err(|refusal| sentence(&refusal.to_string()))
        }
    };
    match begun {
        Ok(job) => Ok(redirect(&signed.base.path(&format!("{REPLAYS}/{}", job.id)))),
        Err(trouble) => begin_page(&app, &signed, text, typed, Some(trouble)).await,
    }
}

/// Which of the mails that would go elsewhere are listed.
#[derive(Debug, Default, Deserialize)]
pub struct Part {
    /// One row of the table, counted from 1.
    of: Option<usize>,
    /// How many mails come before.
    after: Option<usize>,
}

/// Mails that would go from one place to another.
struct Move {
    number: usize,
    chosen: bool,
    rule: String,
    from: String,
    to: String,
    mails: u64,
}

/// A mail that would go elsewhere.
struct Mail {
    number: u64,
    message: String,
    subject: String,
    rule: String,
    from: String,
    to: String,
}

#[derive(Template)]
#[template(path = "admin/rules/replayed.html")]
struct ReplayPage {
    frame: Frame,
    path: String,
    span: String,
    text: String,
    messages: u64,
    share: u32,
    runs: bool,
    stopped: bool,
    failed: Option<String>,
    done: Option<Done>,
}

/// What came of it.
struct Done {
    mails: u64,
    moved: u64,
    moves: Vec<Move>,
    chosen: bool,
    listed: Vec<Mail>,
    capped: bool,
    first: usize,
    previous: Option<String>,
    next: Option<String>,
    never: Vec<String>,
    hidden: Vec<String>,
    warnings: Vec<String>,
}

/// How far a replay is, or what came of it.
pub async fn look(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Query(part): Query<Part>,
) -> Answer {
    let job = app.replays.find(&id)?;
    let directory = signed.desk.directory();
    let stage = job.state();
    let runs = stage.runs();
    let mut page = ReplayPage {
        frame: Frame::of(&signed, HERE, "Replay").await?,
        path: format!("{REPLAYS}/{}", job.id),
        span: span(job.days),
        text: file::written(&directory, &job.draft)?,
        messages: 0,
        share: 1000,
        runs,
        stopped: false,
        failed: None,
        done: None,
    };
    match stage {
        Stage::Running(messages, share) => (page.messages, page.share) = (messages, share),
        Stage::Done(replayed) => page.done = Some(done(&signed, &job, &replayed, &part).await?),
        Stage::Stopped => page.stopped = true,
        Stage::Failed(why) => page.failed = Some(sentence(&why)),
    }
    page_with(StatusCode::OK, &page)
}

async fn done(signed: &Signed, job: &Job, replayed: &Replayed, part: &Part) -> Result<Done, Trouble> {
    let directory = signed.desk.directory();
    let draft = &job.draft;
    let in_words = |rule| sentence_start(&rule_words(draft, rule));
    let moves: Vec<Move> = (1..)
        .zip(&replayed.moves)
        .map(|(number, ((rule, from, to), mails))| Move {
            number,
            chosen: part.of == Some(number),
            rule: in_words(*rule),
            from: fate(&directory, *from),
            to: fate(&directory, *to),
            mails: *mails,
        })
        .collect();
    let key = part.of.and_then(|of| replayed.moves.keys().nth(of.checked_sub(1)?));
    let of_move = |it: &&Moved| key.is_none_or(|(rule, from, to)| (*rule, *from, *to) == (it.rule, it.from, it.to));
    let before = part.after.unwrap_or(0);
    let found: Vec<&Moved> = replayed.examples.iter().filter(of_move).skip(before).take(PAGE + 1).collect();
    let mut listed = Vec::new();
    for it in found.iter().take(PAGE) {
        // A ticket that is gone meanwhile has no number any more.
        let number = match signed.desk.ticket_by_id(it.ticket).await {
            Ok(ticket) => ticket.number,
            Err(Error::Refused(_)) => 0,
            Err(error) => return Err(error.into()),
        };
        listed.push(Mail {
            number,
            message: it.message.to_string(),
            subject: it.subject.clone(),
            rule: rule_words(draft, it.rule),
            from: fate(&directory, it.from),
            to: fate(&directory, it.to),
        });
    }
    let link = |after: usize| {
        let of = part.of.map(|of| format!("of={of}&")).unwrap_or_default();
        format!("{REPLAYS}/{}?{of}after={after}", job.id)
    };
    let hidden = replayed.hidden().map(|(rule, by)| {
        format!("{} matched, but never won: {} was before it.", in_words(Some(rule)), rule_words(draft, Some(by)))
    });
    let warnings = WarningShape::all(&directory, draft).into_iter();
    Ok(Done {
        mails: replayed.mails,
        moved: replayed.moved,
        moves,
        chosen: key.is_some(),
        first: before + 1,
        capped: replayed.moved > u64::try_from(Replayed::EXAMPLES).unwrap_or(u64::MAX),
        previous: (before > 0).then(|| link(before.saturating_sub(PAGE))),
        next: (found.len() > PAGE).then(|| link(before + PAGE)),
        listed,
        never: replayed
            .never_matched()
            .map(|number| format!("{} matched no mail.", in_words(Some(number))))
            .collect(),
        hidden: hidden.collect(),
        warnings: warnings.map(|it| sentence(&it.sentence(draft))).collect(),
    })
}

fn sentence_start(words: &str) -> String {
    sentence(words).trim_end_matches('.').to_owned()
}

/// Stops a replay.
pub async fn stop(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> Answer {
    let job = app.replays.find(&id)?;
    let mut watching = job.watch();
    job.stop();
    // It ends between two pages of messages.
    let _ = watching.wait_for(|state| !state.runs()).await;
    Ok(redirect(&signed.base.path(&format!("{REPLAYS}/{}", job.id))))
}

/// Tells a page how far a replay is, until it ends or the server stops.
pub async fn events(State(app): State<App>, Path(id): Path<String>) -> Result<Response, Trouble> {
    let job: Arc<Job> = app.replays.find(&id)?;
    let stopping = app.config.stopping.clone();
    let start = (job.watch(), stopping, true, true);
    let stream = unfold(start, |(mut watching, mut stopping, first, more)| async move {
        if !more {
            return None;
        }
        if !first {
            let changed = async {
                tokio::time::sleep(PACE).await;
                watching.changed().await
            };
            tokio::select! {
                changed = changed => changed.ok()?,
                () = crate::web::live::stopped(&mut stopping) => return None,
            }
        }
        let state = watching.borrow_and_update().clone();
        let (messages, share) = match state {
            Stage::Running(messages, share) => (messages, share),
            _ => (0, 1000),
        };
        let news = json!({ "messages": messages, "share": share, "runs": state.runs() });
        let event = Event::default().json_data(news).ok()?;
        Some((Ok::<Event, Infallible>(event), (watching, stopping, false, state.runs())))
    });
    let mut response = Sse::new(stream).into_response();
    let held = axum::http::HeaderName::from_static("x-accel-buffering");
    response.headers_mut().insert(held, axum::http::HeaderValue::from_static("no"));
    Ok(response)
}
