//! `mailflow migrate-store` and `mailflow dump`: a desk goes from one database to another, and can be compared.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Args;
use mailflow_core::flow::words;
use mailflow_core::store::migrate::{MigrateError, Step, migrate};
use mailflow_core::store::{Key, Store, dump};
use serde_json::json;

use super::desk::DeskArguments;
use super::progress::Progress;
use super::{Exit, SHAPE, exit, print, say};
use crate::database::{Database, Place};
use crate::setup::SetupError;

/// What `mailflow migrate-store` is told.
#[derive(Args)]
pub struct MigrateArguments {
    /// The database that the desk is in: as after `--db`.
    #[arg(value_name = "FROM")]
    from: OsString,
    /// The database that it goes to: an empty one, or what an earlier run of the same command left.
    #[arg(value_name = "TO")]
    to: OsString,
    /// The key file of FROM, if it is not where it usually is.
    #[arg(long, value_name = "FILE")]
    from_key: Option<PathBuf>,
    /// Where the key file of TO shall be, if not where it usually is.
    #[arg(long, value_name = "FILE")]
    to_key: Option<PathBuf>,
    /// Print the counts and digests as JSON, one kind a line.
    #[arg(long)]
    json: bool,
    /// Say nothing while working.
    #[arg(long)]
    quiet: bool,
}

/// Without the passwords that may stand in it.
impl std::fmt::Debug for MigrateArguments {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MigrateArguments")
    }
}

/// Takes a desk into another database, and compares.
pub async fn migrate_store(arguments: MigrateArguments) -> Result<(), Exit> {
    let read = |text: &OsString| Database::read(text).map_err(SetupError::from);
    let from = Place::new(read(&arguments.from)?, arguments.from_key.clone());
    let to = Place::new(read(&arguments.to)?, arguments.to_key.clone());
    let source = open_desk(&from.database).await?;
    let target = to.database.open().await.map_err(SetupError::from)?;
    copy_key(&from.key, &to.key)?;
    let mut copied = Progress::of("records copied", arguments.quiet);
    let begun = copied.begun();
    let mut compared = None;
    let migrated = migrate(&*source, &*target, |step| match step {
        Step::Copying(_, records) => copied.at(records),
        Step::Comparing(_, records) => {
            compared.get_or_insert_with(|| Progress::of("records compared", arguments.quiet)).at(records);
        }
    })
    .await;
    copied.end();
    if let Some(compared) = compared {
        compared.end();
    }
    let migrated = migrated.map_err(|error| {
        let code = match &error {
            MigrateError::InUse(_) => exit::BUSY,
            MigrateError::Different { .. } => exit::FOUND_PROBLEMS,
            MigrateError::Store(error) if error.is_transient() => exit::TEMPORARY,
            _ => exit::FAILED,
        };
        let again = if code == exit::TEMPORARY { "; the same command goes on where it was" } else { "" };
        Exit::new(code, format!("{}{again}", words(&error)))
    })?;
    let mut all = 0;
    for (kind, tally) in &migrated.kinds {
        all += tally.records;
        let digest = tally.digest.to_string();
        if arguments.json {
            let line = json!({ "v": SHAPE, "kind": kind.word(), "records": tally.records, "digest": digest });
            print(&line.to_string())?;
        } else if tally.records > 0 {
            print(&format!("{:>9} {:<12} {digest}", tally.records, kind.word()))?;
        }
    }
    if !arguments.quiet {
        let seconds = begun_ago(begun);
        say(&format!(
            "{all} records are in `{}` as they were, {} of them from an earlier run, in {seconds:.1} s; `--db` names it \
             from now on, its key is `{}`",
            to.database,
            migrated.resumed,
            to.key.display()
        ));
    }
    Ok(())
}

fn begun_ago(begun: mailflow_core::time::Timestamp) -> f64 {
    use mailflow_core::time::{Clock as _, SystemClock};
    SystemClock.now().since(begun).as_secs_f64()
}

/// Prints all that a desk has, one record a line, in an order that is the same for every kind of database.
pub async fn print_dump(desk: &DeskArguments) -> Result<(), Exit> {
    let store = open_desk(&desk.place()?.database).await?;
    let out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let out = std::sync::Mutex::new(out);
    let mut lines: Vec<u8> = Vec::new();
    let dumped = dump::dump(&*store, |line| -> Result<(), DumpError> {
        lines.extend_from_slice(line.as_bytes());
        lines.push(b'\n');
        if lines.len() > 1 << 16 {
            out.lock().map_err(|_| io::Error::other("stdout"))?.write_all(&lines)?;
            lines.clear();
        }
        Ok(())
    })
    .await;
    let written = dumped.and_then(|()| {
        let mut out = out.lock().map_err(|_| io::Error::other("stdout"))?;
        Ok(out.write_all(&lines).and_then(|()| out.flush())?)
    });
    match written {
        Err(DumpError::Io(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(DumpError::Io(error)) => Err(error.into()),
        Err(DumpError::Store(error)) => Err(SetupError::from(error).into()),
        Ok(()) => Ok(()),
    }
}

/// Why nothing more was printed.
#[derive(Debug, thiserror::Error)]
enum DumpError {
    #[error(transparent)]
    Store(#[from] mailflow_core::store::StoreError),
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The store of a desk that is there.
async fn open_desk(database: &Database) -> Result<std::sync::Arc<dyn Store>, SetupError> {
    if database.is_absent() {
        return Err(SetupError::NoDesk(database.clone()));
    }
    let store = database.open().await?;
    let stamp = store.load(&[Key::Directory]).await?;
    if stamp.iter().all(|it| it.record.is_none()) && !matches!(database, Database::Sqlite(_)) {
        return Err(SetupError::NoDesk(database.clone()));
    }
    Ok(store)
}

/// The key goes along: without it, what was sealed could not be read.
fn copy_key(from: &Path, to: &Path) -> Result<(), Exit> {
    let failed = |path: &Path, error: &io::Error| Exit::new(exit::FAILED, format!("`{}`: {error}", path.display()));
    let key = match fs::read(from) {
        Ok(key) => key,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let missing = format!("`{}` is not there, and passwords cannot be read without it", from.display());
            return Err(Exit::new(exit::NOT_FOUND, format!("{missing}; name the key file with --from-key")));
        }
        Err(error) => return Err(failed(from, &error)),
    };
    match fs::read(to) {
        Ok(there) if there == key => return Ok(()),
        Ok(_) => {
            let doing = format!("`{}` is the key of another desk; name another file with --to-key", to.display());
            return Err(Exit::new(exit::FAILED, doing));
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(failed(to, &error)),
    }
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(to).and_then(|mut file| file.write_all(&key).and_then(|()| file.sync_all()));
    written.map_err(|error| failed(to, &error))
}
