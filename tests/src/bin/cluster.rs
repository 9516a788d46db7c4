//! `cluster [N]`: three servers on one PostgreSQL have trouble N times, and says what is true of their desk then.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people")]

use std::process::ExitCode;

use mailflow_tests::chance::seed;
use mailflow_tests::cluster::{Campaign, Program};

#[tokio::main]
async fn main() -> ExitCode {
    let episodes = std::env::args().nth(1).map_or(Ok(1000), |episodes| episodes.parse::<u64>());
    let Ok(episodes) = episodes else {
        eprintln!("how often? `cluster [N]`, with `MAILFLOW_SEED=…` the same troubles again");
        return ExitCode::from(2);
    };
    let fault = std::env::var("MAILFLOW_FAULT").unwrap_or_else(|_| "nothing".to_owned());
    let given = std::env::var("MAILFLOW_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(seed);
    println!("seed {seed}");
    let path = std::env::current_exe().unwrap().with_file_name("one_of_several");
    let mut campaign = Campaign::begin(Program { path, fault }, seed).await;
    campaign
        .trouble(episodes, |done| {
            if done % 20 == 0 {
                eprintln!("{done} of {episodes}");
            }
        })
        .await;
    let verdict = campaign.verdict().await;
    println!("{verdict}");
    if verdict.is_well() && verdict.is_in_time() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
