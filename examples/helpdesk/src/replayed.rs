//! What a replay found, in words and as JSON: for the command, the API and the page.

use mailflow_core::directory::Directory;
use mailflow_core::routing::{Fate, Replayed, warnings};
use mailflow_core::rule::RuleSet;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What a replay found.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct ReplayShape {
    /// The version of this form.
    pub v: u32,
    /// Mails that were looked at.
    pub mails: u64,
    /// Mails that would go elsewhere.
    pub moved: u64,
    /// The same by the rule that decides, from where and where to.
    pub moves: Vec<MoveShape>,
    /// Some of the mails that would go elsewhere, the oldest first.
    pub examples: Vec<MovedShape>,
    /// Each rule of the draft, in their order.
    pub rules: Vec<WonShape>,
    /// The places of the rules that matched no mail.
    pub never_matched: Vec<u32>,
    /// The rules that matched, but never won.
    pub hidden: Vec<HiddenShape>,
    /// What is strange about the draft, found without any mail.
    pub warnings: Vec<WarningShape>,
}

/// Mails that would go from one place to another.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MoveShape {
    /// The place of the draft's rule that decides, counted from 1; null for the default rule.
    pub rule: Option<u32>,
    /// Where they went.
    pub from: String,
    /// Where they would go.
    pub to: String,
    /// How many.
    pub mails: u64,
}

/// A mail that would go elsewhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MovedShape {
    /// Its ticket.
    #[schema(value_type = Uuid)]
    pub ticket: Uuid,
    /// The message.
    #[schema(value_type = Uuid)]
    pub message: Uuid,
    /// Its subject.
    pub subject: String,
    /// The place of the draft's rule that decides; null for the default rule.
    pub rule: Option<u32>,
    /// Where it went.
    pub from: String,
    /// Where it would go.
    pub to: String,
}

/// How many mails a rule won.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WonShape {
    /// Its place, counted from 1.
    pub rule: u32,
    /// Its description.
    pub description: String,
    /// How many mails it won.
    pub won: u64,
}

/// A rule that matched, but never won.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct HiddenShape {
    /// Its place, counted from 1.
    pub rule: u32,
    /// The place of the rule that won most of its mails.
    pub by: u32,
}

/// Something about a rule that is probably not meant.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct WarningShape {
    /// The rule's place in the list, counted from 1.
    pub rule: u32,
    /// `never_matches`, `forwards_to_ourselves` or `hidden`.
    pub kind: String,
    /// What it is, in words that follow the rule's name.
    pub words: String,
}

impl ReplayShape {
    /// What was found, with at most so many examples.
    pub fn of(directory: &Directory, draft: &RuleSet, replayed: &Replayed, examples: usize) -> Self {
        let moves = replayed.moves.iter().map(|((rule, from, to), mails)| MoveShape {
            rule: *rule,
            from: fate(directory, *from),
            to: fate(directory, *to),
            mails: *mails,
        });
        let examples = replayed.examples.iter().take(examples).map(|it| MovedShape {
            ticket: it.ticket.into(),
            message: it.message.into(),
            subject: it.subject.clone(),
            rule: it.rule,
            from: fate(directory, it.from),
            to: fate(directory, it.to),
        });
        let rules = (1_u32..).zip(&draft.rules).zip(&replayed.rules).map(|((rule, it), record)| WonShape {
            rule,
            description: it.description.clone(),
            won: record.won,
        });
        Self {
            v: 1,
            mails: replayed.mails,
            moved: replayed.moved,
            moves: moves.collect(),
            examples: examples.collect(),
            rules: rules.collect(),
            never_matched: replayed.never_matched().collect(),
            hidden: replayed.hidden().map(|(rule, by)| HiddenShape { rule, by }).collect(),
            warnings: WarningShape::all(directory, draft),
        }
    }
}

impl WarningShape {
    /// What is strange about rules.
    pub fn all(directory: &Directory, set: &RuleSet) -> Vec<Self> {
        let all = warnings(set, directory).into_iter().flat_map(|(rule, told)| {
            told.into_iter().map(move |it| Self { rule, kind: it.code().to_owned(), words: it.words() })
        });
        all.collect()
    }

    /// The warning with the name of its rule before it.
    pub fn sentence(&self, set: &RuleSet) -> String {
        format!("{} {}", rule_words(set, Some(self.rule)), self.words)
    }
}

/// A rule of a draft in words.
pub fn rule_words(draft: &RuleSet, rule: Option<u32>) -> String {
    let found =
        rule.and_then(|number| Some((number, draft.rules.get(usize::try_from(number).ok()?.checked_sub(1)?)?)));
    found.map_or_else(
        || "the default rule".to_owned(),
        |(number, rule)| format!("rule {number} `{}`", rule.description),
    )
}

/// A fate in words.
pub fn fate(directory: &Directory, fate: Fate) -> String {
    let Fate::New { ticketbox, owner, priority, category, trashed } = fate else {
        return if fate == Fate::FollowUp { "its ticket" } else { "nowhere" }.to_owned();
    };
    let mut words = directory.ticketboxes.get(&ticketbox).map_or("?", |it| it.name.as_str()).to_owned();
    words.push_str(&format!(" ({}", priority.word()));
    if let Some(owner) = owner.and_then(|id| directory.agents.get(&id)) {
        words.push_str(&format!(", {}", owner.user_name));
    }
    if let Some(category) = category.and_then(|id| directory.categories.get(&id)) {
        words.push_str(&format!(", {}", category.name));
    }
    words.push_str(if trashed { ", trash)" } else { ")" });
    words
}
