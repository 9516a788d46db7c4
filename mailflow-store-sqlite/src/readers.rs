//! [`Readers`]: threads that read, each with a connection of its own.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use mailflow_core::store::StoreError;
use rusqlite::Connection;
use tokio::sync::oneshot;

use crate::connection::prepare;
use crate::error::{OrFailed as _, closed};

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// Threads that read.
#[derive(Debug)]
pub(crate) struct Readers {
    /// `None` only while it is dropped.
    jobs: Option<Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Readers {
    /// Starts one thread for each connection.
    pub fn start(connections: Vec<Connection>) -> Result<Self, StoreError> {
        let (jobs, waiting) = mpsc::channel::<Job>();
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::new();
        for connection in connections {
            let waiting = Arc::clone(&waiting);
            let thread = std::thread::Builder::new().name("mailflow-read".to_owned());
            threads.push(thread.spawn(move || work(&connection, &waiting)).or_failed("starting a thread")?);
        }
        Ok(Self { jobs: Some(jobs), threads })
    }

    /// Runs `read` in a transaction of its own, so that all that it sees was true at one moment.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.run_alone(move |connection| at_one_moment(connection, read)).await
    }

    /// Runs `read` outside a transaction.
    pub async fn run_alone<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |connection| {
            // Whoever asked may have gone.
            let _ = answer.send(read(connection));
        });
        self.jobs.as_ref().ok_or_else(closed)?.send(job).map_err(|_| closed())?;
        answered.await.map_err(|_| closed())?
    }
}

fn at_one_moment<T>(
    connection: &Connection,
    read: impl FnOnce(&Connection) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let run = |sql| prepare(connection, sql).and_then(|mut it| it.execute([])).or_failed("beginning to read");
    run("BEGIN DEFERRED")?;
    let result = read(connection);
    run("COMMIT")?;
    result
}

fn work(connection: &Connection, waiting: &Mutex<Receiver<Job>>) {
    loop {
        let job = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match job {
            Ok(job) => job(connection),
            Err(_) => return,
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.jobs = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing to say any more.
            let _ = thread.join();
        }
    }
}
