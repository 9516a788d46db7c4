//! `cluster [N]`: three servers on one PostgreSQL have trouble N times, and says what is true of their desk then.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a program for people")]

use std::process::ExitCode;

use mailflow_tests::chance::seed;
use mailflow_tests::cluster::{Campaign, Program};

/// In so many episodes everything happens that can happen.
const ENOUGH: u64 = 100;

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
    let wrong = [
        (!verdict.is_well(), "something was lost, doubled, left undone or done by two"),
        (!verdict.is_in_time(), "a task was taken over too late"),
        (episodes >= ENOUGH && !verdict.is_all_of_it(), "not everything happened that should have been tried"),
    ];
    let wrong: Vec<&str> = wrong.into_iter().filter_map(|(is, words)| is.then_some(words)).collect();
    wrong.iter().for_each(|words| println!("WRONG: {words}"));
    if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
