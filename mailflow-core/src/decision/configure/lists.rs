//! Access lists: written, and taken away, by administrators.

use super::{By, Configured, authorize, put, stamp};
use crate::access::{AccessList, Right, Scope};
use crate::decision::trail::{self, Edit};
use crate::decision::{Scene, Stop};
use crate::digest::Digest;
use crate::directory::{Document, DocumentKind};
use crate::id::Mint;
use crate::refusal::Refusal;
use crate::store::{Changes, Key};

/// Writes the list of a scope, or takes it away. `seen` is [`AccessList::version_of`] what was looked at.
///
/// # Errors
/// [`Stop::Refuse`] if the agent is no administrator, the list does not fit, or it is another one now.
pub fn save_access(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    by: By,
    (scope, seen): (Scope, Option<Digest>),
    wish: Option<&AccessList>,
) -> Result<(), Stop> {
    authorize(scene, by, DocumentKind::Access, Right::Edit)?;
    let nothing = AccessList { scope, grants: Vec::new() };
    wish.unwrap_or(&nothing).check(scene.directory)?;
    let key = Key::Document(DocumentKind::Access, scope.document_id());
    let known = changes.get::<Document>(&key)?.cloned();
    let list = known.as_ref().and_then(|it| serde_json::from_value::<AccessList>(it.content.clone()).ok());
    if seen.is_some_and(|seen| seen != AccessList::version_of(list.as_ref())) {
        return Err(Refusal::Outdated { what: AccessList::WORD, name: nothing.called() }.into());
    }
    match wish {
        Some(wish) => put(scene, changes, mint, by, wish, Vec::new()),
        None if known.is_some() => {
            let (kind, id, name) = (DocumentKind::Access, scope.document_id(), nothing.called());
            let before = known.map(|known| known.content);
            let edit = Edit { kind, id, name, before, after: None, others: Vec::new() };
            trail::edited(scene, changes, mint, by.into(), edit);
            changes.need([key.clone(), Key::Directory])?;
            changes.erase(key);
            stamp(changes)
        }
        None => Ok(()),
    }
}
