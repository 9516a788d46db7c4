use std::sync::Arc;

use mailflow_core::access::Visibility;
use mailflow_core::store::{Changeset, Entry, SearchQuery, TicketQuery};
use mailflow_core::ticket::Ticket;
use mailflow_test::store::samples::{agent_id, box_id, message, ticket};
use tempfile::TempDir;

use crate::{Options, SqliteStore, connection, scope};

/// 2,000 tickets, each tenth in the small ticketbox 1: all texts have `often`, each fourth has `seldom`.
async fn desk(folder: &TempDir) -> rusqlite::Connection {
    use mailflow_core::store::Store as _;
    let file = folder.path().join("desk.db");
    let store = Arc::new(SqliteStore::open(&file, Options::default()).unwrap());
    let mut entries = Vec::new();
    for number in 1..=2000_u64 {
        let ticketbox = box_id(if number.is_multiple_of(10) { 1 } else { 2 });
        let text = if number.is_multiple_of(4) { "often seldom" } else { "often" };
        entries.push(Entry::Insert(Ticket { number, ticketbox, ..ticket(number) }.into()));
        entries.push(Entry::Insert(message(number, number, text).into()));
    }
    store.commit(Changeset { entries, first_ticket_number: 1 }).await.unwrap();
    drop(store);
    connection::reader(&file, 1 << 20).unwrap()
}

fn plan(connection: &rusqlite::Connection, words: &[&str], ticketbox: u64) -> super::Plan {
    let visibility = Visibility::of_ticketboxes(agent_id(9), [box_id(ticketbox)].into());
    let phrases = words.iter().map(|word| vec![(*word).to_owned()]).collect();
    let query = SearchQuery { phrases, within: TicketQuery::all(visibility) };
    super::plan(connection, &scope::question(&query).unwrap(), i64::MAX).unwrap()
}

#[tokio::test]
async fn the_rarest_condition_is_asked_first() {
    let folder = TempDir::new().unwrap();
    let connection = desk(&folder).await;
    for words in [["often", "seldom"], ["seldom", "often"]] {
        let in_small = plan(&connection, &words, 1);
        assert_eq!(in_small.words, r#"words : "seldom" AND words : "often""#);
        let place = |it: &str| in_small.sieved.find(it).unwrap();
        assert!(place("scope : (b") < place("seldom") && place("seldom") < place("often"), "{}", in_small.sieved);
        assert!(!in_small.words_first, "little of what has the words lies in the small ticketbox");
        let in_large = plan(&connection, &words, 2);
        let place = |it: &str| in_large.sieved.find(it).unwrap();
        assert!(place("seldom") < place("scope : (b") && place("scope : (b") < place("often"), "{}", in_large.sieved);
        assert!(in_large.words_first);
    }
}
