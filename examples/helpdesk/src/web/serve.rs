//! [`serve`]: the pages and the flow behind them, until somebody stops both.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use mailflow_core::flow::{Error, Mailflow};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::{WebConfig, router};

/// How long requests that were begun may take when the server stops.
const GRACE: Duration = Duration::from_secs(10);

/// Why the desk could not be served.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// The flow could not begin.
    #[error(transparent)]
    Flow(#[from] Error),
    /// The listener failed.
    #[error("the pages cannot be served")]
    Listener(#[from] std::io::Error),
}

/// Collects, routes and sends mail and serves the pages, until `shutdown` is ready; then what was begun is finished.
///
/// # Errors
/// `ServeError` if it cannot begin, or the listener fails.
pub async fn serve(
    flow: Mailflow,
    config: WebConfig,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), ServeError> {
    let (stop, stopping) = watch::channel(false);
    let pages = router(flow.clone(), WebConfig { stopping: Some(stopping.clone()), ..config });
    let pages = pages.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, pages).with_graceful_shutdown(stopped(stopping.clone()));
    let mut server = tokio::spawn(server.into_future());
    let engine = async {
        let ended = flow.run(stopped(stopping.clone())).await;
        // If the flow cannot begin, the pages stop as well.
        stop.send_replace(true);
        ended
    };
    let watcher = async {
        tokio::select! {
            () = shutdown => {}
            () = stopped(stopping.clone()) => {}
        }
        stop.send_replace(true);
    };
    let pages = async {
        let ended = tokio::select! {
            ended = &mut server => return joined(ended, &stop),
            () = stopped(stopping.clone()) => tokio::time::timeout(GRACE, &mut server).await,
        };
        match ended {
            Ok(ended) => joined(ended, &stop),
            Err(_) => {
                server.abort();
                Ok(())
            }
        }
    };
    let (ended, (), served) = tokio::join!(engine, watcher, pages);
    ended?;
    Ok(served?)
}

fn joined(
    ended: Result<std::io::Result<()>, tokio::task::JoinError>,
    stop: &watch::Sender<bool>,
) -> std::io::Result<()> {
    stop.send_replace(true);
    ended.map_err(std::io::Error::other).flatten()
}

/// Ready once it is time to stop.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // The sender is dropped only when everything has ended.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
