//! A way out of your own: whatever can say, for each recipient, what became of a mail.
use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::outgoing;
use mailflow_core::store::{MemoryStore, Page};
use mailflow_core::transport::{Answer, Envelope, MailTransport, MemorySource, TransportError, Verdict};
use tokio::sync::Notify;

/// Prints what it is given. `example.com` is the only place that it knows the way to.
struct Printer {
    printed: Arc<Notify>,
}

#[async_trait]
impl MailTransport for Printer {
    async fn send(&self, envelope: &Envelope, mail: &[u8]) -> Result<Vec<Answer>, TransportError> {
        println!("{}", String::from_utf8_lossy(mail));
        self.printed.notify_one();
        let answer = |recipient: &mailflow_core::mail::Address| {
            let known = recipient.domain() == "example.com";
            let (verdict, code, text) =
                if known { (Verdict::Accepted, 250, "printed") } else { (Verdict::Refused, 550, "no such place") };
            let reply = outgoing::Reply { code, enhanced: None, text: text.to_owned() };
            Answer { recipient: recipient.clone(), verdict, reply }
        };
        Ok(envelope.recipients().iter().map(answer).collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let printed = Arc::new(Notify::new());
    let transport = Printer { printed: Arc::clone(&printed) };
    let flow = Mailflow::builder(MemoryStore::new()).transport(transport).build().await?;
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await?;
    let mailbox = MemorySource::new();
    mailbox.deliver("From: ada@example.com\r\nSubject: Help\r\n\r\nIt is broken.\r\n");
    let source = flow.listen("mailbox", &support, mailbox).await?;
    flow.collect(&source).await?;
    flow.route_some().await?;

    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    for ticket in desk.tickets(&Filter::open_in(support.id), &Page::first(20)).await?.rows {
        desk.reply(ticket.id, Reply::text("We are on it.")).await?;
    }
    // A server runs until it is told to stop; this one stops when the answer is printed.
    flow.run(printed.notified()).await?;
    Ok(())
}
