//! The demo clicked through, as a newcomer does it: the real binary, a real browser. Pictures of each step are in
//! `target/screenshots`.
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

/// What the first page may cost: all of it, and the scripts in it.
const FIRST_PAGE: u64 = 120 << 10;
const SCRIPTS: u64 = 45 << 10;

/// Whether the server has what was typed, as the composer says.
const SAVED: &str = r"/^Saved \d/.test(document.querySelector('[data-saved]').textContent)";

async fn sign_in(page: &Page, demo: &Demo) {
    page.open(&demo.address).await;
    page.fill("input[name=user]", &demo.user).await;
    page.fill("input[name=password]", &demo.password).await;
    page.and_load(page.click("form button.primary")).await;
}

/// The number of the ticket with this in its row; its list must be open.
async fn number(page: &Page, words: &str) -> String {
    let find = format!(
        "[...document.querySelectorAll('li.ticket')].find(it => it.innerText.includes({words:?}))?.dataset.ticket ?? ''"
    );
    let number = page.value(&find).await.as_str().unwrap().to_owned();
    assert!(!number.is_empty(), "no ticket about {words:?} in\n{}", page.text("main").await);
    number
}

/// Opens a list of tickets, such as `open`, and from it the one about this.
async fn open_ticket(page: &Page, demo: &Demo, list: &str, words: &str) -> String {
    page.open(&format!("{}tickets/{list}", demo.address)).await;
    let number = number(page, words).await;
    page.and_load(page.click(&format!("li.ticket[data-ticket='{number}'] a"))).await;
    number
}

/// Nothing went wrong in the page, and nothing was asked of other machines.
fn assert_quiet(page: &Page, demo: &Demo) {
    assert_eq!(page.errors(), Vec::<String>::new());
    for request in page.requests() {
        let here = request.url.starts_with(&demo.address) || request.url.starts_with("data:");
        assert!(here, "something was asked of another machine: {request:?}");
    }
}

#[tokio::test]
async fn a_newcomer_signs_in_answers_a_ticket_and_sees_the_customers_answer_arrive() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    page.open(&demo.address).await;
    page.pictures("1-sign-in").await;
    sign_in(&page, &demo).await;

    page.until_there("li.ticket").await;
    page.pictures("2-tickets").await;
    let requests = page.requests();
    let cost = |kind: Option<&str>| -> u64 {
        requests.iter().filter(|it| kind.is_none_or(|kind| it.kind == kind)).map(|it| it.bytes).sum()
    };
    println!("sign-in and first page: {} bytes, of them scripts {}", cost(None), cost(Some("Script")));
    assert!(cost(None) > 0 && cost(None) <= FIRST_PAGE, "{} bytes", cost(None));
    assert!(cost(Some("Script")) <= SCRIPTS, "{} bytes of scripts", cost(Some("Script")));

    open_ticket(&page, &demo, "open", "pool bikes").await;
    page.pictures("3-ticket").await;
    page.value("window.stayed = true").await;
    page.click("#composer a.primary").await;
    page.until_there("#composer textarea#text").await;
    page.fill("#composer textarea#text", "Good morning,\n\nwe can do that. The quote follows today.").await;
    page.pictures("4-composer").await;
    page.click("#composer button[value=send]").await;
    page.until_there("details.message.ours").await;
    page.picture("5-answered-desk").await;
    page.until_there("details.message.ours .delivery.sent").await;
    page.picture("6-sent-desk").await;
    page.until("document.querySelectorAll('details.message:not(.ours)').length === 2").await;
    let last = "[...document.querySelectorAll('details.message')].at(-1)";
    page.until(&format!("{last}.innerText.includes('northgate-council')")).await;
    page.pictures("7-answer-arrived").await;
    assert_quiet(&page, &demo);
    let said = demo.end().await;
    assert!(said.contains("is removed"), "{said}");
}

#[tokio::test]
async fn html_of_strangers_is_shown_and_does_nothing() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    let tickets =
        [("open", "alert(1)", "hostile"), ("closed", "12 halls", "newsletter"), ("open", "Crack in", "photo")];
    for (list, words, name) in tickets {
        open_ticket(&page, &demo, list, words).await;
        page.until_there("iframe").await;
        page.pictures(&format!("8-{name}")).await;
        assert!(page.value("document.title").await.as_str().is_some_and(|it| !it.contains("taken over")));
        assert_eq!(page.count("[hx-get='/sign-out']").await, 0, "what a mail says is no part of our page");
    }
    // Still signed in: nobody has pressed the mail's buttons.
    page.open(&format!("{}tickets/open", demo.address)).await;
    page.until_there("li.ticket").await;
    assert_quiet(&page, &demo);
    demo.end().await;
}

#[tokio::test]
async fn without_scripts_one_signs_in_reads_answers_closes_and_searches() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    page.without_scripts().await;
    sign_in(&page, &demo).await;
    open_ticket(&page, &demo, "open", "charged twice").await;
    assert!(page.text("main").await.contains("left our account twice"));
    page.and_load(page.click("#composer a.primary")).await;
    page.fill("#composer textarea#text", "We send the money back today.").await;
    page.picture("9-without-scripts-composer").await;
    page.and_load(page.click("#composer button[value=send]")).await;
    assert_eq!(page.count("details.message.ours").await, 1);
    page.and_load(page.click("button[name=state][value=closed]")).await;
    assert_eq!(page.count("button[name=state][value=open]").await, 1);
    page.picture("9-without-scripts-closed").await;

    page.fill("form.find input", "depot").await;
    page.and_load(page.press("Enter")).await;
    assert!(page.text("main").await.contains("order 10452"), "{}", page.text("main").await);
    page.pictures("9-without-scripts-search").await;
    let wide = page.value("document.querySelector('.found .place').offsetWidth").await.as_u64().unwrap();
    assert!(wide > 300, "the words that were found are {wide} pixels wide");
    assert_quiet(&page, &demo);
    demo.end().await;
}

#[tokio::test]
async fn a_message_is_forwarded_with_its_attachment_and_its_writer_still_waits() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    open_ticket(&page, &demo, "open", "charged twice").await;
    let messages = page.count("details.message").await;
    let waits = page.text(".ticket-acts").await;
    assert!(waits.contains("waiting for an answer"), "{waits}");
    page.press("f").await;
    page.until_there("#composer fieldset.carried input:checked").await;
    assert_eq!(page.value("document.activeElement.id").await, "to", "one goes on with whom it is for");
    assert!(page.value("text.value").await.as_str().unwrap().contains("---------- Forwarded message ----------"));
    assert_eq!(page.count("#composer button[value=send-close]").await, 0, "a forward closes nothing");
    page.fill("#composer input#to", "Carl <carl@three.example>").await;
    // Above what is forwarded: there the field begins.
    page.value("(text.focus(), text.setSelectionRange(0, 0))").await;
    page.type_text("Did the bank say why?").await;
    page.fits("10-forward").await;
    page.until(SAVED).await;
    page.click("#composer button[value=send]").await;
    page.until_there("details.message.ours .tag").await;
    page.fits("10-forwarded").await;
    assert_eq!(page.count("details.message").await, messages + 1);
    assert!(page.text(".ticket-acts").await.contains("waiting for an answer"), "nobody has answered");
    let ours = "document.querySelector('details.message.ours .tag').closest('details').id.slice(2)";
    let raw = page.value(&format!("fetch(`/message/${{{ours}}}/raw`).then(it => it.text())")).await;
    let raw = raw.as_str().unwrap();
    for part in ["Subject: Fwd: ", "To: Carl <carl@three.example>", "Did the bank say why?", "filename="] {
        assert!(raw.contains(part), "{part}: {raw}");
    }
    assert!(!raw.contains("In-Reply-To:"), "{raw}");
    assert_quiet(&page, &demo);
    demo.end().await;
}

#[tokio::test]
async fn a_ticket_is_opened_by_writing_and_what_was_begun_comes_back() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let page = browser.page().await;
    sign_in(&page, &demo).await;
    page.until_there("li.ticket").await;
    page.and_load(page.press("w")).await;
    page.until_there("#composer select#ticketbox").await;
    page.fits("11-new-ticket-empty").await;
    page.fill("#composer input#to", "Ada <ada@one.example>").await;
    page.fill("#composer input#subject", "Your bicycle is ready").await;
    page.fill("#composer textarea#text", "Dear Ada,\n\ncome and get it.").await;
    // Only addresses of the ticketbox that is chosen are offered.
    let offered =
        "[...document.querySelectorAll('#from optgroup')].filter(it => !it.hidden).map(it => it.label).join()";
    let chosen = "document.querySelector('#ticketbox').selectedOptions[0].text";
    assert_eq!(page.value(offered).await, page.value(chosen).await);
    let other = "(() => { const it = document.querySelector('#ticketbox'); it.value = [...it.options].find(o => !o.selected).value;
        it.dispatchEvent(new Event('input', { bubbles: true })); it.dispatchEvent(new Event('change', { bubbles: true })); })()";
    page.value(other).await;
    assert_eq!(page.value(offered).await, page.value(chosen).await);
    let ticketbox = page.value(chosen).await;
    page.until(SAVED).await;
    page.fits("11-new-ticket").await;
    // Somewhere else, and back by the list of drafts.
    page.open(&format!("{}drafts", demo.address)).await;
    page.fits("11-drafts").await;
    page.and_load(page.click("li.ticket a[href*='/tickets/new/']")).await;
    assert_eq!(page.value("subject.value").await, "Your bicycle is ready");
    assert_eq!(page.value(chosen).await, ticketbox);
    assert!(page.value("text.value").await.as_str().unwrap().contains("come and get it."));
    page.and_load(page.click("#composer button[value=send]")).await;
    page.until_there("details.message.ours").await;
    let ticket = page.text("main").await;
    for part in ["Your bicycle is ready", "come and get it.", "Ada"] {
        assert!(ticket.contains(part), "{part}: {ticket}");
    }
    page.fits("11-opened").await;
    page.open(&format!("{}drafts", demo.address)).await;
    assert!(!page.text("main").await.contains("come and get it."), "what is sent is no draft any more");
    assert_quiet(&page, &demo);
    demo.end().await;
}
