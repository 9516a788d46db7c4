//! A desk in memory with its pages, for tests: browsers that sign in, ask, and fill in forms.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::flow::{Desk, Mailflow};
use mailflow_core::id::AgentId;
use mailflow_core::mail::Keyring;
use mailflow_core::source::Source;
use mailflow_core::store::{MemoryStore, Store};
use mailflow_core::ticket::Ticket;
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::{Clock, ManualClock, Timestamp};
use mailflow_core::transport::{MemorySource, MemoryTransport};
use tower::ServiceExt;

use super::answer::encode;
use super::{WebConfig, router};
use crate::auth;

/// The administrator's password.
pub const ADMIN_PASSWORD: &str = "correct horse battery";

/// A desk with the ticketboxes *Support* and *Sales*, one mailbox for both, and its pages.
pub struct Web {
    pub flow: Mailflow,
    pub router: Router,
    pub mailbox: MemorySource,
    pub outside: MemoryTransport,
    pub clock: TestClock,
    pub source: Source,
    pub support: Ticketbox,
    pub sales: Ticketbox,
}

/// A clock that tests turn.
#[derive(Clone)]
pub struct TestClock(Arc<ManualClock>);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until).await;
    }
}

impl Web {
    /// A desk whose pages are at the root.
    pub async fn open() -> Self {
        Self::open_under("").await
    }

    /// A desk whose pages are under a prefix.
    pub async fn open_under(prefix: &str) -> Self {
        Self::open_with(prefix, WebConfig::default()).await
    }

    /// A desk whose pages are served in this way.
    pub async fn open_with(prefix: &str, config: WebConfig) -> Self {
        let web = Self::open_on(MemoryStore::new(), config, Timestamp::from_millis(1_700_000_000_000)).await;
        if prefix.is_empty() {
            return web;
        }
        Self { router: Router::new().nest(prefix, web.router), ..web }
    }

    /// A desk on a store of the test's own, which may hold one already; it is this time.
    pub async fn open_on(store: impl Store, config: WebConfig, now: Timestamp) -> Self {
        let clock = TestClock(Arc::new(ManualClock::new(now)));
        let (mailbox, outside) = (MemorySource::new(), MemoryTransport::new());
        let flow = Mailflow::builder(store)
            .clock(clock.clone())
            .keyring(Keyring::new(1, [7; 32]))
            .transport(outside.clone())
            .build()
            .await
            .unwrap();
        let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await.unwrap();
        let sales = flow.admin().ensure_ticketbox("Sales", "sales@example.com").await.unwrap();
        // A mailbox that begins anew would bring the names of mails again that were fetched from it before.
        let name = if flow.directory().sources.is_empty() { "mailbox" } else { "mailbox again" };
        let source = flow.listen(name, &support, mailbox.clone()).await.unwrap();
        let administrator = flow.directory().agents[&BUILT_IN_ADMINISTRATOR].clone();
        if administrator.password.is_none() {
            let password = Some(auth::hash(ADMIN_PASSWORD).unwrap());
            flow.admin().save(&Agent { password, ..administrator }).await.unwrap();
        }
        let router = router(flow.clone(), config);
        Self { flow, router, mailbox, outside, clock, source, support, sales }
    }

    /// What the built-in administrator may ask for.
    pub fn desk(&self) -> Desk {
        self.flow.desk(BUILT_IN_ADMINISTRATOR)
    }

    /// Turns the clock.
    pub fn later(&self, by: Duration) {
        self.clock.0.advance(by);
    }

    /// Another agent, who is no administrator.
    pub async fn add_agent(&self, user_name: &str) -> AgentId {
        let id = self.flow.admin().new_id();
        let agent = Agent {
            id,
            user_name: user_name.to_owned(),
            name: format!("{user_name} the agent"),
            administrator: false,
            built_in: false,
            ..Agent::built_in_administrator()
        };
        self.flow.admin().save(&agent).await.unwrap();
        id
    }

    /// A mail comes in, a minute after what was before. Returns its ticket.
    pub async fn receive(&self, mail: &str) -> Ticket {
        self.clock.0.advance(Duration::from_secs(60));
        self.mailbox.deliver(mail.replace("\r\n", "\n").replace('\n', "\r\n"));
        self.flow.collect(&self.source).await.unwrap();
        let placed = self.flow.route_some().await.unwrap();
        let id = placed.last().unwrap().routed.ticket;
        self.desk().ticket_by_id(id).await.unwrap()
    }

    /// What was sent goes out, after the time in which it can be pulled back.
    pub async fn deliver(&self) {
        self.clock.0.advance(Duration::from_secs(61));
        self.flow.deliver().await.unwrap();
    }

    /// A browser in which nobody has signed in.
    pub fn stranger(&self) -> Browser<'_> {
        Browser { web: self, secret: None }
    }

    /// The built-in administrator's browser.
    pub async fn admin(&self) -> Browser<'_> {
        self.browser(BUILT_IN_ADMINISTRATOR).await
    }

    /// An agent's browser.
    pub async fn browser(&self, agent: AgentId) -> Browser<'_> {
        self.browser_with(agent, &format!("secret {} of {agent}", self.desk().new_id::<AgentId>())).await
    }

    /// An agent's browser with a secret that is known.
    pub async fn browser_with(&self, agent: AgentId, secret: &str) -> Browser<'_> {
        let secret = secret.to_owned();
        if self.flow.session(auth::token_of(&secret), "203.0.113.7".parse().ok()).await.unwrap().is_none() {
            self.flow.begin_session(agent, auth::token_of(&secret), "203.0.113.7", "a browser").await.unwrap();
        }
        Browser { web: self, secret: Some(secret) }
    }
}

impl Web {
    /// The browser of an agent who has a second factor.
    pub async fn browser_with_code(&self, agent: AgentId) -> Browser<'_> {
        let secret = format!("secret {} of {agent}", self.desk().new_id::<AgentId>());
        let proof = mailflow_core::session::Proof::Code(u64::MAX / 60_000);
        let from = ("203.0.113.7", "a browser");
        self.flow.begin_session_with((agent, proof), auth::token_of(&secret), from).await.unwrap();
        Browser { web: self, secret: Some(secret) }
    }
}

/// A browser.
pub struct Browser<'a> {
    web: &'a Web,
    pub secret: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub struct Shown {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
}

impl Shown {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    /// The value of the first input with this name.
    pub fn value_of(&self, name: &str) -> String {
        let field = self.body.split_once(&format!("name=\"{name}\""));
        let (_, rest) = field.unwrap_or_else(|| panic!("no `{name}` in {}", self.body));
        let tag = rest.split('>').next().unwrap();
        let value = tag.split_once("value=\"").map_or("", |(_, rest)| rest);
        value.split('"').next().unwrap().to_owned()
    }
}

impl Browser<'_> {
    /// The desk's pages.
    pub fn router(&self) -> Router {
        self.web.router.clone()
    }

    /// A page is loaded.
    pub async fn get(&self, path: &str) -> Shown {
        self.send(self.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    /// Our script asks for a fragment.
    pub async fn fragment(&self, path: &str) -> Shown {
        self.send(self.request(Method::GET, path).header("hx-request", "true").body(Body::empty()).unwrap()).await
    }

    /// A form is sent, from our own page.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Shown {
        let mut body = String::new();
        for (name, value) in fields {
            write!(body, "{}{}={}", if body.is_empty() { "" } else { "&" }, encode(name), encode(value)).unwrap();
        }
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A form with files is sent. A field with a file name is a file.
    pub async fn post_files(&self, path: &str, fields: &[(&str, Option<&str>, &str)]) -> Shown {
        let mut body = String::new();
        for (name, filename, content) in fields {
            let filename =
                filename.map(|it| format!("; filename=\"{it}\"\r\nContent-Type: text/plain")).unwrap_or_default();
            write!(body, "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{filename}\r\n\r\n{content}\r\n")
                .unwrap();
        }
        body.push_str("--xyz--\r\n");
        let request = self
            .request(Method::POST, path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=xyz")
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// A request of this browser, with its cookie.
    pub fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header(header::HOST, "desk.example");
        match &self.secret {
            Some(secret) => request.header(header::COOKIE, format!("{}={secret}", auth::COOKIE)),
            None => request,
        }
    }

    /// Any request, a moment after what was before: what happens in one conversation is told apart by its time.
    pub async fn send(&self, request: Request<Body>) -> Shown {
        self.web.later(Duration::from_millis(1));
        let response = self.web.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 64 << 20).await.unwrap();
        Shown {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8_lossy(&body).into_owned(),
        }
    }
}
