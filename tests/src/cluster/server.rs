//! [`Server`]: one of the servers, a process of its own, and what happens to it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mailflow_core::time::Timestamp;
use mailflow_test::postgres::Database;

use super::line::Line;
use super::{LASTS, now};
use crate::await_it;
use crate::chance::Chance;

/// How wrong a server's clock may be.
const SKEW_S: i64 = 600;

/// What runs.
#[derive(Debug, Clone)]
pub struct Program {
    /// `one_of_several`.
    pub path: PathBuf,
    /// What is planted in it; `nothing` for none.
    pub fault: String,
}

/// What happens to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// It is killed, and started again some time later.
    Killed,
    /// It stands still for longer than its lease, and goes on.
    StoodStill,
    /// Its connections to the database are cut.
    Cut,
    /// Nothing passes between it and the database for longer than its lease.
    CutOff,
    /// It is ended in order, and started again.
    Restarted,
}

impl Trouble {
    /// One of them.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(10) {
            0..3 => Self::Killed,
            3..6 => Self::StoodStill,
            6 => Self::Cut,
            7..9 => Self::CutOff,
            _ => Self::Restarted,
        }
    }
}

/// A server.
pub struct Server {
    program: Program,
    name: &'static str,
    key_file: PathBuf,
    line: Line,
    child: Child,
    begun: Timestamp,
}

impl Server {
    /// Starts it.
    pub fn start(
        program: &Program,
        name: &'static str,
        database: &Database,
        key_file: PathBuf,
        chance: &mut Chance,
    ) -> Self {
        let line = Line::to(database, name);
        let child = spawn(program, name, &key_file, line.url(), chance);
        Self { program: program.clone(), name, key_file, line, child, begun: now() }
    }

    /// When its present run was started.
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    fn start_again(&mut self, chance: &mut Chance) {
        self.begun = now();
        self.child = spawn(&self.program, self.name, &self.key_file, self.line.url(), chance);
    }

    /// Something happens to it. Returns when it was killed, if it was.
    pub async fn suffer(&mut self, trouble: Trouble, chance: &mut Chance) -> Option<Timestamp> {
        // Here a random time is the thing itself, as in all that follows.
        pause(chance.below(300)).await;
        assert!(self.child.try_wait().unwrap().is_none(), "server {} ended by itself", self.name);
        let lasts = u64::try_from(LASTS.as_millis()).unwrap();
        match trouble {
            Trouble::Killed => {
                let at = now();
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                // Within its lease, or after others have followed.
                pause(chance.below(2 * lasts)).await;
                self.start_again(chance);
                return Some(at);
            }
            Trouble::StoodStill => {
                self.signal("-STOP");
                pause(lasts + chance.below(lasts)).await;
                self.signal("-CONT");
            }
            Trouble::Cut => {
                for _ in 0..=chance.below(3) {
                    self.line.cut();
                    pause(chance.below(200)).await;
                }
            }
            Trouble::CutOff => {
                self.line.hold();
                pause(lasts + chance.below(lasts)).await;
                // What was held back passes, or is lost.
                if chance.below(2) == 0 {
                    self.line.cut();
                }
                self.line.mend();
            }
            Trouble::Restarted => {
                self.ends().await;
                self.start_again(chance);
            }
        }
        None
    }

    /// It is ended in order.
    pub async fn ends(&mut self) {
        self.signal("-TERM");
        let child = std::cell::RefCell::new(&mut self.child);
        let ended = await_it::until("a server to end", || async { child.borrow_mut().try_wait().unwrap() }).await;
        assert!(ended.success(), "server {} ended with {ended}", self.name);
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}

fn spawn(program: &Program, name: &str, key_file: &Path, url: &str, chance: &mut Chance) -> Child {
    let skew = [-SKEW_S, 0, SKEW_S][usize::try_from(chance.below(3)).unwrap()];
    Command::new(&program.path)
        .args([url, name])
        .arg(key_file)
        .args([LASTS.as_millis().to_string(), skew.to_string(), program.fault.clone()])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
