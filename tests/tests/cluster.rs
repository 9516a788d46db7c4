//! Three servers on one PostgreSQL in trouble, shortly (`scripts/cluster` runs long campaigns), and the controls.
#![allow(clippy::unwrap_used, reason = "tests")]

use mailflow_test::postgres::is_there;
use mailflow_tests::chance::seed;
use mailflow_tests::cluster::{Campaign, Program, Witness};

fn program(fault: &str) -> Program {
    Program { path: env!("CARGO_BIN_EXE_one_of_several").into(), fault: fault.to_owned() }
}

async fn begin(fault: &str) -> Campaign {
    let seed = seed();
    eprintln!("seed {seed}");
    Campaign::begin(program(fault), seed).await
}

/// What the database saw when the fault showed, or after so long that a harness which does not see it by then never will.
async fn seen(fault: &str) -> Witness {
    let mut campaign = begin(fault).await;
    for _ in 0..40 {
        campaign.trouble(10, |_| {}).await;
        let witness = campaign.witness();
        if witness.stolen + witness.unfenced > 0 {
            return witness;
        }
    }
    campaign.witness()
}

#[tokio::test(flavor = "multi_thread")]
async fn three_servers_in_trouble_do_each_task_once_and_lose_and_double_nothing() {
    if !is_there() {
        return;
    }
    let mut campaign = begin("nothing").await;
    campaign.trouble(16, |_| {}).await;
    let verdict = campaign.verdict().await;
    eprintln!("{verdict}");
    assert!(verdict.is_well(), "{verdict}");
    // Each task of a server that was killed is with another one, or with its next run; how fast, `scripts/cluster` judges.
    assert!(verdict.mail.written > 0 && verdict.witness.taken > 3 && verdict.witness.left_undone == 0, "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_crashes_under_load_loses_no_mail_and_everything_goes_on_by_itself() {
    if !is_there() {
        return;
    }
    let mut campaign = begin("nothing").await;
    campaign.trouble(6, |_| {}).await;
    for _ in 0..3 {
        campaign.database_crashes().await;
    }
    let verdict = campaign.verdict().await;
    eprintln!("{verdict}");
    assert!(verdict.is_well(), "{verdict}");
    assert!(verdict.mail.written > 0 && verdict.mail.answers > 0, "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_rely_on_its_lease_is_found() {
    if is_there() {
        assert!(seen("no-epoch-check").await.unfenced > 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_acquire_that_renews_is_found() {
    if is_there() {
        assert!(seen("renews-anyway").await.stolen > 0);
    }
}
