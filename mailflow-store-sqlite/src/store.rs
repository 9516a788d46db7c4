//! [`SqliteStore`]: the store in a file.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::digest::Digest;
use mailflow_core::store::{
    Changeset, CommitError, Committed, Found, Key, Loaded, Page, Query, Store, StoreError, StoreErrorKind,
};
use mailflow_core::time::{Clock as _, SystemClock, Timestamp};
use mailflow_store_rows::bodies::MAX_INLINE;
use mailflow_store_rows::jobs::Job;
use mailflow_store_rows::prepared::Prepared;

use crate::bodies::Bodies;
use crate::connection::{self, with_suffix};
use crate::error::OrFailed as _;
use crate::readers::Readers;
use crate::writer::Writer;
use crate::{find, load};

/// How a database is opened. The default suits a server with up to a few dozen agents.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Options {
    /// How many threads read at the same time; at least 1.
    pub readers: usize,
    /// How many bytes of pages the connection that writes keeps in memory.
    pub writer_cache_bytes: u32,
    /// How many bytes of pages each connection that reads keeps in memory.
    pub reader_cache_bytes: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self { readers: 4, writer_cache_bytes: 32 << 20, reader_cache_bytes: 8 << 20 }
    }
}

/// A store in an SQLite file. What `commit` said yes to outlives a power cut: the write-ahead log is synced to the disk
/// before (`synchronous = FULL`).
///
/// One process at a time has the file: a second one is told so by [`SqliteStore::open`]. When the value is dropped, what
/// waits to be written is written, and the file can be opened again.
#[derive(Debug)]
pub struct SqliteStore {
    // Dropped in this order: the readers and the writer end before the lock is given back.
    readers: Arc<Readers>,
    writer: Writer,
    bodies: Arc<Bodies>,
    path: PathBuf,
    _lock: File,
}

impl SqliteStore {
    /// Opens the database in this file, or makes a new one. Large bodies are kept in the folder with the same name and
    /// `.bodies` behind it.
    ///
    /// # Errors
    /// [`StoreError`], of the kind [`InUse`](mailflow_core::store::StoreErrorKind::InUse) if another server has the file
    /// open; [`StoreError::is_unusable`] says yes if the file is of another program or of a later version of mailflow.
    pub fn open(path: impl AsRef<Path>, options: Options) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let lock = connection::lock(path)?;
        let connection = connection::writer(path, options.writer_cache_bytes)?;
        let bodies = Arc::new(Bodies::new(with_suffix(path, ".bodies")));
        bodies.tidy(&connection)?;
        let readers = (0..options.readers.max(1)).map(|_| connection::reader(path, options.reader_cache_bytes));
        let readers = Arc::new(Readers::start(readers.collect::<Result<_, _>>()?)?);
        let writer = Writer::start(connection, Arc::clone(&bodies))?;
        Ok(Self { readers, writer, bodies, path: path.to_owned(), _lock: lock })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a copy of the database, as it is at this moment, into a new file, while others go on reading and writing.
    /// Large bodies are copied into its `.bodies` folder.
    ///
    /// # Errors
    /// [`StoreError`] if the file exists or cannot be written.
    pub async fn back_up(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let (to, bodies) = (to.as_ref().to_owned(), Arc::clone(&self.bodies));
        self.readers
            .run_alone(move |connection| {
                let doing = "writing a copy of the database";
                if to.exists() {
                    let doing = format!("`{}` exists; name a new file", to.display());
                    return Err(StoreError::new(StoreErrorKind::Other, doing));
                }
                let name = to.to_string_lossy().into_owned();
                let copy = || connection.execute("VACUUM INTO ?1", [name]).or_failed(doing).map(|_| ());
                bodies.copy(copy, &with_suffix(&to, ".bodies"))?;
                File::open(&to).and_then(|file| file.sync_all()).or_failed(doing)
            })
            .await
    }

    /// Looks through the whole database for damage. Returns what was found, in SQLite's words; nothing if it is sound.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read.
    pub async fn check(&self) -> Result<Vec<String>, StoreError> {
        self.readers
            .run(|connection| {
                let doing = "looking for damage";
                let mut statement = connection.prepare("PRAGMA integrity_check").or_failed(doing)?;
                let lines = statement.query_map([], |row| row.get::<_, String>(0)).or_failed(doing)?;
                let lines: Vec<String> = lines.collect::<Result<_, _>>().or_failed(doing)?;
                Ok(lines.into_iter().filter(|line| line != "ok").collect())
            })
            .await
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn now(&self) -> Result<Timestamp, StoreError> {
        // Whoever opens the file is on this machine.
        Ok(SystemClock.now())
    }

    async fn check_shape(&self) -> Result<(), StoreError> {
        // As long as we have the file open, nobody else does.
        Ok(())
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Loaded>, StoreError> {
        let keys = keys.to_vec();
        self.readers.run(move |connection| keys.iter().map(|key| load::load(connection, key)).collect()).await
    }

    async fn find(&self, query: &Query, page: &Page) -> Result<Found, StoreError> {
        let (query, page) = (query.clone(), page.clone());
        self.readers.run(move |connection| find::find(connection, &query, &page)).await
    }

    async fn commit(&self, changes: Changeset) -> Result<Committed, CommitError> {
        changes.only_adds_to_the_audit()?;
        // SQLite sorts names of any length.
        let prepared = Prepared::new(changes, usize::MAX)?;
        self.writer.run(|answer| Job::Commit(prepared, answer)).await
    }

    async fn keep_body(&self, bytes: Vec<u8>) -> Result<Digest, StoreError> {
        let bodies = Arc::clone(&self.bodies);
        let small = bytes.len() <= MAX_INLINE;
        let keep = move || {
            let digest = Digest::of(&bytes);
            bodies.keep(digest, bytes).map(|many| (digest, many))
        };
        // Small bodies are quickly compressed; what needs a file must not hold the runtime up.
        let (digest, many_wait) = if small { keep()? } else { self.readers.run_alone(move |_| keep()).await? };
        if many_wait {
            self.writer.run(Job::WriteBodies).await?;
        }
        Ok(digest)
    }

    async fn body(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(recent) = self.bodies.recent(digest) {
            return Ok(Some(recent));
        }
        let (digest, bodies) = (*digest, Arc::clone(&self.bodies));
        self.readers.run(move |connection| bodies.read(connection, &digest)).await
    }

    async fn erase_body(&self, digest: &Digest) -> Result<(), StoreError> {
        let digest = *digest;
        self.writer.run(|answer| Job::EraseBody(digest, answer)).await
    }
}
