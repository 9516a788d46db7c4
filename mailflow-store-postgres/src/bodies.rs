//! Bodies: bytes under their digest. Small ones wait for the commit that names them; large ones are written at once, in
//! chunks, so that nobody who commits waits for them.

use deadpool_postgres::Pool;
use mailflow_core::digest::Digest;
use mailflow_core::store::StoreError;
use mailflow_store_rows::bodies::{ELSEWHERE, IN_ROW, Waiting, unpack};

use crate::connection::{BEGIN_READING, keep_if_sound, take};
use crate::error::OrFailed as _;
use crate::pipeline::{Pipeline, prepare};
use crate::value::Parameter;

/// A large body is written in chunks of at most this many bytes: no row comes near PostgreSQL's limit of 1 GiB.
const CHUNK: usize = 4 << 20;

/// The time on the clock of the database, in milliseconds.
pub(crate) const NOW: &str = "(extract(epoch FROM clock_timestamp()) * 1000)::bigint";

const KEEPING: &str = "keeping a body";
const READING: &str = "reading a body";

/// Writes a large body, without a record that names it.
pub(crate) async fn write_large(pool: &Pool, digest: Digest, packed: &[u8], size: usize) -> Result<(), StoreError> {
    let client = take(pool).await?;
    // If it is there already, it is kept anew: nobody removes it as something that was never named.
    let again = format!("UPDATE bodies SET kept = {NOW} WHERE digest = $1 AND place <> 2");
    let statement = prepare(&client, &again, KEEPING).await?;
    if client.execute(&statement, &[&digest.as_bytes().as_slice()]).await.or_failed(KEEPING)? > 0 {
        return Ok(());
    }
    let mut pipeline = Pipeline::new(&client, KEEPING);
    pipeline.run("BEGIN");
    let row = format!(
        "INSERT INTO bodies AS b (digest, place, named, size, kept, content) VALUES ($1, 1, false, $2, {NOW}, NULL)
         ON CONFLICT (digest) DO UPDATE SET place = 1, size = excluded.size, kept = excluded.kept WHERE b.place = 2"
    );
    let digest = digest.as_bytes().to_vec();
    let size = i64::try_from(size).unwrap_or(i64::MAX);
    pipeline.add(&row, vec![Box::new(digest.clone()), Box::new(size)]).await?;
    for (nth, chunk) in (0_i64..).zip(packed.chunks(CHUNK)) {
        let sql = "INSERT INTO body_chunks (digest, nth, content) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let values: Vec<Parameter<'_>> = vec![Box::new(digest.clone()), Box::new(nth), Box::new(chunk)];
        pipeline.add(sql, values).await?;
    }
    pipeline.run("COMMIT");
    let result = pipeline.finish().await;
    keep_if_sound(result, client).map(|_| ())
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
    let client = take(pool).await?;
    let sql = "SELECT place, content FROM bodies WHERE digest = $1";
    let statement = prepare(&client, sql, READING).await?;
    let row = client.query_opt(&statement, &[&digest.as_bytes().as_slice()]).await.or_failed(READING)?;
    let Some(row) = row else { return Ok(None) };
    match row.try_get::<_, i64>(0).or_failed(READING)? {
        IN_ROW => row.try_get(1).or_failed(READING),
        ELSEWHERE => {
            let result = read_chunks(&client, digest).await;
            keep_if_sound(result, client)
        }
        _ => Ok(None),
    }
}

/// All chunks, at one moment; nothing if the body was erased meanwhile.
async fn read_chunks(client: &deadpool_postgres::Object, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
    let digest = digest.as_bytes().to_vec();
    let mut pipeline = Pipeline::new(client, READING);
    pipeline.run(BEGIN_READING);
    let sql = "SELECT 1 FROM bodies WHERE digest = $1 AND place = 1";
    pipeline.add(sql, vec![Box::new(digest.clone())]).await?;
    let sql = "SELECT content FROM body_chunks WHERE digest = $1 ORDER BY nth";
    pipeline.add(sql, vec![Box::new(digest)]).await?;
    pipeline.run("COMMIT");
    let answers = pipeline.finish().await?;
    let [_, there, chunks, _] = answers.as_slice() else { return Ok(None) };
    if there.is_empty() {
        return Ok(None);
    }
    let mut packed = Vec::new();
    for row in chunks {
        packed.extend_from_slice(row.try_get(0).or_failed(READING)?);
    }
    Ok(Some(packed))
}

/// Removes what was kept and never named by a record for a day.
pub(crate) async fn tidy(pool: &Pool) -> Result<(), StoreError> {
    let client = take(pool).await?;
    let sql = format!(
        "WITH gone AS (DELETE FROM bodies WHERE NOT named AND kept < {NOW} - 86400000 RETURNING digest)
         DELETE FROM body_chunks c USING gone g WHERE c.digest = g.digest"
    );
    client.batch_execute(&sql).await.or_failed("removing bodies that nothing came to name")
}
