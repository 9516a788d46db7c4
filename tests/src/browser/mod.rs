//! A real Chromium without a window, for tests of pages: driven by its own protocol (CDP) over a pipe, so that there is
//! no port, no other program and no library between.

mod axe;
mod link;
mod page;

use std::process::Stdio;

use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

pub use axe::Axe;
use link::Link;
pub use page::{Look, Page, Request};

/// Where Debian has it.
const CHROMIUM: &str = "/usr/bin/chromium";

/// A Chromium with a profile of its own. It ends with this.
pub struct Browser {
    link: Link,
    _chromium: Child,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium; `None`, said loudly, if there is none. Where `CI` is set that is a failure.
    pub async fn start() -> Option<Self> {
        if !std::path::Path::new(CHROMIUM).exists() {
            let in_ci = std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
            assert!(!in_ci, "there is no {CHROMIUM}: install the package `chromium`");
            eprintln!("SKIPPED: there is no {CHROMIUM}; install the package `chromium` to test the pages");
            return None;
        }
        let profile = tempfile::Builder::new().prefix("mailflow-chromium-").tempdir().unwrap();
        // Chromium reads commands from descriptor 3 and answers on 4: the shell makes them of our pipes.
        let mut chromium = Command::new("/bin/sh")
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 </dev/null >/dev/null"#, CHROMIUM])
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            .args(["--disable-dev-shm-usage", "--hide-scrollbars", "--force-color-profile=srgb"])
            // Whatever a page asks of other machines fails at once; it is seen all the same.
            .arg("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(["--remote-debugging-pipe", "about:blank"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let link = Link::new(chromium.stdin.take().unwrap(), chromium.stdout.take().unwrap());
        Some(Self { link, _chromium: chromium, _profile: profile })
    }

    /// An empty page with cookies of its own, as wide as a desk's screen.
    pub async fn page(&self) -> Page {
        let context = self.link.ask("", "Target.createBrowserContext", json!({})).await;
        let target = json!({ "url": "about:blank", "browserContextId": context["browserContextId"] });
        let target = self.link.ask("", "Target.createTarget", target).await;
        let attached = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = self.link.ask("", "Target.attachToTarget", attached).await;
        let session = attached["sessionId"].as_str().unwrap().to_owned();
        self.link.prepare(&session).await;
        let page = Page::new(self.link.clone(), session);
        page.look(Look::DESK).await;
        page
    }
}
