//! Who is signed in, where, and with what; and how that ends.

use askama::Template;
use axum::body::Bytes;
use axum::extract::Query;
use axum::http::HeaderMap;
use mailflow_core::digest::Digest;
use mailflow_core::refusal::Refusal;
use mailflow_core::session::Session;
use serde::Deserialize;

use crate::web::ago::{ago, full};
use crate::web::answer::{Answer, page, redirect};
use crate::web::{Fields, Frame, Signed};

const HERE: &str = "/sessions";
const ADMIN: &str = "/admin/sessions";

/// Sessions, as they are shown.
#[derive(Template)]
#[template(path = "own/sessions.html")]
pub struct SessionsPage {
    frame: Frame,
    /// Where the buttons send to.
    path: &'static str,
    /// Whether it shows everybody's.
    everybody: bool,
    rows: Vec<SessionRow>,
    /// How many of them are others than this one.
    others: usize,
    done: Option<&'static str>,
}

/// A session.
#[derive(Debug)]
pub struct SessionRow {
    /// Its name: the digest of its secret, which gives nothing away.
    pub token: String,
    /// Whose it is.
    pub agent: String,
    /// Whether it is the one that asks.
    pub this: bool,
    /// The address that it was begun from.
    pub from: String,
    /// The program, in a few words.
    pub program: String,
    /// The program, as it calls itself.
    pub user_agent: String,
    /// When it was last used, in words; when that was; the same for programs.
    pub seen: (String, String, String),
    /// When it was begun.
    pub created: (String, String, String),
}

#[derive(Debug, Default, Deserialize)]
pub struct Did {
    did: Option<String>,
}

fn row(signed: &Signed, session: &Session) -> SessionRow {
    let (directory, now) = (signed.desk.directory(), signed.desk.now());
    let words = |at| (since(&ago(at, now)), full(at), at.to_string());
    SessionRow {
        token: session.token.to_string(),
        agent: directory.agents.get(&session.agent).map_or("an agent who is gone", |it| &it.name).to_owned(),
        this: session.token == signed.session,
        from: if session.peer.is_empty() { "an unknown address".to_owned() } else { session.peer.clone() },
        program: program(&session.user_agent),
        user_agent: session.user_agent.clone(),
        seen: words(session.seen),
        created: words(session.created),
    }
}

/// How long ago, inside a sentence.
fn since(words: &str) -> String {
    let lasts = [" min", " h", " days"].iter().any(|unit| words.ends_with(unit));
    match words {
        "now" => "just now".to_owned(),
        words if lasts => format!("{words} ago"),
        words => words.to_owned(),
    }
}

async fn show(signed: &Signed, sessions: &[Session], path: &'static str, asked: &Did) -> Answer {
    let rows: Vec<SessionRow> = sessions.iter().map(|session| row(signed, session)).collect();
    let title = if path == ADMIN { "Active sessions" } else { "Where you are signed in" };
    let done = match asked.did.as_deref() {
        Some("ended") => Some("The session is over."),
        Some("others") => Some("All your other sessions are over."),
        _ => None,
    };
    let frame = Frame::of(signed, path, title).await?;
    let others = rows.iter().filter(|row| !row.this).count();
    page(&SessionsPage { frame, path, everybody: path == ADMIN, rows, others, done })
}

/// The agent's own.
pub async fn list(signed: Signed, Query(asked): Query<Did>) -> Answer {
    show(&signed, &signed.desk.sessions().await?, HERE, &asked).await
}

/// Ends one of the agent's own.
pub async fn end(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    signed.desk.end_session(token(&headers, &body)?).await?;
    Ok(redirect(&signed.base.path(&format!("{HERE}?did=ended"))))
}

/// Ends all of the agent's own but this one.
pub async fn end_others(signed: Signed) -> Answer {
    signed.desk.end_other_sessions(signed.session).await?;
    Ok(redirect(&signed.base.path(&format!("{HERE}?did=others"))))
}

/// Everybody's.
pub async fn admin_list(signed: Signed, Query(asked): Query<Did>) -> Answer {
    show(&signed, &signed.desk.admin()?.sessions().await?, ADMIN, &asked).await
}

/// Ends anybody's.
pub async fn admin_end(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    signed.desk.admin()?.end_session(token(&headers, &body)?).await?;
    Ok(redirect(&signed.base.path(&format!("{ADMIN}?did=ended"))))
}

fn token(headers: &HeaderMap, body: &[u8]) -> Result<Digest, crate::web::Trouble> {
    let fields = Fields::of_form(headers, body)?;
    let text = fields.one("session");
    Ok(text.parse().map_err(|_| Refusal::no_such("session", text))?)
}

/// What a program calls itself, in words: those of the common browsers.
fn program(user_agent: &str) -> String {
    let says = |word: &&(&str, &str)| user_agent.contains(word.0);
    let browser = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    let system = [
        ("Android", "Android"),
        ("iPhone", "an iPhone"),
        ("iPad", "an iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    match (browser.iter().find(says), system.iter().find(says)) {
        (Some(browser), Some(system)) => format!("{} on {}", browser.1, system.1),
        (Some(browser), None) => browser.1.to_owned(),
        _ if user_agent.is_empty() => "a program that does not say what it is".to_owned(),
        _ => user_agent.split(['/', ' ']).next().unwrap_or_default().to_owned(),
    }
}
