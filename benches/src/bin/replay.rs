//! Measures replaying rules over the mail of a desk: `replay DATABASE [RULES]`, by default 1,000 rules. The database, a
//! file or a URL `postgres://…`, is one that `flow_ingest` or `mailflow ingest` wrote; it is opened as it is, and the rules
//! of [`rules::set`] are saved in it first, so that both sides of the comparison have as many.

use std::error::Error;
use std::time::Instant;

use mailflow_benches::{measure, place, rules};
use mailflow_core::flow::Mailflow;
use mailflow_core::rule::RuleSet;
use mailflow_core::ticket::Priority;
use mailflow_core::time::Timestamp;
use mailflow_store_sqlite::Options;

const ROUNDS: u32 = 5;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let Some(file) = arguments.next() else { return Err("usage: replay DATABASE [RULES]".into()) };
    let count: u64 = arguments.next().map_or(Ok(1_000), |it| it.parse())?;
    let flow = Mailflow::builder(place::open(&file, Options::default()).await?).build().await?;
    let known = flow.directory().rule_set.clone();
    flow.admin().save_rules(&RuleSet { rules: rules::set(count).rules, ..known }).await?;
    let mut draft = flow.directory().rule_set.clone();
    // The last rule of the draft takes other mail than that of the live ones, and is in a hurry about it.
    if let Some(last) = draft.rules.last_mut() {
        last.to = vec!["support@example.com".to_owned()];
        last.then.priority = Some(Priority::Urgent);
    }
    for round in 1..=ROUNDS {
        let (begun, cpu, server) = (Instant::now(), measure::process_cpu(), measure::server_cpu());
        let replayed = flow.admin().replay(&draft, Timestamp::MIN, |_| ()).await?;
        let (passed, cpu) = (begun.elapsed().as_secs_f64(), measure::process_cpu().saturating_sub(cpu).as_secs_f64());
        let mails = replayed.mails as f64;
        println!(
            "{round}: {} mails at {count} rules, {} would go elsewhere: {passed:.2} s, {:.0} a second (goal 20,000: {}); {:.1} µs of processor time each, {:.1} processors busy; {:.1} µs of a database server",
            replayed.mails,
            replayed.moved,
            mails / passed,
            if mails / passed >= 20_000.0 { "ok" } else { "MISSED" },
            cpu * 1e6 / mails,
            cpu / passed,
            measure::server_cpu().saturating_sub(server).as_secs_f64() * 1e6 / mails,
        );
    }
    Ok(())
}
