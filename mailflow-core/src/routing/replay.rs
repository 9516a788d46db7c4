//! [`Replay`]: what another rule set would have done with mail that is stored.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::matter::Matter;
use super::placement::place;
use super::rules::{InvalidRules, Rules};
use crate::contact::Contact;
use crate::directory::Directory;
use crate::id::{AgentId, CategoryId, MessageId, TicketId, TicketboxId};
use crate::mail::Header;
use crate::message::{Direction, Message};
use crate::rule::{DefaultRule, Rule, RuleSet, Shred};
use crate::ticket::Priority;

/// Two rule sets that are compared over stored mail. Nothing is changed by it.
///
/// Follow-ups stay with their ticket, in both, unless a rule makes a new ticket of them; what a rule has set apart when
/// it came counts as a new ticket. Contacts, ticketboxes and
/// agents are taken as they are now.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The configuration, with the rules as they are.
    directory: Arc<Directory>,
    /// The draft's rules, and behind them the rules as they are: a mail is looked into once for both.
    both: Rules,
    /// How many of them are the draft's.
    drafted: usize,
    /// The draft's default rule.
    default: DefaultRule,
}

/// Where a mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// To the ticket that it answers.
    FollowUp,
    /// Nowhere: it is shredded for good.
    Shredded,
    /// Into a new ticket.
    New {
        /// Its ticketbox.
        ticketbox: TicketboxId,
        /// Its owner.
        owner: Option<AgentId>,
        /// Its priority.
        priority: Priority,
        /// Its category.
        category: Option<CategoryId>,
        /// Whether it is in the trash.
        trashed: bool,
    },
}

/// What came of a replay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Replayed {
    /// Mails that were looked at.
    pub mails: u64,
    /// Mails that would go elsewhere.
    pub moved: u64,
    /// The same by the draft's rule that decides (`None` is the default rule), from where, and where to.
    pub moves: BTreeMap<(Option<u32>, Fate, Fate), u64>,
    /// The first of the mails that would go elsewhere.
    pub examples: Vec<Moved>,
    /// For each rule of the draft, in their order, what it did.
    pub rules: Vec<RuleRecord>,
}

/// A mail that would go elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its ticket.
    pub ticket: TicketId,
    /// The message.
    pub message: MessageId,
    /// Its subject.
    pub subject: String,
    /// The rule of the draft that decides; `None` is the default rule.
    pub rule: Option<u32>,
    /// Where it goes now.
    pub from: Fate,
    /// Where it would go.
    pub to: Fate,
}

/// What a rule did in a replay.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleRecord {
    /// How many mails it won.
    pub won: u64,
    /// How many mails it matched that an earlier rule won, by the place of that rule.
    pub hidden_by: BTreeMap<u32, u64>,
}

impl Replayed {
    /// The most examples that are kept.
    pub const EXAMPLES: usize = 1000;

    /// This and what came of a later part.
    #[must_use]
    pub fn and(mut self, later: Self) -> Self {
        self.mails += later.mails;
        self.moved += later.moved;
        for (key, times) in later.moves {
            *self.moves.entry(key).or_default() += times;
        }
        self.examples.extend(later.examples);
        self.examples.truncate(Self::EXAMPLES);
        for (record, more) in self.rules.iter_mut().zip(later.rules) {
            record.won += more.won;
            for (rule, times) in more.hidden_by {
                *record.hidden_by.entry(rule).or_default() += times;
            }
        }
        self
    }

    /// The places of the draft's rules that matched no mail at all, counted from 1.
    pub fn never_matched(&self) -> impl Iterator<Item = u32> + '_ {
        (1..).zip(&self.rules).filter(|(_, it)| it.won == 0 && it.hidden_by.is_empty()).map(|(number, _)| number)
    }

    /// The places of the draft's rules that matched, but never won, with the rule that won most of their mails.
    pub fn hidden(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        (1..).zip(&self.rules).filter(|(_, it)| it.won == 0).filter_map(|(number, it)| {
            let (by, _) = it.hidden_by.iter().max_by_key(|(_, times)| **times)?;
            Some((number, *by))
        })
    }
}

impl Replay {
    /// Compares a draft with the rules as they are.
    ///
    /// # Errors
    /// [`InvalidRules`] names the first rule of the draft that cannot be compiled, and why.
    pub fn new(directory: Arc<Directory>, draft: &RuleSet) -> Result<Self, InvalidRules> {
        let rules = draft.rules.iter().chain(&directory.rule_set.rules).cloned().collect();
        let both = directory.rules.compile_again(&RuleSet { rules, ..RuleSet::default() })?;
        Ok(Self { directory, both, drafted: draft.rules.len(), default: draft.default.clone() })
    }

    /// Nothing found yet.
    pub fn begin(&self) -> Replayed {
        Replayed { rules: vec![RuleRecord::default(); self.drafted], ..Replayed::default() }
    }

    /// Whether a rule looks into headers: stored messages have them in their raw bytes only.
    pub fn looks_into_headers(&self) -> bool {
        self.both.look_into_headers()
    }

    /// Looks at one message. What did not come from outside is passed over.
    pub fn look(&self, message: &Message, headers: &[Header], contact: Option<&Contact>, into: &mut Replayed) {
        let Some(explanation) = message.explanation.as_ref().filter(|_| message.direction == Direction::Inbound)
        else {
            return;
        };
        if message.bounce.is_some() && explanation.placed_by.is_none() {
            return;
        }
        let matter = Matter::of_message(message, headers, contact);
        let follows = explanation.evidence.is_some();
        let matching = self.both.all_matches(&matter);
        let (drafted, live) = matching.split_at(matching.partition_point(|place| *place <= self.drafted));
        let first = |of: &[usize]| of.first().and_then(|place| self.both.at_place(*place));
        let (winner, live) = (first(drafted), first(live));
        let apart = |rule: &Option<(u32, &Rule)>| rule.is_some_and(|(_, rule)| rule.then.new_ticket);
        let from = self.fate(&self.directory.rule_set.default, &matter, live, follows && !apart(&live));
        let to = self.fate(&self.default, &matter, winner, follows && !apart(&winner));
        into.mails += 1;
        if !follows || apart(&winner) {
            let winner = winner.map(|(number, _)| number);
            for (nth, place) in drafted.iter().enumerate() {
                let Some(record) = into.rules.get_mut(place - 1) else { continue };
                match winner.filter(|_| nth > 0) {
                    None => record.won += 1,
                    Some(winner) => *record.hidden_by.entry(winner).or_default() += 1,
                }
            }
        }
        if from != to {
            let rule = winner.map(|(number, _)| number);
            into.moved += 1;
            *into.moves.entry((rule, from, to)).or_default() += 1;
            if into.examples.len() < Replayed::EXAMPLES {
                let subject = crate::text::one_line(&message.subject, 200);
                let (ticket, message) = (message.ticket, message.id);
                into.examples.push(Moved { ticket, message, subject, rule, from, to });
            }
        }
    }

    fn fate(&self, default: &DefaultRule, matter: &Matter<'_>, winner: Option<(u32, &Rule)>, follows: bool) -> Fate {
        if follows {
            return Fate::FollowUp;
        }
        let placement = place(&self.directory, default, matter, winner);
        if placement.shred == Some(Shred::ForGood) {
            return Fate::Shredded;
        }
        Fate::New {
            ticketbox: placement.ticketbox,
            owner: placement.owner,
            priority: placement.priority,
            category: placement.category,
            trashed: placement.shred.is_some(),
        }
    }
}
