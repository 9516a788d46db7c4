//! A helpdesk inside a program of your own. `Pop3Source` and `SmtpTransport` go where the folders are.
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::{agent::BUILT_IN_ADMINISTRATOR, decision::reply::Reply, store::Page};
use mailflow_store_sqlite::{Options, SqliteStore};
use mailflow_transport::folder::{FolderSource, FolderTransport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let dir = std::env::temp_dir().join(format!("mailflow-embed-{}", std::process::id()));
    std::fs::create_dir_all(dir.join("in"))?;
    std::fs::write(dir.join("in/1.eml"), "From: ada@example.com\r\nSubject: Help\r\n\r\nIt is broken.\r\n")?;

    let store = SqliteStore::open(dir.join("helpdesk.db"), Options::default())?;
    let flow = Mailflow::builder(store).transport(FolderTransport::new(dir.join("out"))).build().await?;
    let support = flow.admin().ensure_ticketbox("Support", "support@example.com").await?;
    let source = flow.listen("mailbox", &support, FolderSource::new(dir.join("in"))).await?;
    flow.collect(&source).await?; // A server calls `flow.run(shutdown)` once instead of these three.
    flow.route_some().await?;
    let desk = flow.desk(BUILT_IN_ADMINISTRATOR); // Every action has an actor.
    for ticket in desk.tickets(&Filter::open_in(support.id), &Page::first(20)).await?.rows {
        println!("#{} {}", ticket.number, ticket.subject);
        desk.reply(ticket.id, Reply::text("We are on it.")).await?;
    }
    println!("{:?}", flow.deliver().await?);
    Ok(std::fs::remove_dir_all(dir)?)
}
