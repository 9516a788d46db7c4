//! Signing in through the OpenID provider: there and back.

use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

use super::super::answer::{Answer, local, page, page_with, redirect};
use super::super::{App, Base};
use super::{Next, SignInPage, with_cookie, words};
use crate::auth::oidc::{Returned, Trouble};
use crate::auth::{self, Entered, Place};

/// The cookie that holds what was asked, sealed, while somebody is at the provider.
const QUESTION: &str = "mailflow_question";

/// What the provider sends the browser back with.
#[derive(Debug, Default, Deserialize)]
pub struct Back {
    #[serde(default)]
    state: String,
    #[serde(default)]
    code: String,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

fn question(base: &Base, sealed: &str, age_s: u32, secure: bool) -> String {
    let (path, secure) = (base.path("/sign-in"), if secure { "; Secure" } else { "" });
    format!("{QUESTION}={sealed}; Path={path}; HttpOnly; SameSite=Lax; Max-Age={age_s}{secure}")
}

fn secure(app: &App, place: Place) -> bool {
    app.config.secure_cookie || place.secure || app.flow.directory().settings.force_https
}

/// Leads to the provider.
pub async fn begin(
    State(app): State<App>,
    base: Base,
    place: Place,
    headers: HeaderMap,
    Query(asked): Query<Next>,
) -> Answer {
    let next = local(asked.next.as_deref());
    let back = app.sign_in.redirect_address(&base.path(""), place, &headers);
    match app.sign_in.sso().begin(&back, next).await {
        Ok(begun) => {
            let cookie = question(&base, &begun.sealed, 600, secure(&app, place));
            Ok(with_cookie(redirect(&begun.to), &cookie))
        }
        Err(trouble) => sorry(&app, &base, place, next, &trouble),
    }
}

/// Takes the provider's answer.
pub async fn back(
    State(app): State<App>,
    base: Base,
    place: Place,
    headers: HeaderMap,
    Query(back): Query<Back>,
) -> Answer {
    let error = back.error.map(|error| format!("{error} {}", back.error_description.unwrap_or_default()));
    let returned = Returned {
        sealed: auth::cookie_named(&headers, QUESTION).unwrap_or_default(),
        state: back.state,
        code: back.code,
        error,
        issuer: back.iss,
    };
    let (agent, next) = match app.sign_in.sso().finish(&returned).await {
        Ok(known) => known,
        Err(trouble) => return sorry(&app, &base, place, "/", &trouble),
    };
    let next = local(Some(&next));
    let answer = match app.sign_in.enter_known(agent, (place, auth::program(&headers))).await {
        Ok(Entered::Begun(_, secret)) => {
            let cookie = auth::cookie(&secret, base.cookie_path(), secure(&app, place));
            with_cookie(redirect(&base.path(next)), &cookie)
        }
        Ok(Entered::Half(half)) => {
            let directory = app.flow.directory();
            page(&SignInPage { half: Some(half), ..SignInPage::new(&base, &directory.settings, next) })?
        }
        Err(error) => {
            let refusal = error.refusal().cloned().ok_or(error)?;
            return sorry(&app, &base, place, next, &refusal.into());
        }
    };
    Ok(with_cookie(answer, &question(&base, "", 0, secure(&app, place))))
}

/// The sign-in page, with why it did not work.
fn sorry(app: &App, base: &Base, place: Place, next: &str, trouble: &Trouble) -> Answer {
    tracing::warn!(
        trouble = trouble.to_string(),
        from = place.text(),
        "somebody could not sign in through the provider"
    );
    let (status, trouble) = match trouble {
        Trouble::Refused(refusal @ Refusal::NotFromHere { .. }) => words(refusal, app.flow.now(), false),
        trouble if trouble.is_transient() => (StatusCode::SERVICE_UNAVAILABLE, trouble.words()),
        Trouble::NotSetUp => (StatusCode::CONFLICT, trouble.words()),
        Trouble::Nobody(_) => (StatusCode::FORBIDDEN, trouble.words()),
        _ => (StatusCode::UNAUTHORIZED, trouble.words()),
    };
    let directory = app.flow.directory();
    let sorry = SignInPage { trouble: Some(trouble), ..SignInPage::new(base, &directory.settings, next) };
    Ok(with_cookie(page_with(status, &sorry)?, &question(base, "", 0, secure(app, place))))
}
