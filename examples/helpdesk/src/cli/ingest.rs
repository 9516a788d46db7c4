//! `mailflow ingest`: takes mails into a desk, through the same two durable steps as mail that is collected.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use mailflow_core::arrival::{Arrival, ArrivalState};
use mailflow_core::decision::route::Outcome;
use mailflow_core::digest::Digest;
use mailflow_core::flow::{Error, Mailflow, Placed};
use mailflow_core::id::SourceId;
use mailflow_core::mail::Address;
use mailflow_core::store::{Key, StoreExt};
use mailflow_core::ticket::Ticket;
use mailflow_core::time::{Clock, SystemClock};
use serde::Serialize;
use tokio::sync::mpsc;

use super::desk::DeskArguments;
use super::progress::Progress;
use super::{Exit, exit, json, mails, print, say};
use crate::inspect::BounceReport;
use crate::setup::{self, IfMissing};

/// How many mails are taken in together at most.
const BATCH: usize = 96;
/// How many bytes of mail are taken in together at most.
const BATCH_BYTES: usize = 6 << 20;
/// How many mails may be safe and wait to be routed: the rest stays where it is until the router has caught up.
const AHEAD: usize = 256;

/// What `mailflow ingest` is told.
#[derive(Debug, Args)]
pub struct IngestArguments {
    #[command(flatten)]
    desk: DeskArguments,
    /// An address of the desk: a ticketbox is made for it.
    #[arg(long = "address", value_name = "ADDRESS")]
    addresses: Vec<Address>,
    /// Print a JSON line for each mail: file, outcome, ticket, because, may_autoreply, bounce.
    #[arg(long)]
    each: bool,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
    /// Say nothing while working.
    #[arg(long)]
    quiet: bool,
    /// Mails: .eml files, folders, mbox files, Maildirs; `-` reads one mail or an mbox from stdin.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// The line that is printed for a mail.
#[derive(Debug, Serialize)]
struct Line<'a> {
    file: &'a str,
    outcome: Outcome,
    ticket: Option<u64>,
    because: &'a str,
    may_autoreply: bool,
    bounce: Option<BounceReport>,
}

/// The last line.
#[derive(Debug, Default, Serialize)]
struct Summary {
    messages: u64,
    tickets: u64,
    duplicates: u64,
    failed: u64,
    seconds: f64,
    messages_per_second: f64,
}

/// A mail that is safe in the desk.
struct Taken {
    file: String,
    digest: Digest,
    is_new: bool,
}

/// Takes mails into a desk.
pub async fn ingest(arguments: IngestArguments) -> Result<(), Exit> {
    let flow = arguments.desk.open(IfMissing::Make).await?.flow;
    for address in &arguments.addresses {
        setup::ensure_ticketbox(&flow, address).await?;
    }
    setup::ensure_destination(&flow).await?;
    let source = flow.admin().ensure_embedded_source("import").await?.id;

    let stop = Arc::new(AtomicBool::new(false));
    tokio::spawn({
        let stop = Arc::clone(&stop);
        async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                stop.store(true, Ordering::SeqCst);
            }
        }
    });
    let (found, finding) = mpsc::channel(BATCH * 2);
    let reader = tokio::task::spawn_blocking({
        let (stop, paths) = (Arc::clone(&stop), arguments.paths.clone());
        move || {
            mails::read(&paths, &mut |mail| !stop.load(Ordering::SeqCst) && found.blocking_send(mail).is_ok());
        }
    });
    let (taken, taking) = mpsc::channel(AHEAD);
    let taker = tokio::spawn(take(flow.clone(), source, finding, taken));
    let mut ingest = Ingest {
        progress: Progress::new(arguments.quiet || arguments.each),
        each: arguments.each,
        source,
        flow,
        pending: VecDeque::new(),
        placed: HashMap::new(),
        tickets: BTreeSet::new(),
        summary: Summary::default(),
    };
    ingest.route(taking).await?;
    // The reader ends when nobody wants its mails any more.
    let _ = reader.await;
    ingest.summary.failed = taker.await.map_err(|error| Exit::new(exit::FAILED, error.to_string()))??;
    ingest.finish(arguments.json || arguments.each, stop.load(Ordering::SeqCst))
}

/// Makes mails safe, many in one commit. Returns how many places could not be read.
async fn take(
    flow: Mailflow,
    source: SourceId,
    mut finding: mpsc::Receiver<mails::Found>,
    taken: mpsc::Sender<Taken>,
) -> Result<u64, Error> {
    let mut failed = 0;
    let (mut files, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
    loop {
        let found = match finding.try_recv() {
            Ok(found) => Some(found),
            Err(_) if batch.is_empty() => finding.recv().await,
            Err(_) => None,
        };
        let (full, ended) = match found {
            Some(Ok((file, mail))) => {
                bytes += mail.len();
                files.push(file);
                batch.push(mail);
                (batch.len() >= BATCH || bytes >= BATCH_BYTES, false)
            }
            Some(Err((file, error))) => {
                failed += 1;
                say(&format!("mailflow: `{file}`: {error}"));
                (false, false)
            }
            None => (!batch.is_empty(), batch.is_empty()),
        };
        if full {
            bytes = 0;
            let digests = flow.take_mails(source, std::mem::take(&mut batch)).await?;
            for (file, (digest, is_new)) in files.drain(..).zip(digests) {
                // The router ends only when it failed, and then says why itself.
                let _ = taken.send(Taken { file, digest, is_new }).await;
            }
        }
        if ended {
            return Ok(failed);
        }
    }
}

struct Ingest {
    flow: Mailflow,
    source: SourceId,
    each: bool,
    progress: Progress,
    /// Mails that are safe and of which nothing was printed yet, in their order.
    pending: VecDeque<Taken>,
    /// What became of them.
    placed: HashMap<Digest, Placed>,
    tickets: BTreeSet<u64>,
    summary: Summary,
}

impl Ingest {
    /// Routes what is taken in, until there is no more.
    async fn route(&mut self, mut taking: mpsc::Receiver<Taken>) -> Result<(), Exit> {
        loop {
            while self.pending.len() < AHEAD
                && let Ok(taken) = taking.try_recv()
            {
                self.pending.push_back(taken);
            }
            let placed = self.flow.route_some().await?;
            let idle = placed.is_empty();
            self.placed.extend(placed.into_iter().map(|placed| (placed.arrival.digest, placed)));
            self.print_what_is_done().await?;
            if idle {
                match taking.recv().await {
                    Some(taken) => self.pending.push_back(taken),
                    None => break,
                }
            }
        }
        self.print_what_is_done().await
    }

    async fn print_what_is_done(&mut self) -> Result<(), Exit> {
        while let Some(taken) = self.pending.front() {
            match self.placed.remove(&taken.digest) {
                Some(placed) => self.print_placed(&placed)?,
                None if taken.is_new => break,
                None => {
                    let (digest, file) = (taken.digest, taken.file.clone());
                    self.print_known(digest, &file).await?;
                }
            }
            self.pending.pop_front();
            self.progress.at(self.summary.messages);
        }
        Ok(())
    }

    fn print_placed(&mut self, placed: &Placed) -> Result<(), Exit> {
        self.summary.messages += 1;
        self.summary.duplicates += u64::from(placed.routed.outcome == Outcome::Duplicate);
        if placed.routed.made_ticket {
            self.tickets.insert(placed.number);
        }
        let file = self.pending.front().map(|taken| taken.file.clone()).unwrap_or_default();
        self.print(&Line {
            file: &file,
            outcome: placed.routed.outcome,
            ticket: Some(placed.number),
            because: &placed.routed.because,
            may_autoreply: placed.routed.may_autoreply,
            bounce: placed.bounce.as_ref().map(BounceReport::of),
        })
    }

    /// The very same bytes were there before.
    async fn print_known(&mut self, digest: Digest, file: &str) -> Result<(), Exit> {
        self.summary.messages += 1;
        self.summary.duplicates += 1;
        let ticket = if self.each { self.ticket_of(digest).await? } else { None };
        let because = "the very same bytes came before";
        self.print(&Line { file, outcome: Outcome::Duplicate, ticket, because, may_autoreply: false, bounce: None })
    }

    async fn ticket_of(&self, digest: Digest) -> Result<Option<u64>, Exit> {
        let store = self.flow.store();
        let arrival = store.get::<Arrival>(Key::Arrival(self.source, digest)).await.map_err(Error::from)?;
        let ticket = match arrival.map(|arrival| arrival.value.state) {
            Some(
                ArrivalState::Routed { ticket, .. }
                | ArrivalState::Copied { ticket, .. }
                | ArrivalState::Shelved { ticket, .. },
            ) => ticket,
            _ => return Ok(None),
        };
        Ok(store.get::<Ticket>(Key::Ticket(ticket)).await.map_err(Error::from)?.map(|ticket| ticket.number))
    }

    fn print(&self, line: &Line<'_>) -> Result<(), Exit> {
        if self.each { print(&json(line)?) } else { Ok(()) }
    }

    fn finish(mut self, as_json: bool, interrupted: bool) -> Result<(), Exit> {
        let elapsed = SystemClock.now().since(self.progress.begun()).max(Duration::from_millis(1));
        self.progress.end();
        let summary = &mut self.summary;
        summary.tickets = u64::try_from(self.tickets.len()).unwrap_or(u64::MAX);
        summary.seconds = elapsed.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate needs no more than 52 bits")]
        let messages = summary.messages as f64;
        summary.messages_per_second = (messages / summary.seconds * 10.0).round() / 10.0;
        if as_json {
            print(&json(summary)?)?;
        } else {
            print(&format!(
                "mails: {}, new tickets: {}, duplicates: {}, failed: {}, {:.1} s, {}/s",
                summary.messages,
                summary.tickets,
                summary.duplicates,
                summary.failed,
                summary.seconds,
                summary.messages_per_second
            ))?;
        }
        match (interrupted, summary.failed, summary.messages) {
            (true, ..) => Err(Exit::new(exit::INTERRUPTED, "stopped; run it again on the same file to go on")),
            (_, 0, _) => Ok(()),
            (_, failed, 0) => Err(Exit::new(exit::NOT_FOUND, format!("{failed} of the paths could not be read"))),
            (_, failed, _) => Err(Exit::new(exit::PARTLY, format!("{failed} could not be read, the rest is done"))),
        }
    }
}
