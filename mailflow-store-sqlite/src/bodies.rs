//! Bodies: bytes under their digest, small ones in the database, large ones in files beside it.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use mailflow_core::digest::Digest;
use mailflow_core::store::{StoreError, StoreErrorKind};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::compress;
use crate::connection::prepare;
use crate::error::OrFailed;

/// Bodies up to this many bytes lie in the database.
pub(crate) const MAX_INLINE: usize = 256 << 10;
/// When kept bodies that no commit has named yet take more than this, they are written without waiting for one.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// Where a body lies: the column `place`.
const IN_TABLE: i64 = 0;
const IN_FILE: i64 = 1;
const ERASED: i64 = 2;

/// A body that was kept and waits for the commit that names it: one transaction writes both.
#[derive(Debug)]
pub(crate) struct Kept {
    size: usize,
    /// Compressed; `None` if it is in a file, which is durable already.
    content: Option<Vec<u8>>,
}

/// Where bodies wait and where their files are.
#[derive(Debug)]
pub(crate) struct Bodies {
    folder: PathBuf,
    waiting: Mutex<Waiting>,
    /// Held while a file comes or goes, so that a body that is kept again is not removed by an erase before.
    files: Mutex<()>,
}

/// Bodies that a transaction wrote.
pub(crate) type Written = Vec<(Digest, Arc<Kept>)>;

#[derive(Debug, Default)]
struct Waiting {
    bodies: BTreeMap<Digest, Arc<Kept>>,
    bytes: usize,
}

impl Bodies {
    /// Bodies whose files are in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, waiting: Mutex::default(), files: Mutex::default() }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // Nothing panics while it is half changed.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a body in. Returns whether so many wait that they should be written now.
    pub fn keep(&self, digest: Digest, bytes: &[u8]) -> Result<bool, StoreError> {
        let packed = compress::pack(bytes)?;
        if bytes.len() <= MAX_INLINE {
            return Ok(self.wait(digest, Kept { size: bytes.len(), content: Some(packed) }));
        }
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        self.write_file(&digest, &packed)?;
        Ok(self.wait(digest, Kept { size: bytes.len(), content: None }))
    }

    fn wait(&self, digest: Digest, kept: Kept) -> bool {
        let kept = Arc::new(kept);
        let mut waiting = self.waiting();
        waiting.bytes += kept.weight();
        if let Some(before) = waiting.bodies.insert(digest, kept) {
            waiting.bytes = waiting.bytes.saturating_sub(before.weight());
        }
        waiting.bytes > MAX_WAITING_BYTES
    }

    /// The body, if it waits.
    pub fn waits(&self, digest: &Digest) -> Option<Arc<Kept>> {
        self.waiting().bodies.get(digest).cloned()
    }

    /// All digests that wait.
    pub fn all_waiting(&self) -> Vec<Digest> {
        self.waiting().bodies.keys().copied().collect()
    }

    /// What was written waits no more.
    pub fn settle(&self, written: &Written) {
        let mut waiting = self.waiting();
        for (digest, kept) in written {
            // What was kept again since then goes on waiting.
            if waiting.bodies.get(digest).is_some_and(|now| Arc::ptr_eq(now, kept)) {
                waiting.bodies.remove(digest);
                waiting.bytes = waiting.bytes.saturating_sub(kept.weight());
            }
        }
    }

    fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.join(digest.to_string())
    }

    /// Writes a file so that it outlives a power cut: the bytes, then the name.
    fn write_file(&self, digest: &Digest, packed: &[u8]) -> Result<(), StoreError> {
        let doing = "writing a body into its file";
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder).or_failed(doing)?;
            self.folder.parent().map_or(Ok(()), sync_folder).or_failed(doing)?;
        }
        let begun = self.folder.join(format!("{digest}.begun"));
        let mut file = File::create(&begun).or_failed(doing)?;
        file.write_all(packed).or_failed(doing)?;
        file.sync_all().or_failed(doing)?;
        fs::rename(&begun, self.path(digest)).or_failed(doing)?;
        sync_folder(&self.folder).or_failed(doing)
    }

    /// Removes the file of an erased body.
    pub fn remove_file(&self, digest: &Digest) -> Result<(), StoreError> {
        let _files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        if self.waits(digest).is_some() {
            return Ok(());
        }
        match fs::remove_file(self.path(digest)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            result => result.and_then(|()| sync_folder(&self.folder)).or_failed("removing the file of a body"),
        }
    }

    /// Copies all files into another folder.
    pub fn copy_files(&self, to: &Path) -> Result<(), StoreError> {
        let doing = "copying the files of bodies";
        if !self.folder.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(to).or_failed(doing)?;
        for entry in fs::read_dir(&self.folder).or_failed(doing)? {
            let entry = entry.or_failed(doing)?;
            if entry.file_name().to_string_lossy().parse::<Digest>().is_ok() {
                let copy = to.join(entry.file_name());
                fs::copy(entry.path(), &copy).or_failed(doing)?;
                File::open(&copy).and_then(|file| file.sync_all()).or_failed(doing)?;
            }
        }
        sync_folder(to).or_failed(doing)
    }

    /// Removes what a power cut left behind: files that were begun, and files of bodies that were erased.
    pub fn tidy(&self, connection: &Connection) -> Result<(), StoreError> {
        let doing = "tidying the folder of bodies";
        if !self.folder.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(&self.folder).or_failed(doing)? {
            let entry = entry.or_failed(doing)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let gone = match name.parse::<Digest>() {
                Ok(digest) => place(connection, &digest)? == Some(ERASED),
                Err(_) => name.ends_with(".begun"),
            };
            if gone {
                fs::remove_file(entry.path()).or_failed(doing)?;
            }
        }
        Ok(())
    }

    /// The bytes under a digest.
    pub fn read(&self, connection: &Connection, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let packed = match self.waits(digest) {
            Some(kept) => match &kept.content {
                Some(content) => Some(content.clone()),
                None => Some(self.read_file(digest)?),
            },
            None => self.read_written(connection, digest)?,
        };
        let Some(bytes) = packed.map(|packed| compress::unpack(&packed)).transpose()? else { return Ok(None) };
        if Digest::of(&bytes) != *digest {
            let doing = format!("the body {digest} is not what was kept: the database is damaged");
            return Err(StoreError::new(StoreErrorKind::Unusable, doing));
        }
        Ok(Some(bytes))
    }

    fn read_written(&self, connection: &Connection, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let doing = "reading a body";
        let sql = "SELECT place, content FROM bodies WHERE digest = ?1";
        let row = prepare(connection, sql)
            .and_then(|mut it| {
                let read = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?));
                it.query_row(params![digest.as_bytes()], read).optional()
            })
            .or_failed(doing)?;
        match row {
            Some((IN_TABLE, content)) => Ok(content),
            Some((IN_FILE, _)) => self.read_file(digest).map(Some),
            _ => Ok(None),
        }
    }

    fn read_file(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        fs::read(self.path(digest)).or_failed(&format!("reading the file of the body {digest}"))
    }
}

impl Kept {
    fn weight(&self) -> usize {
        self.content.as_ref().map_or(0, Vec::len) + size_of::<Self>()
    }
}

/// Makes the names in a folder outlive a power cut.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

fn place(connection: &Connection, digest: &Digest) -> Result<Option<i64>, StoreError> {
    prepare(connection, "SELECT place FROM bodies WHERE digest = ?1")
        .and_then(|mut it| it.query_row(params![digest.as_bytes()], |row| row.get(0)).optional())
        .or_failed("looking for a body")
}

/// Writes a body, if it waits. Returns whether there is one: written now, before, or erased since.
pub(crate) fn write(
    connection: &Connection,
    bodies: &Bodies,
    digest: &Digest,
    written: &mut Written,
) -> Result<bool, StoreError> {
    let place = place(connection, digest)?;
    let Some(kept) = bodies.waits(digest) else { return Ok(place.is_some()) };
    // Two plain statements: an upsert opens a savepoint, and FTS5 writes a segment at each of them.
    let sql = match place {
        None => Some("INSERT INTO bodies (place, size, content, digest) VALUES (?1, ?2, ?3, ?4)"),
        Some(ERASED) => Some("UPDATE bodies SET place = ?1, size = ?2, content = ?3 WHERE digest = ?4"),
        Some(_) => None,
    };
    if let Some(sql) = sql {
        let to = if kept.content.is_some() { IN_TABLE } else { IN_FILE };
        let size = i64::try_from(kept.size).unwrap_or(i64::MAX);
        prepare(connection, sql)
            .and_then(|mut it| it.execute(params![to, size, kept.content, digest.as_bytes()]))
            .or_failed("writing a body")?;
    }
    written.push((*digest, kept));
    Ok(true)
}

/// Marks a body as erased, if there is one.
pub(crate) fn erase(
    connection: &Connection,
    bodies: &Bodies,
    digest: &Digest,
    written: &mut Written,
) -> Result<(), StoreError> {
    if !write(connection, bodies, digest, written)? {
        return Ok(());
    }
    let sql = "UPDATE bodies SET place = 2, content = NULL WHERE digest = ?1";
    prepare(connection, sql).and_then(|mut it| it.execute(params![digest.as_bytes()])).or_failed("erasing a body")?;
    Ok(())
}
