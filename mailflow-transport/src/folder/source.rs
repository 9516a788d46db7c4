//! [`FolderSource`]: mail from a folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use mailflow_core::arrival::Uid;
use mailflow_core::transport::{Content, Fetched, MailSource, Settle, SourceSession, TransportError, Waiting};
use tokio::sync::mpsc;

use super::{failed, on_disk, sync_folder_of};
use crate::pop3::head;
use crate::steps::{self, Check, Steps};

/// A folder whose files with the ending `.eml` are mails. The oldest by the file's time comes first; the name of a
/// mail is the file's name.
#[derive(Debug, Clone)]
pub struct FolderSource {
    path: PathBuf,
}

impl FolderSource {
    /// The mails in this folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Counts the mails, without touching them.
    pub async fn check(&self) -> Check {
        let path = self.path.clone();
        let mut steps = Steps::default();
        let outcome = on_disk(move || look(&path)).await;
        let outcome = outcome.map(|files| steps.worked("look into the folder", steps::mails(files.len())));
        Check::of(steps, outcome)
    }
}

#[async_trait]
impl MailSource for FolderSource {
    async fn open(&self) -> Result<Box<dyn SourceSession>, TransportError> {
        let path = self.path.clone();
        let files = on_disk(move || look(&path)).await?;
        Ok(Box::new(FolderSession { files, removed: Vec::new() }))
    }
}

#[derive(Debug, Clone)]
struct Found {
    path: PathBuf,
    size: u64,
    at: SystemTime,
}

struct FolderSession {
    /// Number 1 is the first.
    files: Vec<Found>,
    removed: Vec<PathBuf>,
}

impl FolderSession {
    fn path(&self, waiting: &Waiting) -> Option<&Path> {
        let place = usize::try_from(waiting.number).ok()?.checked_sub(1)?;
        self.files.get(place).map(|found| found.path.as_path())
    }
}

fn look(folder: &Path) -> Result<Vec<Found>, TransportError> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| failed("read", folder, error))? {
        let path = entry.map_err(|error| failed("read", folder, error))?.path();
        if path.extension().is_none_or(|ending| !ending.eq_ignore_ascii_case("eml")) {
            continue;
        }
        // A file that went away in between is no mail any more.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_file() {
            let at = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            files.push(Found { path, size: metadata.len(), at });
        }
    }
    files.sort_by(|a, b| (a.at, &a.path).cmp(&(b.at, &b.path)));
    Ok(files)
}

#[async_trait]
impl SourceSession for FolderSession {
    async fn list(&mut self) -> Result<Vec<Waiting>, TransportError> {
        let waiting = |(number, found): (u32, &Found)| Waiting {
            uid: found.path.file_name().and_then(|name| name.to_str()).map(Uid::new),
            number,
            size: found.size,
        };
        Ok((1..).zip(&self.files).map(waiting).collect())
    }

    async fn fetch(
        &mut self,
        wanted: &[Waiting],
        max_bytes: u64,
        to: &mpsc::Sender<Fetched>,
    ) -> Result<(), TransportError> {
        for waiting in wanted {
            let content = match self.path(waiting) {
                None => Content::Unavailable("no such mail".to_owned()),
                Some(path) => match tokio::fs::read(path).await {
                    Err(error) => Content::Unavailable(format!("the file cannot be read: {error}")),
                    Ok(mail) if u64::try_from(mail.len()).unwrap_or(u64::MAX) > max_bytes => {
                        Content::HeadersOnly(head(mail))
                    }
                    Ok(mail) => Content::Whole(mail),
                },
            };
            if to.send(Fetched { waiting: waiting.clone(), content }).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn settle(&mut self, done: &[Waiting], how: Settle) -> Result<(), TransportError> {
        if how == Settle::Remove {
            let paths: Vec<_> = done.iter().filter_map(|waiting| self.path(waiting).map(Path::to_owned)).collect();
            self.removed.extend(paths);
        }
        Ok(())
    }

    async fn close(self: Box<Self>) -> Result<(), TransportError> {
        on_disk(move || {
            for path in &self.removed {
                match fs::remove_file(path) {
                    Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                        return Err(failed("removed", path, error));
                    }
                    _ => {}
                }
            }
            self.removed
                .first()
                .map_or(Ok(()), |path| sync_folder_of(path).map_err(|error| failed("synced", path, error)))
        })
        .await
    }
}
