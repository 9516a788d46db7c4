//! Fills a database with so many tickets, four messages each: `generate DATABASE TICKETS`. The database
//! is a file or a URL `postgres://…`.

use std::error::Error;
use std::sync::Arc;
use std::time::Instant;

use mailflow_benches::desk;
use mailflow_benches::place::{self, Either};
use mailflow_core::store::{Changeset, Store as _};
use mailflow_store_sqlite::Options;

/// How many tickets one changeset has, and how many changesets are under way: so that one fsync serves many.
const TOGETHER: u64 = 20;
const TASKS: u64 = 8;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(file), Some(tickets)) = (arguments.next(), arguments.next()) else {
        return Err("usage: generate DATABASE TICKETS".into());
    };
    let tickets: u64 = tickets.parse()?;
    let mut options = Options::default();
    options.writer_cache_bytes = 256 << 20;
    let store = Arc::new(place::open(&file, options).await?);
    let begun = Instant::now();
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(fill(Arc::clone(&store), task, tickets, begun))).collect();
    for task in tasks {
        task.await??;
    }
    println!("{tickets} tickets in {:.0} s", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Makes every so-many-eth batch.
async fn fill(
    store: Arc<Either>,
    task: u64,
    tickets: u64,
    begun: Instant,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    for batch in (task..tickets.div_ceil(TOGETHER)).step_by(usize::try_from(TASKS)?) {
        let mut all = Changeset { entries: Vec::new(), first_ticket_number: 1 };
        let from = batch * TOGETHER;
        for number in from..(from + TOGETHER).min(tickets) {
            all.entries.extend(desk::ticket(number).entries);
        }
        store.commit(all).await?;
        if batch.is_multiple_of(2500) {
            println!("{from} tickets after {:.0} s", begun.elapsed().as_secs_f64());
        }
    }
    Ok(())
}
