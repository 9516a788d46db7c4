//! A private PostgreSQL for tests: of the programs that are installed here, with its files in a temporary folder and no
//! port, only a socket there. [`Database`] is an empty database of a cluster that all tests share; it is started by the
//! first one and ends a few seconds after the last one. [`Cluster`] is one of one's own.
#![expect(clippy::expect_used, reason = "what is not as it must be ends a test")]

use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

/// Who runs the server where tests run as root: PostgreSQL refuses to.
const NOBODY: u32 = 65534;
/// So often is asked whether a server is ready; after so many times it never will be.
const ASK_EVERY: Duration = Duration::from_millis(50);
const ASK_MOST: usize = 2400;

/// The folder with the programs of the newest PostgreSQL that is installed: what the packages of Debian and others have,
/// or what `MAILFLOW_TEST_POSTGRES_BIN` says.
pub fn programs() -> Option<PathBuf> {
    if let Some(folder) = std::env::var_os("MAILFLOW_TEST_POSTGRES_BIN") {
        return Some(folder.into());
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let folders = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        folder.join("postgres").exists().then_some((version, folder))
    });
    folders.max().map(|(_, folder)| folder)
}

/// Whether there can be a PostgreSQL here; if not, it is said loudly. With `CI=true` there must be one.
pub fn is_there() -> bool {
    let there = programs().is_some();
    if !there {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "missing: postgresql");
        eprintln!("LEFT OUT, because this machine lacks: postgresql");
    }
    there
}

/// An empty database. It goes with the value.
#[derive(Debug)]
pub struct Database {
    name: String,
    folder: PathBuf,
    /// As long as somebody has this lock, the cluster stays.
    _users: Option<File>,
}

impl Database {
    /// A new one in the cluster that all tests share. That cluster does not sync its files: it is not there to survive.
    pub fn fresh() -> Self {
        let (folder, users) = shared().expect("a private PostgreSQL");
        Self::made(&folder, Some(users))
    }

    fn made(folder: &Path, users: Option<File>) -> Self {
        let name = format!("t{:016x}", RandomState::new().build_hasher().finish());
        let it = Self { name, folder: folder.to_owned(), _users: users };
        sql(folder, "postgres", &format!("CREATE DATABASE {} TEMPLATE template0", it.name));
        it
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("postgres://postgres@/{}?host={}&sslmode=disable", self.name, self.folder.display())
    }

    /// The socket of its server.
    pub fn socket(&self) -> PathBuf {
        self.folder.join(".s.PGSQL.5432")
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs SQL in it, as an administrator. Returns what it answers, a row a line.
    pub fn sql(&self, text: &str) -> String {
        sql(&self.folder, &self.name, text)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if !thread::panicking() {
            sql(&self.folder, "postgres", &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
        }
    }
}

/// Runs SQL as an administrator.
fn sql(folder: &Path, database: &str, text: &str) -> String {
    let program = programs().expect("PostgreSQL is installed").join("psql");
    let output = Command::new(program)
        .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", text])
        .arg("-h")
        .arg(folder)
        .stdin(Stdio::null())
        .output()
        .expect("psql can be started");
    assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Keeps the shared cluster, in its folder: starts it, says `ready`, and ends it when nobody has had the lock `users` for
/// a few seconds. Whoever keeps has the lock `keeper`.
const KEEPER: &str = r#"
cd "$2" || exit 1
exec 8<keeper 9<users
flock -n -x 8 || exit 1
[ ! -e data/postmaster.pid ] || "$1/pg_ctl" -D data -m immediate stop
rm -rf data ready
"$1/initdb" -D data -U postgres -A trust -E UTF8 --locale=C --no-sync || exit 1
"$1/postgres" -D data -k "$2" -c listen_addresses= -c max_connections=500 -c fsync=off -c full_page_writes=off \
    -c autovacuum_naptime=10s 8<&- 9<&- &
server=$!
until "$1/pg_isready" -q -h "$2" -U postgres; do
    kill -0 "$server" || exit 1
    sleep 0.05
done
echo "$server" >ready
idle=0
while kill -0 "$server" && [ "$idle" -lt 4 ]; do
    sleep 1
    if flock -n -x 9; then
        idle=$((idle + 1))
        [ "$idle" -ge 4 ] || flock -u 9
    else
        idle=0
    fi
done
rm -f ready
kill -INT "$server"
wait "$server"
rm -rf data
"#;

/// The folder of the shared cluster, which runs as long as the file is open.
fn shared() -> io::Result<(PathBuf, File)> {
    let programs = programs().ok_or_else(|| io::Error::other("PostgreSQL is not installed"))?;
    let owner = owner()?;
    let folder = std::env::temp_dir().join(format!("mailflow-postgres-{owner}"));
    make_folder(&folder, owner)?;
    let users = open(&folder.join("users"), owner)?;
    users.lock_shared()?;
    // One after the other looks whether it runs.
    let start = open(&folder.join("start"), owner)?;
    start.lock()?;
    let keeper = open(&folder.join("keeper"), owner)?;
    let log = open(&folder.join("log"), owner)?;
    let ready = folder.join("ready");
    let mut begun: Option<Child> = None;
    let is_ready = || {
        // One that is about to end may still have the lock, so it is asked for again and again.
        let begins = begun.as_mut().is_some_and(|it| matches!(it.try_wait(), Ok(None)));
        if !begins && keeper.try_lock().is_ok() {
            let _ = keeper.unlock();
            let _ = fs::remove_file(&ready);
            begun = keep(&programs, &folder, owner, &log).ok();
        }
        ready.exists()
    };
    until(is_ready, || fs::read_to_string(folder.join("log")).unwrap_or_default())?;
    Ok((folder, users))
}

/// Starts the keeper. It does not end with the test.
fn keep(programs: &Path, folder: &Path, owner: u32, log: &File) -> io::Result<Child> {
    as_owner(Command::new("sh"), owner)
        .args(["-c", KEEPER, "keeper"])
        .arg(programs)
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log.try_clone()?)
        .spawn()
}

fn until(mut is_so: impl FnMut() -> bool, log: impl Fn() -> String) -> io::Result<()> {
    for _ in 0..ASK_MOST {
        if is_so() {
            return Ok(());
        }
        thread::sleep(ASK_EVERY);
    }
    Err(io::Error::other(format!("PostgreSQL does not start: {}", log())))
}

/// The user that runs the server.
fn owner() -> io::Result<u32> {
    let own = fs::metadata("/proc/self")?.uid();
    Ok(if own == 0 { NOBODY } else { own })
}

fn as_owner(mut command: Command, owner: u32) -> Command {
    if fs::metadata("/proc/self").is_ok_and(|own| own.uid() != owner) {
        command.uid(owner).gid(owner);
    }
    command
}

fn make_folder(folder: &Path, owner: u32) -> io::Result<()> {
    match fs::create_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        result => {
            result?;
            fs::set_permissions(folder, fs::Permissions::from_mode(0o755))?;
            chown(folder, Some(owner), None)?;
        }
    }
    // Another test may be about to give it away.
    until(
        || fs::symlink_metadata(folder).is_ok_and(|it| it.is_dir() && it.uid() == owner),
        || format!("`{}` belongs to somebody else", folder.display()),
    )
}

fn open(path: &Path, owner: u32) -> io::Result<File> {
    let file = File::options().read(true).append(true).create(true).open(path)?;
    if file.metadata()?.uid() != owner {
        chown(path, Some(owner), None)?;
    }
    Ok(file)
}

/// A PostgreSQL of one's own, which syncs its files as a real one does.
#[derive(Debug)]
pub struct Cluster {
    folder: tempfile::TempDir,
    owner: u32,
    /// Where it listens for TLS too, if it does.
    port: Option<u16>,
    server: Option<Child>,
}

impl Cluster {
    /// Starts one.
    pub fn start() -> Self {
        let mut it = Self::make();
        it.start_again();
        it
    }

    /// Starts one that listens on 127.0.0.1 too, and has a certificate: it and its key in PEM form.
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        let mut it = Self::make();
        let data = it.folder.path().join("data");
        for (name, text) in [("server.crt", certificate), ("server.key", key)] {
            let file = data.join(name);
            fs::write(&file, text).expect("a file");
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("a file of the server alone");
            chown(&file, Some(it.owner), None).expect("a file of the server's user");
        }
        // Somebody else may take the port between two lines; then it is another one.
        for _ in 0..20 {
            let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr()).expect("a free port");
            it.port = Some(free.port());
            if it.try_start().is_ok() {
                return it;
            }
        }
        unreachable!("no free port in 20: {}", fs::read_to_string(it.folder.path().join("log")).unwrap_or_default());
    }

    /// Where its first database is, over TCP: `options` are those of the URL.
    pub fn url(&self, host: &str, options: &str) -> String {
        format!("postgres://postgres@{host}:{}/postgres?{options}", self.port.unwrap_or(5432))
    }

    fn make() -> Self {
        let owner = owner().expect("a user");
        let folder = tempfile::Builder::new().prefix("mailflow-postgres-").tempdir().expect("a folder");
        chown(folder.path(), Some(owner), None).expect("a folder of the server's user");
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("a folder that can be entered");
        let it = Self { folder, owner, port: None, server: None };
        let arguments = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
        let made = it.command("initdb").args(arguments).output().expect("initdb can be started");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        it
    }

    fn command(&self, program: &str) -> Command {
        let program = programs().expect("PostgreSQL is installed").join(program);
        let mut command = as_owner(Command::new(program), self.owner);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    /// Starts it after it was stopped, and waits until it answers.
    pub fn start_again(&mut self) {
        self.try_start().expect("it starts");
    }

    fn try_start(&mut self) -> io::Result<()> {
        let log = open(&self.folder.path().join("log"), self.owner).expect("a file");
        let mut command = self.command("postgres");
        command.args(["-D", "data", "-k"]).arg(self.folder.path());
        match self.port {
            None => command.args(["-c", "listen_addresses="]),
            Some(port) => {
                command.args(["-c", "listen_addresses=127.0.0.1", "-c", "ssl=on", "-p"]).arg(port.to_string())
            }
        };
        let mut server =
            command.stdout(log.try_clone().expect("a file")).stderr(log).spawn().expect("postgres can be started");
        let (mut ended, port) = (false, self.port.unwrap_or(5432).to_string());
        let is_ready = || {
            ended = matches!(server.try_wait(), Ok(Some(_)));
            let mut ask = self.command("pg_isready");
            let asked = ask.args(["-q", "-U", "postgres", "-p", &port, "-h"]).arg(self.folder.path()).status();
            ended || asked.is_ok_and(|status| status.success())
        };
        let log = || fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        until(is_ready, log)?;
        if ended {
            return Err(io::Error::other(log()));
        }
        self.server = Some(server);
        Ok(())
    }

    /// Stops it as a crash does: nothing is written any more, who is connected is cut off.
    pub fn crash(&mut self) {
        self.stop("-QUIT");
    }

    fn stop(&mut self, signal: &str) {
        if let Some(mut server) = self.server.take() {
            let _ = Command::new("kill").arg(signal).arg(server.id().to_string()).status();
            let _ = server.wait();
        }
    }

    /// An empty database in it.
    pub fn database(&self) -> Database {
        Database::made(self.folder.path(), None)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop("-QUIT");
    }
}
