//! Bodies: bytes under their digest. Small ones wait for the commit that names them; large ones are written at once, in
//! chunks, so that nobody who commits waits for them.

use mailflow_core::digest::Digest;
use mailflow_core::store::StoreError;
use mailflow_store_rows::bodies::{ELSEWHERE, ERASED, IN_ROW, Waiting, unpack};
use mailflow_store_rows::value::Type;

use crate::batch::{Batch, Parameters};
use crate::connection::{Moment, Object, Pool, take};
use crate::driver::Trouble;
use crate::error::{OrFailed as _, was_sent_back};
use crate::value::bytes;

/// A large body is written in chunks of at most this many bytes: no answer of the server is larger.
const CHUNK: usize = 4 << 20;

/// The time on the clock of the database, in milliseconds.
pub(crate) const NOW: &str = "DATEDIFF_BIG(millisecond, '1970-01-01', SYSUTCDATETIME())";

const KEEPING: &str = "keeping a body";
const READING: &str = "reading a body";

/// How often a body is written again that another server writes at the same time.
const ATTEMPTS: usize = 3;

/// Writes a large body, without a record that names it.
pub(crate) async fn write_large(pool: &Pool, digest: Digest, packed: &[u8], size: usize) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match write_once(pool, digest, packed, size).await {
            // Somebody else has just written it, or begins to.
            Err(error) if was_sent_back(&error) && attempt < ATTEMPTS => attempt += 1,
            result => return result,
        }
    }
}

async fn write_once(pool: &Pool, digest: Digest, packed: &[u8], size: usize) -> Result<(), StoreError> {
    let mut connection = take(pool).await?;
    // If it is there already, it is kept anew: nobody removes it as something that was never named.
    let sql = |key: &str| {
        format!(
            "UPDATE bodies SET kept = {NOW} WHERE digest = {key} AND place <> 2;
             SELECT CAST(place AS BIGINT) AS place FROM bodies WHERE digest = {key}"
        )
    };
    let answers = connection.ask(&about(&digest, sql)).await.or_failed(KEEPING)?;
    let place = answers.first().and_then(|rows| rows.first()).map(|row| row.integer(0)).transpose()?;
    if place.is_some_and(|place| place != ERASED) {
        return Ok(());
    }
    match write_chunks(&mut connection, digest, packed, size, place.is_some()).await {
        Ok(()) => Ok(()),
        Err(error) => {
            // It may be in the middle of a transaction.
            drop(Object::take(connection));
            Err(error).or_failed(KEEPING)
        }
    }
}

async fn write_chunks(
    connection: &mut Object,
    digest: Digest,
    packed: &[u8],
    size: usize,
    again: bool,
) -> Result<(), Trouble> {
    connection.run("BEGIN TRANSACTION;").await?;
    let mut parameters = Parameters::default();
    let key = parameters.compared(Type::Digest, bytes(digest.as_bytes()));
    let size = parameters.integer(i64::try_from(size).unwrap_or(i64::MAX));
    let sql = if again {
        format!("UPDATE bodies SET place = 1, size = {size}, kept = {NOW}, content = NULL WHERE digest = {key}")
    } else {
        format!(
            "INSERT INTO bodies (digest, place, named, size, kept, content) VALUES ({key}, 1, 0, {size}, {NOW}, NULL)"
        )
    };
    connection.ask(&Batch::of(sql, parameters)).await?;
    for (nth, chunk) in (0_i64..).zip(packed.chunks(CHUNK)) {
        let sql = |key: &str| format!("INSERT INTO body_chunks (digest, nth, content) VALUES ({key}, @P2, @P3)");
        let mut batch = about(&digest, sql);
        batch.parameters.integer(nth);
        batch.parameters.bytes(chunk);
        connection.ask(&batch).await?;
    }
    connection.run("COMMIT TRANSACTION;").await.map(|_| ())
}

/// A batch with a digest as its first parameter.
fn about<'p>(digest: &'p Digest, sql: impl FnOnce(&str) -> String) -> Batch<'p> {
    let mut parameters = Parameters::default();
    let key = parameters.compared(Type::Digest, bytes(digest.as_bytes()));
    Batch::of(sql(&key), parameters)
}

/// The bytes under a digest.
pub(crate) async fn read(pool: &Pool, waiting: &Waiting, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let packed = match waiting.get(digest) {
        Some(kept) => kept.content.clone(),
        None => read_written(pool, digest).await?,
    };
    packed.map(|packed| unpack(digest, &packed)).transpose()
}

async fn read_written(pool: &Pool, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let mut connection = take(pool).await?;
    let sql = |key: &str| format!("SELECT CAST(place AS BIGINT) AS place, content FROM bodies WHERE digest = {key}");
    let answers = connection.ask(&about(digest, sql)).await.or_failed(READING)?;
    drop(connection);
    let Some(row) = answers.first().and_then(|rows| rows.first()) else { return Ok(None) };
    match row.integer(0)? {
        IN_ROW => row.bytes(1).map(|bytes| Some(bytes.to_vec())),
        ELSEWHERE => read_chunks(pool, digest).await,
        _ => Ok(None),
    }
}

/// All chunks, at one moment; nothing if the body was erased meanwhile.
async fn read_chunks(pool: &Pool, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let mut moment = Moment::begin(pool, READING).await?;
    let there = |key: &str| format!("SELECT digest FROM bodies WHERE digest = {key} AND place = 1");
    let there = moment.ask(&about(digest, there)).await?.iter().any(|rows| !rows.is_empty());
    let mut packed = Vec::new();
    for nth in 0.. {
        if !there {
            break;
        }
        let sql = |key: &str| format!("SELECT content FROM body_chunks WHERE digest = {key} AND nth = @P2");
        let mut batch = about(digest, sql);
        batch.parameters.integer(nth);
        let answers = moment.ask(&batch).await?;
        let Some(row) = answers.first().and_then(|rows| rows.first()) else { break };
        packed.extend_from_slice(row.bytes(0)?);
    }
    moment.end().await?;
    Ok(there.then_some(packed))
}

/// Removes what was kept and never named by a record for a day. Nobody commits meanwhile, who might be about to name it.
pub(crate) async fn tidy(pool: &Pool) -> Result<(), StoreError> {
    let doing = "removing bodies that nothing came to name";
    let mut connection = take(pool).await?;
    let old = format!("named = 0 AND kept < {NOW} - 86400000");
    let there = connection.run(&format!("SELECT TOP (1) digest FROM bodies WHERE {old}")).await.or_failed(doing)?;
    if there.iter().all(Vec::is_empty) {
        return Ok(());
    }
    let sql = format!(
        "BEGIN TRANSACTION;
         UPDATE counters SET version = version WHERE id = 1;
         DELETE FROM body_chunks WHERE digest IN (SELECT b.digest FROM bodies AS b WHERE {old});
         DELETE FROM bodies WHERE {old};
         COMMIT TRANSACTION;"
    );
    let result = connection.run(&sql).await;
    if result.is_err() {
        drop(Object::take(connection));
    }
    result.map(|_| ()).or_failed(doing)
}
