//! The rules' pages clicked through in a real browser: order by drag and key, trying out, a file, a replay. Pictures of
//! each are in `target/screenshots`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test fails by panicking"
)]

use mailflow_tests::browser::{Browser, Page};
use mailflow_tests::demo::Demo;
use serde_json::json;

async fn sign_in(page: &Page, demo: &Demo) {
    page.open(&demo.address).await;
    page.fill("input[name=user]", &demo.user).await;
    page.fill("input[name=password]", &demo.password).await;
    page.and_load(page.click("form button.primary")).await;
}

async fn open(page: &Page, demo: &Demo, path: &str) {
    page.open(&format!("{}{path}", demo.address)).await;
}

/// Puts a text into a field in place of what stands there.
async fn put(page: &Page, css: &str, text: &str) {
    page.value(&format!("document.querySelector({}).value = {}", json!(css), json!(text))).await;
}

/// The rules' names in the order in which they are shown.
async fn names(page: &Page) -> Vec<String> {
    let names = page.value("[...document.querySelectorAll('[data-rule] h2 a')].map(it => it.innerText)").await;
    names.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

/// Nothing went wrong in the page, but for forms that were refused, and nothing was asked of other machines.
fn assert_quiet(page: &Page, demo: &Demo) {
    let errors = page.errors().into_iter().filter(|it| !it.contains("status of 422"));
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
    for request in page.requests() {
        assert!(request.url.starts_with(&demo.address) || request.url.starts_with("data:"), "{request:?}");
    }
}

const FIRST: &str = "Brakes are urgent";

#[tokio::test]
async fn rules_are_moved_by_drag_and_by_key_and_stay_there() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    open(&page, &demo, "admin/rules").await;
    page.pictures("20-rules").await;
    let before = names(&page).await;
    assert_eq!((before.len(), before[0].as_str()), (3, FIRST));

    // By drag: the first one to the end.
    page.drag("[data-rule]:nth-child(1) .handle", "[data-rule]:nth-child(3) .handle").await;
    page.until("document.querySelector('#said').textContent === 'Now rule 3'").await;
    let dragged = [&before[1], &before[2], &before[0]].map(String::clone);
    assert_eq!(names(&page).await, dragged);
    open(&page, &demo, "admin/rules").await;
    assert_eq!(names(&page).await, dragged, "it is saved");

    // By key: up again, one by one; the handle keeps the focus.
    page.value("document.querySelectorAll('.handle')[2].focus()").await;
    for place in [2, 1] {
        page.press("ArrowUp").await;
        page.until(&format!("document.querySelector('#said').textContent === 'Now rule {place}'")).await;
    }
    let focused = page.value("document.activeElement.closest('[data-rule]').querySelector('h2 a').innerText").await;
    assert_eq!(focused, FIRST);
    assert_eq!(names(&page).await, before);
    open(&page, &demo, "admin/rules").await;
    assert_eq!(names(&page).await, before);
    assert_eq!(page.too_wide().await, 0);
    assert_quiet(&page, &demo);
    demo.end().await;
}

const MAIL: &str =
    "From: Ada <ada@one.example>\nTo: support@fernwood.example\nSubject: Order 17 and order 18\n\nBoth are late.\n";

#[tokio::test]
async fn a_rule_is_tried_while_it_is_written() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    open(&page, &demo, "admin/rules/new").await;
    page.fill("#description", "Late orders").await;
    page.fill("#text_subject", "/order (?<order>\\d+/").await;
    page.fill("#try_mail", MAIL).await;
    page.and_load(page.click("button[formaction$='/try']")).await;
    assert!(page.text(".pointed").await.contains('^'), "{}", page.text("main").await);
    page.pictures("21-wrong-expression").await;

    put(&page, "#text_subject", "/order (?<order>\\d+)/").await;
    page.and_load(page.click("button[formaction$='/try']")).await;
    page.until_there(".tried").await;
    assert_eq!(page.count(".tried mark").await, 2);
    assert_eq!(page.text(".captures").await.split_whitespace().collect::<Vec<_>>(), ["order", "17"]);
    assert_eq!(page.text(".verdicts .won").await.trim(), "Late orders matches");
    page.pictures("22-tried").await;
    assert_eq!(page.too_wide().await, 0);
    open(&page, &demo, "admin/rules").await;
    assert_eq!(names(&page).await.len(), 3, "nothing was saved");
    assert_quiet(&page, &demo);
    demo.end().await;
}

const DRAFT: &str = "[[rule]]\ndescription = \"Bikes go to Billing\"\ntext = [{ pattern = \"bike\" }]\nthen = { ticketbox = \"Billing\", priority = \"high\" }\n\n[[rule]]\ndescription = \"Bikes again\"\ntext = [{ pattern = \"bike\", within = [\"subject\"] }]\n";

#[tokio::test]
async fn a_file_is_compared_replayed_and_saved() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    open(&page, &demo, "admin/rules/file").await;
    put(&page, "#text", DRAFT).await;
    page.and_load(page.click("form.edit .row button")).await;
    assert!(page.text(".differences").await.contains("Rule 1 “Bikes go to Billing” is new"));
    page.pictures("23-file").await;
    page.and_load(page.click("button[formaction$='/replay/draft']")).await;
    put(&page, "#days", "0").await;
    page.pictures("24-replay").await;
    page.and_load(page.click("form.edit button.primary")).await;
    // The page loads itself again when the replay is over.
    page.until_there(".result").await;
    let result = page.text(".result").await;
    assert!(result.contains("mails would go elsewhere."), "{result}");
    assert!(page.text("main").await.contains("Rule 2 `Bikes again` never wins"), "{}", page.text("main").await);
    page.pictures("25-replayed").await;
    page.and_load(page.click(".moves td.number a")).await;
    let link = page.value("document.querySelector('.elsewhere h3 a').getAttribute('href')").await;
    assert!(link.as_str().unwrap().contains("/ticket/"), "{link}");
    assert_eq!(page.too_wide().await, 0);
    open(&page, &demo, "admin/rules").await;
    assert_eq!(names(&page).await.len(), 3, "nothing was saved by the replay");

    open(&page, &demo, "admin/rules/file").await;
    put(&page, "#text", DRAFT).await;
    page.and_load(page.click("form.edit .row button")).await;
    page.and_load(page.click("button[formaction$='/file/save']")).await;
    assert_eq!(names(&page).await, ["Bikes go to Billing", "Bikes again"]);
    assert!(page.text("main").await.contains("Never wins: rule 1"), "{}", page.text("main").await);
    page.pictures("26-warned").await;
    assert_quiet(&page, &demo);
    demo.end().await;
}

#[tokio::test]
async fn without_scripts_rules_are_moved_and_replayed() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    page.without_scripts().await;
    sign_in(&page, &demo).await;
    open(&page, &demo, "admin/rules").await;
    page.and_load(page.click("[data-rule]:nth-child(1) button[formaction$='/down']")).await;
    assert_eq!(names(&page).await[1], FIRST);
    assert_eq!(page.value("document.querySelector('.handle').checkVisibility()").await, false);
    open(&page, &demo, "admin/rules/replay").await;
    page.and_load(page.click("form.edit button.primary")).await;
    while page.count(".running").await == 1 {
        page.and_load(page.click(".running a")).await;
    }
    assert!(page.text(".result").await.contains("would go elsewhere"), "{}", page.text("main").await);
    page.picture("27-without-scripts-replayed").await;
    assert_quiet(&page, &demo);
    demo.end().await;
}
