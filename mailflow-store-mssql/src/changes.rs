//! [`Changes`]: what other servers on the same database have committed. SQL Server has nothing that tells, so that it is
//! asked: each transaction leaves a row, and rows become visible in the order of their versions.

use std::sync::{Arc, Weak};
use std::time::Duration;

use mailflow_core::flow::{Mailflow, Notice, words};
use mailflow_core::store::{Kept as _, StoreError};
use mailflow_core::ticket::Ticket;
use mailflow_store_rows::touched::Touched;

use crate::batch::{Batch, Parameters};
use crate::connection::{self, Pool};
use crate::driver::Row;
use crate::error::OrFailed as _;
use crate::load;

/// How often it is asked.
const EVERY: Duration = Duration::from_secs(1);
/// The most rows of one answer; what is left comes with the next.
const MAX_ROWS: usize = 1000;
/// Rows that are older than so many versions are removed: who has not asked for so long has missed something.
pub(crate) const KEPT: i64 = 10_000;

/// What other servers on the same database commit, from now on. It connects again by itself.
#[derive(Debug)]
pub struct Changes {
    pool: Pool,
    /// How this process is known to the others.
    name: Arc<str>,
    /// The version up to which everything was told; `None` at the beginning.
    told: Option<i64>,
    store: Weak<()>,
}

impl Changes {
    pub(crate) fn new(pool: Pool, name: Arc<str>, store: &Arc<()>) -> Self {
        Self { pool, name, told: None, store: Arc::downgrade(store) }
    }

    /// Waits for the next change; `None` when the store was dropped. The first one says that everything has to be looked
    /// at.
    ///
    /// # Errors
    /// [`StoreError`] if the database cannot be asked. Nothing is missed by that: it is told when it is asked again.
    pub async fn next(&mut self) -> Result<Option<Notice>, StoreError> {
        loop {
            if self.store.strong_count() == 0 {
                return Ok(None);
            }
            let Some(told) = self.told else {
                self.told = Some(self.newest().await?);
                return Ok(Some(Notice::of_missed()));
            };
            tokio::time::sleep(EVERY).await;
            if let Some(notice) = self.since(told).await? {
                return Ok(Some(notice));
            }
        }
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        let mut connection = connection::take(&self.pool).await?;
        let answers = connection.run("SELECT version FROM counters WHERE id = 1").await.or_failed(ASKING)?;
        version(answers.into_iter().next())
    }

    /// What others have changed since a version, if anything.
    async fn since(&mut self, told: i64) -> Result<Option<Notice>, StoreError> {
        let mut parameters = Parameters::default();
        let after = parameters.integer(told);
        // What is there before is not newer than the rows; what is there after is not older than what removed some.
        let counter = "SELECT version FROM counters WHERE id = 1;";
        let sql = format!(
            "{counter}
             SELECT TOP ({MAX_ROWS}) version, words FROM changes WHERE version > {after} ORDER BY version;
             {counter}"
        );
        let mut connection = connection::take(&self.pool).await?;
        let mut answers = connection.ask(&Batch::of(sql, parameters)).await.or_failed(ASKING)?.into_iter();
        drop(connection);
        let (before, rows) = (version(answers.next())?, answers.next().unwrap_or_default());
        let newest = version(answers.next())?;
        let mut missed = !rows.is_empty() && newest > told.saturating_add(KEPT);
        let mut touched = Touched::default();
        for row in &rows {
            match Touched::read(&self.name, row.text(1)?) {
                Some(Some(it)) => touched.merge(&it),
                Some(None) => missed = true,
                None => {}
            }
        }
        let notice = match missed {
            true => Some(Notice::of_missed()),
            false if touched == Touched::default() => None,
            false => {
                let loaded = load::load(&self.pool, &touched.keys()).await?;
                let tickets = loaded.into_iter().filter_map(|it| it.record.and_then(Ticket::take)).collect();
                Some(touched.notice(tickets))
            }
        };
        // Not before nothing can fail any more.
        self.told = Some(match rows.last() {
            _ if missed => newest,
            Some(last) => last.integer(0)?,
            None => before,
        });
        Ok(notice)
    }

    /// Tells a flow of all changes, for as long as this is polled and the store is there.
    pub async fn tell(mut self, flow: Mailflow) {
        loop {
            let notice = match self.next().await {
                Ok(None) => return,
                Ok(Some(notice)) => notice,
                Err(error) => {
                    tracing::warn!(
                        error = words(&error),
                        "changes of other servers are not heard; it is tried again"
                    );
                    tokio::time::sleep(EVERY).await;
                    continue;
                }
            };
            while let Err(error) = flow.hear(notice.clone()).await {
                tracing::warn!(
                    error = words(&error),
                    "what another server changed could not be looked at; it is tried again"
                );
                tokio::time::sleep(EVERY).await;
            }
        }
    }
}

/// The number in the first row of an answer.
fn version(answer: Option<Vec<Row>>) -> Result<i64, StoreError> {
    answer.as_ref().and_then(|rows| rows.first()).ok_or_else(crate::error::closed)?.integer(0)
}

const ASKING: &str = "asking what other servers have changed";
