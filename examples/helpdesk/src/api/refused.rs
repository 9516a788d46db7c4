//! [`Refused`]: how the API says no, and that it could not.

use axum::Json;
use axum::extract::rejection::{BytesRejection, JsonRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailflow_core::flow::{Error, words};
use mailflow_core::refusal::Refusal;
use mailflow_core::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::web::RETRY_OUTDATED_S;

/// Why something was not done.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "error": "no_such",
    "what": "there is no ticket `12`",
    "do_next": "look at the list for what is there; what you may not see is not there for you either",
}))]
pub struct Refused {
    /// A word that never changes.
    pub error: String,
    /// What happened, in words. Nothing was changed.
    pub what: String,
    /// What to do about it.
    pub do_next: String,
    /// The ticket's revision now, if it has changed: an answer that has seen it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revision: Option<u32>,
    #[serde(skip)]
    status: StatusCode,
    #[serde(skip)]
    retry_after_s: Option<u64>,
}

impl Refused {
    /// A refusal of the API's own.
    pub fn new(status: StatusCode, error: &str, what: impl Into<String>, do_next: &str) -> Self {
        let (error, do_next) = (error.to_owned(), do_next.to_owned());
        Self { error, what: what.into(), do_next, revision: None, status, retry_after_s: None }
    }

    /// Nobody has signed in.
    pub fn sign_in() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "sign_in",
            "the request carries no session, or one that is over",
            "sign in with POST /session and send the token as `Authorization: Bearer …`",
        )
    }

    /// What was sent cannot be read.
    fn malformed(status: StatusCode, what: String) -> Self {
        Self::new(status, "malformed", what, "compare the request with /openapi.json")
    }

    /// There are no mail servers and no key for passwords in this program.
    pub fn no_network() -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "no_network",
            "this program has no key for passwords and reaches no mail servers",
            "give it `Connectors` when it is built",
        )
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, retry_after_s) = (self.status, self.retry_after_s);
        let mut response = (status, Json(self)).into_response();
        if let Some(seconds) = retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        let (status, do_next) = advice(&refusal);
        let revision = match &refusal {
            Refusal::TicketChanged { revision, .. } => Some(*revision),
            _ => None,
        };
        let retry_after_s = matches!(refusal, Refusal::SignInPaused { .. }).then_some(60);
        Self { revision, retry_after_s, ..Self::new(status, refusal.code(), refusal.to_string(), do_next) }
    }
}

/// The status of a refusal, and what to do about it.
const fn advice(refusal: &Refusal) -> (StatusCode, &'static str) {
    match refusal {
        Refusal::NotAllowed { .. } => (StatusCode::FORBIDDEN, "ask an administrator, or sign in as one"),
        Refusal::NoSuch { .. } => (
            StatusCode::NOT_FOUND,
            "look at the list for what is there; what you may not see is not there for you either",
        ),
        Refusal::Invalid { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "correct the field and send it again"),
        Refusal::NoRecipient => (StatusCode::UNPROCESSABLE_ENTITY, "name a recipient in `to`"),
        Refusal::NameTaken { .. } => (StatusCode::CONFLICT, "choose another name"),
        Refusal::InUse { .. } => (StatusCode::CONFLICT, "change what uses it first"),
        Refusal::BuiltIn { .. } => (StatusCode::CONFLICT, "leave it as it is"),
        Refusal::AlreadySo { .. } => (StatusCode::CONFLICT, "nothing has to be done"),
        Refusal::NoDestination => (StatusCode::CONFLICT, "make a destination first with POST /destinations"),
        Refusal::NoAddress { .. } => (StatusCode::CONFLICT, "give the ticketbox an address first"),
        Refusal::TicketChanged { .. } => {
            (StatusCode::CONFLICT, "read the ticket again; then send with its new revision, or with none")
        }
        Refusal::Outdated { .. } => (
            StatusCode::PRECONDITION_FAILED,
            "read it again, apply the change to what it is now, send its new version",
        ),
        Refusal::RulesChanged { .. } => {
            (StatusCode::CONFLICT, "read the rules again, make the edit on them, send it with their new revision")
        }
        Refusal::Decided { .. } | Refusal::TooLate => (StatusCode::CONFLICT, "nothing is left to do"),
        Refusal::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "leave an attachment away"),
        Refusal::SignIn => (StatusCode::UNAUTHORIZED, "check user name and password"),
        Refusal::SignInPaused { .. } => (StatusCode::TOO_MANY_REQUESTS, "wait, then try again"),
        Refusal::CodeNeeded => {
            (StatusCode::UNAUTHORIZED, "send the code of your device, or a recovery code, as `code`")
        }
        Refusal::Code => (StatusCode::UNAUTHORIZED, "wait for the next code of your device, or send a recovery code"),
        Refusal::NotFromHere { .. } => (StatusCode::FORBIDDEN, "come from an address that is allowed"),
        Refusal::SignInUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "try again later"),
        _ => (StatusCode::CONFLICT, "read the reason and change the request"),
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            error if error.is_outdated() => {
                tracing::warn!(
                    error = words(&error),
                    "nothing is written by a server that is too old for the database"
                );
                let what = "the database was brought to a newer shape than this server knows: it can be read here, and \
                            nothing changed";
                let do_next =
                    "send it to another server, or have this one updated and started again; nothing is lost";
                let outdated = Self::new(StatusCode::SERVICE_UNAVAILABLE, "server_outdated", what, do_next);
                Self { retry_after_s: Some(RETRY_OUTDATED_S), ..outdated }
            }
            error if error.is_transient() => {
                tracing::warn!(error = words(&error), "a request has to be tried again");
                let what = "others are changing the same thing, or the database is away for a moment";
                let busy = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", what, "try again in a moment");
                Self { retry_after_s: Some(1), ..busy }
            }
            error => {
                tracing::error!(error = words(&error), "a request failed");
                let what = "the desk could not do this; the log says why";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", what, "tell whoever runs the desk")
            }
        }
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Error::from(error).into()
    }
}

macro_rules! rejections {
    ($($type:ty),*) => {$(
        impl From<$type> for Refused {
            fn from(rejection: $type) -> Self {
                Self::malformed(rejection.status(), rejection.body_text())
            }
        }
    )*};
}

rejections!(JsonRejection, QueryRejection, BytesRejection);

impl From<PathRejection> for Refused {
    fn from(rejection: PathRejection) -> Self {
        // A path that names no id names nothing that could be there.
        Self { status: StatusCode::NOT_FOUND, ..Self::malformed(rejection.status(), rejection.body_text()) }
    }
}

/// The answer to a path that is none.
pub async fn no_such_route() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, "no_such_route", "nothing is at this path", "look at /openapi.json")
}

/// The answer to a method that a path does not have.
pub async fn no_such_method() -> Refused {
    let what = "the path has no such method";
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "no_such_method", what, "look at /openapi.json")
}
