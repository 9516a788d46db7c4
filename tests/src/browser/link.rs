//! [`Link`]: commands to Chromium, and what it says (Chrome DevTools Protocol: JSON, each message ended by a zero byte).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::sync::{mpsc, oneshot, watch};

/// How long Chromium may take for anything; far longer than it ever takes.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Something that Chromium told, and the page that it is about.
#[derive(Debug, Clone)]
pub struct Event {
    /// The page's session, also for what happens in its frames.
    pub page: String,
    /// Whether it happened in a frame that has a process of its own.
    pub in_frame: bool,
    pub method: String,
    pub params: Value,
}

#[derive(Default)]
struct State {
    asked: BTreeMap<u64, oneshot::Sender<Result<Value, String>>>,
    last: u64,
    events: Vec<Event>,
    /// Sessions of frames that have a process of their own, and the page that each belongs to.
    frames: BTreeMap<String, String>,
}

#[derive(Clone)]
pub struct Link {
    state: Arc<Mutex<State>>,
    told: Arc<watch::Sender<usize>>,
    to_chromium: mpsc::UnboundedSender<Value>,
}

impl Link {
    pub fn new(mut stdin: ChildStdin, stdout: ChildStdout) -> Self {
        let (to_chromium, mut sending) = mpsc::unbounded_channel::<Value>();
        let link = Self { state: Arc::default(), told: Arc::default(), to_chromium };
        tokio::spawn(async move {
            while let Some(message) = sending.recv().await {
                if stdin.write_all(format!("{message}\0").as_bytes()).await.is_err() {
                    return;
                }
            }
        });
        tokio::spawn({
            let link = link.clone();
            async move {
                let mut reader = BufReader::new(stdout);
                let mut bytes = Vec::new();
                while reader.read_until(0, &mut bytes).await.is_ok_and(|read| read > 0) {
                    bytes.pop();
                    if let Ok(message) = serde_json::from_slice(&bytes) {
                        link.heard(message);
                    }
                    bytes.clear();
                }
                // Who still waits for an answer is told that there is none.
                link.state.lock().unwrap().asked.clear();
            }
        });
        link
    }

    fn heard(&self, message: Value) {
        if let Some(id) = message["id"].as_u64() {
            let answer = match message.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(message["result"].clone()),
            };
            let asked = self.state.lock().unwrap().asked.remove(&id);
            if let Some(asked) = asked {
                let _ = asked.send(answer);
            }
            return;
        }
        let session = message["sessionId"].as_str().unwrap_or_default().to_owned();
        let params = message["params"].clone();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let mut state = self.state.lock().unwrap();
        let in_frame = state.frames.contains_key(&session);
        let page = state.frames.get(&session).cloned().unwrap_or(session);
        let attached = params["sessionId"].as_str().filter(|_| method == "Target.attachedToTarget");
        // Pages are attached to by us; what a page tells of is a frame in it.
        if let Some(frame) = attached.filter(|_| !page.is_empty()) {
            state.frames.insert(frame.to_owned(), page.clone());
            let (link, frame) = (self.clone(), frame.to_owned());
            tokio::spawn(async move { link.prepare(&frame).await });
        }
        state.events.push(Event { page, in_frame, method, params });
        self.told.send_replace(state.events.len());
    }

    /// Makes Chromium tell what happens in a page or frame, and in the frames inside it before they begin.
    pub async fn prepare(&self, session: &str) {
        let frames = json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true });
        let commands = [
            ("Network.enable", json!({})),
            ("Runtime.enable", json!({})),
            ("Log.enable", json!({})),
            ("Page.enable", json!({})),
            ("Target.setAutoAttach", frames),
            ("Runtime.runIfWaitingForDebugger", json!({})),
        ];
        // A frame that waits to begin answers some of them only after the last: none is waited for before all are sent.
        let answers = commands.map(|(method, params)| self.send(session, method, params));
        for answer in answers {
            // A frame may be gone already, and workers know fewer commands.
            let _ = answer.await;
        }
    }

    /// A command and its answer.
    pub async fn ask(&self, session: &str, method: &str, params: Value) -> Value {
        self.try_ask(session, method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// A command and its answer, or what Chromium has against it.
    pub async fn try_ask(&self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let answered = self.send(session, method, params);
        let answer =
            tokio::time::timeout(PATIENCE, answered).await.unwrap_or_else(|_| panic!("no answer to {method}"));
        answer.unwrap_or_else(|_| panic!("Chromium ended before it answered {method}"))
    }

    fn send(&self, session: &str, method: &str, params: Value) -> oneshot::Receiver<Result<Value, String>> {
        let (answer, answered) = oneshot::channel();
        let mut state = self.state.lock().unwrap();
        state.last += 1;
        let mut message = json!({ "id": state.last, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let id = state.last;
        state.asked.insert(id, answer);
        // If Chromium has ended, nobody takes it; the answer is told to be missing then.
        if self.to_chromium.send(message).is_err() {
            state.asked.remove(&id);
        }
        answered
    }

    /// How much was told so far.
    pub fn mark(&self) -> usize {
        self.state.lock().unwrap().events.len()
    }

    /// What was told of a page since a mark.
    pub fn told(&self, page: &str, mark: usize) -> Vec<Event> {
        let state = self.state.lock().unwrap();
        state.events.iter().skip(mark).filter(|event| event.page == page).cloned().collect()
    }

    /// Waits for something to be told of a page itself after a mark.
    pub async fn wait(&self, page: &str, mark: usize, method: &str) -> Event {
        let mut told = self.told.subscribe();
        let found = async {
            loop {
                told.borrow_and_update();
                if let Some(event) = self.told(page, mark).into_iter().find(|it| it.method == method && !it.in_frame)
                {
                    return event;
                }
                told.changed().await.unwrap();
            }
        };
        tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("waited in vain for {method}"))
    }
}
