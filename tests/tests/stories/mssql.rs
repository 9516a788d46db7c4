//! On SQL Server.

use std::any::Any;
use std::sync::Arc;

use mailflow_core::store::Store;
use mailflow_tests::places::Kind;

#[path = "../../../mailflow-core/tests/acceptance/stories.rs"]
mod stories;

/// Core tries longer ones, in memory.
const DEEPEST: usize = 1;
/// A desk is killed at each so many-th of its writes.
const KILLED_EVERY: usize = 3;

async fn fresh_store() -> (Arc<dyn Store>, Box<dyn Any + Send + Sync>) {
    let (store, place) = Kind::Mssql.store().await;
    (store, Box::new(place))
}
