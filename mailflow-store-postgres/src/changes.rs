//! [`Changes`]: what other servers on the same database have committed (`LISTEN` and `NOTIFY`).

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use deadpool_postgres::Pool;
use mailflow_core::flow::{Mailflow, Notice, words};
use mailflow_core::store::{Kept as _, StoreError};
use mailflow_core::ticket::Ticket;
use mailflow_store_rows::touched::{Telling, Touched};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client};

use crate::error::OrFailed as _;
use crate::load;
use crate::url::Target;

/// Tells all who listen. The name of a channel has at most 63 bytes.
pub(crate) const TELL: &str = "SELECT pg_notify(left('mailflow.' || current_schema(), 63), $1)";
const CHANNEL: &str = "SELECT quote_ident(left('mailflow.' || current_schema(), 63))";

/// How many changes may wait for a listener that is slow; then he has missed some.
const WAITING: usize = 1024;
/// How long until a connection that was lost is made again, at first and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// A connection that says nothing for this long is asked whether it is there.
const ASK_AFTER: Duration = Duration::from_secs(15);

/// How long until a flow is told again what it could not take in.
const TELL_AGAIN: Duration = Duration::from_secs(1);

/// What other servers on the same database commit, from now on. It connects again by itself.
#[derive(Debug)]
pub struct Changes {
    heard: broadcast::Receiver<Telling>,
    pool: Pool,
}

impl Changes {
    /// Waits for the next change; `None` when the store was dropped. The first one says that everything has to be looked
    /// at, and so does the one after the connection was lost.
    ///
    /// # Errors
    /// [`StoreError`] if the tickets that have changed cannot be read: then something was missed.
    pub async fn next(&mut self) -> Result<Option<Notice>, StoreError> {
        let telling = match self.heard.recv().await {
            Ok(telling) => telling,
            Err(broadcast::error::RecvError::Lagged(_)) => None,
            Err(broadcast::error::RecvError::Closed) => return Ok(None),
        };
        let Some(touched) = telling else { return Ok(Some(Notice::of_missed())) };
        let loaded = load::load(&self.pool, &touched.keys()).await?;
        let rows = loaded.into_iter().filter_map(|it| it.record.and_then(Ticket::take)).collect();
        Ok(Some(touched.notice(rows)))
    }

    /// Tells a flow of all changes, for as long as this is polled and the store is there. What cannot be told is told as
    /// missed, as soon as that can be.
    pub async fn tell(mut self, flow: Mailflow) {
        loop {
            let told = match self.next().await {
                Ok(None) => return,
                Ok(Some(notice)) => flow.hear(notice).await.map_err(|error| words(&error)),
                Err(error) => Err(words(&error)),
            };
            let Err(error) = told else { continue };
            tracing::warn!(error, "what another server changed could not be looked at; it is tried again");
            loop {
                tokio::time::sleep(TELL_AGAIN).await;
                if flow.hear(Notice::of_missed()).await.is_ok() {
                    break;
                }
            }
        }
    }
}

/// The task that listens, from when somebody wants to know until the store is dropped.
#[derive(Debug)]
pub(crate) struct Listener {
    target: Target,
    name: String,
    task: Mutex<Option<(broadcast::Sender<Telling>, JoinHandle<()>)>>,
}

impl Listener {
    pub fn new(target: Target, name: String) -> Self {
        Self { target, name, task: Mutex::new(None) }
    }

    /// Listens from now on.
    pub fn listen(&self, pool: Pool) -> Changes {
        // Nothing panics while it is half changed.
        let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
        let (tell, _) = task.get_or_insert_with(|| {
            let (tell, _) = broadcast::channel(WAITING);
            let listening = listen(self.target.clone(), self.name.clone(), tell.clone());
            (tell, tokio::spawn(listening))
        });
        let heard = tell.subscribe();
        // What was committed before is not told any more.
        let _ = tell.send(None);
        Changes { heard, pool }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let task = self.task.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((_, task)) = task {
            task.abort();
        }
    }
}

async fn listen(target: Target, name: String, tell: broadcast::Sender<Telling>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let mut connected = false;
        let result = hear(&target, &name, &tell, &mut connected).await;
        if let Err(error) = result {
            tracing::warn!(error = &error as &dyn std::error::Error, "changes of other servers are not heard");
        }
        pause = if connected { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
        tokio::time::sleep(pause).await;
    }
}

/// Listens as long as the connection lasts.
async fn hear(
    target: &Target,
    name: &str,
    tell: &broadcast::Sender<Telling>,
    connected: &mut bool,
) -> Result<(), StoreError> {
    let doing = "listening for changes of other servers";
    let (client, mut connection) = target.config.connect(target.tls.clone()).await.or_failed(doing)?;
    let listening = async {
        let channel: String = client.query_one(CHANNEL, &[]).await?.try_get(0)?;
        client.batch_execute(&format!("LISTEN {channel}")).await?;
        *connected = true;
        // Between two connections nothing was heard.
        let _ = tell.send(None);
        ask(&client).await
    };
    let reading = async {
        while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(said) = message?
                && let Some(telling) = Touched::read(name, said.payload())
            {
                // Nobody may be listening just now.
                let _ = tell.send(telling);
            }
        }
        Ok(())
    };
    tokio::select! {
        result = listening => result,
        result = reading => result,
    }
    .or_failed(doing)
}

/// Asks again and again whether the connection is there. Returns when it is not.
async fn ask(client: &Client) -> Result<(), tokio_postgres::Error> {
    loop {
        tokio::time::sleep(ASK_AFTER).await;
        if let Ok(answer) = tokio::time::timeout(ASK_AFTER, client.batch_execute("")).await {
            answer?;
        } else {
            return Ok(());
        }
    }
}
