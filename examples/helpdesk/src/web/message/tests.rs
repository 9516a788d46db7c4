use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Two\nMessage-ID: <1@one.example>\n\
MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n\
--b\nContent-Type: text/plain\n\nSee the file.\n> you wrote this\n\
--b\nContent-Type: text/html; name=evil.html\nContent-Disposition: attachment; filename=\"evil \u{00e4}.html\"\n\n\
<script>alert(1)</script>\n--b--\n";

async fn message(web: &Web) -> String {
    let ticket = web.receive(MAIL).await;
    let conversation = web.desk().conversation(ticket.number).await.unwrap();
    conversation.messages().next().unwrap().id.to_string()
}

#[tokio::test]
async fn an_attachment_is_saved_and_never_shown() {
    let web = Web::open().await;
    let id = message(&web).await;
    let file = web.admin().await.get(&format!("/message/{id}/file/0/x")).await;
    assert_eq!(file.status, 200);
    assert!(file.header("content-disposition").starts_with("attachment; filename=\"evil"), "{file:?}");
    assert_eq!(file.header("content-type"), "application/octet-stream");
    assert_eq!(file.header("x-content-type-options"), "nosniff");
    assert!(file.header("content-security-policy").contains("sandbox"));
    assert_eq!(web.admin().await.get(&format!("/message/{id}/file/9/x")).await.status, 404);
    let inline = web.admin().await.get(&format!("/message/{id}/inline/0")).await;
    assert_eq!(inline.status, 404, "only pictures are shown");
}

#[tokio::test]
async fn headers_source_and_text_are_tabs_and_pages() {
    let web = Web::open().await;
    let id = message(&web).await;
    let admin = web.admin().await;
    let headers = admin.fragment(&format!("/message/{id}/headers")).await;
    assert!(headers.body.contains("&#60;1@one.example&#62;") && !headers.body.contains("<html"), "{}", headers.body);
    let source = admin.get(&format!("/message/{id}/source")).await;
    assert!(source.body.contains("&#60;script&#62;") && !source.body.contains("<script>"), "{}", source.body);
    assert!(source.body.contains("<html"), "without a script it is a page of its own");
    let raw = admin.get(&format!("/message/{id}/raw")).await;
    assert!(raw.body.contains("<script>") && raw.header("content-disposition").starts_with("attachment"));
    let text = admin.fragment(&format!("/message/{id}/text")).await;
    assert!(text.body.contains("See the file.") && text.body.contains("1 quoted line"), "{}", text.body);
}

#[tokio::test]
async fn nobody_reads_a_message_without_signing_in() {
    let web = Web::open().await;
    let id = message(&web).await;
    for tab in ["html", "text", "headers", "source", "frame", "raw", "file/0/x", "inline/0"] {
        let shown = web.stranger().get(&format!("/message/{id}/{tab}")).await;
        assert_eq!(shown.status, 303, "{tab}");
    }
}

const HTML: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Html\nMessage-ID: <2@one.example>\n\
MIME-Version: 1.0\nContent-Type: multipart/related; boundary=b\n\n\
--b\nContent-Type: text/html\n\n<p onclick=\"x()\">Hello <b>you</b><script>alert(1)</script>\
<img src=\"cid:pic@one\"><img src=\"https://track.example/pixel.png\" hx-get=\"/x\"></p>\n\
--b\nContent-Type: image/png\nContent-ID: <pic@one>\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--\n";

#[tokio::test]
async fn html_is_shown_in_a_frame_that_runs_and_loads_nothing() {
    let web = Web::open().await;
    let ticket = web.receive(HTML).await;
    let conversation = web.desk().conversation(ticket.number).await.unwrap();
    let id = conversation.messages().next().unwrap().id.to_string();
    let admin = web.admin().await;
    let page = admin.get(&format!("/ticket/{}", ticket.number)).await;
    assert!(page.body.contains(&format!("src=\"/message/{id}/frame\"")), "{}", page.body);
    assert!(page.body.contains("sandbox=\"allow-same-origin allow-popups allow-popups-to-escape-sandbox\""));
    let frame = admin.get(&format!("/message/{id}/frame")).await;
    for bad in ["script>", "onclick", "hx-get", "track.example"] {
        assert!(!frame.body.contains(bad), "{bad}: {}", frame.body);
    }
    assert!(frame.body.contains("<b>you</b>") && frame.body.contains("1 image from elsewhere"), "{}", frame.body);
    assert!(frame.body.contains(&format!("src=\"/message/{id}/inline/0\"")), "{}", frame.body);
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox") && !policy.contains("allow-scripts"));
    assert!(!policy.contains("https:"), "{policy}");
    let loaded = admin.get(&format!("/message/{id}/frame?images=load")).await;
    assert!(loaded.body.contains("https://track.example/pixel.png"), "{}", loaded.body);
    assert!(loaded.header("content-security-policy").contains("https:"));
    let picture = admin.get(&format!("/message/{id}/inline/0")).await;
    assert_eq!((picture.status, picture.header("content-type")), (200, "image/png"));
}
