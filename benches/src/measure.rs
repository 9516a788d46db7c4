//! Time, processor time, memory and disk.

use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

/// When something begun, in time, in processor time of this process, and in that of a database server.
#[derive(Debug)]
pub struct Begun(Instant, Duration, Duration);

impl Begun {
    /// Now.
    pub fn now() -> Self {
        let server = server_cpu();
        Self(Instant::now(), process_cpu(), server)
    }
}

/// Times of one thing that was done many times.
#[derive(Debug, Default)]
pub struct Times {
    passed: Vec<Duration>,
    worked: Vec<Duration>,
    served: Vec<Duration>,
}

impl Times {
    /// Adds one.
    pub fn add(&mut self, begun: &Begun) {
        self.passed.push(begun.0.elapsed());
        self.worked.push(process_cpu().saturating_sub(begun.1));
        self.served.push(server_cpu().saturating_sub(begun.2));
    }

    /// One line for people: time that passed, and processor time of all threads, which other programs on the machine
    /// change little. If there is a database server, its processor time stands beside it; both together are what must
    /// stay under the goal.
    pub fn line(&mut self, what: &str, goal_ms: f64) -> String {
        let [half, most, all] = [0.5, 0.99, 1.0].map(|share| quantile_ms(&mut self.passed, share));
        let mut both: Vec<Duration> =
            self.worked.iter().zip(&self.served).map(|(own, server)| *own + *server).collect();
        let most_of_both = quantile_ms(&mut both, 0.99);
        let [half_cpu, most_cpu] = [0.5, 0.99].map(|share| quantile_ms(&mut self.worked, share));
        let [half_served, most_served] = [0.5, 0.99].map(|share| quantile_ms(&mut self.served, share));
        let verdict = match (most <= goal_ms, most_of_both <= goal_ms) {
            (true, _) => "ok",
            (false, true) => "ok in processor time only",
            (false, false) => "MISSED",
        };
        let runs = self.passed.len();
        let server = if most_served > 0.0 {
            format!("  server: p50 {half_served:>7.3}  p99 {most_served:>7.3}")
        } else {
            String::new()
        };
        format!(
            "{what:<54} p50 {half:>7.3} ms  p99 {most:>7.3}  max {all:>7.3}  processor: p50 {half_cpu:>7.3}  p99 {most_cpu:>7.3}{server}  goal {goal_ms}  {verdict}  ({runs})"
        )
    }
}

/// The time that this share of all stayed under, in milliseconds.
fn quantile_ms(times: &mut [Duration], share: f64) -> f64 {
    times.sort_unstable();
    let last = times.len().saturating_sub(1);
    let nth = (last as f64 * share).round() as usize;
    times.get(nth).copied().unwrap_or_default().as_secs_f64() * 1e3
}

/// Processor time of all threads of this process so far, to the microsecond.
pub fn process_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Processor time so far of the processes that a PostgreSQL server on this machine consists of. The environment variable
/// `POSTMASTER` has the id of the first one (Linux; zero elsewhere or without it).
pub fn server_cpu() -> Duration {
    static POSTMASTER: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("POSTMASTER").ok());
    let Some(postmaster) = &*POSTMASTER else { return Duration::ZERO };
    let children = std::fs::read_to_string(format!("/proc/{postmaster}/task/{postmaster}/children"));
    let spent = |child: &str| -> Option<u64> {
        let stat = std::fs::read_to_string(format!("/proc/{child}/schedstat")).ok()?;
        stat.split_whitespace().next()?.parse().ok()
    };
    Duration::from_nanos(children.unwrap_or_default().split_whitespace().filter_map(spent).sum())
}

/// Processor time of this thread so far: what others do on the machine is hardly in it.
pub fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
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
    peak_memory_kib() / 1024
}

/// Memory that this process has resident, in KiB (Linux; zero elsewhere).
pub fn memory_kib() -> u64 {
    status("VmRSS:")
}

/// The most memory that it had resident since [`forget_peak_memory`], in KiB (Linux; zero elsewhere).
pub fn peak_memory_kib() -> u64 {
    status("VmHWM:")
}

/// Begins to look for the most memory anew.
pub fn forget_peak_memory() {
    // Without it the peak is one of the whole run, which is no less.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn status(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
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
