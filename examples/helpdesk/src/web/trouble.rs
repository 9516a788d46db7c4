//! [`Trouble`]: what is said when something does not work: what happened, what was not lost, what to do.

use askama::Template;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mailflow_core::flow::Error;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::StoreError;

use super::answer::{self, is_fragment, redirect};
use super::{App, Base, asset};

/// It takes about so long until somebody has updated a server.
pub const RETRY_OUTDATED_S: u64 = 60;

/// Something that does not work, in words for the person who asked. It becomes a page, a fragment or JSON, as it was
/// asked for.
#[derive(Debug, Clone)]
pub struct Trouble {
    /// The status of the answer.
    pub status: StatusCode,
    /// A word that never changes, for programs.
    pub code: &'static str,
    /// What happened, in a few words.
    pub heading: String,
    /// What happened.
    pub what: String,
    /// What was not lost, and what to do.
    pub help: String,
}

impl Trouble {
    /// Nobody has signed in, or not for too long.
    pub fn sign_in() -> Self {
        Self {
            status: StatusCode::UNAUTHORIZED,
            code: "sign_in",
            heading: "Please sign in".to_owned(),
            what: "You are not signed in, or your session is over.".to_owned(),
            help: "Nothing was changed. Sign in, go back, and do it again; drafts are kept.".to_owned(),
        }
    }

    /// There is no such page.
    pub fn no_such_page() -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            code: "no_such",
            heading: "There is no such page".to_owned(),
            what: "Nothing is at this address, or it is not for you to see.".to_owned(),
            help: "Look at the address again, or begin from the list of tickets.".to_owned(),
        }
    }

    /// What was sent cannot be understood.
    pub fn malformed(what: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            code: "malformed",
            heading: "That could not be read".to_owned(),
            what: what.into(),
            help: "Nothing was changed. Go back and try again.".to_owned(),
        }
    }

    /// A form came from another site.
    pub fn other_site() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "other_site",
            heading: "Refused".to_owned(),
            what: "The request came from another site, or your browser does not say where it came from.".to_owned(),
            help: "Nothing was changed. Open the desk itself and do it there.".to_owned(),
        }
    }

    /// The request came over a connection that others can read.
    pub fn unprotected() -> Self {
        Self {
            status: StatusCode::FORBIDDEN,
            code: "unprotected",
            heading: "Only over HTTPS".to_owned(),
            what: "This desk is reached over HTTPS only, and the request came without.".to_owned(),
            help: "Nothing was changed. Put https:// before the address. If a password was sent, change it."
                .to_owned(),
        }
    }

    fn failed(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "a request failed");
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            code: "failed",
            heading: "Something went wrong".to_owned(),
            what: "The desk could not do this. It is not your fault; the log says why.".to_owned(),
            help: "What was done before is kept. Try again; if it stays so, tell an administrator.".to_owned(),
        }
    }

    fn busy(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error, "a request has to be tried again");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "busy",
            heading: "Too busy just now".to_owned(),
            what: "Others are changing the same thing, or the database is away for a moment.".to_owned(),
            help: "Nothing was changed and nothing is lost. Try again in a moment.".to_owned(),
        }
    }

    /// The database is newer than this program.
    fn outdated(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::warn!(error, "nothing is written by a server that is too old for the database");
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            code: "server_outdated",
            heading: "This server is too old".to_owned(),
            what: "The database was brought to a newer shape than this server knows, so it can still show \
                   everything, and changes nothing."
                .to_owned(),
            help: "Nothing was changed and nothing is lost. If there is another server, do it there; else an \
                   administrator updates this one and starts it again."
                .to_owned(),
        }
    }

    /// An answer that says when it makes sense to try again, for programs.
    fn says_when(&self, mut response: Response) -> Response {
        if let Some(seconds) = self.retry_after_s() {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }

    fn retry_after_s(&self) -> Option<u64> {
        match self.code {
            "busy" => Some(1),
            "server_outdated" => Some(RETRY_OUTDATED_S),
            _ => None,
        }
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        let (status, heading) = match &refusal {
            Refusal::NotAllowed { .. } => (StatusCode::FORBIDDEN, "That is not allowed"),
            Refusal::NoSuch { .. } => (StatusCode::NOT_FOUND, "It is not there"),
            Refusal::NameTaken { .. } => (StatusCode::CONFLICT, "The name is taken"),
            Refusal::InUse { .. } => (StatusCode::CONFLICT, "It is still in use"),
            Refusal::BuiltIn { .. } => (StatusCode::CONFLICT, "It has to stay"),
            Refusal::TicketChanged { .. } => (StatusCode::CONFLICT, "The ticket has changed"),
            Refusal::AlreadySo { .. } => (StatusCode::CONFLICT, "It is so already"),
            Refusal::NoDestination | Refusal::NoAddress { .. } => (StatusCode::CONFLICT, "It cannot be sent yet"),
            Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "The mail is too large"),
            Refusal::SignIn => return Self::sign_in(),
            Refusal::SignInPaused { .. } => (StatusCode::TOO_MANY_REQUESTS, "Please wait"),
            Refusal::NotFromHere { .. } => (StatusCode::FORBIDDEN, "Not from here"),
            Refusal::SignInUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Nobody can be asked"),
            _ => (StatusCode::UNPROCESSABLE_ENTITY, "That does not do"),
        };
        Self {
            status,
            code: refusal.code(),
            heading: heading.to_owned(),
            what: sentence(&refusal.to_string()),
            help: "Nothing was changed, and nothing is lost.".to_owned(),
        }
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            error if error.is_outdated() => Self::outdated(&error),
            error if error.is_transient() => Self::busy(&error),
            error => Self::failed(&error),
        }
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

impl From<askama::Error> for Trouble {
    fn from(error: askama::Error) -> Self {
        Self::failed(&error)
    }
}

/// A refusal's words, which begin small and end without a full stop, as a sentence.
fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

/// Carries the trouble to `render`, which knows how it was asked for.
impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

#[derive(Template)]
#[template(path = "trouble.html", blocks = ["words"])]
struct TroublePage<'a> {
    trouble: &'a Trouble,
    base: &'a Base,
    desk: &'a str,
    assets: &'static asset::Links,
}

/// Makes a page, a fragment or JSON of a trouble. Who is not signed in and asks for a page is led to signing in.
pub(super) async fn render(State(app): State<App>, request: Request, next: Next) -> Response {
    let (path, headers) = (request.uri().clone(), request.headers().clone());
    let reads = request.method().is_safe();
    let base = request.extensions().get::<Base>().cloned().unwrap_or_default();
    let mut response = next.run(request).await;
    let Some(trouble) = response.extensions_mut().remove::<Trouble>() else {
        // A page that says itself what could not be written.
        if response.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().entry(header::RETRY_AFTER).or_insert(HeaderValue::from(RETRY_OUTDATED_S));
        }
        return response;
    };
    if path.path().starts_with("/api/") {
        return trouble.says_when(json(&trouble));
    }
    if trouble.code == "sign_in" && reads && !is_fragment(&headers) && wants_page(&headers) {
        let wanted = path.path_and_query().map_or("/", |it| it.as_str());
        return redirect(&base.path(&format!("/sign-in?next={}", answer::encode(wanted))));
    }
    let directory = app.flow.directory();
    let page = TroublePage { trouble: &trouble, base: &base, desk: &directory.settings.name, assets: asset::links() };
    let body = if is_fragment(&headers) { page.as_words().render() } else { page.render() };
    let html = (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    let body = body.unwrap_or_else(|_| trouble.what.clone());
    trouble.says_when((trouble.status, [html], body).into_response())
}

fn wants_page(headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    destination.is_none_or(|destination| matches!(destination, "document" | "iframe" | "empty"))
}

fn json(trouble: &Trouble) -> Response {
    let body = serde_json::json!({
        "error": { "code": trouble.code, "message": trouble.what, "help": trouble.help }
    });
    (trouble.status, axum::Json(body)).into_response()
}

/// No route has this path.
pub(super) async fn no_such_page() -> Trouble {
    Trouble::no_such_page()
}

/// A route has this path, but does something else.
pub(super) async fn no_such_verb() -> Trouble {
    Trouble { status: StatusCode::METHOD_NOT_ALLOWED, code: "no_such_method", ..Trouble::no_such_page() }
}
