//! Prints rule by rule which store keeps which rule of `mailflow-test`: `conformance_report [RULE…]`. Ends with 1 if a
//! rule is broken. A store that cannot be there on this machine is left out, by name.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use mailflow_test::store::{RULES, Rule, run};
use mailflow_tests::places::Kind;

/// A kind of store.
struct Column {
    kind: Kind,
    is_there: bool,
    verdicts: Vec<&'static str>,
}

impl Column {
    /// What each rule says of a store.
    fn of(kind: Kind, rules: &[&Rule]) -> Self {
        let is_there = kind.is_there();
        let verdict = |rule: &&Rule| {
            if !is_there {
                return "left out";
            }
            let kept = std::panic::catch_unwind(AssertUnwindSafe(|| run((rule.check)(kind.place()))));
            if kept.is_ok() { "pass" } else { "FAIL" }
        };
        Self { kind, is_there, verdicts: rules.iter().map(verdict).collect() }
    }

    fn passed(&self) -> usize {
        self.verdicts.iter().filter(|it| **it == "pass").count()
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let rules: Vec<&Rule> =
        RULES.iter().filter(|rule| wanted.is_empty() || wanted.iter().any(|it| rule.name.contains(it))).collect();
    // The stores side by side: one waits for its disk while another one works.
    let columns: Vec<Column> = std::thread::scope(|scope| {
        let asked = Kind::ALL.map(|kind| {
            scope.spawn({
                let rules = &rules;
                move || Column::of(kind, rules)
            })
        });
        asked.into_iter().map(|it| it.join().unwrap()).collect()
    });
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let line = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:<9}")).collect();
        println!("{}", format!("{first:<width$}{cells}").trim_end());
    };
    line("rule", columns.iter().map(|it| it.kind.word().to_owned()).collect());
    for (nth, rule) in rules.iter().enumerate() {
        line(
            rule.name,
            columns.iter().map(|it| it.verdicts.get(nth).copied().unwrap_or_default().to_owned()).collect(),
        );
    }
    let passed = |it: &Column| if it.is_there { format!("{}/{}", it.passed(), rules.len()) } else { "-".to_owned() };
    line("rules kept", columns.iter().map(passed).collect());
    for column in columns.iter().filter(|it| !it.is_there) {
        println!("LEFT OUT: {} rules on {}", rules.len(), column.kind.word());
    }
    let is_kept = columns.iter().all(|it| !it.is_there || it.passed() == rules.len());
    if is_kept && !rules.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
