//! `kills [N]`: kills `mailflow serve` N times at random moments, and says what is true of it then.
#![allow(clippy::print_stdout, reason = "a program for people")]

use std::process::ExitCode;

use mailflow_tests::chance::seed;
use mailflow_tests::kills::{Campaign, Victim};

#[tokio::main]
async fn main() -> ExitCode {
    let times = std::env::args().nth(1).map_or(Ok(2000), |times| times.parse::<u64>());
    let Ok(times) = times else {
        eprintln!("how often? `kills [N]`, with `MAILFLOW_SEED=…` the same moments again");
        return ExitCode::from(2);
    };
    let given = std::env::var("MAILFLOW_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(seed);
    println!("seed {seed}");
    let mut campaign = Campaign::begin(Victim::real(), seed).await;
    campaign
        .kill(times, |done| {
            if done % 100 == 0 {
                eprintln!("{done} of {times}");
            }
        })
        .await;
    let verdict = campaign.verdict().await;
    println!("{verdict}");
    if verdict.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
