//! Where requests come from, and that they come over HTTPS where that is wanted (features 7.7).

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{App, Trouble};
use crate::api::Refused;
use crate::auth::Place;

/// Browsers remember for so long that the desk is reached by HTTPS only: half a year.
const REMEMBERED: HeaderValue = HeaderValue::from_static("max-age=15552000");

/// Finds out where a request comes from, for all that follows.
pub(super) async fn find_place(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let place = Place::behind(&app.config.proxies, request.extensions(), request.headers());
    request.extensions_mut().insert(place);
    next.run(request).await
}

/// Where HTTPS is forced: leads readers there, and refuses everything else that did not come by it. What is said without
/// protection has been read by others already, so nothing that would change something is done.
pub(super) async fn only_protected(State(app): State<App>, request: Request, next: Next) -> Response {
    if !app.flow.directory().settings.force_https {
        return next.run(request).await;
    }
    if Place::of(request.extensions()).secure {
        let mut response = next.run(request).await;
        response.headers_mut().insert(header::STRICT_TRANSPORT_SECURITY, REMEMBERED);
        return response;
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    let api = request.uri().path().contains("/api/");
    match target(&app, &request).filter(|_| reads && !api) {
        Some(target) => {
            let mut response = StatusCode::PERMANENT_REDIRECT.into_response();
            response.headers_mut().insert(header::LOCATION, target);
            response
        }
        None if api => {
            let what = "this desk is reached over HTTPS only, and the request came without";
            let next = "use https; what was sent can have been read by others, so change it";
            Refused::new(StatusCode::FORBIDDEN, "unprotected", what, next).into_response()
        }
        None => Trouble::unprotected().into_response(),
    }
}

fn target(app: &App, request: &Request) -> Option<HeaderValue> {
    let path = request.extensions().get::<axum::extract::OriginalUri>().map_or(request.uri(), |whole| &whole.0);
    let path = path.path_and_query().map_or("/", |it| it.as_str());
    let origin = app.config.origins.iter().find(|origin| origin.starts_with("https://")).cloned();
    let origin = origin.or_else(|| host(request.headers()).map(|host| format!("https://{host}")))?;
    HeaderValue::try_from(format!("{origin}{}{path}", app.config.proxy_prefix)).ok()
}

/// The host without a port: that of HTTPS is another one.
fn host(headers: &HeaderMap) -> Option<&str> {
    let forwarded = headers.get(HeaderName::from_static("host"))?.to_str().ok()?;
    let bare = match forwarded.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|it| it.is_ascii_digit()) => host,
        _ => forwarded,
    };
    let sound = |it: char| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | ':' | '[' | ']');
    (!bare.is_empty() && bare.chars().all(sound)).then_some(bare)
}
