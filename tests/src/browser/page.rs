//! [`Page`]: what a person does with a page, and what he sees.

use std::collections::BTreeSet;
use std::path::PathBuf;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::link::{Event, Link, PATIENCE};

/// How large the window is, and whether it is dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Pixels of CSS.
    pub width: u32,
    /// Pixels of CSS.
    pub height: u32,
    /// Whether the person likes it dark.
    pub dark: bool,
}

impl Look {
    /// A desk's screen by day.
    pub const DESK: Self = Self { width: 1280, height: 800, dark: false };
    /// A small telephone by day.
    pub const PHONE: Self = Self { width: 360, height: 740, dark: false };

    /// The same by night.
    #[must_use]
    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }
}

/// Something that the page, or a frame in it, has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The address.
    pub url: String,
    /// What Chromium wants it for, such as `Document`, `Script`, `Image`.
    pub kind: String,
    /// Bytes that came over the wire, headers included; 0 if there was no answer.
    pub bytes: u64,
}

/// One page in a window.
pub struct Page {
    link: Link,
    session: String,
}

impl Page {
    pub(super) const fn new(link: Link, session: String) -> Self {
        Self { link, session }
    }

    async fn ask(&self, method: &str, params: Value) -> Value {
        self.link.ask(&self.session, method, params).await
    }

    /// Opens an address and waits until it is loaded.
    pub async fn open(&self, url: &str) {
        let mark = self.link.mark();
        let opened = self.ask("Page.navigate", json!({ "url": url })).await;
        assert!(opened.get("errorText").is_none(), "{url}: {}", opened["errorText"]);
        self.link.wait(&self.session, mark, "Page.loadEventFired").await;
    }

    /// Does something that leads to another page, and waits until that is loaded.
    pub async fn and_load<T>(&self, doing: impl Future<Output = T>) -> T {
        let mark = self.link.mark();
        let done = doing.await;
        self.link.wait(&self.session, mark, "Page.loadEventFired").await;
        done
    }

    /// The value of a JavaScript expression; of a promise, what it comes to.
    pub async fn value(&self, expression: &str) -> Value {
        self.try_value(expression).await.unwrap_or_else(|error| panic!("{expression}: {error}"))
    }

    /// The same, or why there is none: it throws, or the page is left meanwhile.
    ///
    /// # Errors
    /// What Chromium says.
    pub async fn try_value(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.link.try_ask(&self.session, "Runtime.evaluate", params).await?;
        match answer.get("exceptionDetails") {
            Some(details) => Err(details.to_string()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// Waits until an expression is true, woken by changes of the document; panics if it never is.
    pub async fn until(&self, condition: &str) {
        let promise = format!(
            "new Promise(done => {{
                const holds = () => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }};
                const seen = new MutationObserver(() => {{ if (holds()) {{ seen.disconnect(); done(true) }} }});
                seen.observe(document, {{ subtree: true, childList: true, attributes: true, characterData: true }});
                if (holds()) done(true);
            }})"
        );
        let waiting = async {
            // A page that is left while we wait in it answers with an error: we go on waiting in the next.
            while self.try_value(&promise).await.is_err() {
                self.link.wait(&self.session, self.link.mark().saturating_sub(1), "Page.loadEventFired").await;
            }
        };
        if tokio::time::timeout(PATIENCE / 2, waiting).await.is_err() {
            self.picture("failed").await;
            panic!("waited in vain for `{condition}` in\n{}", self.text("body").await);
        }
    }

    /// Waits until something is there.
    pub async fn until_there(&self, css: &str) {
        self.until(&format!("document.querySelector({})", json!(css))).await;
    }

    /// Waits until the page says something.
    pub async fn until_said(&self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words))).await;
    }

    /// The text of the first such element, as it is seen; empty if there is none.
    pub async fn text(&self, css: &str) -> String {
        let text = self.value(&format!("document.querySelector({})?.innerText ?? ''", json!(css))).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// How many such elements there are.
    pub async fn count(&self, css: &str) -> u64 {
        self.value(&format!("document.querySelectorAll({}).length", json!(css))).await.as_u64().unwrap()
    }

    /// Clicks the first such element with the mouse, where a person would: panics if something lies over it.
    pub async fn click(&self, css: &str) {
        let place = format!(
            "(() => {{
                const it = document.querySelector({});
                if (!it) return 'there is none';
                it.scrollIntoView({{ block: 'center', behavior: 'instant' }});
                const box = it.getClientRects()[0];
                if (!box) return 'it is not shown';
                const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
                const top = document.elementFromPoint(x, y);
                if (!top || !(it.contains(top) || top.contains(it) || [...(it.labels ?? [])].some(l => l.contains(top))))
                    return 'over it lies ' + top?.outerHTML.slice(0, 200);
                return [x, y];
            }})()",
            json!(css)
        );
        let place = self.value(&place).await;
        let (Some(x), Some(y)) = (place[0].as_f64(), place[1].as_f64()) else {
            self.picture("failed").await;
            panic!("`{css}` cannot be clicked: {place}");
        };
        for (kind, buttons) in [("mouseMoved", 0), ("mousePressed", 1), ("mouseReleased", 0)] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", event).await;
        }
    }

    /// Takes the first such element with the mouse and lets it go a little below the middle of another one.
    pub async fn drag(&self, from: &str, to: &str) {
        let place = format!(
            "(() => {{
                const [from, to] = [{}, {}].map(css => document.querySelector(css)?.getBoundingClientRect());
                return [from.x + from.width / 2, from.y + from.height / 2, to.x + to.width / 2, to.y + to.height - 1];
            }})()",
            json!(from),
            json!(to)
        );
        let place = self.value(&place).await;
        let at: Vec<f64> = place.as_array().unwrap().iter().map(|it| it.as_f64().unwrap()).collect();
        let mouse = async |kind: &str, x: f64, y: f64| {
            let (button, buttons) = ("left", if kind == "mouseReleased" { 0 } else { 1 });
            let event =
                json!({ "type": kind, "x": x, "y": y, "button": button, "buttons": buttons, "clickCount": 1 });
            self.ask("Input.dispatchMouseEvent", event).await;
        };
        mouse("mousePressed", at[0], at[1]).await;
        for step in 1..=8 {
            let along = f64::from(step) / 8.0;
            mouse("mouseMoved", at[0] + (at[2] - at[0]) * along, at[1] + (at[3] - at[1]) * along).await;
        }
        mouse("mouseReleased", at[2], at[3]).await;
    }

    /// Clicks into a field and types.
    pub async fn fill(&self, css: &str, text: &str) {
        self.click(css).await;
        self.type_text(text).await;
    }

    /// Types where the cursor is.
    pub async fn type_text(&self, text: &str) {
        self.ask("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses and releases a key, such as `Enter`, `Tab`, `j`.
    pub async fn press(&self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Tab" => 9,
            "Escape" => 27,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            _ => key.to_ascii_uppercase().bytes().next().map_or(0, u32::from),
        };
        let text = if key == "Enter" { "\r" } else { key };
        let mut event = json!({ "type": "keyDown", "key": key, "windowsVirtualKeyCode": code });
        if key == "Enter" || key.chars().count() == 1 {
            event["text"] = text.into();
        }
        self.ask("Input.dispatchKeyEvent", event).await;
        let event = json!({ "type": "keyUp", "key": key, "windowsVirtualKeyCode": code });
        self.ask("Input.dispatchKeyEvent", event).await;
    }

    /// How large the window is from now on, and whether it is dark.
    pub async fn look(&self, look: Look) {
        let size = json!({
            "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.width < 500,
        });
        self.ask("Emulation.setDeviceMetricsOverride", size).await;
        let scheme = if look.dark { "dark" } else { "light" };
        // Without motion a picture is the same each time.
        let features = json!({ "features": [
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" },
        ] });
        self.ask("Emulation.setEmulatedMedia", features).await;
    }

    /// From the next page on, scripts do not run.
    pub async fn without_scripts(&self) {
        self.ask("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Takes a picture of the window: `target/screenshots/NAME.png`.
    pub async fn picture(&self, name: &str) -> PathBuf {
        let taken = self.ask("Page.captureScreenshot", json!({ "format": "png" })).await;
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target/screenshots");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, BASE64.decode(taken["data"].as_str().unwrap().as_bytes()).unwrap()).unwrap();
        file
    }

    /// Takes a picture in each look: desk and telephone, by day and by night. Leaves the desk's by day.
    pub async fn pictures(&self, name: &str) {
        for (suffix, look) in [
            ("phone-dark", Look::PHONE.dark()),
            ("phone", Look::PHONE),
            ("desk-dark", Look::DESK.dark()),
            ("desk", Look::DESK),
        ] {
            self.look(look).await;
            self.picture(&format!("{name}-{suffix}")).await;
        }
    }

    /// Takes pictures of a page in each look, at a wide desk too, and checks that it fits a wide desk and a telephone.
    pub async fn fits(&self, name: &str) {
        self.pictures(name).await;
        let wide = Look { width: 1440, height: 900, dark: false };
        for (look, suffix) in [(wide, "wide"), (wide.dark(), "wide-dark")] {
            self.look(look).await;
            self.picture(&format!("{name}-{suffix}")).await;
        }
        for look in [wide, Look::PHONE] {
            self.look(look).await;
            assert!(self.too_wide().await <= 0, "{name} is too wide");
        }
        self.look(Look::DESK).await;
    }

    /// By how many pixels the page is wider than its window.
    pub async fn too_wide(&self) -> i64 {
        let wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth";
        self.value(wide).await.as_i64().unwrap()
    }

    fn told(&self) -> Vec<Event> {
        self.link.told(&self.session, 0)
    }

    /// How much was told so far, for [`logged`](Self::logged).
    pub fn mark(&self) -> usize {
        self.link.mark()
    }

    /// The numbers that scripts of the page and its frames have written into the console since a mark.
    pub fn logged(&self, mark: usize) -> BTreeSet<u64> {
        let logs = |it: &&Event| it.method == "Runtime.consoleAPICalled" && it.params["type"] == "log";
        let told = self.link.told(&self.session, mark);
        told.iter().filter(logs).filter_map(|it| it.params["args"][0]["value"].as_u64()).collect()
    }

    /// What was written into the console as an error, by the page, its frames, or Chromium about them.
    pub fn errors(&self) -> Vec<String> {
        let error = |event: &Event| match event.method.as_str() {
            "Runtime.exceptionThrown" => Some(event.params["exceptionDetails"].to_string()),
            "Runtime.consoleAPICalled" if event.params["type"] == "error" => Some(event.params["args"].to_string()),
            "Log.entryAdded" if event.params["entry"]["level"] == "error" => Some(event.params["entry"].to_string()),
            _ => None,
        };
        self.told().iter().filter_map(error).collect()
    }

    /// What the page and its frames have asked for since it was opened.
    pub fn requests(&self) -> Vec<Request> {
        let told = self.told();
        let finished = |id: &Value| {
            told.iter().find(|it| it.method == "Network.loadingFinished" && it.params["requestId"] == *id)
        };
        told.iter()
            .filter(|it| it.method == "Network.requestWillBeSent")
            .map(|it| Request {
                url: it.params["request"]["url"].as_str().unwrap_or_default().to_owned(),
                kind: it.params["type"].as_str().unwrap_or_default().to_owned(),
                bytes: finished(&it.params["requestId"])
                    .and_then(|it| it.params["encodedDataLength"].as_f64())
                    .map_or(0, |bytes| bytes as u64),
            })
            .collect()
    }
}
