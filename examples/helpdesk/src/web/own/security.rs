//! An agent's password, and what else he needs to sign in.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::agent::SignInWay;
use mailflow_core::decision::own::OwnWish;
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

use crate::auth;
use crate::web::admin::form::sentence;
use crate::web::answer::{Answer, page_with, redirect};
use crate::web::{App, Fields, Frame, Signed};

pub const HERE: &str = "/security";

#[derive(Template)]
#[template(path = "own/security.html")]
struct SecurityPage {
    frame: Frame,
    /// Who says that somebody is the agent.
    way: SignInWay,
    /// How many recovery codes are left; `None` without a second factor.
    recovery: Option<usize>,
    done: Option<&'static str>,
    trouble: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
pub struct Did {
    did: Option<String>,
}

/// The page.
pub async fn show(signed: Signed, Query(asked): Query<Did>) -> Answer {
    let done = match asked.did.as_deref() {
        Some("password") => Some("Your password is changed, and your other sessions are over."),
        Some("off") => Some("Your second factor is switched off: the password alone lets you in."),
        _ => None,
    };
    page(&signed, done, None).await
}

/// The page, with why something was not done.
pub async fn page(signed: &Signed, done: Option<&'static str>, trouble: Option<Refusal>) -> Answer {
    let status = match &trouble {
        None => StatusCode::OK,
        Some(Refusal::SignInPaused { .. }) => StatusCode::TOO_MANY_REQUESTS,
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let trouble = trouble.map(|refusal| match refusal {
        Refusal::Invalid { problem, .. } => sentence(&problem),
        refusal => sentence(&refusal.to_string()),
    });
    let security = SecurityPage {
        frame: Frame::of(signed, HERE, "Password and sign-in").await?,
        way: signed.agent.sign_in,
        recovery: signed.agent.second_factor.as_ref().map(|factor| factor.recovery.len()),
        done,
        trouble,
    };
    page_with(status, &security)
}

/// Changes the agent's password, and ends his other sessions and his API tokens.
pub async fn change_password(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    match auth::change_password(&app.sign_in, &signed.agent, fields.one("old"), fields.one("new")).await {
        Ok(hash) => {
            signed.desk.change_own(&OwnWish::Password(hash)).await?;
            signed.desk.sign_out_elsewhere(signed.session).await?;
            Ok(redirect(&signed.base.path(&format!("{HERE}?did=password"))))
        }
        Err(refusal) => page(&signed, None, Some(refusal)).await,
    }
}
