//! A message in all ways to look at it: HTML in a frame of its own, text, headers, source; and its files.

mod files;
mod frame;
mod shown;

pub use files::saved;

use mailflow_core::id::MessageId;
use mailflow_core::mail::{Limits, Mail, parse};
use mailflow_core::refusal::Refusal;

use super::{Signed, Table, Trouble, Who};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/message/{id}/html", shown::html)
        .get(Who::Agent, "/message/{id}/text", shown::text)
        .get(Who::Agent, "/message/{id}/headers", shown::headers)
        .get(Who::Agent, "/message/{id}/source", shown::source)
        .get(Who::Agent, "/message/{id}/frame", frame::show)
        .get(Who::Agent, "/message/{id}/raw", files::raw)
        .get(Who::Agent, "/message/{id}/file/{at}/{name}", files::file)
        .get(Who::Agent, "/message/{id}/inline/{at}", files::inline)
}

/// A message's id, as it stands in a path.
fn id(text: &str) -> Result<MessageId, Refusal> {
    text.parse().map_err(|_| Refusal::no_such("message", text))
}

/// A message's mail, read from its bytes. It may be large: not on an async thread.
async fn mail(signed: &Signed, id: MessageId) -> Result<Mail, Trouble> {
    let raw = signed.desk.raw(id).await?;
    let read = tokio::task::spawn_blocking(move || parse(&raw, &Limits::default())).await;
    read.map_err(|_| Trouble::malformed("The mail could not be read."))
}

#[cfg(test)]
mod tests;
