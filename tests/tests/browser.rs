//! The browser that the tests of pages use: what it says of a page must be so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use mailflow_tests::browser::{Browser, Look, Page};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

const PAGE: &str = r#"<!doctype html><meta charset="utf-8"><title>t</title><meta name="viewport" content="width=device-width"><style>@media (prefers-color-scheme: dark) { h1 { display: none } }</style>
<h1>Hello</h1><form action="/next"><input id="name" name="name"><button>Go</button></form>
<p id="said"></p><iframe sandbox="allow-scripts" src="/frame"></iframe><div style="width:500px">wide</div>
<script>
document.querySelector('#name').addEventListener('input', e => setTimeout(() => {
  document.querySelector('#said').textContent = 'typed ' + e.target.value }, 20));
</script>"#;
const FRAME: &str = r#"<!doctype html><script>console.error('from the frame'); new Image().src = 'http://elsewhere.example/x.gif'</script>"#;

/// Serves the page, a frame in it, and what its form leads to.
async fn serve() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut asked = [0; 4096];
                let read = stream.read(&mut asked).await.unwrap_or(0);
                let asked = String::from_utf8_lossy(&asked[..read]).into_owned();
                let body = match asked.split(' ').nth(1).unwrap_or_default() {
                    "/" => PAGE.to_owned(),
                    "/frame" => FRAME.to_owned(),
                    path => {
                        format!("<!doctype html><h1>asked for {path}</h1><script>document.title = 'ran'</script>")
                    }
                };
                let head = format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
            });
        }
    });
    address
}

async fn title(page: &Page) -> String {
    page.value("document.title").await.as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_page_is_typed_into_clicked_and_looked_at_and_what_its_frames_do_is_seen() {
    let Some(browser) = Browser::start().await else { return };
    let page = browser.page().await;
    let address = serve().await;
    page.open(&address).await;
    assert_eq!(page.text("h1").await, "Hello");
    assert_eq!(page.too_wide().await, 0);
    page.fill("#name", "Zoë").await;
    page.until_said("typed Zoë").await;

    page.look(Look::PHONE.dark()).await;
    assert_eq!(page.value("document.querySelector('h1').offsetHeight").await, 0);
    assert!(page.too_wide().await > 0);
    let picture = std::fs::read(page.picture("driver").await).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));

    // Planted: a script in a frame that complains and asks another machine.
    assert!(page.errors().iter().any(|it| it.contains("from the frame")), "{:?}", page.errors());
    let asked: Vec<String> = page.requests().into_iter().map(|it| it.url).collect();
    assert!(asked.iter().any(|it| it.starts_with("http://elsewhere.example")), "{asked:?}");

    page.and_load(page.press("Enter")).await;
    assert_eq!(page.text("h1").await, "asked for /next?name=Zo%C3%AB");
    assert_eq!(title(&page).await, "ran");
}

#[tokio::test]
async fn without_scripts_a_page_is_read_and_its_forms_are_sent() {
    let Some(browser) = Browser::start().await else { return };
    let page = browser.page().await;
    let address = serve().await;
    page.without_scripts().await;
    page.open(&address).await;
    page.fill("#name", "x").await;
    page.and_load(page.click("button")).await;
    assert_eq!(page.text("h1").await, "asked for /next?name=x");
    assert_eq!(title(&page).await, "");
}
