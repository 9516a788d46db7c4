use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::http::Method;
use futures_util::StreamExt;
use tower::ServiceExt;

use super::stream;
use crate::web::testing::Web;
use crate::web::{App, WebConfig, signed};

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Secret matter\n\nSecret words.\n";

async fn listen(web: &Web) -> BodyDataStream {
    let admin = web.admin().await;
    let request = admin.request(Method::GET, "/live").body(Body::empty()).unwrap();
    let response = web.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body().into_data_stream()
}

async fn next(stream: &mut BodyDataStream) -> String {
    String::from_utf8(stream.next().await.unwrap().unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn a_stream_tells_which_tickets_changed_and_nothing_of_what_is_in_them() {
    let web = Web::open().await;
    let mut stream = listen(&web).await;
    assert!(next(&mut stream).await.contains("event: beat"));
    web.receive(MAIL).await;
    let mut told = String::new();
    while !told.contains("\"rows\":[1]") {
        told = next(&mut stream).await;
        assert!(!told.contains("ecret"), "{told}");
    }
    assert!(told.contains("\"tickets\":[1]") && told.contains("\"menu\":true"), "{told}");
}

#[tokio::test]
async fn a_stream_ends_when_the_server_stops() {
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let web = Web::open_with("", WebConfig { stopping: Some(stopping), ..WebConfig::default() }).await;
    let mut stream = listen(&web).await;
    next(&mut stream).await;
    stop.send_replace(true);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_ends_when_the_session_does() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let app = App::new(web.flow.clone(), WebConfig::default());
    let request = admin.request(Method::GET, "/live").body(()).unwrap();
    let signed = signed::find(&app, &request.into_parts().0).await.unwrap().unwrap();
    let mut stream = Box::pin(stream::events(app, signed, Duration::from_millis(1)));
    assert!(stream.next().await.is_some());
    admin.post("/sign-out", &[]).await;
    while stream.next().await.is_some() {}
}

#[tokio::test]
async fn a_stream_ends_at_once_wherever_its_session_was_ended() {
    let web = Web::open().await;
    let bob = web.add_agent("bob").await;
    for how in ["by another session of his", "by an administrator", "by making him inactive"] {
        let browser = web.browser(bob).await;
        let app = App::new(web.flow.clone(), WebConfig::default());
        let request = browser.request(Method::GET, "/live").body(()).unwrap();
        let signed = signed::find(&app, &request.into_parts().0).await.unwrap().unwrap();
        let session = signed.session;
        // No beat but the first comes while this test runs: what ends it is the notice.
        let mut stream = Box::pin(stream::events(app, signed, Duration::from_secs(100_000)));
        assert!(stream.next().await.is_some());
        match how {
            "by another session of his" => web.flow.desk(bob).end_session(session).await.unwrap(),
            "by an administrator" => web.desk().admin().unwrap().end_sessions_of(bob).await.unwrap(),
            _ => {
                let agent = web.flow.directory().agents[&bob].clone();
                let inactive = mailflow_core::agent::Agent { active: false, ..agent };
                web.flow.admin().save(&inactive).await.unwrap();
            }
        }
        while stream.next().await.is_some() {}
    }
}

#[tokio::test]
async fn the_menu_comes_by_itself_for_a_page_that_is_open() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let menu = web.admin().await.fragment("/menu?here=/tickets/open").await;
    assert!(menu.body.contains("href=\"/tickets/open\" aria-current=\"page\""), "{}", menu.body);
    assert!(!menu.body.contains("<html"));
}
