//! A desk between two folders: `folder IN OUT` makes a ticket of every `.eml` file in IN, thanks each sender, and writes
//! the answers into OUT. Without arguments it shows that in a folder of its own.
use std::path::{Path, PathBuf};

use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::mail::new_words;
use mailflow_core::store::{MemoryStore, Page};
use mailflow_transport::folder::{FolderSource, FolderTransport};

type Outcome = Result<(), Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    if let (Some(incoming), Some(outgoing)) = (arguments.next(), arguments.next()) {
        return answer_all(&incoming, &outgoing).await;
    }
    let dir = std::env::temp_dir().join(format!("mailflow-folder-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("in"))?;
    let mail = "From: Ada <ada@example.com>\r\nSubject: Help\r\n\r\nIt is broken.\r\n-- \r\nAda\r\n";
    std::fs::write(dir.join("in/1.eml"), mail)?;
    answer_all(&dir.join("in"), &dir.join("out")).await?;
    Ok(std::fs::remove_dir_all(dir)?)
}

async fn answer_all(incoming: &Path, outgoing: &Path) -> Outcome {
    let flow = Mailflow::builder(MemoryStore::new()).transport(FolderTransport::new(outgoing)).build().await?;
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await?;
    let source = flow.listen("folder", &support, FolderSource::new(incoming)).await?;
    flow.collect(&source).await?;
    while !flow.route_some().await?.is_empty() {}

    let desk = flow.desk(BUILT_IN_ADMINISTRATOR);
    for ticket in desk.tickets(&Filter::open_in(support.id), &Page::first(100)).await?.rows {
        let conversation = desk.conversation(ticket.number).await?;
        let words = conversation.messages().next().map(|message| new_words(&message.text)).unwrap_or_default();
        println!("#{} {}: {words}", ticket.number, ticket.subject);
        desk.reply(ticket.id, Reply::text("Thank you, we are on it.")).await?;
    }
    let delivered = flow.deliver().await?;
    println!("{} of {} answers are in {}", delivered.sent, delivered.tried, outgoing.display());
    Ok(())
}
