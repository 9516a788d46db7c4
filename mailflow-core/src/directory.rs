//! [`Directory`]: all documents of a desk, read together and kept in memory.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::access::{AccessList, AccessLists};
use crate::agent::Agent;
use crate::category::Category;
use crate::destination::Destination;
use crate::digest::Digest;
use crate::group::{self, Group};
use crate::id::{AgentId, CategoryId, DestinationId, GroupId, ResponseId, SourceId, TicketboxId};
use crate::mail::Address;
use crate::response::StandardResponse;
use crate::routing::{InvalidRules, Rules};
use crate::rule::RuleSet;
use crate::settings::Settings;
use crate::signature::Signature;
use crate::source::Source;
use crate::ticketbox::Ticketbox;

/// A kind of document: configuration, which is little and read all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DocumentKind {
    /// [`Agent`].
    Agent,
    /// [`Group`].
    Group,
    /// [`AccessList`].
    Access,
    /// [`Ticketbox`].
    Ticketbox,
    /// [`Category`].
    Category,
    /// [`Source`].
    Source,
    /// [`Destination`].
    Destination,
    /// [`StandardResponse`].
    Response,
    /// [`RuleSet`], one for the desk.
    Rules,
    /// [`Settings`], one for the desk.
    Settings,
}

impl DocumentKind {
    /// The word for it, as a store keeps it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Group => "group",
            Self::Access => "access",
            Self::Ticketbox => "ticketbox",
            Self::Category => "category",
            Self::Source => "source",
            Self::Destination => "destination",
            Self::Response => "response",
            Self::Rules => "rules",
            Self::Settings => "settings",
        }
    }

    /// The kind that a word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        const ALL: [DocumentKind; 10] = [
            DocumentKind::Agent,
            DocumentKind::Group,
            DocumentKind::Access,
            DocumentKind::Ticketbox,
            DocumentKind::Category,
            DocumentKind::Source,
            DocumentKind::Destination,
            DocumentKind::Response,
            DocumentKind::Rules,
            DocumentKind::Settings,
        ];
        ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A document as a store keeps it: which one it is, and its content as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its identity inside the kind; nil for a kind of which there is one.
    pub id: Uuid,
    /// Its content.
    pub content: Value,
}

/// A type that is kept as a document.
pub trait Documented: Serialize + for<'de> Deserialize<'de> {
    /// Its kind.
    const KIND: DocumentKind;

    /// Its identity inside the kind.
    fn document_id(&self) -> Uuid;

    /// The document.
    fn to_document(&self) -> Document {
        // Our own types of plain fields: serde_json refuses only maps whose keys are no strings, and there are none.
        let content = serde_json::to_value(self).unwrap_or(Value::Null);
        Document { kind: Self::KIND, id: self.document_id(), content }
    }

    /// Names this content: a change that was begun at another content would undo somebody else's.
    fn version(&self) -> Digest {
        Digest::of(self.to_document().content.to_string().as_bytes())
    }
}

macro_rules! documented {
    ($($type:ident, $kind:ident, $id:expr;)*) => {$(
        impl Documented for $type {
            const KIND: DocumentKind = DocumentKind::$kind;

            fn document_id(&self) -> Uuid {
                let id: fn(&Self) -> Uuid = $id;
                id(self)
            }
        }
    )*};
}

documented! {
    Agent, Agent, |agent| agent.id.into();
    Group, Group, |group| group.id.into();
    AccessList, Access, |list| list.scope.document_id();
    Ticketbox, Ticketbox, |ticketbox| ticketbox.id.into();
    Category, Category, |category| category.id.into();
    Source, Source, |source| source.id.into();
    Destination, Destination, |destination| destination.id.into();
    StandardResponse, Response, |response| response.id.into();
    RuleSet, Rules, |_| Uuid::nil();
    Settings, Settings, |_| Uuid::nil();
}

/// Stands for all documents together: every change of a document replaces it, so its version is the version of the
/// configuration, and two changes at once cannot both believe that a name is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DirectoryStamp {
    /// How often the configuration was changed.
    pub changes: u64,
}

/// All documents of a desk, read together: what decisions know of the configuration. Immutable; a change makes a new
/// one.
#[derive(Debug, Clone, Default)]
pub struct Directory {
    /// The agents.
    pub agents: BTreeMap<AgentId, Agent>,
    /// The groups, without the two that every desk has.
    pub groups: BTreeMap<GroupId, Group>,
    /// Who has which rights.
    pub access: AccessLists,
    /// The ticketboxes.
    pub ticketboxes: BTreeMap<TicketboxId, Ticketbox>,
    /// The categories.
    pub categories: BTreeMap<CategoryId, Category>,
    /// The sources.
    pub sources: BTreeMap<SourceId, Source>,
    /// The destinations.
    pub destinations: BTreeMap<DestinationId, Destination>,
    /// The standard responses.
    pub responses: BTreeMap<ResponseId, StandardResponse>,
    /// The rules as they were written.
    pub rule_set: RuleSet,
    /// The rules, compiled.
    pub rules: Arc<Rules>,
    /// What holds for the whole desk.
    pub settings: Settings,
    /// Whose address is which: the ticketbox of each of our addresses, by [`Address::key`].
    by_address: BTreeMap<String, TicketboxId>,
}

/// A document that cannot be read: written by a later version, or damaged.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// The content does not fit the kind.
    #[error("document {kind} {id} cannot be read; was it written by a later version of mailflow?", kind = .kind.word())]
    Unreadable {
        /// Its kind.
        kind: DocumentKind,
        /// Its id.
        id: Uuid,
        /// What does not fit.
        source: serde_json::Error,
    },
    /// The rules do not compile.
    #[error("the routing rules do not compile")]
    Rules(#[from] InvalidRules),
}

impl Directory {
    /// The directory of these documents.
    ///
    /// # Errors
    /// [`DirectoryError`] names the document that cannot be read.
    pub fn from_documents(documents: impl IntoIterator<Item = Document>) -> Result<Self, DirectoryError> {
        Self::default().read_again(documents)
    }

    /// The directory of other documents; what this one has compiled already is not compiled again.
    ///
    /// # Errors
    /// [`DirectoryError`] names the document that cannot be read.
    pub fn read_again(&self, documents: impl IntoIterator<Item = Document>) -> Result<Self, DirectoryError> {
        let mut directory = Self::default();
        for document in documents {
            match document.kind {
                DocumentKind::Agent => put(&mut directory.agents, document, |agent: &Agent| agent.id)?,
                DocumentKind::Group => put(&mut directory.groups, document, |group: &Group| group.id)?,
                DocumentKind::Access => directory.access.put(read::<AccessList>(document)?),
                DocumentKind::Ticketbox => put(&mut directory.ticketboxes, document, |it: &Ticketbox| it.id)?,
                DocumentKind::Category => put(&mut directory.categories, document, |it: &Category| it.id)?,
                DocumentKind::Source => put(&mut directory.sources, document, |it: &Source| it.id)?,
                DocumentKind::Destination => put(&mut directory.destinations, document, |it: &Destination| it.id)?,
                DocumentKind::Response => put(&mut directory.responses, document, |it: &StandardResponse| it.id)?,
                DocumentKind::Rules => directory.rule_set = read(document)?,
                DocumentKind::Settings => directory.settings = read(document)?,
            }
        }
        for ticketbox in directory.ticketboxes.values() {
            for address in ticketbox.addresses() {
                directory.by_address.entry(address.key()).or_insert(ticketbox.id);
            }
        }
        directory.rules = match directory.rule_set == self.rule_set {
            true => Arc::clone(&self.rules),
            false => Arc::new(self.rules.compile_again(&directory.rule_set)?),
        };
        Ok(directory)
    }

    /// The ticketbox that an address reaches, with or without a `+tag`.
    pub fn ticketbox_at(&self, address: &Address) -> Option<&Ticketbox> {
        let id = self.by_address.get(&address.key()).or_else(|| self.by_address.get(&address.without_tag().key()))?;
        self.ticketboxes.get(id)
    }

    /// Whether an address is one of ours: of a ticketbox.
    pub fn is_ours(&self, address: &Address) -> bool {
        self.ticketbox_at(address).is_some()
    }

    /// The agent with a user name, without regard to case.
    pub fn agent_named(&self, user_name: &str) -> Option<&Agent> {
        let wanted = user_name.trim().to_lowercase();
        self.agents.values().find(|agent| agent.user_name.to_lowercase() == wanted)
    }

    /// Whether an agent belongs to a group.
    pub fn is_member(&self, agent: AgentId, group: GroupId) -> bool {
        let listed = self.groups.get(&group).is_some_and(|group| group.members.contains(&agent));
        listed || self.agents.get(&agent).is_some_and(|agent| group::in_built_in(group, agent))
    }

    /// What is put below what an agent writes: his own signature, or that of a group that he belongs to.
    pub fn signature_of(&self, agent: &Agent) -> String {
        let chosen =
            agent.signature_of.filter(|id| self.is_member(agent.id, *id)).and_then(|id| self.groups.get(&id));
        chosen.map_or(&agent.signature, |group| &group.signature).trim().to_owned()
    }

    /// What is put below an answer of an agent's, if he chose so; `None` if he may not.
    pub fn signature_chosen(&self, agent: &Agent, signature: Signature) -> Option<String> {
        match signature {
            Signature::Usual => Some(self.signature_of(agent)),
            Signature::Own => Some(agent.signature.trim().to_owned()),
            Signature::Group(id) if self.is_member(agent.id, id) => {
                self.groups.get(&id).map(|group| group.signature.trim().to_owned())
            }
            Signature::Group(_) => None,
            Signature::Nothing => Some(String::new()),
        }
    }

    /// What a group is called.
    pub fn group_name(&self, id: GroupId) -> String {
        match id {
            group::EVERYONE => "everyone".to_owned(),
            group::ADMINISTRATORS => "administrators".to_owned(),
            id => self.groups.get(&id).map_or_else(|| id.to_string(), |group| group.name.clone()),
        }
    }

    /// The ticketbox with a name, without regard to case.
    pub fn ticketbox_named(&self, name: &str) -> Option<&Ticketbox> {
        let wanted = name.trim().to_lowercase();
        self.ticketboxes.values().find(|ticketbox| ticketbox.name.to_lowercase() == wanted)
    }

    /// The destination that is used where nothing else is said.
    pub fn default_destination(&self) -> Option<&Destination> {
        self.destinations.values().find(|it| it.default).or_else(|| self.destinations.values().next())
    }

    /// What answers from a ticketbox are sent through, for a ticket that came from `source`.
    pub fn destination_for(&self, ticketbox: &Ticketbox, source: Option<SourceId>) -> Option<&Destination> {
        let by_source = || source.and_then(|id| self.sources.get(&id)).and_then(|source| source.destination);
        ticketbox
            .destination
            .or_else(by_source)
            .and_then(|id| self.destinations.get(&id))
            .or_else(|| self.default_destination())
    }
}

fn read<T: Documented>(document: Document) -> Result<T, DirectoryError> {
    let (kind, id) = (document.kind, document.id);
    serde_json::from_value(document.content).map_err(|source| DirectoryError::Unreadable { kind, id, source })
}

fn put<K: Ord, T: Documented>(
    into: &mut BTreeMap<K, T>,
    document: Document,
    id: impl Fn(&T) -> K,
) -> Result<(), DirectoryError> {
    let value: T = read(document)?;
    into.insert(id(&value), value);
    Ok(())
}
