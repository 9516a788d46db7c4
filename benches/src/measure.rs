//! Time, processor time, memory and disk.

use std::path::Path;
use std::time::{Duration, Instant};

/// Times of one thing that was done many times.
#[derive(Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Adds one.
    pub fn add(&mut self, since: Instant) {
        self.0.push(since.elapsed());
    }

    /// The time that this share of all stayed under, in milliseconds.
    pub fn quantile_ms(&mut self, share: f64) -> f64 {
        self.0.sort_unstable();
        let last = self.0.len().saturating_sub(1);
        let nth = (last as f64 * share).round() as usize;
        self.0.get(nth).copied().unwrap_or_default().as_secs_f64() * 1e3
    }

    /// One line for people.
    pub fn line(&mut self, what: &str, goal_ms: f64) -> String {
        let (half, most, all) = (self.quantile_ms(0.5), self.quantile_ms(0.99), self.quantile_ms(1.0));
        let verdict = if most <= goal_ms { "ok" } else { "MISSED" };
        let runs = self.0.len();
        format!(
            "{what:<58} p50 {half:>8.3} ms  p99 {most:>8.3} ms  max {all:>8.3} ms  goal {goal_ms} ms  {verdict}  ({runs})"
        )
    }
}

/// Processor time of this process so far, in user and kernel mode (Linux; zero elsewhere).
pub fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    let ticks: u64 = after_name.split_whitespace().skip(11).take(2).filter_map(|it| it.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

/// The most memory that this process ever had resident, in MiB (Linux; zero elsewhere).
pub fn peak_memory_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|it| it.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// Bytes of all files in a folder and below.
pub fn folder_bytes(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(it) if it.is_dir() => folder_bytes(&entry.path()),
            Ok(it) => it.len(),
            Err(_) => 0,
        })
        .sum()
}
