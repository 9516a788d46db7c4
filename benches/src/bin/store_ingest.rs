//! Measures taking mails in through the store alone, without parsing: `store_ingest FOLDER MESSAGES`.
//!
//! Each mail of about 31 KB goes the way that the product takes: its body is kept and its arrival committed; then what
//! the decision looks at is loaded, and one commit makes the ticket or continues one (every third message begins one).

use std::error::Error;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use mailflow_benches::{desk, mails, measure};
use mailflow_core::arrival::{Arrival, ArrivalState, FetchMark, Uid};
use mailflow_core::contact::AddressEntry;
use mailflow_core::digest::Digest;
use mailflow_core::event::{Actor, Event, What};
use mailflow_core::id::SourceId;
use mailflow_core::message::Message;
use mailflow_core::store::{Changeset, Entry, Key, Store as _, StoreError, Version, View};
use mailflow_core::thread_entry::ThreadEntry;
use mailflow_core::ticket::Ticket;
use mailflow_store_sqlite::{Options, SqliteStore};

type Failed = Box<dyn Error + Send + Sync>;

const TASKS: u64 = 64;
const WORDS: u64 = 250;
const SOURCE: SourceId = SourceId::from_bytes([7; 16]);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(messages)) = (arguments.next(), arguments.next()) else {
        return Err("usage: store_ingest FOLDER MESSAGES".into());
    };
    let messages: u64 = messages.parse()?;
    std::fs::create_dir_all(&folder)?;
    let store = Arc::new(SqliteStore::open(Path::new(&folder).join("desk.db"), Options::default())?);
    // What the mails cost to make is measured first, and not counted.
    let sample = 2000.min(messages);
    let before = measure::cpu();
    (0..sample).for_each(|number| drop(std::hint::black_box((mail(number), parsed(number / 3, number % 3)))));
    let making = (measure::cpu() - before) * u32::try_from(messages / sample.max(1))?;
    let (before, begun) = (measure::cpu(), Instant::now());
    let tasks: Vec<_> = (0..TASKS).map(|task| tokio::spawn(run(Arc::clone(&store), task, messages))).collect();
    let mut raw = 0;
    for task in tasks {
        raw += task.await??;
    }
    let (wall, cpu) = (begun.elapsed().as_secs_f64(), measure::cpu().saturating_sub(before + making));
    drop(store);
    let disk = measure::folder_bytes(Path::new(&folder));
    let count = messages as f64;
    println!(
        "{messages} messages, {:.1} KB each, in {wall:.1} s: {:.0} a second",
        raw as f64 / count / 1e3,
        count / wall
    );
    println!("processor time {:.3} ms a message (goal 0.45)", cpu.as_secs_f64() * 1e3 / count);
    println!("disk {:.2} x the raw bytes (goal 1.0)", disk as f64 / raw as f64);
    println!("peak memory {} MiB (goal 200)", measure::peak_memory_mib());
    Ok(())
}

/// A mail: its bytes and its text.
fn mail(number: u64) -> (Vec<u8>, String) {
    let text = mails::text(&mut mails::Numbers::new(number), WORDS);
    (mails::raw(number, &text), text)
}

/// What parsing makes of it, but for the text.
fn parsed(ticket: u64, nth: u64) -> Message {
    desk::message(&mut mails::Numbers::new(ticket), ticket, nth)
}

async fn run(store: Arc<SqliteStore>, task: u64, messages: u64) -> Result<u64, Failed> {
    let mut bytes = 0;
    // Three messages in a row belong to one ticket, so one task takes them in.
    let chunks = messages.div_ceil(3);
    for ticket in (task..chunks).step_by(usize::try_from(TASKS)?) {
        for number in ticket * 3..(ticket * 3 + 3).min(messages) {
            let (raw, text) = mail(number);
            bytes += u64::try_from(raw.len())?;
            let arrival = receive(&store, number, raw).await?;
            route(&store, arrival, ticket, number % 3, text).await?;
        }
    }
    Ok(bytes)
}

/// The first durable step.
async fn receive(store: &SqliteStore, number: u64, raw: Vec<u8>) -> Result<Arrival, Failed> {
    let size = u64::try_from(raw.len())?;
    let digest = store.keep_body(raw).await?;
    let (at, order) = (desk::time(number), 0);
    let state = ArrivalState::Received;
    let arrival = Arrival { source: SOURCE, digest, at, order, size, whole_size: None, attempts: 0, state };
    let mark = FetchMark { source: SOURCE, uid: Uid::new(&number.to_string()), digest, at };
    let entries = vec![Entry::Insert(arrival.clone().into()), Entry::Insert(mark.into())];
    store.commit(Changeset { entries, first_ticket_number: 1 }).await?;
    Ok(arrival)
}

/// The second durable step.
async fn route(store: &SqliteStore, arrival: Arrival, ticket: u64, nth: u64, text: String) -> Result<(), Failed> {
    let mut made = desk::ticket_alone(&mut mails::Numbers::new(ticket), ticket, ticket);
    let mut message = parsed(ticket, nth);
    message.text = text;
    message.raw = Some(arrival.digest);
    message.essence = Some(Digest::of(message.text.as_bytes()));
    let mut keys =
        vec![Key::Arrival(SOURCE, arrival.digest), Key::Ticket(made.id), Key::Contact(desk::contact_id(ticket))];
    keys.extend(message.message_id.iter().chain(&message.references).cloned().map(Key::Thread));
    keys.extend(desk::address(ticket).map(Key::Address));
    let view = look(store, keys).await?;
    let mut changes = view.changes();
    if let Some(there) = view.get::<Ticket>(&Key::Ticket(made.id)).ok().flatten() {
        made = there.clone();
    }
    made.touch(message.at);
    made.messages += 1;
    let contact = ticket;
    if view.version(&Key::Contact(desk::contact_id(contact))) == Some(Version::ABSENT) {
        let addresses: Vec<_> = desk::address(contact).into_iter().collect();
        addresses.iter().for_each(|it| {
            changes.put(AddressEntry { address: it.clone(), contact: desk::contact_id(contact) });
        });
        changes.put(desk::person(contact, addresses));
    }
    let what = What::Received { message: message.id };
    let id = desk::event_id(ticket * desk::MESSAGES + nth);
    changes.put(Event { id, ticket: made.id, at: message.at, actor: Actor::System, what, after: 0 });
    for id in message.message_id.iter().chain(&message.references) {
        let known = view.get::<ThreadEntry>(&Key::Thread(id.clone())).ok().flatten().cloned();
        let mut entry = known.unwrap_or_else(|| ThreadEntry::new(id.clone()));
        if Some(id) == message.message_id.as_ref() {
            entry.message = Some((message.id, made.id));
        }
        entry.name_by(made.id);
        changes.put(entry);
    }
    let state = ArrivalState::Routed { ticket: made.id, message: message.id };
    changes.put(Arrival { state, ..arrival });
    changes.put(made);
    changes.put(message);
    match store.commit(changes.finish()).await {
        Ok(_) => Ok(()),
        Err(error) => Err(Box::new(error)),
    }
}

async fn look(store: &SqliteStore, keys: Vec<Key>) -> Result<View, StoreError> {
    let loaded = store.load(&keys).await?;
    let mut view = View::default();
    view.add(keys, loaded);
    Ok(view)
}
