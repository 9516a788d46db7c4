//! Measures taking mails in through the library, as `mailflow ingest` does: `flow_ingest FOLDER DATABASE`. The folder is
//! one that `mails` wrote, the
//! database a file or a URL `postgres://…`. Two durable steps, two tasks: one makes mails safe, the other routes them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::Instant;

use mailflow_benches::{measure, place};
use mailflow_core::flow::Mailflow;
use mailflow_core::id::SourceId;
use mailflow_store_sqlite::Options;
use tokio::sync::mpsc;

type Failed = Box<dyn Error + Send + Sync>;

/// As in `mailflow ingest`.
const BATCH: usize = 96;
const AHEAD: usize = 3;

#[tokio::main]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(file)) = (arguments.next(), arguments.next()) else {
        return Err("usage: flow_ingest FOLDER DATABASE".into());
    };
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|it| it.map(|it| it.path())).collect::<Result<_, _>>()?;
    files.sort();
    let store = place::open(&file, Options::default()).await?;
    let flow = Mailflow::builder(store).build().await?;
    flow.admin().ensure_ticketbox("Support", "support@example.com").await?;
    let source = flow.admin().ensure_embedded_source("import").await?.id;
    let before = size(&file);
    let (cpu, begun) = (measure::cpu(), Instant::now());
    let (taken, taking) = mpsc::channel(AHEAD);
    let taker = tokio::spawn(take(flow.clone(), source, files, taken));
    let routed = route(&flow, taking).await?;
    let raw = taker.await??;
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), (measure::cpu() - cpu).as_secs_f64());
    drop(flow);
    let count = routed as f64;
    println!(
        "{routed} mails of {:.1} KB in {wall:.2} s: {:.0} a second; {:.3} ms of CPU each; database + {:.2} x; {} MiB at most",
        raw as f64 / count / 1e3,
        count / wall,
        cpu * 1e3 / count,
        (size(&file) - before) as f64 / raw as f64,
        measure::peak_memory_mib()
    );
    Ok(())
}

/// Bytes of the database with its log and the files beside it, if it is a file.
fn size(file: &str) -> u64 {
    let bytes = |suffix: &str| std::fs::metadata(format!("{file}{suffix}")).map_or(0, |it| it.len());
    bytes("") + bytes("-wal") + measure::folder_bytes(Path::new(&format!("{file}.bodies")))
}

/// The first durable step.
async fn take(
    flow: Mailflow,
    source: SourceId,
    files: Vec<PathBuf>,
    taken: mpsc::Sender<usize>,
) -> Result<u64, Failed> {
    let mut raw = 0;
    for batch in files.chunks(BATCH) {
        let mails: Vec<Vec<u8>> = batch.iter().map(std::fs::read).collect::<Result<_, _>>()?;
        raw += mails.iter().map(|it| it.len() as u64).sum::<u64>();
        let known = flow.take_mails(source, mails).await?;
        taken.send(known.iter().filter(|(_, is_new)| *is_new).count()).await?;
    }
    Ok(raw)
}

/// The second one. Returns how many mails became messages.
async fn route(flow: &Mailflow, mut taking: mpsc::Receiver<usize>) -> Result<usize, Failed> {
    let mut routed = 0;
    loop {
        let placed = flow.route_some().await?.len();
        routed += placed;
        let wait = placed == 0;
        if wait && taking.recv().await.is_none() {
            return Ok(routed);
        }
        while !wait && taking.try_recv().is_ok() {}
    }
}
