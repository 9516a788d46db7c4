//! What an administrator tries out, or wants to happen at once: nothing is changed, and the audit says that he did it.

use uuid::Uuid;

use super::{Scene, Stop, trail};
use crate::audit::{About, Deed, Who};
use crate::destination::Destination;
use crate::directory::{DocumentKind, Documented as _};
use crate::id::Mint;
use crate::refusal::Refusal;
use crate::source::Source;
use crate::store::Changes;
use crate::text;

/// The longest trouble that is written down, in characters.
const TROUBLE: usize = 500;

/// What can be tried out, as it was then, saved or not.
#[derive(Debug, Clone, Copy)]
pub enum Trial<'a> {
    /// A source.
    Source(&'a Source),
    /// A destination.
    Destination(&'a Destination),
    /// The directory server that passwords are checked with.
    DirectoryServer,
    /// The provider of single sign-on.
    SingleSignOn,
}

impl Trial<'_> {
    /// What it is, and which part of it.
    fn about(self) -> (About, &'static str) {
        let document = |kind, id, name: &str| {
            let name = if name.trim().is_empty() { "without a name" } else { name };
            About::Document { kind, id, name: text::one_line(name, 100) }
        };
        match self {
            Self::Source(it) => (document(DocumentKind::Source, it.document_id(), &it.name), ""),
            Self::Destination(it) => (document(DocumentKind::Destination, it.document_id(), &it.name), ""),
            Self::DirectoryServer => (document(DocumentKind::Settings, Uuid::nil(), "settings"), "directory server"),
            Self::SingleSignOn => (document(DocumentKind::Settings, Uuid::nil(), "settings"), "single sign-on"),
        }
    }
}

/// Writes down that something was tried out, and why it does not work, if it does not.
///
/// # Errors
/// None of its own.
pub fn tried_out(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    who: Who,
    (what, trouble): (Trial<'_>, Option<&str>),
) -> Result<(), Stop> {
    let (about, part) = what.about();
    let trouble = text::one_line(trouble.unwrap_or_default(), TROUBLE);
    trail::record(scene, changes, mint, (who, about), Deed::TriedOut { part: part.to_owned(), trouble });
    Ok(())
}

/// Writes down that mail of a source or destination is collected or sent without waiting for its time.
///
/// # Errors
/// [`Stop::Refuse`] if there is none with this id.
pub fn hurry(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    who: Who,
    source_or_destination: Uuid,
) -> Result<(), Stop> {
    let source = scene.directory.sources.get(&source_or_destination.into()).map(Trial::Source);
    let destination = || scene.directory.destinations.get(&source_or_destination.into()).map(Trial::Destination);
    let found = source.or_else(destination);
    let found = found.ok_or_else(|| Refusal::no_such("source or destination", source_or_destination))?;
    trail::record(scene, changes, mint, (who, found.about().0), Deed::Hurried);
    Ok(())
}
