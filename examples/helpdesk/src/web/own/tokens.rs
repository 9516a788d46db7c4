//! API tokens: an agent's own, and, for administrators, anybody's.

use std::time::Duration;

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::agent::Agent;
use mailflow_core::digest::Digest;
use mailflow_core::flow::Error;
use mailflow_core::refusal::Refusal;
use mailflow_core::session::{NewToken, Session};
use mailflow_core::time::Timestamp;
use serde::Deserialize;

use crate::auth;
use crate::web::ago::{ago, full};
use crate::web::answer::{Answer, page_with, redirect};
use crate::web::{Fields, Frame, Signed, Trouble};

const HERE: &str = "/tokens";

#[derive(Template)]
#[template(path = "own/tokens.html")]
struct TokensPage {
    frame: Frame,
    /// Where the forms are sent to, with the base.
    path: String,
    /// Where the page belongs to: its path with the base, and its name.
    back: Option<(String, String)>,
    /// Whether they are the agent's own.
    own: bool,
    /// Whose they are.
    whose: String,
    rows: Vec<TokenRow>,
    /// A new token: its name and its secret, shown only now.
    secret: Option<(String, String)>,
    done: Option<&'static str>,
    trouble: Option<String>,
    /// What was typed as a name.
    name: String,
}

/// A token, as it is shown.
struct TokenRow {
    /// Its id: the digest of its secret, which gives nothing away.
    token: String,
    name: String,
    /// Where it was made.
    from: String,
    created: (String, String, String),
    seen: Option<(String, String, String)>,
    expires: Option<String>,
    /// Whether it is worth nothing any more.
    over: bool,
}

/// What an address says was done.
#[derive(Debug, Default, Deserialize)]
pub struct Did {
    did: Option<String>,
}

/// What a page says beside the list.
#[derive(Default)]
struct Said {
    status: StatusCode,
    secret: Option<(String, String)>,
    done: Option<&'static str>,
    trouble: Option<String>,
    name: String,
}

fn row(now: Timestamp, session: Session) -> TokenRow {
    let words = |at| (ago(at, now), full(at), at.to_string());
    TokenRow {
        token: session.token.to_string(),
        name: session.api_token.unwrap_or_default(),
        from: session.peer,
        created: words(session.created),
        seen: (session.seen > session.created).then(|| words(session.seen)),
        expires: (session.expires < Timestamp::MAX).then(|| full(session.expires)),
        over: session.expires <= now,
    }
}

/// Whose tokens a page is about: the agent's own, or those of an agent whom an administrator looks at.
enum Of {
    Own,
    Agent(Box<Agent>),
}

impl Of {
    fn path(&self) -> String {
        match self {
            Self::Own => HERE.to_owned(),
            Self::Agent(agent) => format!("/admin/agents/{}/tokens", agent.id),
        }
    }

    async fn page(&self, signed: &Signed, said: Said) -> Answer {
        let now = signed.desk.now();
        let (tokens, here, title, back) = match self {
            Self::Own => (signed.desk.tokens().await?, HERE, "API tokens".to_owned(), None),
            Self::Agent(agent) => {
                let back = (signed.base.path(&format!("/admin/agents/{}", agent.id)), agent.name.clone());
                let tokens = signed.desk.admin()?.tokens_of(agent.id).await?;
                (tokens, "/admin/agents", format!("API tokens of {}", agent.name), Some(back))
            }
        };
        let page = TokensPage {
            frame: Frame::of(signed, here, &title).await?,
            path: signed.base.path(&self.path()),
            back,
            own: matches!(self, Self::Own),
            whose: match self {
                Self::Own => signed.agent.name.clone(),
                Self::Agent(agent) => agent.name.clone(),
            },
            rows: tokens.into_iter().map(|token| row(now, token)).collect(),
            secret: said.secret,
            done: said.done,
            trouble: said.trouble,
            name: said.name,
        };
        page_with(said.status, &page)
    }

    async fn make(&self, signed: &Signed, fields: &Fields) -> Answer {
        let name = fields.one("name").trim().to_owned();
        let days: Option<u64> = fields.one("days").parse().ok();
        let expires = days.map(|days| signed.desk.now().plus(Duration::from_secs(days.min(3660) * 24 * 60 * 60)));
        let secret = auth::new_api_token()?;
        let wish = NewToken { token: auth::token_of(&secret), name: name.clone(), expires };
        let made = match self {
            Self::Own => signed.desk.make_token(&wish).await,
            Self::Agent(agent) => signed.desk.admin()?.make_token(agent.id, &wish).await,
        };
        match made {
            Ok(()) => self.page(signed, Said { secret: Some((name, secret)), ..Said::default() }).await,
            Err(Error::Refused(refusal)) => {
                let trouble = Trouble::from(refusal);
                let said = Said { status: trouble.status, trouble: Some(trouble.what), name, ..Said::default() };
                self.page(signed, said).await
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn end(&self, signed: &Signed, fields: &Fields) -> Answer {
        let text = fields.one("token");
        let token: Digest = text.parse().map_err(|_| Refusal::no_such("API token", text))?;
        match self {
            Self::Own => signed.desk.end_token(token).await?,
            Self::Agent(agent) => signed.desk.admin()?.end_token(agent.id, token).await?,
        }
        Ok(redirect(&signed.base.path(&format!("{}?did=ended", self.path()))))
    }
}

fn said(asked: &Did) -> Said {
    let ended = asked.did.as_deref() == Some("ended");
    Said { done: ended.then_some("The token is worth nothing any more."), ..Said::default() }
}

fn agent(signed: &Signed, id: &str) -> Result<Of, Refusal> {
    let none = || Refusal::no_such("agent", id);
    let found = signed.desk.directory().agents.get(&id.parse().map_err(|_| none())?).cloned();
    Ok(Of::Agent(Box::new(found.ok_or_else(none)?)))
}

/// The agent's own.
pub async fn list(signed: Signed, Query(asked): Query<Did>) -> Answer {
    Of::Own.page(&signed, said(&asked)).await
}

/// Makes one of the agent's own.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    Of::Own.make(&signed, &Fields::of_form(&headers, &body)?).await
}

/// Ends one of the agent's own.
pub async fn end(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    Of::Own.end(&signed, &Fields::of_form(&headers, &body)?).await
}

/// Those of any agent.
pub async fn admin_list(signed: Signed, Path(id): Path<String>, Query(asked): Query<Did>) -> Answer {
    agent(&signed, &id)?.page(&signed, said(&asked)).await
}

/// Makes one for any agent.
pub async fn admin_make(signed: Signed, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    agent(&signed, &id)?.make(&signed, &Fields::of_form(&headers, &body)?).await
}

/// Ends one of any agent.
pub async fn admin_end(signed: Signed, Path(id): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    agent(&signed, &id)?.end(&signed, &Fields::of_form(&headers, &body)?).await
}
