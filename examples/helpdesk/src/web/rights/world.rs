//! A desk that can be copied with everything in it: the same ids, numbers, sessions and secrets in each copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use mailflow_core::access::{Grant, Grantee, Rights, Scope, Securable};
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::approval::{Approval, Approver};
use mailflow_core::category::Category;
use mailflow_core::decision::reply::Reply;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::digest::Digest;
use mailflow_core::draft::Draft;
use mailflow_core::group::Group;
use mailflow_core::id::{AgentId, CategoryId, ContactId, GroupId, MessageId, OutgoingId, ResponseId};
use mailflow_core::outgoing::{Outgoing, OutgoingState};
use mailflow_core::response::StandardResponse;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Entry, Found, Key, Loaded, MemoryStore, Page, Query, Store, StoreError,
    StoreErrorKind,
};
use mailflow_core::time::{Clock, Timestamp};

use crate::web::WebConfig;
use crate::web::testing::{Browser, Web};

/// A store that the test keeps a handle of.
#[derive(Clone)]
pub struct Kept {
    store: Arc<MemoryStore>,
    watch: Arc<Watch>,
}

/// What a test sees of a store, and does to it.
#[derive(Default)]
pub struct Watch {
    /// How many commits there were that are no last words.
    pub commits: AtomicUsize,
    /// Set when a newer program has brought the database to another shape.
    pub outgrown: AtomicBool,
}

#[async_trait]
impl Store for Kept {
    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        self.store.load(keys).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        self.store.find(query, page).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        if !changes.is_last_word() {
            if self.watch.outgrown.load(Ordering::SeqCst) {
                return Err(StoreError::new(StoreErrorKind::Outdated, "use the later version of mailflow").into());
            }
            self.watch.commits.fetch_add(1, Ordering::SeqCst);
        }
        self.store.commit(changes).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        self.store.keep_body(bytes).await
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.body(digest).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.store.now().await
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        self.store.check_shape().await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        self.store.erase_body(digest).await
    }
}

/// How an agent stands to what is in the ticketbox *Support*, and to contacts, responses and groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Nobody has signed in.
    Stranger,
    /// No list names him.
    Nobody,
    /// No list names him, and ticket 1 is his.
    Owner,
    /// Lists grant him to list.
    Lister,
    /// Lists grant him to read.
    Reader,
    /// Lists grant him to edit.
    Editor,
    /// Lists grant him everything.
    Full,
    /// An administrator.
    Administrator,
}

impl Role {
    pub const ALL: [Self; 8] = [
        Self::Stranger,
        Self::Nobody,
        Self::Owner,
        Self::Lister,
        Self::Reader,
        Self::Editor,
        Self::Full,
        Self::Administrator,
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Nobody => "nobody",
            Self::Owner => "owner",
            Self::Lister => "lister",
            Self::Reader => "reader",
            Self::Editor => "editor",
            Self::Full => "full",
            Self::Administrator => "administrator",
        }
    }
}

/// The desk: ticket 1 in *Support* is the owner's, ticket 2 there is nobody's and has a file; ticket 3 with another
/// file lies in *Sales*, which only administrators may know of, ticket 4 too, and is the reader's.
pub struct World {
    store: Kept,
    now: Timestamp,
    pub agents: Vec<(Role, AgentId)>,
    /// An agent whom only administrators may list.
    pub hidden_agent: AgentId,
    /// The first message of tickets 1 to 4.
    pub messages: Vec<MessageId>,
    /// An answer in ticket 1 that its owner wrote, held back.
    pub outgoing: OutgoingId,
    /// A mail in ticket 2 that waits for the approval of whom lists grant everything.
    pub to_approve: OutgoingId,
    pub contact: ContactId,
    pub category: CategoryId,
    pub hidden_category: CategoryId,
    pub group: GroupId,
    pub hidden_group: GroupId,
    pub response: ResponseId,
}

pub fn mail(to: &str, subject: &str) -> String {
    format!("From: Ada <ada@one.example>\nTo: {to}@example.com\nSubject: {subject}\n\nThe {subject} smokes.\n")
}

const WITH_FILE: &str = "From: Ada <ada@one.example>\nTo: TO@example.com\nSubject: SUBJECT\nMIME-Version: 1.0\n\
    Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee there.\n--b\nContent-Type: application/pdf\n\
    Content-Disposition: attachment; filename=photo.pdf\nContent-Transfer-Encoding: base64\n\ncGhvdG8=\n--b--\n";

fn grant(id: AgentId, rights: Rights) -> Grant {
    Grant { to: Grantee::Agent(id), rights }
}

impl World {
    pub async fn make() -> Self {
        let store = Kept { store: Arc::default(), watch: Arc::default() };
        let web = Web::open_on(store.clone(), WebConfig::default(), Timestamp::from_millis(1_700_000_000_000)).await;
        let mut agents = vec![(Role::Administrator, BUILT_IN_ADMINISTRATOR)];
        for role in Role::ALL.into_iter().filter(|it| !matches!(it, Role::Stranger | Role::Administrator)) {
            agents.push((role, web.add_agent(role.word()).await));
        }
        let hidden_agent = web.add_agent("hidden").await;
        let (category, hidden_category) = (web.desk().new_id(), web.desk().new_id());
        let (group, hidden_group) = (web.desk().new_id(), web.desk().new_id());
        let response: ResponseId = web.desk().new_id();
        let admin = web.flow.admin();
        admin.save(&Category { id: category, name: "Complaint".to_owned() }).await.unwrap();
        admin.save(&Category { id: hidden_category, name: "Hidden category".to_owned() }).await.unwrap();
        admin.save(&Group::new(group, "First line")).await.unwrap();
        admin.save(&Group::new(hidden_group, "Hidden group")).await.unwrap();
        let (name, subject, text) = ("Got it".to_owned(), String::new(), "We got it.".to_owned());
        admin.save(&StandardResponse { id: response, name, subject, text }).await.unwrap();
        for (to, subject) in [
            ("support", "printer"),
            ("support", "Photo"),
            ("sales", "Photo of the hidden printer"),
            ("sales", "own printer"),
        ] {
            let with_file = WITH_FILE.replace("SUBJECT", subject).replace("TO", to);
            let text = if subject.starts_with("Photo") { with_file } else { mail(to, subject) };
            web.receive(&text).await;
        }
        let mut world = Self {
            store,
            now: web.clock.now(),
            agents,
            hidden_agent,
            messages: Vec::new(),
            outgoing: web.desk().new_id(),
            to_approve: web.desk().new_id(),
            contact: web.desk().ticket(1).await.unwrap().contact.unwrap(),
            category,
            hidden_category,
            group,
            hidden_group,
            response,
        };
        world.give_rights(&web).await;
        world.fill(&web).await;
        world
    }

    /// Lists that grant each role its rights, and nobody else any.
    async fn give_rights(&self, web: &Web) {
        let by_role = [
            (Role::Lister, Rights::LIST),
            (Role::Reader, Rights::READ),
            (Role::Editor, Rights::EDIT),
            (Role::Full, Rights::FULL),
        ];
        let grants: Vec<Grant> = by_role.map(|(role, rights)| grant(self.agent(role), rights)).to_vec();
        let admin = web.flow.admin();
        for class in [Securable::Ticketboxes, Securable::Agents] {
            admin.save_access(Scope::default_of(class), Some(&[]), None).await.unwrap();
        }
        for class in [Securable::Contacts, Securable::Groups, Securable::Responses, Securable::Categories] {
            admin.save_access(Scope::default_of(class), Some(&grants), None).await.unwrap();
        }
        // The audit is allowed or denied.
        let may_read = [Role::Reader, Role::Editor, Role::Full].map(|role| grant(self.agent(role), Rights::FULL));
        admin.save_access(Scope::default_of(Securable::AgentAudit), Some(&may_read), None).await.unwrap();
        let support = Scope::one(Securable::Ticketboxes, web.support.id.into());
        admin.save_access(support, Some(&grants), None).await.unwrap();
        // The reader sees the tickets of nobody for being his agent, but may give him tickets.
        let known = Scope::one(Securable::Agents, self.agent(Role::Editor).into());
        let listed: Vec<Grant> = by_role.map(|(role, _)| grant(self.agent(role), Rights::LIST)).to_vec();
        admin.save_access(known, Some(&listed), None).await.unwrap();
        for (class, object) in
            [(Securable::Categories, self.hidden_category.into()), (Securable::Groups, self.hidden_group.into())]
        {
            admin.save_access(Scope::one(class, object), Some(&[]), None).await.unwrap();
        }
    }

    async fn fill(&mut self, web: &Web) {
        let desk = web.desk();
        for (number, role) in [(1, Role::Owner), (4, Role::Reader)] {
            let ticket = desk.ticket(number).await.unwrap().id;
            desk.change(ticket, TicketWish::Assign(Some(self.agent(role)))).await.unwrap();
        }
        for number in 1..=4 {
            let conversation = desk.conversation(number).await.unwrap();
            self.messages.push(conversation.messages().next().unwrap().id);
            desk.note(conversation.ticket.id, "A note about the printer.").await.unwrap();
        }
        let owner = web.flow.desk(self.agent(Role::Owner));
        let ticket = desk.ticket(1).await.unwrap();
        owner.reply(ticket.id, Reply { undo_s: 60, ..Reply::text("Use water.") }).await.unwrap();
        let conversation = desk.conversation(1).await.unwrap();
        self.outgoing = *conversation.outgoing.keys().next().unwrap();
        let begun = draft(web, &ticket, self.agent(Role::Owner));
        let forward = Draft { purpose: mailflow_core::draft::Purpose::Forward, ..begun.clone() };
        for draft in [begun, forward] {
            owner.save_draft(draft).await.unwrap();
        }
        let ticket = web.desk().ticket(2).await.unwrap().id;
        let approver = Approver::Agent(self.agent(Role::Full));
        let approval = Approval {
            told: Vec::new(),
            author: self.hidden_agent,
            approver,
            submitted: web.clock.now(),
            before: None,
            decision: None,
        };
        let waiting = Outgoing {
            id: self.to_approve,
            ticket,
            state: OutgoingState::AwaitingApproval,
            approval: Some(approval),
            ..conversation.outgoing[&self.outgoing].clone()
        };
        let entries = vec![Entry::Insert(waiting.into())];
        self.store.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
        self.now = web.clock.now();
    }

    pub fn agent(&self, role: Role) -> AgentId {
        self.agents.iter().find(|(known, _)| *known == role).unwrap().1
    }

    /// A copy of the desk with its pages; the clock stands where it stood.
    pub async fn copy(&self) -> Web {
        self.watched_copy().await.0
    }

    /// The same, with what can be seen of its store.
    pub async fn watched_copy(&self) -> (Web, Arc<Watch>) {
        let watch = Arc::<Watch>::default();
        let store = Kept { store: Arc::new((*self.store.store).clone()), watch: Arc::clone(&watch) };
        (Web::open_on(store, WebConfig::default(), self.now).await, watch)
    }
}

/// Something that an agent has begun to answer.
pub fn draft(web: &Web, ticket: &mailflow_core::ticket::Ticket, agent: AgentId) -> Draft {
    Draft {
        agent,
        ticket: ticket.id,
        purpose: mailflow_core::draft::Purpose::Answer,
        message: web.desk().new_id(),
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
        seen_revision: ticket.revision,
        saved: web.clock.now(),
    }
}

/// The browser of a role, with the same secret in every copy.
pub async fn browser<'a>(world: &World, web: &'a Web, role: Role) -> Browser<'a> {
    match role {
        Role::Stranger => web.stranger(),
        role => web.browser_with(world.agent(role), &format!("the secret of {}", role.word())).await,
    }
}
