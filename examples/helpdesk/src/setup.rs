//! Opening a desk: its database, and its key.

use std::sync::Arc;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::flow::{Builder, Error, Mailflow};
use mailflow_core::id::DestinationId;
use mailflow_core::mail::{Address, Keyring};
use mailflow_core::store::migrate::refuse_unfinished;
use mailflow_core::store::{Key, Store, StoreError, Version};
use mailflow_transport::Connectors;
use mailflow_transport::seal::{KeyFile, SealError};

use crate::auth;
use crate::database::{Database, Desk, Place, UrlError};

/// An open desk.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The desk.
    pub flow: Mailflow,
    /// How its mail servers are reached, and its passwords sealed.
    pub network: Connectors,
}

/// A desk that could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SetupError {
    /// There is no desk, and none was to be made.
    #[error("there is no desk in `{0}`; `mailflow ingest` and `mailflow serve` make one")]
    NoDesk(Database),
    /// The database cannot be named like that.
    #[error(transparent)]
    Url(#[from] UrlError),
    /// The database cannot be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key file cannot be used.
    #[error(transparent)]
    Key(#[from] SealError),
    /// The desk cannot be read.
    #[error(transparent)]
    Flow(#[from] Error),
}

/// What is done if there is no desk yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// One is made.
    Make,
    /// It is an error.
    Refuse,
}

/// Opens the desk in a database; a path is a file of SQLite. The key of its passwords and tokens is in a file beside it,
/// or where the place says.
///
/// # Errors
/// [`SetupError`] if it cannot be opened.
pub async fn open(place: impl Into<Place>, if_missing: IfMissing) -> Result<Opened, SetupError> {
    let place = place.into();
    if if_missing == IfMissing::Refuse && place.database.is_absent() {
        return Err(SetupError::NoDesk(place.database));
    }
    let store = place.database.open().await?;
    let (builder, network) = prepare(&place, store, if_missing).await?;
    Ok(Opened { flow: builder.build().await?, network })
}

/// Opens the desk in a database as one of several servers, which has this name; what the others change is told to it as
/// long as the program runs.
///
/// # Errors
/// [`SetupError`] if it cannot be opened, or only one server at a time can work on such a database.
pub async fn open_as(place: Place, server: &str) -> Result<Opened, SetupError> {
    let (store, changes) = place.database.open_for_many().await?;
    let (builder, network) = prepare(&place, store, IfMissing::Make).await?;
    let flow = builder.server(server).build().await?;
    tokio::spawn(changes.tell(flow.clone()));
    Ok(Opened { flow, network })
}

/// What a desk is made of, on a store that is open.
async fn prepare(
    place: &Place,
    store: Arc<dyn Store>,
    if_missing: IfMissing,
) -> Result<(Builder, Connectors), SetupError> {
    refuse_unfinished(&*store).await?;
    // Every desk has written its first documents.
    let stamp = store.load(&[Key::Directory]).await?;
    let desk = if stamp.iter().all(|it| it.version == Version::ABSENT) { Desk::New } else { Desk::Old };
    if desk == Desk::New && if_missing == IfMissing::Refuse && !matches!(place.database, Database::Sqlite(_)) {
        return Err(SetupError::NoDesk(place.database.clone()));
    }
    place.check_key(desk)?;
    let key = Arc::new(KeyFile::open_or_create(&place.key)?);
    let keyring = Keyring::new(1, key.secret("thread tokens 1"));
    let network = Connectors::new(key);
    Ok((Mailflow::builder(store).keyring(keyring).network(network.clone()), network))
}

/// A ticketbox for an address, if none has it yet. It is called what stands before the `@`.
///
/// # Errors
/// [`Error`] if it cannot be written.
pub async fn ensure_ticketbox(flow: &Mailflow, address: &Address) -> Result<(), Error> {
    let directory = flow.directory();
    if directory.is_ours(address) {
        return Ok(());
    }
    let name = match directory.ticketbox_named(address.local()) {
        None => address.local(),
        Some(_) => address.as_str(),
    };
    flow.admin().ensure_ticketbox(name, address.as_str()).await.map(drop)
}

/// A destination for a desk that has none: what is answered waits in it until a mail server is entered.
///
/// # Errors
/// [`Error`] if it cannot be written.
pub async fn ensure_destination(flow: &Mailflow) -> Result<(), Error> {
    if !flow.directory().destinations.is_empty() {
        return Ok(());
    }
    let id: DestinationId = flow.admin().new_id();
    let waiting = Destination::new(id, "No mail server yet", DestinationAccess::Embedded);
    flow.admin().save(&Destination { default: true, enabled: false, ..waiting }).await
}

/// Gives the built-in administrator his first password, if he has none. It is known nowhere else from now on.
///
/// # Errors
/// [`Error`] if it cannot be written.
pub async fn first_password(flow: &Mailflow) -> Result<Option<String>, Error> {
    let directory = flow.directory();
    let Some(administrator) = directory.agents.get(&BUILT_IN_ADMINISTRATOR).filter(|it| it.password.is_none()) else {
        return Ok(None);
    };
    let password = auth::new_password();
    let hash = auth::hash(&password)?;
    flow.admin().save(&Agent { password: Some(hash), ..administrator.clone() }).await?;
    Ok(Some(password))
}
