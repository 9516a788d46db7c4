//! [`Verdict`]: what is true of a desk whose servers had much trouble.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mailflow_core::flow::Mailflow;
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::Database;

use super::witness::{self, Witness};
use super::{Campaign, LASTS, Starts, Trouble};
use crate::kills;

/// How much longer than the lease it may take until another server does what a dead one did.
const TAKE_OVER: Duration = Duration::from_secs(5);

/// What is true of a desk whose servers had much trouble.
#[derive(Debug)]
pub struct Verdict {
    /// What happened, how often.
    pub episodes: BTreeMap<Trouble, u64>,
    /// How often servers were started.
    pub starts: Starts,
    /// What the database saw.
    pub witness: Witness,
    /// What became of mails and answers.
    pub mail: kills::Verdict,
}

impl Verdict {
    /// Whether each task had one holder at a time that anything was written for, and nothing was lost or doubled.
    pub fn is_well(&self) -> bool {
        self.witness.stolen + self.witness.unfenced + self.witness.left_undone == 0 && self.mail.is_well()
    }

    /// Whether everything happened that can happen.
    pub fn is_all_of_it(&self) -> bool {
        Trouble::ALL.iter().all(|trouble| self.episodes.contains_key(trouble)) && self.starts.wrong_clock > 0
    }

    /// Whether others always took over in time.
    pub fn is_in_time(&self) -> bool {
        self.witness.longest <= LASTS + TAKE_OVER
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let episodes: u64 = self.episodes.values().sum();
        let Witness { taken, stolen, unfenced, longest, followed, left_undone } = &self.witness;
        let Starts { all, wrong_clock } = &self.starts;
        writeln!(f, "{episodes} episodes: {:?}", self.episodes)?;
        writeln!(
            f,
            "servers were started {all} times, {wrong_clock} of them with a clock that is ten minutes wrong"
        )?;
        writeln!(
            f,
            "tasks were taken {taken} times: {stolen} from a server that was alive; {unfenced} writes without the task"
        )?;
        writeln!(
            f,
            "of servers that were gone, {followed} tasks were taken over, the slowest after {longest:?} ({LASTS:?} is the \
             lease, and {TAKE_OVER:?} more is allowed); {left_undone} were not"
        )?;
        let mail = &self.mail;
        writeln!(
            f,
            "{} mails: {} lost, {} doubled; {} kept as they came",
            mail.written, mail.lost, mail.doubled, mail.unread
        )?;
        write!(
            f,
            "{} answers: {} lost, {} doubled; besides, perhaps sent and marked so: {} that arrived twice, {} once; \
             {} bodies lost",
            mail.answers,
            mail.answers_lost,
            mail.answers_doubled,
            mail.answers_doubled_and_marked,
            mail.answers_marked,
            mail.bodies_lost
        )?;
        mail.damage.iter().try_for_each(|damage| write!(f, "\n{damage}"))
    }
}

pub async fn of(campaign: &Campaign, database: &Database) -> Verdict {
    let witness = witness::ask(database, &campaign.absences);
    let store = PostgresStore::open(&database.url(), Options::default()).await.unwrap();
    let flow = kills::verdict::finish(Mailflow::builder(store), Arc::clone(&campaign.key), &campaign.mail).await;
    let mail = kills::verdict::of_desk(&flow, campaign.written, &campaign.mail).await;
    let mut starts = Starts::default();
    for server in &campaign.servers {
        starts.all += server.starts.all;
        starts.wrong_clock += server.starts.wrong_clock;
    }
    Verdict { episodes: campaign.episodes.clone(), starts, witness, mail }
}
