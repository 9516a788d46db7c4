//! [`KeyFile`]: passwords sealed with a key that is not in the database.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, Mac};
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::secret::Sealed;
use sha2::Sha256;

/// The key that passwords are sealed with. It stands in a file of its own that only its owner can read, as 64
/// hexadecimal digits; a copy of the database without it gives nothing away.
///
/// Every use has a key of its own, derived from it (HMAC-SHA-256 of a label). Seals are XChaCha20-Poly1305 with a random
/// nonce, bound to a context, so that a seal moved to another record does not open.
pub struct KeyFile {
    path: PathBuf,
    key: [u8; 32],
}

/// A key or a seal that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key file cannot be read or made.
    #[error("the key file `{path}` cannot be {doing}")]
    File {
        /// Where it is.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// Why that failed.
        source: io::Error,
    },
    /// The key file holds something else.
    #[error("the key file `{0}` does not hold 64 hexadecimal digits; put the right file there")]
    NoKey(PathBuf),
    /// The key file can be read by others.
    #[error("the key file `{0}` can be read by others; take that right away with chmod 600")]
    Open(PathBuf),
    /// The seal was made with another key.
    #[error(
        "the password was sealed with key {sealed_with}, the key in `{path}` is {is}; put the right key file there or \
         enter the password again"
    )]
    WrongKey {
        /// Where the key is.
        path: PathBuf,
        /// Mark of the key that sealed.
        sealed_with: String,
        /// Mark of the key that is there.
        is: String,
    },
    /// The seal is broken, or stands in a record that it was not made for.
    #[error("the sealed password is damaged or was made for another record; enter the password again")]
    Broken,
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    NoRandom,
}

impl KeyFile {
    const VERSION: &str = "v1";
    const NONCE: usize = 24;

    /// The key in a file; the file is made, with a new key, if it is not there. Two processes that do so at once get
    /// the same key.
    ///
    /// # Errors
    /// [`SealError`] if the file cannot be read or made, holds no key, or can be read by others.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, SealError> {
        let path = path.as_ref();
        match fs::read_to_string(path) {
            Ok(text) => Self::read(path, &text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create(path)?;
                let text = fs::read_to_string(path).map_err(|source| failed(path, "read", source))?;
                Self::read(path, &text)
            }
            Err(source) => Err(failed(path, "read", source)),
        }
    }

    fn read(path: &Path, text: &str) -> Result<Self, SealError> {
        only_the_owner_reads(path)?;
        let no_key = || SealError::NoKey(path.to_owned());
        let bytes = HEXLOWER_PERMISSIVE.decode(text.trim().as_bytes()).map_err(|_| no_key())?;
        let key = bytes.try_into().map_err(|_| no_key())?;
        Ok(Self { path: path.to_owned(), key })
    }

    /// A secret of its own for a use, such as the keyring of tokens. The same key and label give the same secret.
    pub fn secret(&self, label: &str) -> [u8; 32] {
        #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 3)")]
        let mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key).expect("a key of any length");
        mac.chain_update(b"mailflow ").chain_update(label).finalize().into_bytes().into()
    }

    /// A short mark of the key by which it can be told from others, and which says nothing about it.
    pub fn mark(&self) -> String {
        HEXLOWER.encode(self.secret("mark").first_chunk::<4>().map_or(&[][..], |mark| mark))
    }

    /// Seals a password for a record, such as [`source_context`].
    ///
    /// # Errors
    /// [`SealError::NoRandom`] if the system gives no random numbers.
    pub fn seal(&self, plain: &str, context: &str) -> Result<Sealed, SealError> {
        let mut nonce = [0; Self::NONCE];
        getrandom::fill(&mut nonce).map_err(|_| SealError::NoRandom)?;
        let payload = Payload { msg: plain.as_bytes(), aad: context.as_bytes() };
        let sealed = self.cipher()?.encrypt(&XNonce::from(nonce), payload).map_err(|_| SealError::Broken)?;
        let bytes = [&nonce[..], &sealed].concat();
        Ok(Sealed::new(format!("{}.{}.{}", Self::VERSION, self.mark(), BASE64URL_NOPAD.encode(&bytes))))
    }

    /// The password in a seal that was made with the same key for the same record.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] or [`SealError::Broken`].
    pub fn open(&self, sealed: &Sealed, context: &str) -> Result<String, SealError> {
        let mut parts = sealed.as_str().splitn(3, '.');
        let (Some(Self::VERSION), Some(mark), Some(text)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(SealError::Broken);
        };
        if mark != self.mark() {
            let sealed_with = mailflow_core::text::one_line(mark, 16);
            return Err(SealError::WrongKey { path: self.path.clone(), sealed_with, is: self.mark() });
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| SealError::Broken)?;
        let (nonce, sealed) = bytes.split_first_chunk::<{ Self::NONCE }>().ok_or(SealError::Broken)?;
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        let plain = self.cipher()?.decrypt(&XNonce::from(*nonce), payload).map_err(|_| SealError::Broken)?;
        String::from_utf8(plain).map_err(|_| SealError::Broken)
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, SealError> {
        XChaCha20Poly1305::new_from_slice(&self.secret("seal")).map_err(|_| SealError::Broken)
    }
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KeyFile({}, {})", self.path.display(), self.mark())
    }
}

/// The context of the password of a source.
pub fn source_context(id: SourceId) -> String {
    format!("source {id} password")
}

/// The context of the password of a destination.
pub fn destination_context(id: DestinationId) -> String {
    format!("destination {id} password")
}

/// Writes a new key beside `path`, and gives it its name only when it is whole and on disk. If another process was
/// first, its key stays.
fn create(path: &Path) -> Result<(), SealError> {
    let mut random = [0_u8; 40];
    getrandom::fill(&mut random).map_err(|_| SealError::NoRandom)?;
    let (key, name) = random.split_at_checked(32).unwrap_or_default();
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", HEXLOWER.encode(name)));
    let beside = PathBuf::from(beside);
    let written = write_private(&beside, format!("{}\n", HEXLOWER.encode(key)).as_bytes()).and_then(|()| {
        match fs::hard_link(&beside, path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => crate::folder::sync_folder_of(path),
        }
    });
    // Its bytes have their name by now, or are not wanted.
    let _ = fs::remove_file(&beside);
    written.map_err(|source| failed(path, "made", source))
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(unix)]
fn only_the_owner_reads(path: &Path) -> Result<(), SealError> {
    let metadata = fs::metadata(path).map_err(|source| failed(path, "read", source))?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
    if mode & 0o077 == 0 { Ok(()) } else { Err(SealError::Open(path.to_owned())) }
}

#[cfg(not(unix))]
fn only_the_owner_reads(_path: &Path) -> Result<(), SealError> {
    Ok(())
}

fn failed(path: &Path, doing: &'static str, source: io::Error) -> SealError {
    SealError::File { path: path.to_owned(), doing, source }
}
