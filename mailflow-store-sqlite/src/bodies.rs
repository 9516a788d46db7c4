//! Bodies: bytes under their digest, small ones in the database, large ones in files beside it.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use mailflow_core::digest::Digest;
use mailflow_core::store::StoreError;
use mailflow_store_rows::bodies::{ELSEWHERE, ERASED, IN_ROW, MAX_INLINE, Waiting, Written, unpack};
use mailflow_store_rows::compress;
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::connection::prepare;
use crate::error::OrFailed;
use crate::recent::Recent;

/// Where bodies wait and where their files are.
#[derive(Debug)]
pub(crate) struct Bodies {
    folder: PathBuf,
    waiting: Waiting,
    recent: Recent,
    /// Held while a file comes or goes, so that a body that is kept again is not removed by an erase before.
    files: Mutex<Files>,
}

#[derive(Debug, Default)]
struct Files {
    /// How many copies of the database are being made: until they are done no file goes, as the copy may name it.
    copies: usize,
    /// Files to be removed then.
    later: Vec<Digest>,
}

impl Bodies {
    /// Bodies whose files are in this folder.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder, waiting: Waiting::default(), recent: Recent::default(), files: Mutex::default() }
    }

    /// Takes a body in. Returns whether so many wait that they should be written now.
    pub fn keep(&self, digest: Digest, bytes: Vec<u8>) -> Result<bool, StoreError> {
        let packed = compress::pack(&bytes)?;
        if bytes.len() <= MAX_INLINE {
            let size = bytes.len();
            // Before it waits: who erases it then makes it forgotten too.
            self.recent.remember(digest, bytes);
            return Ok(self.waiting.keep(digest, size, Some(packed)));
        }
        let _files = self.files();
        self.write_file(&digest, &packed)?;
        Ok(self.waiting.keep(digest, bytes.len(), None))
    }

    fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A small body that was kept a moment ago.
    pub fn recent(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.recent.get(digest)
    }

    /// Those that wait for a commit.
    pub const fn waiting(&self) -> &Waiting {
        &self.waiting
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

    /// Forgets an erased body and removes its file.
    pub fn remove(&self, digest: &Digest) -> Result<(), StoreError> {
        let mut files = self.files();
        if self.waiting.get(digest).is_some() {
            return Ok(());
        }
        self.recent.forget(digest);
        if files.copies > 0 {
            files.later.push(*digest);
            return Ok(());
        }
        match fs::remove_file(self.path(digest)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            result => result.and_then(|()| sync_folder(&self.folder)).or_failed("removing the file of a body"),
        }
    }

    /// Makes a copy of the database with `copy`, and copies all files into another folder. A file whose body is erased
    /// meanwhile goes when that is done: the copy may name it.
    pub fn copy(&self, copy: impl FnOnce() -> Result<(), StoreError>, to: &Path) -> Result<(), StoreError> {
        self.files().copies += 1;
        let result = copy().and_then(|()| self.copy_files(to));
        let later = {
            let mut files = self.files();
            files.copies = files.copies.saturating_sub(1);
            if files.copies == 0 { std::mem::take(&mut files.later) } else { Vec::new() }
        };
        later.iter().try_for_each(|digest| self.remove(digest)).and(result)
    }

    fn copy_files(&self, to: &Path) -> Result<(), StoreError> {
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

    /// Removes what a power cut left behind: bodies that no record came to name, files that were begun, files that no
    /// row names, files of bodies that were erased. Nobody else has the database open.
    pub fn tidy(&self, connection: &Connection) -> Result<(), StoreError> {
        let doing = "tidying the folder of bodies";
        connection.execute("DELETE FROM bodies WHERE named = 0", []).or_failed(doing)?;
        if !self.folder.is_dir() {
            return Ok(());
        }
        for entry in fs::read_dir(&self.folder).or_failed(doing)? {
            let entry = entry.or_failed(doing)?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let gone = match name.parse::<Digest>() {
                Ok(digest) => place(connection, &digest)?.is_none_or(|(place, _)| place == ERASED),
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
        let packed = match self.waiting.get(digest) {
            Some(kept) => match &kept.content {
                Some(content) => Some(content.clone()),
                None => Some(self.read_file(digest)?),
            },
            None => self.read_written(connection, digest)?,
        };
        packed.map(|packed| unpack(digest, &packed)).transpose()
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
            Some((IN_ROW, content)) => Ok(content),
            Some((ELSEWHERE, _)) => self.read_file(digest).map(Some),
            _ => Ok(None),
        }
    }

    fn read_file(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        fs::read(self.path(digest)).or_failed(&format!("reading the file of the body {digest}"))
    }
}

/// Makes the names in a folder outlive a power cut.
fn sync_folder(folder: &Path) -> std::io::Result<()> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    File::open(folder)?.sync_all()
}

/// Where a body lies, and whether a record names it.
fn place(connection: &Connection, digest: &Digest) -> Result<Option<(i64, bool)>, StoreError> {
    prepare(connection, "SELECT place, named FROM bodies WHERE digest = ?1")
        .and_then(|mut it| it.query_row(params![digest.as_bytes()], |row| Ok((row.get(0)?, row.get(1)?))).optional())
        .or_failed("looking for a body")
}

/// Why a body is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// A record names it.
    Named,
    /// Too many wait.
    Waits,
}

/// Writes a body, if it waits. Returns whether there is one: written now, before, or erased since.
pub(crate) fn write(
    connection: &Connection,
    bodies: &Bodies,
    digest: &Digest,
    why: Why,
    written: &mut Written,
) -> Result<bool, StoreError> {
    let place = place(connection, digest)?;
    if why == Why::Named && matches!(place, Some((_, false))) {
        prepare(connection, "UPDATE bodies SET named = 1 WHERE digest = ?1")
            .and_then(|mut it| it.execute(params![digest.as_bytes()]))
            .or_failed("writing a body")?;
    }
    let Some(kept) = bodies.waiting.get(digest) else { return Ok(place.is_some()) };
    // Plain statements: an upsert opens a savepoint, and FTS5 writes a segment at each of them.
    let sql = match place {
        None => Some("INSERT INTO bodies (place, size, content, digest, named) VALUES (?1, ?2, ?3, ?4, ?5)"),
        Some((ERASED, _)) => {
            Some("UPDATE bodies SET place = ?1, size = ?2, content = ?3, named = ?5 WHERE digest = ?4")
        }
        Some(_) => None,
    };
    if let Some(sql) = sql {
        let to = if kept.content.is_some() { IN_ROW } else { ELSEWHERE };
        prepare(connection, sql)
            .and_then(|mut it| it.execute(params![to, kept.size, kept.content, digest.as_bytes(), why == Why::Named]))
            .or_failed("writing a body")?;
    }
    written.push((*digest, kept));
    Ok(true)
}

/// Marks a body as erased, whether there is one or not.
pub(crate) fn erase(
    connection: &Connection,
    bodies: &Bodies,
    digest: &Digest,
    written: &mut Written,
) -> Result<(), StoreError> {
    let sql = if write(connection, bodies, digest, Why::Named, written)? {
        "UPDATE bodies SET place = 2, content = NULL WHERE digest = ?1"
    } else {
        "INSERT INTO bodies (place, size, content, digest, named) VALUES (2, 0, NULL, ?1, 1)"
    };
    prepare(connection, sql).and_then(|mut it| it.execute(params![digest.as_bytes()])).or_failed("erasing a body")?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_erased_while_a_copy_is_made_goes_when_the_copy_has_it() {
        let folder = tempfile::TempDir::new().unwrap();
        let (files, copied) = (folder.path().join("bodies"), folder.path().join("copy"));
        let bodies = Bodies::new(files.clone());
        let bytes = vec![7; MAX_INLINE + 1];
        let digest = Digest::of(&bytes);
        bodies.keep(digest, bytes).unwrap();
        let kept = bodies.waiting.get(&digest).unwrap();
        bodies.waiting.settle(&vec![(digest, kept)]);
        let there = |folder: &Path| folder.join(digest.to_string()).exists();
        bodies.copy(|| bodies.remove(&digest), &copied).unwrap();
        assert!(there(&copied) && !there(&files));
    }
}
