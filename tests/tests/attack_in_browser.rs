//! Hostile mail in a real browser before the real server: its HTML, subjects, senders' names and files' names run nothing
//! and ask nobody, with all walls and with each wall alone; without walls they do, so the test would see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;

use mailflow_tests::attack::payloads::{self, Aim, FIRST_NUMBER, Payload};
use mailflow_tests::attack::{Proxy, TOGETHER, Trap, Walls, write_mails};
use mailflow_tests::binary;
use mailflow_tests::browser::{Browser, Page};
use mailflow_tests::desk_server::DeskServer;
use serde_json::json;

/// Does with everything in the page and its frames what somebody could do: calls every handler that an attribute
/// declares, follows every link that is not one to elsewhere, sends every form. In our own page only what leads to a
/// script is touched. It is over when the browser has nothing left to do.
const MEDDLE: &str = r"(async () => {
    const seen = new Set();
    const elsewhere = it => { try { return /^(https?|mailto|tel):$/.test(new URL(it, document.baseURI).protocol) } catch { return true } };
    const of = it => it.formAction && it.hasAttribute('formaction') ? it.formAction
        : it.form?.action ?? it.href?.animVal ?? it.href ?? it.action ?? '';
    const meddle = (doc, ours) => {
        if (!doc || seen.has(doc)) return;
        seen.add(doc);
        for (const it of doc.querySelectorAll('*')) {
            for (const { name } of [...it.attributes])
                if (/^on/i.test(name)) it.dispatchEvent(new Event(name.slice(2).toLowerCase()));
        }
        for (const it of doc.querySelectorAll('a, area')) {
            const to = it.href?.animVal ?? it.href;
            if (to && !elsewhere(to)) it.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true }));
        }
        for (const it of doc.querySelectorAll('button, input, form')) {
            if (ours && elsewhere(of(it))) continue;
            if (it.requestSubmit) it.requestSubmit(); else it.click();
        }
        for (const it of doc.querySelectorAll('iframe, frame, object, embed')) {
            try { meddle(it.contentDocument, false) } catch {}
        }
    };
    meddle(document, true);
    const idle = () => new Promise(done => requestIdleCallback(done));
    for (let turn = 0; turn < 3; turn++) await idle();
    return seen.size;
})()";

/// What came of an attack: the payloads that ran, and the paths that the trap was asked for.
#[derive(Debug, Default)]
struct Outcome {
    ran: BTreeSet<u64>,
    called: BTreeSet<String>,
    frames: u64,
}

struct Attack {
    proxy: Proxy,
    trap: Trap,
    page: Page,
    tickets: usize,
}

impl Attack {
    /// Looks at these pages with these walls.
    async fn look(&self, walls: Walls, paths: &[String]) -> Outcome {
        self.proxy.stand(walls);
        self.trap.take();
        let mark = self.page.mark();
        let mut frames = 0;
        for path in paths {
            self.page.open(&format!("{}{path}", self.proxy.address)).await;
            match self.page.try_value(MEDDLE).await {
                Ok(seen) => frames += seen.as_u64().unwrap() - 1,
                // A page that mail is not kept out of may be led elsewhere, or be no page any more.
                Err(error) => assert!(!walls.escaping, "{path}: {error}"),
            }
        }
        self.proxy.stand(Walls::ALL);
        self.page.open(&format!("{}preferences", self.proxy.address)).await;
        Outcome { ran: self.page.logged(mark), called: self.trap.take(), frames }
    }

    fn conversations(&self) -> Vec<String> {
        (1..=self.tickets).map(|number| format!("ticket/{number}")).collect()
    }

    /// Pages of ours that say what mail says.
    async fn pages(&self) -> Vec<String> {
        let mut paths = self.conversations();
        paths.extend(["tickets/unowned", "contacts", "search?q=console", "drafts", "admin"].map(str::to_owned));
        for number in 1..=self.tickets.min(2) {
            paths.push(format!("ticket/{number}?compose=all"));
            self.page.open(&format!("{}ticket/{number}", self.proxy.address)).await;
            let ids =
                self.page.value("[...document.querySelectorAll('details.message')].map(it => it.id.slice(2))").await;
            let id = ids[number % TOGETHER].as_str().or_else(|| ids[0].as_str()).unwrap().to_owned();
            paths.extend(["text", "headers", "source", "html"].map(|it| format!("message/{id}/{it}")));
            let side = "document.querySelector('aside a[href*=\"/contact/\"]')?.getAttribute('href')";
            if let Some(contact) = self.page.value(side).await.as_str() {
                paths.push(contact.trim_start_matches('/').to_owned());
            }
        }
        paths
    }
}

/// A desk with a mail of each payload, and a browser before it whose way leads through the proxy.
async fn begin(browser: &Browser, payloads: &[Payload], trap: Trap) -> (Attack, DeskServer) {
    let (folder, mails) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    write_mails(mails.path(), payloads);
    let (file, paths) = (folder.path().join("desk.db"), mails.path().to_str().unwrap());
    let file = file.to_str().unwrap();
    let taken = binary::mailflow(["ingest", "--db", file, "--address", "support@example.com", "--json", paths]);
    assert!(taken.status.success(), "{}", String::from_utf8_lossy(&taken.stderr));
    let said: serde_json::Value = serde_json::from_slice(&taken.stdout).unwrap();
    let tickets = payloads.len().div_ceil(TOGETHER);
    assert_eq!((&said["messages"], &said["tickets"]), (&json!(payloads.len()), &json!(tickets)), "{said}");
    let server = DeskServer::start_in(folder, &[]).await;
    let proxy = Proxy::start(&server.address, payloads).await;
    let page = browser.page().await;
    page.open(&format!("{}sign-in", proxy.address)).await;
    page.fill("input[name=user]", "admin").await;
    page.fill("input[name=password]", &server.password).await;
    page.and_load(page.click("form button.primary")).await;
    (Attack { proxy, trap, page, tickets }, server)
}

/// What the payloads with these numbers are.
fn shown(payloads: &[Payload], numbers: &BTreeSet<u64>) -> String {
    let of = |number: &u64| usize::try_from(number - FIRST_NUMBER).ok().and_then(|at| payloads.get(at));
    let lines = numbers.iter().filter_map(|number| Some(format!("{number}: {}\n", of(number)?.html.escape_debug())));
    lines.collect()
}

#[tokio::test]
async fn hostile_mail_runs_nothing_and_asks_nobody_behind_each_wall_alone() {
    let Some(browser) = Browser::start().await else { return };
    let trap = Trap::start().await;
    let payloads = payloads::all(&trap.address);
    assert!(payloads.len() >= 300, "{}", payloads.len());
    let (attack, server) = begin(&browser, &payloads, trap).await;

    // Mail's HTML in its frame. A sandbox is no wall against what is fetched.
    let conversations = attack.conversations();
    let none = Walls::NONE;
    for (name, walls, fetches) in [
        ("all walls", Walls::ALL, false),
        ("the sanitiser alone", Walls { sanitiser: true, ..none }, false),
        ("the policy alone", Walls { policy: true, ..none }, false),
        ("the sandbox alone", Walls { sandbox: true, ..none }, true),
    ] {
        let came = attack.look(walls, &conversations).await;
        eprintln!("{name}: {} ran, {} called home, {} frames", came.ran.len(), came.called.len(), came.frames);
        assert!(came.frames >= 300, "{name}: {} frames", came.frames);
        assert!(came.ran.is_empty(), "{name}:\n{}", shown(&payloads, &came.ran));
        assert!(fetches || came.called.is_empty(), "{name}: {:?}", came.called);
    }
    // The control: without walls most of what could run does, and so does what calls home.
    let came = attack.look(none, &conversations).await;
    eprintln!("no walls: {} ran, {} called home, {} frames", came.ran.len(), came.called.len(), came.frames);
    let of = |aim| payloads.iter().filter(|it| it.aim == aim).count();
    let (runs, calls) = (of(Aim::Run), of(Aim::CallHome));
    let idle =
        (FIRST_NUMBER..).zip(&payloads).filter(|(number, it)| it.aim == Aim::Run && !came.ran.contains(number));
    let idle: BTreeSet<u64> = idle.map(|(number, _)| number).collect();
    assert!(came.ran.len() * 10 >= runs * 7, "{} of {runs} ran; not\n{}", came.ran.len(), shown(&payloads, &idle));
    assert!(came.called.len() * 10 >= calls * 6, "{} of {calls} called home: {:?}", came.called.len(), came.called);

    // What mail says in pages of ours: it is escaped, and if it were not, the policy would stop it.
    let pages = attack.pages().await;
    let all = Walls { frames: false, ..Walls::ALL };
    for (name, walls, escaped) in [
        ("all walls", all, true),
        ("escaping alone", Walls { policy: false, ..all }, true),
        ("the policy alone", Walls { escaping: false, ..all }, false),
    ] {
        let came = attack.look(walls, &pages).await;
        eprintln!("pages, {name}: {} ran, {} called home", came.ran.len(), came.called.len());
        assert!(came.ran.is_empty(), "pages, {name}:\n{}", shown(&payloads, &came.ran));
        // A policy does not keep a whole page from being led elsewhere.
        assert!(!escaped || came.called.is_empty(), "pages, {name}: {:?}", came.called);
    }
    let came = attack.look(Walls { escaping: false, policy: false, ..all }, &pages).await;
    eprintln!("pages, no walls: {} ran, {} called home", came.ran.len(), came.called.len());
    assert!(came.ran.len() >= 20, "{} ran", came.ran.len());
    drop(server);
}
