//! Routing: what it must reach, in one table; beside it a plain loop over `regex::Regex`, on the same mails in the same
//! rounds. `cargo bench -p mailflow-benches --bench routing`; with `-- --criterion` the distributions as well.
//!
//! Processor time is that of the one thread that works, which other programs on the machine change little; the rounds
//! of all candidates alternate, so that what changes hits all of them. Of each the best round counts.

#![allow(clippy::expect_used, reason = "a benchmark that cannot begin ends")]
use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use mailflow_benches::{mails, measure, rules};
use mailflow_core::id::SourceId;
use mailflow_core::mail::{Limits, Mail, parse};
use mailflow_core::routing::{Matter, Rules};
use mailflow_core::time::Timestamp;

const SIZES: [u64; 4] = [10, 100, 1_000, 10_000];
/// Mails that are routed in a round.
const MAILS: u64 = 50;
/// Rounds of each candidate.
const ROUNDS: u32 = 12;

/// Mails of 31 KB with 7.5 KB of text each; every second one is matched by the last rule, the others by none.
fn raw() -> Vec<Vec<u8>> {
    let mut numbers = mails::Numbers::new(7);
    let mut mail = |number: u64| {
        let mut text = mails::text(&mut numbers, 833);
        // Words that many expressions begin with, and a date, as such mails have them.
        text.push_str("\nOn 2024-09-02 at 10:15 you wrote about order #99999 and case: none\n");
        let mail = String::from_utf8(mails::raw(number, &text)).expect("a mail of letters");
        let to = if number.is_multiple_of(2) { "support@example.com" } else { rules::LATE };
        mail.replace("support@example.com", to).into_bytes()
    };
    (0..MAILS).map(&mut mail).collect()
}

fn matter(mail: &Mail) -> Matter<'_> {
    Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::from_millis(1_700_000_000_000), 31_000, mail)
}

/// Something that is done to every mail.
struct Candidate<'a> {
    name: String,
    work: Box<dyn Fn() + 'a>,
    processor: Duration,
    passed: Duration,
}

impl<'a> Candidate<'a> {
    fn new(name: String, work: impl Fn() + 'a) -> Self {
        Self { name, work: Box::new(work), processor: Duration::MAX, passed: Duration::MAX }
    }

    fn round(&mut self) {
        // Once before, so that none pays for what another one has pushed out of the caches.
        (self.work)();
        let (passed, processor) = (Instant::now(), measure::thread_cpu());
        (self.work)();
        self.processor = self.processor.min(measure::thread_cpu().saturating_sub(processor));
        self.passed = self.passed.min(passed.elapsed());
    }

    /// Processor time for one mail, in microseconds.
    fn micros(&self) -> f64 {
        self.processor.as_secs_f64() * 1e6 / MAILS as f64
    }
}

/// What compiling costs: before anything else, so that memory is what it takes and nothing is there to be used again.
fn compiling() {
    let set = rules::set(10_000);
    let before = measure::memory_kib();
    measure::forget_peak_memory();
    let (passed, processor) = (Instant::now(), measure::thread_cpu());
    let compiled = Rules::compile(&set).expect("the rules compile");
    let (passed, processor) = (passed.elapsed(), measure::thread_cpu().saturating_sub(processor));
    let mib = |kib: u64| kib.saturating_sub(before) as f64 / 1024.0;
    let (peak, stays) = (mib(measure::peak_memory_kib()), mib(measure::memory_kib()));
    println!(
        "compile 10,000 rules: {:.3} s of processor time, {:.3} s passed (goal 1 s: {}); {peak:.1} MiB at most, {stays:.1} MiB stay (goal 100 MiB: {})",
        processor.as_secs_f64(),
        passed.as_secs_f64(),
        verdict(processor.as_secs_f64() <= 1.0),
        verdict(peak <= 100.0),
    );
    drop(compiled);
}

const fn verdict(kept: bool) -> &'static str {
    if kept { "ok" } else { "MISSED" }
}

fn table(raw: &[Vec<u8>], parsed: &[Mail], compiled: &[(u64, Rules)]) {
    let limits = &Limits::default();
    let plain: Vec<_> = SIZES.iter().map(|size| (*size, rules::plain(&rules::set(*size)))).collect();
    let mut candidates = Vec::new();
    for (size, rules) in compiled {
        candidates.push(Candidate::new(format!("match {size}"), move || {
            parsed.iter().for_each(|mail| {
                black_box(rules.decide(&matter(mail)).winner());
            });
        }));
        candidates.push(Candidate::new(format!("match+trace {size}"), move || {
            parsed.iter().for_each(|mail| drop(black_box(rules.decide(&matter(mail)).compact())));
        }));
        candidates.push(Candidate::new(format!("parse+route {size}"), move || {
            raw.iter().for_each(|bytes| {
                let mail = parse(bytes, limits);
                let matter = matter(&mail);
                let decided = rules.decide(&matter);
                black_box((decided.winner(), decided.compact()));
            });
        }));
    }
    for (size, plain) in &plain {
        candidates.push(Candidate::new(format!("plain {size}"), move || {
            parsed.iter().for_each(|mail| {
                black_box(rules::first_plain(plain, mail));
            });
        }));
    }
    candidates.push(Candidate::new("parse 0".to_owned(), move || {
        raw.iter().for_each(|bytes| drop(black_box(parse(bytes, limits))));
    }));
    for _ in 0..ROUNDS {
        candidates.iter_mut().for_each(Candidate::round);
    }
    println!("\n{:<20} {:>14} {:>14}   for one mail; best of {ROUNDS} rounds", "", "processor µs", "passed µs");
    for it in &candidates {
        println!("{:<20} {:>14.2} {:>14.2}", it.name, it.micros(), it.passed.as_secs_f64() * 1e6 / MAILS as f64);
    }
    let of = |name: &str| candidates.iter().find(|it| it.name == name).map_or(f64::NAN, Candidate::micros);
    let goal = |what: &str, measured: f64, most: f64| {
        println!("{what:<58} {measured:>8.2}   goal ≤ {most:<4}  {}", verdict(measured <= most));
    };
    println!();
    goal("parse + route at 10,000 rules / at 10", of("parse+route 10000") / of("parse+route 10"), 1.3);
    goal("matching alone at 10,000 rules / at 100", of("match 10000") / of("match 100"), 3.0);
    goal("matching alone at 10,000 rules, µs of processor time", of("match 10000"), 50.0);
    goal("the same with the trace that is stored, µs", of("match+trace 10000"), 50.0);
    for size in SIZES {
        let times = of(&format!("plain {size}")) / of(&format!("match {size}"));
        println!("a plain loop over regex::Regex at {size} rules takes {times:.1} times as long");
    }
}

fn distributions(raw: &[Vec<u8>], parsed: &[Mail], compiled: &[(u64, Rules)]) {
    let limits = Limits::default();
    let mut c = Criterion::default();
    let mut group = c.benchmark_group("match");
    group.throughput(Throughput::Elements(1));
    for (size, rules) in compiled {
        let mut next = parsed.iter().cycle();
        group.bench_with_input(BenchmarkId::new("rules", size), rules, |b, rules| {
            b.iter(|| next.next().map(|mail| black_box(rules.decide(&matter(mail)).winner().is_some())));
        });
    }
    group.sample_size(10);
    for size in SIZES {
        let plain = rules::plain(&rules::set(size));
        let mut next = parsed.iter().cycle();
        group.bench_function(BenchmarkId::new("plain_loop", size), |b| {
            b.iter(|| next.next().map(|mail| black_box(rules::first_plain(&plain, mail))));
        });
    }
    group.finish();

    let mut group = c.benchmark_group("parse_and_match");
    group.throughput(Throughput::Elements(1));
    for (size, rules) in compiled {
        let mut next = raw.iter().cycle();
        group.bench_with_input(BenchmarkId::new("rules", size), rules, |b, rules| {
            b.iter(|| {
                next.next().map(|bytes| {
                    let mail = parse(bytes, &limits);
                    black_box(rules.decide(&matter(&mail)).winner().is_some())
                })
            });
        });
    }
    group.finish();

    let mut group = c.benchmark_group("compile");
    group.sample_size(10);
    for size in [1_000, 10_000] {
        let set = rules::set(size);
        group.bench_with_input(BenchmarkId::new("rules", size), &set, |b, set| {
            b.iter(|| black_box(Rules::compile(set).is_ok()));
        });
    }
    group.finish();
    c.final_summary();
}

fn main() {
    compiling();
    let raw = raw();
    let parsed: Vec<Mail> = raw.iter().map(|bytes| parse(bytes, &Limits::default())).collect();
    let average = |bytes: usize| bytes / raw.len();
    println!(
        "{} mails of {} bytes, {} of them text",
        raw.len(),
        average(raw.iter().map(Vec::len).sum()),
        average(parsed.iter().map(|mail| mail.text.len()).sum())
    );
    let compiled: Vec<(u64, Rules)> =
        SIZES.iter().map(|size| (*size, Rules::compile(&rules::set(*size)).expect("the rules compile"))).collect();
    for (size, rules) in &compiled {
        let matched = parsed.iter().filter(|mail| rules.first_match(&matter(mail)).is_some()).count();
        assert_eq!(matched, parsed.len() / 2, "the last of {size} rules matches every second mail");
    }
    table(&raw, &parsed, &compiled);
    if std::env::args().any(|argument| argument == "--criterion") {
        distributions(&raw, &parsed, &compiled);
    }
}
