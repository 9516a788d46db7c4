//! Signing in and out.

use std::net::SocketAddr;

use askama::Template;
use axum::Form;
use axum::extract::{ConnectInfo, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

use super::answer::{Answer, local, page, page_with, redirect};
use super::{App, Base, Signed, Table, Trouble, Who, asset, signed};
use crate::auth;

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Anyone, "/sign-in", show).post(Who::Anyone, "/sign-in", sign_in).post(
        Who::Agent,
        "/sign-out",
        sign_out,
    )
}

#[derive(Template)]
#[template(path = "sign_in/page.html")]
struct SignInPage<'a> {
    base: &'a Base,
    desk: &'a str,
    assets: &'static asset::Links,
    user: &'a str,
    next: &'a str,
    trouble: Option<String>,
}

impl<'a> SignInPage<'a> {
    fn new(base: &'a Base, desk: &'a str, next: &'a str) -> Self {
        Self { base, desk, assets: asset::links(), user: "", next, trouble: None }
    }
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

async fn show(State(app): State<App>, base: Base, Query(asked): Query<Next>, request: Request) -> Answer {
    let next = local(asked.next.as_deref());
    let (parts, _) = request.into_parts();
    if signed::find(&app, &parts).await?.is_some() {
        return Ok(redirect(&base.path(next)));
    }
    page(&SignInPage::new(&base, &app.flow.directory().settings.name, next))
}

#[derive(Deserialize)]
struct SignInForm {
    user: String,
    password: String,
    next: Option<String>,
}

async fn sign_in(
    State(app): State<App>,
    base: Base,
    peer: Peer,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Answer {
    let next = local(form.next.as_deref());
    let browser = headers.get(header::USER_AGENT).and_then(|it| it.to_str().ok()).unwrap_or_default();
    let refusal = match app.sign_in.sign_in(&form.user, &form.password, (&peer.0, browser)).await {
        Ok((_, secret)) => {
            let cookie = auth::cookie(&secret, base.cookie_path(), app.config.secure_cookie);
            return Ok(with_cookie(redirect(&base.path(next)), &cookie));
        }
        Err(error) => error.refusal().cloned().ok_or(error)?,
    };
    let (status, trouble) = match refusal {
        Refusal::SignInPaused { until } => {
            let wait = super::ago::span(until.since(app.flow.now()).as_secs());
            (StatusCode::TOO_MANY_REQUESTS, format!("Too many wrong passwords. Try again in {wait}."))
        }
        Refusal::SignIn => (StatusCode::UNAUTHORIZED, "User name or password is wrong.".to_owned()),
        other => return Err(other.into()),
    };
    let directory = app.flow.directory();
    let blank = SignInPage::new(&base, &directory.settings.name, next);
    page_with(status, &SignInPage { user: &form.user, trouble: Some(trouble), ..blank })
}

async fn sign_out(State(app): State<App>, signed: Signed) -> Answer {
    app.flow.end_session(signed.session).await?;
    let base = &signed.base;
    Ok(with_cookie(redirect(&base.path("/sign-in")), &auth::ended_cookie(base.cookie_path())))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            response
        }
        Err(_) => Trouble::malformed("The session cannot be kept in a cookie.").into_response(),
    }
}

/// Where a request comes from, if the server that runs the router tells it.
struct Peer(String);

impl<S: Send + Sync> axum::extract::FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        _: &S,
    ) -> Result<Self, std::convert::Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(peer.map(|ConnectInfo(peer)| peer.ip().to_string()).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{ADMIN_PASSWORD, Web};

    #[tokio::test]
    async fn whoever_has_not_signed_in_is_led_there_and_back() {
        let web = Web::open().await;
        let first = web.stranger().get("/tickets/open?owner=nobody").await;
        assert_eq!(first.status, 303);
        assert_eq!(first.location(), "/sign-in?next=%2Ftickets%2Fopen%3Fowner%3Dnobody");
        let form = web.stranger().get(first.location()).await;
        assert!(form.body.contains("value=\"/tickets/open?owner=nobody\""), "{}", form.body);
        let fields = [("user", "admin"), ("password", ADMIN_PASSWORD), ("next", "/tickets/open?owner=nobody")];
        let entered = web.stranger().post("/sign-in", &fields).await;
        assert_eq!((entered.status, entered.location()), (303, "/tickets/open?owner=nobody"));
        let cookie = entered.header("set-cookie");
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    }

    #[tokio::test]
    async fn a_wrong_password_and_an_unknown_name_sound_the_same() {
        let web = Web::open().await;
        let wrong = web.stranger().post("/sign-in", &[("user", "admin"), ("password", "no no no no")]).await;
        let unknown = web.stranger().post("/sign-in", &[("user", "admim"), ("password", "no no no no")]).await;
        assert_eq!((wrong.status, unknown.status), (401, 401));
        assert_eq!(wrong.body.replace("admin", ""), unknown.body.replace("admim", ""));
        assert!(!wrong.body.contains("no no"), "a password is never sent back");
    }

    #[tokio::test]
    async fn after_many_wrong_passwords_the_right_one_has_to_wait() {
        let web = Web::open().await;
        for _ in 0..6 {
            web.stranger().post("/sign-in", &[("user", "admin"), ("password", "no no no no")]).await;
        }
        let right = web.stranger().post("/sign-in", &[("user", "admin"), ("password", ADMIN_PASSWORD)]).await;
        assert_eq!(right.status, 429, "{}", right.body);
    }

    #[tokio::test]
    async fn signing_out_ends_the_session_for_good() {
        let web = Web::open().await;
        let admin = web.admin().await;
        assert_eq!(admin.get("/tickets/mine").await.status, 200);
        let out = admin.post("/sign-out", &[]).await;
        assert!(out.header("set-cookie").contains("Max-Age=0"));
        assert_eq!(admin.get("/tickets/mine").await.status, 303, "the old cookie opens nothing");
    }

    #[tokio::test]
    async fn under_a_prefix_every_link_and_cookie_has_it() {
        let web = Web::open_under("/a/desk").await;
        let form = web.stranger().get("/a/desk/sign-in").await;
        assert!(form.body.contains("href=\"/a/desk/assets/style.css"), "{}", form.body);
        let entered =
            web.stranger().post("/a/desk/sign-in", &[("user", "admin"), ("password", ADMIN_PASSWORD)]).await;
        assert_eq!(entered.location(), "/a/desk/");
        assert!(entered.header("set-cookie").contains("Path=/a/desk;"));
        let lost = web.stranger().get("/a/desk/tickets/mine").await;
        assert_eq!(lost.location(), "/a/desk/sign-in?next=%2Ftickets%2Fmine");
    }
}
