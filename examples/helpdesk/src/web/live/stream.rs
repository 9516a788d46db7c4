//! From notices of commits to events for a browser.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::stream::{Stream, unfold};
use mailflow_core::flow::{Error, Notice};
use mailflow_core::id::OutgoingId;
use serde::Serialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use tokio::time::Interval;

use crate::web::{App, Signed};

/// How often a sign of life goes over a stream, and it is found out that the database is away. A page that hears nothing for 45 s says that it is not live.
pub const BEAT: Duration = Duration::from_secs(10);
/// Of one commit that changes more tickets than this, only "look again" is told.
const MOST: usize = 50;

/// What changed, for a page: numbers of tickets that its agent may see.
#[derive(Debug, Default, Serialize, PartialEq, Eq)]
pub struct News {
    /// Tickets whose conversation changed.
    pub tickets: Vec<u64>,
    /// Tickets whose row in a list changed.
    pub rows: Vec<u64>,
    /// Whether the menu changed: counts or ticketboxes.
    pub menu: bool,
    /// Whether the messages that wait for the agent's approval are others than before.
    pub approvals: bool,
    /// Whether the agent's alerts changed.
    pub alerts: bool,
    /// Whether something was missed: look at everything again.
    pub lost: bool,
}

struct Listener {
    app: App,
    signed: Signed,
    notices: Receiver<Notice>,
    stopping: Option<watch::Receiver<bool>>,
    beat: Interval,
    /// What waits for the agent's approval, as far as he was told.
    to_approve: Vec<OutgoingId>,
}

/// The events of an agent, until his session is over or the server stops.
pub fn events(app: App, signed: Signed, beat: Duration) -> impl Stream<Item = Result<Event, Infallible>> {
    let listener = Listener {
        notices: app.flow.watch(),
        stopping: app.config.stopping.clone(),
        beat: tokio::time::interval(beat),
        to_approve: Vec::new(),
        app,
        signed,
    };
    unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

impl Listener {
    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            tokio::select! {
                () = stopped(&mut self.stopping) => return None,
                _ = self.beat.tick() => {
                    // Rights and session are asked for again with every beat; the first one comes at once.
                    self.is_still_there().await?;
                    return Some(Event::default().event("beat").data("{}"));
                }
                notice = self.notices.recv() => {
                    if notice.as_ref().is_ok_and(|notice| notice.sessions || notice.configuration || notice.missed) {
                        self.is_still_there().await?;
                    }
                    let news = match notice {
                        Ok(notice) => self.news(&notice).await.ok()?,
                        Err(RecvError::Lagged(_)) => Some(News { menu: true, lost: true, ..News::default() }),
                        Err(RecvError::Closed) => return None,
                    };
                    if let Some(news) = news {
                        return Event::default().json_data(news).ok();
                    }
                }
            }
        }
    }

    /// Nothing once the session is over, wherever it was ended.
    async fn is_still_there(&self) -> Option<()> {
        let agent = self.app.flow.session(self.signed.session, self.signed.place.address).await.ok()?;
        agent.filter(|agent| *agent == self.signed.agent.id).map(drop)
    }

    /// What of a notice concerns the agent.
    async fn news(&mut self, notice: &Notice) -> Result<Option<News>, Error> {
        let mut news = News {
            // How sources and destinations are doing is in administrators' menus only.
            alerts: notice.alerts.contains(&self.signed.agent.id),
            menu: notice.alerts.contains(&self.signed.agent.id)
                || notice.configuration
                || (notice.health && self.signed.agent.administrator),
            ..News::default()
        };
        if notice.outgoing || notice.missed {
            let waiting = self.signed.desk.to_approve().await?.into_iter().map(|it| it.id).collect();
            news.approvals = self.to_approve != waiting;
            news.menu |= news.approvals;
            self.to_approve = waiting;
        }
        if notice.missed || notice.tickets.len() > MOST {
            return Ok(Some(News { menu: true, lost: true, ..news }));
        }
        for id in &notice.tickets {
            let ticket = match self.signed.desk.ticket_by_id(*id).await {
                Ok(ticket) => ticket,
                Err(Error::Refused(_)) => continue,
                Err(error) => return Err(error),
            };
            news.tickets.push(ticket.number);
            if notice.rows.iter().any(|row| row.id == *id) {
                news.rows.push(ticket.number);
                news.menu = true;
            }
        }
        Ok((news != News::default()).then_some(news))
    }
}

/// Ready when the server stops; never if nobody says so.
pub async fn stopped(stopping: &mut Option<watch::Receiver<bool>>) {
    match stopping {
        Some(stopping) => {
            let _ = stopping.wait_for(|stopping| *stopping).await;
        }
        None => std::future::pending().await,
    }
}
