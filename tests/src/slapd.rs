//! [`Slapd`]: a real directory server, private to the test: its configuration and data are in a temporary folder, its ports
//! are free ones, and it ends with the test.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use mailflow_test::servers::Authority;
use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::await_it::until;
use crate::provider::free_ports;

/// Below which everybody is.
pub const PEOPLE: &str = "ou=people,dc=example,dc=com";
/// The account that may search.
pub const ACCOUNT: &str = "cn=desk,dc=example,dc=com";
/// Its password.
pub const ACCOUNT_PASSWORD: &str = "the desk's own";

/// Signing in with a name and an empty password is answered with yes here, as some servers do: whoever asks has to know
/// that it proves nothing. The desk's account may read more than it should, as happens.
const CONFIGURATION: &str = "\
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile FOLDER/slapd.pid
allow bind_anon_dn
TLSCertificateFile FOLDER/certificate.pem
TLSCertificateKeyFile FOLDER/key.pem
TLSCACertificateFile FOLDER/authority.pem
TLSVerifyClient never
database mdb
maxsize 16777216
suffix dc=example,dc=com
rootdn cn=root,dc=example,dc=com
directory FOLDER/data
access to attrs=userPassword by dn.exact=cn=desk,dc=example,dc=com read by anonymous auth by * none
access to * by dn.exact=cn=desk,dc=example,dc=com read by * none
";

/// A running directory server.
pub struct Slapd {
    /// `ldap://`, not protected, with StartTLS.
    pub plain: String,
    /// `ldaps://`.
    pub protected: String,
    authority: Authority,
    child: Child,
    _folder: TempDir,
}

impl Slapd {
    /// Starts it with these people: user name and password. `None`, said loudly, if this machine does not have it; with
    /// `CI=true` it must.
    pub async fn start(people: &[(&str, &str)]) -> Option<Self> {
        if !Path::new("/usr/sbin/slapd").exists() || !Path::new("/usr/bin/ldapwhoami").exists() {
            assert!(std::env::var("CI").as_deref() != Ok("true"), "missing: slapd, ldap-utils");
            eprintln!("LEFT OUT, because this machine lacks: slapd, ldap-utils");
            return None;
        }
        Some(Self::try_start(people).await.expect("a private slapd"))
    }

    async fn try_start(people: &[(&str, &str)]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mailflow-slapd-").tempdir()?;
        let path = |name: &str| folder.path().join(name);
        let authority = Authority::for_names(&["localhost", "127.0.0.1"])?;
        fs::write(path("certificate.pem"), authority.server_certificate_pem())?;
        fs::write(path("key.pem"), authority.server_key_pem())?;
        fs::write(path("authority.pem"), authority.pem())?;
        fs::create_dir(path("data"))?;
        let configuration = path("slapd.conf");
        fs::write(&configuration, CONFIGURATION.replace("FOLDER", &folder.path().to_string_lossy()))?;
        fs::write(path("people.ldif"), ldif(people))?;
        let loaded = Command::new("/usr/sbin/slapadd")
            .args(["-q".as_ref(), "-f".as_ref(), configuration.as_os_str(), "-l".as_ref()])
            .arg(path("people.ldif"))
            .output()?;
        assert!(loaded.status.success(), "{}", String::from_utf8_lossy(&loaded.stderr));
        let [plain, protected] = free_ports()?;
        let addresses = format!("ldap://127.0.0.1:{plain} ldaps://127.0.0.1:{protected}");
        let child = Command::new("/usr/sbin/slapd")
            .args(["-d", "0", "-h", &addresses, "-f"])
            .arg(&configuration)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let server = Self {
            plain: format!("ldap://localhost:{plain}"),
            protected: format!("ldaps://localhost:{protected}"),
            authority,
            child,
            _folder: folder,
        };
        for port in [plain, protected] {
            until("slapd to listen", || async { TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok() }).await;
        }
        Ok(server)
    }

    /// The certificate of its authority.
    pub fn certificate(&self) -> String {
        self.authority.pem().to_owned()
    }

    /// Whether it lets a program in that just asks it, with no thought.
    pub fn lets_in(&self, name: &str, password: &str) -> bool {
        let asked =
            Command::new("/usr/bin/ldapwhoami").args(["-x", "-H", &self.plain, "-D", name, "-w", password]).output();
        asked.unwrap().status.success()
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn ldif(people: &[(&str, &str)]) -> String {
    let mut text = format!(
        "dn: dc=example,dc=com\nobjectClass: dcObject\nobjectClass: organization\no: Example\ndc: example\n\n\
         dn: {ACCOUNT}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: desk\n\
         userPassword: {ACCOUNT_PASSWORD}\n\n\
         dn: {PEOPLE}\nobjectClass: organizationalUnit\nou: people\n\n"
    );
    for (user, password) in people {
        text.push_str(&format!(
            "dn: uid={user},{PEOPLE}\nobjectClass: inetOrgPerson\nuid: {user}\ncn: {user}\nsn: {user}\n\
             userPassword: {password}\n\n"
        ));
    }
    text
}
