//! What holds of a database that a newer program has brought to a shape which this one does not know: for a backend to
//! call, as no store can be brought there through its trait.

use mailflow_core::digest::Digest;
use mailflow_core::store::StoreError;

use super::*;
use crate::store::samples::*;

/// A program that is older than its database reads, and only takes its leave. `sql` runs a statement in the database of
/// this empty store.
pub async fn an_older_program_reads_and_only_takes_its_leave(store: &dyn Store, sql: impl Fn(&str)) {
    insert(store, [ticket(1).into(), server(1).into()]).await;
    let body = store.keep_body(BODY.to_vec()).await.expect("a body is kept");
    // A later version has been there.
    sql(
        "INSERT INTO mailflow_migrations (number, digest) SELECT 99, digest FROM mailflow_migrations WHERE number = 1",
    );
    let is_refused =
        |said: &StoreError| said.is_outdated() && said.to_string().contains("use the later version of mailflow");
    let Err(CommitError::Failed(said)) = store.commit(changeset(vec![Entry::Insert(ticket(2).into())])).await else {
        unreachable!("it is too old");
    };
    assert!(is_refused(&said), "{said}");
    let said = store.erase_body(&Digest::of(BODY)).await.expect_err("it is too old");
    assert!(is_refused(&said), "{said}");
    insert(store, [server(2).into()]).await;
    let keys = [1, 2].map(|number| Key::Ticket(ticket_id(number)));
    let there = store.load(&keys).await.expect("it is read");
    assert_eq!(there.iter().map(|it| it.record.is_some()).collect::<Vec<_>>(), [true, false]);
    assert_eq!(store.body(&body).await.expect("it is read").as_deref(), Some(BODY));
    // The control: the later version writes.
    sql("DELETE FROM mailflow_migrations WHERE number = 99");
    insert(store, [ticket(2).into()]).await;
}
