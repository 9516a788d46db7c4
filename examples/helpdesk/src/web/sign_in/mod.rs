//! Signing in and out.

mod provider;

use askama::Template;
use axum::Form;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailflow_core::refusal::Refusal;
use mailflow_core::settings::Settings;
use mailflow_core::time::Timestamp;
use serde::Deserialize;

use super::answer::{Answer, local, page, page_with, redirect};
use super::{App, Base, Signed, Table, Trouble, Who, asset, signed};
use crate::auth::{self, Credentials, Entered, Place};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Anyone, "/sign-in", show)
        .post(Who::Anyone, "/sign-in", sign_in)
        .get(Who::Anyone, "/sign-in/provider", provider::begin)
        .get(Who::Anyone, "/sign-in/back", provider::back)
        .post(Who::Agent, "/sign-out", sign_out)
}

#[derive(Template)]
#[template(path = "sign_in/page.html")]
struct SignInPage<'a> {
    base: &'a Base,
    desk: &'a str,
    assets: &'static asset::Links,
    user: &'a str,
    next: &'a str,
    /// Set if the password was right, and a code is needed.
    half: Option<String>,
    /// What stands on the button that leads to the provider.
    provider: Option<&'a str>,
    trouble: Option<String>,
}

impl<'a> SignInPage<'a> {
    fn new(base: &'a Base, settings: &'a Settings, next: &'a str) -> Self {
        let provider = settings.oidc.as_ref().filter(|_| auth::oidc::BUILT_IN).map(|it| it.label.as_str());
        Self {
            base,
            desk: &settings.name,
            assets: asset::links(),
            user: "",
            next,
            half: None,
            provider,
            trouble: None,
        }
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
    page(&SignInPage::new(&base, &app.flow.directory().settings, next))
}

#[derive(Deserialize)]
struct SignInForm {
    #[serde(default)]
    user: String,
    #[serde(default)]
    password: String,
    /// That the password was right, from the page that asks for a code.
    half: Option<String>,
    #[serde(default)]
    code: String,
    next: Option<String>,
}

async fn sign_in(
    State(app): State<App>,
    base: Base,
    place: Place,
    headers: HeaderMap,
    Form(form): Form<SignInForm>,
) -> Answer {
    let next = local(form.next.as_deref());
    let from = (place, auth::program(&headers));
    let entered = match &form.half {
        Some(half) => {
            app.sign_in.enter_with_code(half, &form.code, from).await.map(|(id, it)| Entered::Begun(id, it))
        }
        None => {
            let shown = Credentials { user_name: form.user.clone(), password: form.password, code: form.code };
            app.sign_in.enter(&shown, from).await
        }
    };
    let directory = app.flow.directory();
    let blank = SignInPage::new(&base, &directory.settings, next);
    let refusal = match entered {
        Ok(Entered::Begun(_, secret)) => {
            let secure = app.config.secure_cookie || place.secure || directory.settings.force_https;
            let cookie = auth::cookie(&secret, base.cookie_path(), secure);
            return Ok(with_cookie(redirect(&base.path(next)), &cookie));
        }
        Ok(Entered::Half(half)) => return page(&SignInPage { half: Some(half), ..blank }),
        Err(error) => error.refusal().cloned().ok_or(error)?,
    };
    let (status, trouble) = words(&refusal, app.flow.now(), form.half.is_some());
    // Whoever typed a wrong code tries the next one; whoever took too long begins again.
    let half = form.half.filter(|_| !matches!(refusal, Refusal::SignIn));
    page_with(status, &SignInPage { user: &form.user, half, trouble: Some(trouble), ..blank })
}

/// What a refusal is told as.
fn words(refusal: &Refusal, now: Timestamp, code: bool) -> (StatusCode, String) {
    let text = match refusal {
        Refusal::SignInPaused { until } => {
            let wait = super::ago::span(until.since(now).as_secs());
            let what = if code { "codes" } else { "passwords" };
            return (StatusCode::TOO_MANY_REQUESTS, format!("Too many wrong {what}. Try again in {wait}."));
        }
        Refusal::SignIn if code => "That took too long. Begin again.".to_owned(),
        Refusal::SignIn => "User name or password is wrong.".to_owned(),
        Refusal::Code => "The code is wrong or was used before. Wait for the next one.".to_owned(),
        Refusal::NotFromHere { place } => {
            let text = format!("You may not sign in from {place}. An administrator can allow it.");
            return (StatusCode::FORBIDDEN, text);
        }
        Refusal::SignInUnavailable => {
            let text = "The directory server that knows your password cannot be asked now. Try again later.";
            return (StatusCode::SERVICE_UNAVAILABLE, text.to_owned());
        }
        other => super::sentence(&other.to_string()),
    };
    (StatusCode::UNAUTHORIZED, text)
}

async fn sign_out(State(app): State<App>, signed: Signed) -> Answer {
    app.flow.end_session(signed.session).await?;
    let base = &signed.base;
    Ok(with_cookie(redirect(&base.path("/sign-in")), &auth::ended_cookie(base.cookie_path())))
}

fn with_cookie(mut response: Response, cookie: &str) -> Response {
    match HeaderValue::try_from(cookie) {
        Ok(cookie) => {
            response.headers_mut().append(header::SET_COOKIE, cookie);
            response
        }
        Err(_) => Trouble::malformed("The session cannot be kept in a cookie.").into_response(),
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
