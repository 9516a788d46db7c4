//! [`DeskArguments`]: which desk a command is about.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

use crate::database::{Database, Place};
use crate::setup::{self, IfMissing, Opened, SetupError};

/// Which desk.
#[derive(Args)]
pub struct DeskArguments {
    /// The desk's database: a file, `sqlite:FILE`, `postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `mssql://…`.
    #[arg(long, value_name = "DATABASE")]
    db: OsString,
    /// The file with the key that its passwords are sealed with; beside a file it is FILE.key, else mailflow.key.
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

/// Without the password that may stand in it.
impl std::fmt::Debug for DeskArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DeskArguments").field("key", &self.key).finish_non_exhaustive()
    }
}

impl DeskArguments {
    /// The desk in a database.
    pub const fn new(db: OsString, key: Option<PathBuf>) -> Self {
        Self { db, key }
    }

    /// Where it is.
    pub fn place(&self) -> Result<Place, SetupError> {
        Ok(Place::new(Database::read(&self.db)?, self.key.clone()))
    }

    /// Opens it.
    pub async fn open(&self, if_missing: IfMissing) -> Result<Opened, SetupError> {
        setup::open(self.place()?, if_missing).await
    }

    /// Opens it for a server, made if it is missing: where several may work on it, as the one of this name.
    pub async fn open_for_server(&self, name: Option<String>, usual: &str) -> Result<Opened, SetupError> {
        let place = self.place()?;
        match name {
            None if !place.database.is_for_many() => setup::open(place, IfMissing::Make).await,
            name => setup::open_as(place, name.as_deref().unwrap_or(usual)).await,
        }
    }
}
