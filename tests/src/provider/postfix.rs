//! A private Postfix.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::program::greets;
use super::{Account, Carriage, MAIL_OWNER, Places};

/// A running Postfix.
pub struct Postfix {
    pub smtp: u16,
    pub submission: u16,
    configuration: PathBuf,
    log: PathBuf,
    child: Child,
}

const MAIN: &str = "\
compatibility_level = 3.6
queue_directory = FOLDER/queue
data_directory = FOLDER/postfix-data
maillog_file = FOLDER/postfix.log
maillog_file_prefixes = FOLDER
myhostname = mail.example.com
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
recipient_delimiter = +
alias_maps =
alias_database =
virtual_mailbox_domains = DOMAINS
virtual_mailbox_base = FOLDER/mail
virtual_mailbox_maps = texthash:FOLDER/postfix/mailboxes
virtual_uid_maps = static:OWNER
virtual_gid_maps = static:OWNER
virtual_mailbox_limit = 0
default_transport = error:5.1.2 there is no such host in this test
smtpd_tls_cert_file = FOLDER/certificate.pem
smtpd_tls_key_file = FOLDER/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = FOLDER/sign-in
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destination
";

/// What `main.cf` has beside for [`Carriage::Stripping`].
const STRIPPING: &str = "\
header_checks = regexp:FOLDER/postfix/stripped
virtual_transport = bare
bare_destination_recipient_limit = 1
always_add_missing_headers = yes
";
/// And `master.cf`: a delivery that puts nothing on top of the mail. What is moved into the mailbox is whole.
const BARE: &str = "\
bare unix - n n - - pipe
  user=nobody argv=FOLDER/deliver ${user}
";
const DELIVER: &str = "\
#!/bin/sh
set -e
umask 077
mailbox=FOLDER/mail/$1/Maildir
mkdir -p \"$mailbox/new\" \"$mailbox/cur\" \"$mailbox/tmp\"
name=$(date +%s%N).$$
cat > \"$mailbox/tmp/$name\"
mv \"$mailbox/tmp/$name\" \"$mailbox/new/$name\"
";
const STRIPPED: &str = "\
/^(Auto-Submitted|Precedence|X-Auto-[A-Za-z-]*|List-[A-Za-z-]*|Return-Path|Sender|X-Loop):/ IGNORE
/^(Message-ID|In-Reply-To|References|Reply-To):/ IGNORE
/^Subject:/ REPLACE Subject: News
";

/// Submission takes what it is given and reports back what cannot be delivered, as a provider's does for mail to others.
const MASTER: &str = "\
127.0.0.1:SMTP inet n - n - - smtpd
127.0.0.1:SUBMISSION inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_sasl_auth_enable=yes
  -o smtpd_reject_unlisted_recipient=no
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
";

impl Postfix {
    pub async fn start(places: &Places, accounts: &[Account], carriage: Carriage) -> io::Result<Self> {
        let folder = &places.folder;
        let configuration = folder.join("postfix");
        for name in ["postfix", "queue", "postfix-data"] {
            fs::create_dir(folder.join(name))?;
        }
        run(Command::new("chown").arg("postfix").arg(folder.join("postfix-data")))?;
        let mut domains: Vec<&str> = accounts.iter().filter_map(|it| it.address.split('@').nth(1)).collect();
        domains.sort_unstable();
        domains.dedup();
        let stripping = carriage == Carriage::Stripping;
        let main = [MAIN, if stripping { STRIPPING } else { "" }]
            .concat()
            .replace("FOLDER", &folder.to_string_lossy())
            .replace("OWNER", &MAIL_OWNER.to_string())
            .replace("DOMAINS", &domains.join(", "));
        fs::write(configuration.join("main.cf"), main)?;
        let master = [MASTER, if stripping { BARE } else { "" }]
            .concat()
            .replace("FOLDER", &folder.to_string_lossy())
            .replace("SUBMISSION", &places.submission.to_string())
            .replace(":SMTP", &format!(":{}", places.smtp));
        fs::write(configuration.join("master.cf"), master)?;
        if stripping {
            fs::write(configuration.join("stripped"), STRIPPED)?;
            let program = folder.join("deliver");
            fs::write(&program, DELIVER.replace("FOLDER", &folder.to_string_lossy()))?;
            fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
        }
        let mailboxes: String =
            accounts.iter().map(|account| format!("{} {}/Maildir/\n", account.address, account.user)).collect();
        fs::write(configuration.join("mailboxes"), mailboxes)?;
        let child = Command::new("/usr/sbin/postfix")
            .arg("-c")
            .arg(&configuration)
            .arg("start-fg")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let Places { smtp, submission, .. } = *places;
        let postfix = Self { smtp, submission, configuration, log: folder.join("postfix.log"), child };
        greets(smtp, "220 ").await;
        greets(submission, "220 ").await;
        Ok(postfix)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Postfix {
    fn drop(&mut self) {
        let stopped = run(Command::new("/usr/sbin/postfix").arg("-c").arg(&self.configuration).arg("stop"));
        if stopped.is_err() {
            let _ = self.child.kill();
        }
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let done = command.stdin(Stdio::null()).output()?;
    if done.status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {done:?}"))) }
}
