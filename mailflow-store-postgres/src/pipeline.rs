//! [`Pipeline`]: statements that are sent together and answered together: one round trip.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

use deadpool_postgres::{ClientWrapper, Object};
use mailflow_core::store::StoreError;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::error::OrFailed as _;
use crate::value::Parameter;

type Answered = Result<Vec<Row>, tokio_postgres::Error>;
type Answer<'c> = Pin<Box<dyn Future<Output = Answered> + Send + 'c>>;

/// Statements that are sent together, in their order.
pub(crate) struct Pipeline<'c> {
    client: &'c ClientWrapper,
    doing: &'static str,
    answers: Vec<Answer<'c>>,
}

/// A statement, prepared once for each connection. Every statement of the store with parameters goes through here.
pub(crate) async fn prepare(
    client: &ClientWrapper,
    sql: &str,
    doing: &str,
) -> Result<tokio_postgres::Statement, StoreError> {
    #[cfg(test)]
    crate::plans::note(sql);
    client.prepare_cached(sql).await.or_failed(doing)
}

impl<'c> Pipeline<'c> {
    /// Nothing yet; `doing` says what failed if something does.
    pub fn new(client: &'c Object, doing: &'static str) -> Self {
        Self { client, doing, answers: Vec::new() }
    }

    /// Adds a statement without parameters or answer.
    pub fn run(&mut self, sql: &'static str) {
        let client = self.client;
        self.answers.push(Box::pin(async move { client.batch_execute(sql).await.map(|()| Vec::new()) }));
    }

    /// Adds a statement. Preparing it is a round trip of its own, once for each connection.
    pub async fn add(&mut self, sql: &str, parameters: Vec<Parameter<'c>>) -> Result<(), StoreError> {
        let statement = prepare(self.client, sql, self.doing).await?;
        let client = self.client;
        self.answers.push(Box::pin(async move {
            let parameters: Vec<&(dyn ToSql + Sync)> =
                parameters.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
            client.query(&statement, &parameters).await
        }));
        Ok(())
    }

    /// Sends all and waits for all. If several fail, the first says why: the others fail because of it. What cannot even
    /// be sent, and all that follows, is not sent: no transaction is committed without it. After an error the connection
    /// must not be used again.
    pub async fn finish(self) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut answers: Vec<(Answer<'c>, Option<Answered>)> =
            self.answers.into_iter().map(|answer| (answer, None)).collect();
        let mut sending = true;
        let mut unsent = false;
        poll_fn(|context| {
            let mut pending = false;
            for (answer, result) in answers.iter_mut().filter(|(_, result)| result.is_none()) {
                if sending && unsent {
                    break;
                }
                // A statement is sent when it is polled for the first time; nothing is answered before.
                match answer.as_mut().poll(context) {
                    Poll::Ready(done) => {
                        unsent |= sending && done.is_err();
                        *result = Some(done);
                    }
                    Poll::Pending => pending = true,
                }
            }
            sending = false;
            if pending && !unsent { Poll::Pending } else { Poll::Ready(()) }
        })
        .await;
        answers.into_iter().filter_map(|(_, result)| result).map(|result| result.or_failed(self.doing)).collect()
    }
}
