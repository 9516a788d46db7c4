//! A desk in memory that has everything the documented examples name.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, header};
use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR, Escalation};
use mailflow_core::approval::{Approval, Approver};
use mailflow_core::category::Category;
use mailflow_core::contact::Contact;
use mailflow_core::decision::reply::Reply;
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::draft::{Draft, Opening, Purpose};
use mailflow_core::flow::{Desk, Mailflow};
use mailflow_core::group::Group;
use mailflow_core::id::AgentId;
use mailflow_core::message::Message;
use mailflow_core::outgoing::{Outgoing, OutgoingState, RunId};
use mailflow_core::response::StandardResponse;
use mailflow_core::server::Server;
use mailflow_core::source::{Source, SourceAccess};
use mailflow_core::store::{Changeset, Entry, MemoryStore, Query, StoreExt};
use mailflow_core::ticketbox::Ticketbox;
use mailflow_core::time::{Clock, ManualClock, Timestamp};
use mailflow_core::transport::{MemorySource, MemoryTransport, Verdict};
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;
use serde_json::Value;
use tower::ServiceExt;

use crate::api::{Api, router};
use crate::auth::{self, SignIn};

pub const PASSWORD: &str = "correct horse battery";

/// Hashing takes its time by design: once is enough.
static HASH: LazyLock<String> = LazyLock::new(|| auth::hash(PASSWORD).unwrap());

/// A mail with an attachment.
const ATTACHED: &str = "From: bob@one.example
To: support@example.com
Subject: Photo
Message-ID: <7@one.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

See there.
--b
Content-Type: application/pdf; name=photo.pdf
Content-Disposition: attachment; filename=photo.pdf
Content-Transfer-Encoding: base64

cGhvdG8=
--b--
";

/// A desk in memory, its API, and two who are signed in.
pub struct Fixture {
    pub flow: Mailflow,
    pub outside: MemoryTransport,
    pub mailbox: MemorySource,
    pub source: Source,
    pub clock: TestClock,
    pub administrator: String,
    pub agent: String,
    router: Router,
    _folder: tempfile::TempDir,
}

#[derive(Clone)]
pub struct TestClock(Arc<ManualClock>);

#[async_trait::async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.0.now()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.sleep_until(until).await;
    }
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub fn tag(&self) -> &str {
        self.headers[header::ETAG].to_str().unwrap()
    }

    /// The word of a refusal.
    pub fn error(&self) -> String {
        self.json()["error"].as_str().unwrap_or_default().to_owned()
    }
}

/// An id whose last digits are these, as they stand in the documentation.
pub fn id<T: From<uuid::Uuid>>(last: u8) -> T {
    format!("0191f3a2-7c44-7d10-9a51-0000000000{last:02}").parse::<uuid::Uuid>().unwrap().into()
}

impl Fixture {
    pub async fn open() -> Self {
        let clock = TestClock(Arc::new(ManualClock::new(Timestamp::from_millis(1_700_000_000_000))));
        let folder = tempfile::tempdir().unwrap();
        let network = Connectors::new(Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap()));
        let (mailbox, outside) = (MemorySource::new(), MemoryTransport::new());
        let flow = Mailflow::builder(MemoryStore::new())
            .clock(clock.clone())
            .network(network.clone())
            .transport(outside.clone())
            .build()
            .await
            .unwrap();
        let (source, agent) = configure(&flow, mailbox.clone()).await;
        begin(&flow, agent, "another session").await;
        let administrator = begin(&flow, BUILT_IN_ADMINISTRATOR, "of the administrator").await;
        let agent = begin(&flow, agent, "of the agent").await;
        let sign_in = SignIn::new(flow.clone(), Some(network.clone()));
        let router = router(Api { flow: flow.clone(), network: Some(network), sign_in });
        let fixture = Self { flow, outside, mailbox, source, clock, administrator, agent, router, _folder: folder };
        fixture.fill().await;
        fixture
    }

    pub fn desk(&self) -> Desk {
        self.flow.desk(BUILT_IN_ADMINISTRATOR)
    }

    /// A mail comes in and becomes part of a ticket.
    pub async fn receive(&self, mail: &str) {
        self.clock.0.advance(Duration::from_secs(60));
        self.mailbox.deliver(mail.replace('\n', "\r\n"));
        self.flow.collect(&self.source).await.unwrap();
        while !self.flow.route_some().await.unwrap().is_empty() {}
    }

    /// A ticket with an answer that failed, another one with an attachment, and a draft.
    async fn fill(&self) {
        self.receive(
            "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Help\nMessage-ID: <1@one.example>\n\nIt is broken.\n",
        )
        .await;
        let desk = self.desk();
        let ticket = desk.ticket(1).await.unwrap();
        self.clock.0.advance(Duration::from_secs(60));
        let file = desk.keep_file("notes.txt", "text/plain", b"one, two".to_vec()).await.unwrap();
        let reply = Reply { attachments: vec![file], ..Reply::text("We look into it.") };
        desk.reply(ticket.id, reply).await.unwrap();
        self.outside.answer_next(Ok(Verdict::Refused));
        self.flow.deliver().await.unwrap();
        // The failed mail once more, under the id that the documentation names and in the second destination.
        let failed: Vec<Outgoing> = self.flow.store().list_all(&Query::OutgoingOf(ticket.id)).await.unwrap();
        let known = Outgoing { id: id(18), destination: id(12), ..failed[0].clone() };
        // So is the mail with the attachment.
        self.receive(ATTACHED).await;
        let came = self.desk().conversation(2).await.unwrap().messages().next().unwrap().clone();
        let came = Message { id: id(17), ticket: ticket.id, ..came };
        let entries = vec![Entry::Insert(known.into()), Entry::Insert(came.into())];
        self.flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
        self.hold(&desk).await;
        let draft = Draft {
            agent: BUILT_IN_ADMINISTRATOR,
            ticket: ticket.id,
            purpose: Purpose::Answer,
            message: id(19),
            answers: None,
            from: None,
            to: Vec::new(),
            cc: Vec::new(),
            bcc: Vec::new(),
            subject: String::new(),
            text: "Dear".to_owned(),
            attachments: Vec::new(),
            carried: Vec::new(),
            signature: mailflow_core::signature::Signature::Usual,
            send_at: None,
            returned: None,
            seen_revision: 1,
            saved: desk.now(),
        };
        let forward = Draft { purpose: Purpose::Forward, answers: Some(id(17)), carried: vec![0], ..draft.clone() };
        let (ticketbox, priority) = (id(13), mailflow_core::ticket::Priority::Normal);
        let purpose = Purpose::Opening(Opening { ticketbox, owner: None, category: None, priority });
        let opening = Draft { purpose, ticket: id(27), ..draft.clone() };
        for draft in [draft, forward, opening] {
            desk.save_draft(draft).await.unwrap();
        }
        for (agent, secret) in
            [(BUILT_IN_ADMINISTRATOR, "the token of the administrator"), (id(15), "the token of an agent")]
        {
            let (token, name) = (crate::auth::token_of(secret), "Nightly export".to_owned());
            let wish = mailflow_core::session::NewToken { token, name, expires: None };
            self.flow.admin().make_token(agent, &wish).await.unwrap();
        }
    }

    /// An answer that can be pulled back, and one that waits for an approval.
    async fn hold(&self, desk: &Desk) {
        let ticket = desk.ticket(1).await.unwrap();
        desk.reply(ticket.id, Reply { undo_s: 60, ..Reply::text("Wait.") }).await.unwrap();
        let all: Vec<Outgoing> = self.flow.store().list_all(&Query::OutgoingOf(ticket.id)).await.unwrap();
        let held = all.into_iter().find(|outgoing| outgoing.hold.is_some()).unwrap();
        let known = Outgoing { id: id(22), due: Timestamp::MAX, ..held.clone() };
        let author = id(15);
        let approver = Approver::Agent(BUILT_IN_ADMINISTRATOR);
        let approval =
            Approval { author, approver, submitted: desk.now(), told: Vec::new(), before: None, decision: None };
        let state = OutgoingState::AwaitingApproval;
        let waiting = Outgoing { id: id(21), state, approval: Some(approval), ..known.clone() };
        let entries = vec![Entry::Insert(known.into()), Entry::Insert(waiting.into())];
        self.flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
        desk.pull_back(held.id).await.unwrap();
    }

    /// A request with this token.
    pub async fn ask(&self, token: Option<&str>, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap()).uri(path);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// A request of the administrator.
    pub async fn admin(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.ask(Some(&self.administrator), method, path, body.as_ref()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answer { status: parts.status.as_u16(), headers: parts.headers, bytes }
    }
}

/// What the documentation names: 11 a source, 12 a destination, 13 a ticketbox, 14 a category, 15 an agent, 16 a
/// contact, 25 a server, 26 one that is gone.
async fn configure(flow: &Mailflow, mailbox: MemorySource) -> (Source, AgentId) {
    let admin = flow.admin();
    let support = "support@example.com".parse().unwrap();
    admin.save(&Ticketbox::new(id(13), "Support", Some(support))).await.unwrap();
    let inbox = admin.ensure_ticketbox("Inbox", "inbox@example.com").await.unwrap();
    let source = flow.listen("mailbox", &inbox, mailbox).await.unwrap();
    admin.save(&Source::new(id(11), "Support mailbox", SourceAccess::Embedded)).await.unwrap();
    admin.save(&Destination::new(id(12), "Second server", DestinationAccess::Embedded)).await.unwrap();
    admin.save(&Category { id: id(14), name: "Complaint".to_owned() }).await.unwrap();
    let text = "Dear {name}, we got it.".to_owned();
    let (name, subject) = ("Got it".to_owned(), String::new());
    admin.save(&StandardResponse { id: id(23), name, subject, text }).await.unwrap();
    admin.save(&Group::new(id(24), "First line")).await.unwrap();
    let administrator = flow.directory().agents[&BUILT_IN_ADMINISTRATOR].clone();
    admin.save(&Agent { password: Some(HASH.clone()), ..administrator.clone() }).await.unwrap();
    let agent = Agent {
        id: id(15),
        user_name: "alan".to_owned(),
        name: "Alan".to_owned(),
        administrator: false,
        built_in: false,
        ..administrator
    };
    let agent = Agent { password: Some(HASH.clone()), ..agent };
    admin.save(&agent).await.unwrap();
    // Each escalates to the other.
    let lead = Agent {
        password: Some(HASH.clone()),
        escalate_to: Some(Escalation::Agent(agent.id)),
        ..flow.directory().agents[&BUILT_IN_ADMINISTRATOR].clone()
    };
    admin.save(&lead).await.unwrap();
    admin.save(&Agent { escalate_to: Some(Escalation::Agent(lead.id)), ..agent.clone() }).await.unwrap();
    for (last, name, left) in [(25, "one", Duration::from_secs(15)), (26, "two", Duration::ZERO)] {
        let now = flow.store().now().await.unwrap();
        let server = Server {
            id: id(last),
            name: name.to_owned(),
            version: "1".to_owned(),
            run: RunId(id(last)),
            started: now,
            seen: now,
            until: now.plus(left * 1000),
            draining: false,
            answer_ms: 2,
            ahead_ms: 0,
        };
        let entries = vec![Entry::Insert(server.into())];
        flow.store().commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
    }
    let contact = Contact {
        id: id(16),
        name: "Ada Byron".to_owned(),
        addresses: vec!["ada@two.example".parse().unwrap()],
        phones: Vec::new(),
        owner: None,
        notes: String::new(),
        properties: Default::default(),
        created: flow.now(),
    };
    flow.desk(BUILT_IN_ADMINISTRATOR).save_contact(&contact).await.unwrap();
    (source, agent.id)
}

async fn begin(flow: &Mailflow, agent: AgentId, secret: &str) -> String {
    flow.begin_session(agent, auth::token_of(secret), "", "").await.unwrap();
    secret.to_owned()
}
