//! [`Provider`]: a mail provider of our own, made of a real Dovecot and a real Postfix. Both are private to the test that
//! starts them: their configuration, queue, sockets and mail are in a temporary folder, their ports are free ones, and
//! they end with the test.

mod dovecot;
mod postfix;
mod program;

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};

use mailflow_core::source::{MailServer, Tls};
use mailflow_test::servers::Authority;
use tempfile::TempDir;

use self::dovecot::Dovecot;
use self::postfix::Postfix;
pub use self::program::free_ports;

/// The password of every user.
pub const PASSWORD: &str = "correct horse";
/// Who owns the mail: neither server delivers as root.
const MAIL_OWNER: u32 = 65534;

/// A mailbox with an address.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Its user.
    pub user: &'static str,
    /// Its address.
    pub address: &'static str,
}

/// How mail comes into the mailboxes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carriage {
    /// As it is sent, with the sender of the envelope on top.
    Faithful,
    /// Without any header that tells who or what wrote it, what it answers and where answers go, and without the sender
    /// of the envelope: the worst that stands between two who write to each other.
    Stripping,
}

/// Dovecot and Postfix with the same mailboxes.
pub struct Provider {
    // In this order: the servers end before their folder goes.
    postfix: Postfix,
    dovecot: Dovecot,
    authority: Authority,
    folder: TempDir,
}

/// Ports and paths of both servers.
struct Places {
    folder: PathBuf,
    pop3: u16,
    pop3s: u16,
    imap: u16,
    imaps: u16,
    smtp: u16,
    submission: u16,
}

/// Why there can be no provider here, if so.
pub fn missing() -> Option<String> {
    let lacks: Vec<&str> = [
        (Path::new("/usr/sbin/dovecot").exists(), "dovecot"),
        (Path::new("/usr/lib/dovecot/pop3").exists(), "dovecot-pop3d"),
        (Path::new("/usr/lib/dovecot/imap").exists(), "dovecot-imapd"),
        (Path::new("/usr/sbin/postfix").exists(), "postfix"),
        (is_root(), "root (both servers want to change users)"),
    ]
    .into_iter()
    .filter_map(|(is_there, name)| (!is_there).then_some(name))
    .collect();
    (!lacks.is_empty()).then(|| lacks.join(", "))
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

impl Provider {
    /// Starts both servers; `None`, said loudly, if this machine does not have them. With `CI=true` it must.
    pub async fn start(accounts: &[Account]) -> Option<Self> {
        Self::start_with(accounts, Carriage::Faithful).await
    }

    /// The same with another carriage.
    pub async fn start_with(accounts: &[Account], carriage: Carriage) -> Option<Self> {
        if let Some(missing) = missing() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "missing: {missing}");
            eprintln!("LEFT OUT, because this machine lacks: {missing}");
            return None;
        }
        Some(Self::try_start(accounts, carriage).await.expect("a private Dovecot and Postfix"))
    }

    async fn try_start(accounts: &[Account], carriage: Carriage) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mailflow-provider-").tempdir()?;
        // Its programs run as several users.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let mail = folder.path().join("mail");
        fs::create_dir(&mail)?;
        chown(&mail, Some(MAIL_OWNER), Some(MAIL_OWNER))?;
        let authority = Authority::for_names(&["localhost", "127.0.0.1"])?;
        fs::write(folder.path().join("certificate.pem"), authority.server_certificate_pem())?;
        fs::write(folder.path().join("key.pem"), authority.server_key_pem())?;
        fs::set_permissions(folder.path().join("key.pem"), fs::Permissions::from_mode(0o600))?;
        let [pop3, pop3s, imap, imaps, smtp, submission] = program::free_ports()?;
        let places = Places { folder: folder.path().to_owned(), pop3, pop3s, imap, imaps, smtp, submission };
        let dovecot = Dovecot::start(&places, accounts).await?;
        let postfix = Postfix::start(&places, accounts, carriage).await?;
        Ok(Self { postfix, dovecot, authority, folder })
    }

    /// POP3, protected like this.
    pub fn pop3(&self, tls: Tls) -> MailServer {
        self.server(if tls == Tls::Implicit { self.dovecot.pop3s } else { self.dovecot.pop3 }, tls)
    }

    /// IMAP, protected like this.
    pub fn imap(&self, tls: Tls) -> MailServer {
        self.server(if tls == Tls::Implicit { self.dovecot.imaps } else { self.dovecot.imap }, tls)
    }

    /// SMTP for those who sign in: it takes mail for everybody.
    pub fn submission(&self) -> MailServer {
        self.server(self.postfix.submission, Tls::Upgrade)
    }

    /// SMTP for other providers: it takes mail for its own mailboxes only.
    pub fn smtp(&self) -> MailServer {
        self.server(self.postfix.smtp, Tls::None)
    }

    fn server(&self, port: u16, tls: Tls) -> MailServer {
        let trusted_certificate = (tls != Tls::None).then(|| self.authority.pem().to_owned());
        MailServer { host: "localhost".to_owned(), port, tls, trusted_certificate }
    }

    /// The mails in a user's mailbox, the oldest first.
    pub fn mails(&self, user: &str) -> Vec<Vec<u8>> {
        let folder = self.folder.path().join("mail").join(user).join("Maildir");
        let mut files: Vec<PathBuf> = ["new", "cur"]
            .iter()
            .filter_map(|name| fs::read_dir(folder.join(name)).ok())
            .flatten()
            .map(|entry| entry.unwrap().path())
            .collect();
        files.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
        files.iter().filter_map(|path| fs::read(path).ok()).collect()
    }

    /// What both servers said, for a test that fails.
    pub fn logs(&self) -> String {
        format!("{}{}", self.dovecot.log(), self.postfix.log())
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- what the mail servers said ---\n{}", self.logs());
        }
    }
}
