//! The audit: what somebody did is written down in the changeset that does it, once.

use serde_json::Value;

use super::{Scene, tell};
use crate::agent::Agent;
use crate::audit::{About, AuditEntry, Deed, Who, changes as differences};
use crate::decision::configure::By;
use crate::directory::{Document, DocumentKind, Documented as _};
use crate::event::{Actor, What};
use crate::id::{AgentId, Mint, TicketId};
use crate::store::Changes;

/// Writes down what somebody did, unless it is switched off.
pub(super) fn record(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (who, about): (Who, About),
    what: Deed,
) {
    let activity = what.activity();
    if !activity.is_switchable() || !scene.directory.settings.audit_off.contains(&activity) {
        changes.put(AuditEntry { id: mint.id(), at: scene.now, who, about, what });
    }
}

/// An agent did something to a ticket: its story tells it, and so does the audit.
pub(super) fn done(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (agent, ticket): (AgentId, TicketId),
    what: What,
) {
    tell(changes, mint, ticket, scene.now, Actor::Agent(agent), what.clone());
    record(scene, changes, mint, (Who::Agent(agent), About::Ticket(ticket)), Deed::Ticket(what));
}

/// A piece of configuration, as it was and as it will be; nothing is written down if that is the same.
pub(super) struct Edit {
    pub kind: DocumentKind,
    pub id: uuid::Uuid,
    pub name: String,
    pub before: Option<Value>,
    pub after: Option<Value>,
    /// Other documents that change with it, before and after.
    pub others: Vec<(Value, Document)>,
}

/// Somebody changed the configuration.
pub(super) fn edited(scene: &Scene<'_>, changes: &mut Changes<'_>, mint: &mut Mint, who: Who, edit: Edit) {
    let mut found = differences(edit.before.as_ref(), edit.after.as_ref());
    for (before, after) in &edit.others {
        let name = after.content.get("name").and_then(Value::as_str).unwrap_or_default();
        for mut change in differences(Some(before), Some(&after.content)) {
            change.field = format!("{} `{name}`: {}", after.kind.word(), change.field);
            found.push(change);
        }
    }
    if found.is_empty() {
        return;
    }
    let about = About::Document { kind: edit.kind, id: edit.id, name: edit.name };
    let what = match (edit.before.is_some(), edit.after.is_some()) {
        (false, _) => Deed::Made { changes: found },
        (true, true) => Deed::Changed { changes: found },
        (true, false) => Deed::Removed { changes: found },
    };
    record(scene, changes, mint, (who, about), what);
}

/// An agent as what something was done to.
pub(super) fn about_agent(agent: &Agent) -> About {
    About::Document { kind: DocumentKind::Agent, id: agent.document_id(), name: agent.user_name.clone() }
}

impl From<By> for Who {
    fn from(by: By) -> Self {
        match by {
            By::Agent(agent) | By::AgentAt(agent, _) => Self::Agent(agent),
            By::Program => Self::Program,
        }
    }
}
