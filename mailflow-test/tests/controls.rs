//! The controls: each planted fault is found by the rule that is there for it.
#![cfg(feature = "store")]

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use async_trait::async_trait;
use mailflow_core::store::Store;
use mailflow_test::store::broken::{Broken, Fault};
use mailflow_test::store::{InMemory, Place, RULES, run};

/// A place whose store has nothing when it is opened again.
struct Forgetful;

#[async_trait]
impl Place for Forgetful {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(Broken::new(Fault::ForgetsAll))
    }
}

fn place(fault: Fault) -> Arc<dyn Place> {
    if fault == Fault::ForgetsAll { Arc::new(Forgetful) } else { Arc::new(InMemory::new(Broken::new(fault))) }
}

#[test]
fn every_planted_fault_is_found_by_its_rule() {
    for (fault, name) in Fault::ALL {
        let rule = RULES.iter().find(|rule| rule.name == name).unwrap_or_else(|| panic!("there is no rule {name}"));
        let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| run((rule.check)(place(fault)))));
        assert!(outcome.is_err(), "{name} did not find {fault:?}");
    }
}
