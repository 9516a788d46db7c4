//! How fast mail is read, beside `mailparse` with all bodies decoded: on the mails of a folder, and on synthetic ones
//! of about 31 KB; then how the time grows with hostile shapes.
//!
//! `cargo run --release -p mailflow-benches --bin parse [-- FOLDER]`, by default `tests/corpus`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use mailflow_benches::{mails, mixed};
use mailflow_core::mail::{Limits, parse};

#[path = "../../../mailflow-core/tests/parsing/hostile.rs"]
mod hostile;

/// Our time at most so many times that of `mailparse`.
const MOST: f64 = 2.0;
/// Four times the length at most so many times the time.
const GROWTH: f64 = 5.0;

fn main() -> ExitCode {
    let folder = std::env::args().nth(1).map_or_else(|| PathBuf::from("tests/corpus"), PathBuf::from);
    let mut files = Vec::new();
    collect(&folder, &mut files);
    let mut numbers = mails::Numbers::new(1);
    let synthetic: Vec<Vec<u8>> =
        (0..300).map(|number| mails::raw(number, &mails::text(&mut numbers, 400))).collect();
    let mixed: Vec<Vec<u8>> = (0..300).map(mixed::mail).collect();
    let mut sound = true;
    for (what, mails) in [("corpus", &files), ("synthetic, 31 KB", &synthetic), ("mixed, 4 to 200 KB", &mixed)] {
        sound &= beside(what, mails);
    }
    sound &= shapes();
    if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Processor time of this thread so far: what others do on the machine is not in it.
fn cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.cast_unsigned(), u32::try_from(spent.tv_nsec).unwrap_or(0))
}

fn collect(folder: &Path, files: &mut Vec<Vec<u8>>) {
    let mut entries: Vec<_> = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    for path in entries {
        match path.extension().is_some_and(|extension| extension == "eml") {
            true => files.extend(std::fs::read(&path)),
            false => collect(&path, files),
        }
    }
}

/// Both readers on the same mails, in turns; the best of several rounds each.
fn beside(what: &str, mails: &[Vec<u8>]) -> bool {
    let bytes: usize = mails.iter().map(Vec::len).sum();
    let limits = Limits::default();
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..5 {
        let begin = cpu();
        for mail in mails {
            std::hint::black_box(parse(mail, &limits));
        }
        ours = ours.min(cpu() - begin);
        let begin = cpu();
        for mail in mails {
            if let Ok(parsed) = mailparse::parse_mail(mail) {
                decode(&parsed);
            }
        }
        theirs = theirs.min(cpu() - begin);
    }
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    let rate = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
    let each = ours.as_secs_f64() * 1e6 / mails.len() as f64;
    let verdict = if ratio <= MOST { "ok" } else { "MISSED" };
    println!(
        "{what:<20} {:>4} mails  ours {:>6.0} MB/s ({each:.0} us a mail)  mailparse {:>6.0} MB/s  ratio {ratio:.2}, goal {MOST}  {verdict}",
        mails.len(),
        rate(ours),
        rate(theirs),
    );
    ratio <= MOST
}

/// The bodies of all leaves.
fn decode(part: &mailparse::ParsedMail<'_>) {
    if !part.subparts.is_empty() {
        part.subparts.iter().for_each(decode);
    } else if part.ctype.mimetype.starts_with("text/") {
        let _ = std::hint::black_box(part.get_body());
    } else {
        let _ = std::hint::black_box(part.get_body_raw());
    }
}

/// The time of four times the length, for lengths up to 25 MiB.
fn shapes() -> bool {
    let limits = Limits::default();
    let time = |mail: &[u8]| {
        let begin = cpu();
        std::hint::black_box(parse(mail, &limits));
        cpu() - begin
    };
    let mut sound = true;
    for shape in hostile::all() {
        let (mut longest, mut worst) = (Duration::ZERO, 0.0f64);
        for size in [400 << 10, 1600 << 10, (25 << 20) / 4] {
            let (short, long) = (shape.mail(size), shape.mail(size * 4 - 200));
            let small = (0..5).map(|_| time(&short)).min().unwrap_or_default();
            let large = (0..2).map(|_| time(&long)).min().unwrap_or_default();
            longest = large;
            // What is this short costs no more for being longer: a limit cut it.
            if large > Duration::from_millis(20) {
                worst = worst.max(large.as_secs_f64() / small.as_secs_f64().max(1e-3));
            }
        }
        let verdict = if worst <= GROWTH { "ok" } else { "MISSED" };
        println!(
            "{:<36} 25 MiB in {:>7.1} ms  t(4n)/t(n) at most {worst:.2}  {verdict}",
            shape.name,
            longest.as_secs_f64() * 1e3
        );
        sound &= worst <= GROWTH;
    }
    sound
}
