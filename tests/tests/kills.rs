//! A short campaign (`scripts/kills` runs long ones), and its controls.
#![allow(clippy::unwrap_used, reason = "tests")]

use mailflow_tests::chance::seed;
use mailflow_tests::kills::{Campaign, Verdict, Victim};

/// Kills until the fault shows, or for so long that a harness which does not see it by then never will.
async fn first_unwell(victim: Victim) -> Option<Verdict> {
    let seed = seed();
    eprintln!("seed {seed}");
    let mut campaign = Campaign::begin(victim, seed).await;
    for _ in 0..15 {
        campaign.kill(20, |_| {}).await;
        let verdict = campaign.verdict().await;
        if !verdict.is_well() {
            eprintln!("{verdict}");
            return Some(verdict);
        }
    }
    None
}

fn planted(fault: &str) -> Victim {
    Victim::planted(env!("CARGO_BIN_EXE_planted"), fault)
}

#[tokio::test(flavor = "multi_thread")]
async fn ac_13_a_desk_that_is_killed_at_any_moment_loses_and_doubles_nothing() {
    let seed = seed();
    eprintln!("seed {seed}");
    let mut campaign = Campaign::begin(Victim::real(), seed).await;
    campaign.kill(60, |_| {}).await;
    let verdict = campaign.verdict().await;
    eprintln!("{verdict}");
    assert!(verdict.is_well(), "{verdict}");
    assert!(verdict.written > 50, "{verdict}");
}

#[tokio::test(flavor = "multi_thread")]
async fn removing_before_keeping_is_found() {
    assert!(first_unwell(planted("remove-before-keeping")).await.unwrap().lost > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_arrival_key_is_found() {
    assert!(first_unwell(planted("no-arrival-key")).await.unwrap().doubled > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_twice_is_found() {
    assert!(first_unwell(planted("send-twice")).await.unwrap().answers_doubled > 0);
}
