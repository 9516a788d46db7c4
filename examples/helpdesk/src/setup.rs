//! Opening a desk: the database file, and the key file beside it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use mailflow_core::destination::{Destination, DestinationAccess};
use mailflow_core::flow::{Error, Mailflow};
use mailflow_core::id::DestinationId;
use mailflow_core::mail::{Address, Keyring};
use mailflow_core::store::StoreError;
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_transport::Connectors;
use mailflow_transport::seal::{KeyFile, SealError};

use crate::auth;

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
    /// There is no such file, and none was to be made.
    #[error("there is no desk in `{0}`; `mailflow ingest` and `mailflow serve` make one")]
    NoDesk(PathBuf),
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

/// Opens the desk in a file. The key of its passwords and tokens is in `FILE.key`.
///
/// # Errors
/// [`SetupError`] if it cannot be opened.
pub async fn open(file: &Path, if_missing: IfMissing) -> Result<Opened, SetupError> {
    if if_missing == IfMissing::Refuse && !file.exists() {
        return Err(SetupError::NoDesk(file.to_owned()));
    }
    let store = SqliteStore::open(file, Options::default())?;
    let mut key_file = file.as_os_str().to_owned();
    key_file.push(".key");
    let key = Arc::new(KeyFile::open_or_create(PathBuf::from(key_file))?);
    let keyring = Keyring::new(1, key.secret("thread tokens 1"));
    let network = Connectors::new(key);
    let flow = Mailflow::builder(store).keyring(keyring).network(network.clone()).build().await?;
    Ok(Opened { flow, network })
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
