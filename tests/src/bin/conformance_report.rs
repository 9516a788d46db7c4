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
    passed: usize,
}

fn columns() -> Vec<Column> {
    Kind::ALL.map(|kind| Column { kind, is_there: kind.is_there(), passed: 0 }).into()
}

/// What a rule says of a store.
fn verdict(rule: &Rule, column: &mut Column) -> &'static str {
    if !column.is_there {
        return "left out";
    }
    match std::panic::catch_unwind(AssertUnwindSafe(|| run((rule.check)(column.kind.place())))) {
        Ok(()) => {
            column.passed += 1;
            "pass"
        }
        Err(_) => "FAIL",
    }
}

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let rules: Vec<&Rule> =
        RULES.iter().filter(|rule| wanted.is_empty() || wanted.iter().any(|it| rule.name.contains(it))).collect();
    let mut columns = columns();
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let line = |first: &str, cells: Vec<String>| {
        let cells: String = cells.iter().map(|cell| format!("  {cell:<9}")).collect();
        println!("{}", format!("{first:<width$}{cells}").trim_end());
    };
    line("rule", columns.iter().map(|it| it.kind.word().to_owned()).collect());
    for rule in &rules {
        line(rule.name, columns.iter_mut().map(|column| verdict(rule, column).to_owned()).collect());
    }
    let passed = |it: &Column| if it.is_there { format!("{}/{}", it.passed, rules.len()) } else { "-".to_owned() };
    line("rules kept", columns.iter().map(passed).collect());
    for column in columns.iter().filter(|it| !it.is_there) {
        println!("LEFT OUT: {} rules on {}", rules.len(), column.kind.word());
    }
    let is_kept = columns.iter().all(|it| !it.is_there || it.passed == rules.len());
    if is_kept && !rules.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
