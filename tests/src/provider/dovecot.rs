//! A private Dovecot.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::program::greets;
use super::{Account, MAIL_OWNER, PASSWORD, Places};

/// A running Dovecot.
pub struct Dovecot {
    pub pop3: u16,
    pub pop3s: u16,
    pub imap: u16,
    pub imaps: u16,
    log: PathBuf,
    child: Child,
}

/// What its version has other words for.
const CONFIGURATION: &str = "\
base_dir = FOLDER/dovecot
state_dir = FOLDER/dovecot/state
log_path = FOLDER/dovecot.log
protocols = pop3 imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <FOLDER/certificate.pem
ssl_key = <FOLDER/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login
mail_location = maildir:FOLDER/mail/%n/Maildir
passdb {
  driver = passwd-file
  args = username_format=%n FOLDER/users
}
userdb {
  driver = static
  args = uid=OWNER gid=OWNER home=FOLDER/mail/%n
}
service pop3-login {
  inet_listener pop3 {
    port = POP3
  }
  inet_listener pop3s {
    port = SPOP
    ssl = yes
  }
}
service imap-login {
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = SIMAP
    ssl = yes
  }
}
service auth {
  unix_listener FOLDER/sign-in {
    mode = 0666
  }
}
";

impl Dovecot {
    pub async fn start(places: &Places, accounts: &[Account]) -> io::Result<Self> {
        let folder = &places.folder;
        let configuration = CONFIGURATION
            .replace("FOLDER", &folder.to_string_lossy())
            .replace("OWNER", &MAIL_OWNER.to_string())
            .replace("SIMAP", &places.imaps.to_string())
            .replace("IMAP", &places.imap.to_string())
            .replace("SPOP", &places.pop3s.to_string())
            .replace("POP3", &places.pop3.to_string());
        let file = folder.join("dovecot.conf");
        fs::write(&file, configuration)?;
        let users: String =
            accounts.iter().map(|account| format!("{}:{{PLAIN}}{PASSWORD}::::::\n", account.user)).collect();
        fs::write(folder.join("users"), users)?;
        fs::create_dir_all(folder.join("dovecot"))?;
        let child = Command::new("/usr/sbin/dovecot")
            .arg("-F")
            .arg("-c")
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let Places { pop3, pop3s, imap, imaps, .. } = *places;
        let dovecot = Self { pop3, pop3s, imap, imaps, log: folder.join("dovecot.log"), child };
        greets(pop3, "+OK").await;
        greets(imap, "* OK").await;
        Ok(dovecot)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // Its own children end when it is told to end, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}
