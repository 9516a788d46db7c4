//! [`FolderTransport`]: mail into a folder.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use mailflow_core::mail::Address;
use mailflow_core::outgoing::Reply;
use mailflow_core::transport::{Answer, Envelope, MailTransport, TransportError, Verdict};

use super::{failed, on_disk, sync_folder_of};
use crate::steps::{Check, Steps};

/// A folder that gets one `.eml` file a mail, and beside it one with the ending `.envelope`: sender and recipients, one
/// a line. Files are numbered, and are there when they are whole and on disk.
#[derive(Debug, Clone)]
pub struct FolderTransport {
    path: PathBuf,
}

impl FolderTransport {
    /// Mail into this folder, which is made if it is not there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Looks whether files can be made in the folder.
    pub async fn check(&self) -> Check {
        let path = self.path.clone();
        let mut steps = Steps::default();
        let outcome = on_disk(move || {
            let trial = path.join(".mailflow-trial");
            fs::create_dir_all(&path)
                .and_then(|()| fs::write(&trial, b"trial"))
                .and_then(|()| fs::remove_file(&trial))
                .map_err(|error| failed("written to", &path, error))
        });
        let outcome = outcome.await.map(|()| steps.worked("write to the folder", self.path.display().to_string()));
        Check::of(steps, outcome)
    }
}

#[async_trait]
impl MailTransport for FolderTransport {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        let folder = self.path.clone();
        let mail = mail.to_vec();
        let lines = envelope_lines(envelope);
        let file = on_disk(move || deliver(&folder, &mail, &lines)).await?;
        let text = format!("written to {}", file.display());
        let answer = |recipient: &Address| Answer {
            recipient: recipient.clone(),
            verdict: Verdict::Accepted,
            reply: Reply { code: 250, enhanced: None, text: text.clone() },
        };
        Ok(envelope.recipients().iter().map(answer).collect())
    }
}

fn envelope_lines(envelope: &Envelope) -> String {
    let mut lines = format!("from <{}>\n", envelope.sender().map_or("", Address::as_str));
    for recipient in envelope.recipients() {
        lines.push_str(&format!("to <{recipient}>\n"));
    }
    lines
}

/// The envelope's file claims the number. The mail is written beside, synced and then named: whoever sees the name sees
/// the whole mail.
fn deliver(folder: &Path, mail: &[u8], envelope: &str) -> Result<PathBuf, TransportError> {
    let wrong = |error| failed("written to", folder, error);
    fs::create_dir_all(folder).map_err(wrong)?;
    let (mut claimed, file) = claim(folder).map_err(wrong)?;
    claimed.write_all(envelope.as_bytes()).and_then(|()| claimed.sync_all()).map_err(wrong)?;
    let beside = file.with_extension("partial");
    File::create(&beside)
        .and_then(|mut file| file.write_all(mail).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(&beside, &file))
        .map_err(wrong)?;
    sync_folder_of(&file).map_err(|error| wrong(error).perhaps_sent())?;
    Ok(file)
}

/// The next number that is free: its envelope's file, and the mail's file to be.
fn claim(folder: &Path) -> io::Result<(File, PathBuf)> {
    let number_of =
        |entry: io::Result<fs::DirEntry>| -> Option<u64> { entry.ok()?.path().file_stem()?.to_str()?.parse().ok() };
    let mut number = fs::read_dir(folder)?.filter_map(number_of).max().unwrap_or(0);
    loop {
        number = number.saturating_add(1);
        let file = folder.join(format!("{number:06}.eml"));
        match File::create_new(file.with_extension("envelope")) {
            Ok(claimed) => return Ok((claimed, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
}
