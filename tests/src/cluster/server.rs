//! [`Server`]: one of the servers, a process of its own, and what happens to it.

use std::io::Write as _;
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
    /// Its clock is set wrong, or right again, while it works.
    ClockSet,
    /// It is ended in order, and started again.
    Restarted,
}

impl Trouble {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Killed, Self::StoodStill, Self::Cut, Self::CutOff, Self::ClockSet, Self::Restarted];

    /// One of them.
    pub fn any(chance: &mut Chance) -> Self {
        match chance.below(12) {
            0..3 => Self::Killed,
            3..6 => Self::StoodStill,
            6 => Self::Cut,
            7..9 => Self::CutOff,
            9..11 => Self::ClockSet,
            _ => Self::Restarted,
        }
    }
}

/// A server was not there for its tasks.
#[derive(Debug, Clone, Copy)]
pub struct Absence {
    /// Which one.
    pub server: usize,
    /// Since when.
    pub from: Timestamp,
    /// When it was there again; a run that was killed never is.
    pub until: Option<Timestamp>,
}

/// A server.
pub struct Server {
    program: Program,
    name: &'static str,
    key_file: PathBuf,
    line: Line,
    child: Child,
    begun: Timestamp,
    /// How far its clock is ahead, in seconds.
    skew: i64,
    /// How often it was started, and how often with a wrong clock.
    pub starts: Starts,
}

/// How often servers were started.
#[derive(Debug, Clone, Copy, Default)]
pub struct Starts {
    /// In all.
    pub all: u64,
    /// With a wrong clock.
    pub wrong_clock: u64,
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
        let skew = any_skew(chance);
        let child = spawn(program, name, &key_file, line.url(), skew);
        let starts = Starts { all: 1, wrong_clock: u64::from(skew != 0) };
        Self { program: program.clone(), name, key_file, line, child, begun: now(), skew, starts }
    }

    /// When its present run was started.
    pub fn begun(&self) -> Timestamp {
        self.begun
    }

    fn start_again(&mut self, chance: &mut Chance) {
        self.begun = now();
        self.skew = any_skew(chance);
        self.child = spawn(&self.program, self.name, &self.key_file, self.line.url(), self.skew);
        self.starts.all += 1;
        self.starts.wrong_clock += u64::from(self.skew != 0);
    }

    /// Sets its clock while it works, to something else.
    fn set_clock(&mut self, chance: &mut Chance) {
        let before = self.skew;
        while self.skew == before {
            self.skew = any_skew(chance);
        }
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{}", self.skew).unwrap();
    }

    /// Something happens to it. Returns since when and until when it was not there for its tasks, if that was so.
    pub async fn suffer(&mut self, trouble: Trouble, chance: &mut Chance) -> Option<(Timestamp, Option<Timestamp>)> {
        // Here a random time is the thing itself, as in all that follows.
        pause(chance.below(300)).await;
        assert!(self.child.try_wait().unwrap().is_none(), "server {} ended by itself", self.name);
        let lasts = u64::try_from(LASTS.as_millis()).unwrap();
        let from = now();
        match trouble {
            Trouble::Killed => {
                self.child.kill().unwrap();
                self.child.wait().unwrap();
                // Within its lease, or after others have followed.
                pause(chance.below(2 * lasts)).await;
                self.start_again(chance);
                return Some((from, None));
            }
            Trouble::StoodStill => {
                self.signal("-STOP");
                pause(lasts + chance.below(lasts)).await;
                let until = now();
                self.signal("-CONT");
                return Some((from, Some(until)));
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
                let until = now();
                // What was held back passes, or is lost.
                if chance.below(2) == 0 {
                    self.line.cut();
                }
                self.line.mend();
                return Some((from, Some(until)));
            }
            Trouble::ClockSet => {
                self.set_clock(chance);
                pause(chance.below(lasts)).await;
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

fn any_skew(chance: &mut Chance) -> i64 {
    [-SKEW_S, 0, SKEW_S][usize::try_from(chance.below(3)).unwrap()]
}

fn spawn(program: &Program, name: &str, key_file: &Path, url: &str, skew: i64) -> Child {
    Command::new(&program.path)
        .args([url, name])
        .arg(key_file)
        .args([LASTS.as_millis().to_string(), skew.to_string(), program.fault.clone()])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}
