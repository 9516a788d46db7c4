//! Routing: what matching costs with few and many rules, beside a plain loop over `regex::Regex`; what compiling costs.
//! `cargo bench -p mailflow-benches --bench routing`

#![allow(clippy::expect_used, reason = "a benchmark that cannot begin ends")]
use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use mailflow_benches::{mails, rules};
use mailflow_core::id::SourceId;
use mailflow_core::mail::{Limits, Mail, parse};
use mailflow_core::routing::{Matter, Rules};
use mailflow_core::time::Timestamp;

const SIZES: [u64; 4] = [10, 100, 1_000, 10_000];

/// Mails of 31 KB with 7.5 KB of text each.
fn raw() -> Vec<Vec<u8>> {
    let mut numbers = mails::Numbers::new(7);
    let text = |numbers: &mut mails::Numbers| {
        let mut text = mails::text(numbers, 833);
        // Words that many expressions begin with, as such mails have them.
        text.push_str("\nabout order #99999 and case: none\n");
        text
    };
    (0..50).map(|number| mails::raw(number, &text(&mut numbers))).collect()
}

fn matter(mail: &Mail) -> Matter<'_> {
    Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::from_millis(1_700_000_000_000), 31_000, mail)
}

fn routing(c: &mut Criterion) {
    let raw = raw();
    let limits = Limits::default();
    let parsed: Vec<Mail> = raw.iter().map(|bytes| parse(bytes, &limits)).collect();
    let text = parsed.iter().map(|mail| mail.text.len()).sum::<usize>() / parsed.len();
    println!("{} mails, {} bytes of text on average", parsed.len(), text);
    let compiled: Vec<Rules> = SIZES
        .iter()
        .map(|size| {
            let before = resident();
            let rules = Rules::compile(&rules::set(*size)).expect("the rules compile");
            println!("{size} rules: {} KiB more resident after compiling", resident().saturating_sub(before));
            rules
        })
        .collect();

    let mut group = c.benchmark_group("match");
    group.throughput(Throughput::Elements(1));
    for (size, rules) in SIZES.iter().zip(&compiled) {
        let mut next = parsed.iter().cycle();
        group.bench_with_input(BenchmarkId::new("rules", size), rules, |b, rules| {
            b.iter(|| next.next().map(|mail| black_box(rules.decide(&matter(mail)).winner().is_some())));
        });
        let mut next = parsed.iter().cycle();
        group.bench_with_input(BenchmarkId::new("rules_with_trace", size), rules, |b, rules| {
            b.iter(|| next.next().map(|mail| black_box(rules.decide(&matter(mail)).compact())));
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
    let mut next = raw.iter().cycle();
    group.bench_function("parse_only", |b| b.iter(|| next.next().map(|bytes| black_box(parse(bytes, &limits)))));
    for (size, rules) in SIZES.iter().zip(&compiled) {
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
}

/// Resident memory in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

criterion_group!(benches, routing);
criterion_main!(benches);
