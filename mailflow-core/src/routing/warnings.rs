//! [`RuleWarning`]: what is strange about a rule, told before it disappoints.

use std::collections::BTreeMap;

use super::address_index::normal;
use super::hidden::hidden;
use crate::directory::Directory;
use crate::mail::Address;
use crate::rule::{Rule, RuleSet, SizeRange, Syntax, TextPattern};
use crate::source::SourceAccess;

/// Something about a rule that is probably not meant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleWarning {
    /// No mail can match it.
    NeverMatches {
        /// Why, in words.
        because: String,
    },
    /// It passes mail on to an address of ours, which comes back.
    ForwardsToOurselves {
        /// The address.
        address: Address,
        /// What has it, in words.
        of: String,
    },
    /// An earlier rule takes all its mail.
    Hidden {
        /// The place of that rule, counted from 1.
        by: u32,
        /// Its description.
        description: String,
    },
}

impl RuleWarning {
    /// One word for the kind.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NeverMatches { .. } => "never_matches",
            Self::ForwardsToOurselves { .. } => "forwards_to_ourselves",
            Self::Hidden { .. } => "hidden",
        }
    }

    /// The warning in words that follow the rule's name.
    pub fn words(&self) -> String {
        match self {
            Self::NeverMatches { because } => format!("never matches: {because}"),
            Self::ForwardsToOurselves { address, of } => {
                format!("passes mail on to `{address}`, which is an address of ours ({of}): it comes back")
            }
            Self::Hidden { by, description } => {
                format!("never wins: rule {by} `{description}` takes all its mail before it")
            }
        }
    }
}

/// What is strange about the rules, by their place, counted from 1. Switched off rules are passed over.
pub fn warnings(set: &RuleSet, directory: &Directory) -> BTreeMap<u32, Vec<RuleWarning>> {
    let mut all: BTreeMap<u32, Vec<RuleWarning>> = BTreeMap::new();
    for (number, rule) in (1..).zip(&set.rules).filter(|(_, rule)| rule.enabled) {
        let own = never(rule, directory).map(|because| RuleWarning::NeverMatches { because });
        let own: Vec<RuleWarning> = own.into_iter().chain(to_ourselves(rule, directory)).collect();
        if !own.is_empty() {
            all.insert(number, own);
        }
    }
    for (number, by) in hidden(set) {
        let at = usize::try_from(by).ok().and_then(|by| by.checked_sub(1));
        let description = at.and_then(|at| set.rules.get(at)).map(|it| it.description.clone()).unwrap_or_default();
        all.entry(number).or_default().push(RuleWarning::Hidden { by, description });
    }
    all
}

/// Why no mail can match a rule.
fn never(rule: &Rule, directory: &Directory) -> Option<String> {
    if !rule.sources.is_empty() && !rule.sources.iter().any(|id| directory.sources.contains_key(id)) {
        return Some("the source that it asks for is gone".to_owned());
    }
    let empty = |it: &SizeRange| it.at_least.zip(it.at_most).is_some_and(|(least, most)| least > most);
    if let Some(range) = rule.size.first().filter(|_| rule.size.iter().all(empty)) {
        let (least, most) = (range.at_least.unwrap_or(0), range.at_most.unwrap_or(0));
        return Some(format!("no mail has at least {least} and at most {most} bytes"));
    }
    for patterns in [&rule.to, &rule.from] {
        if let Some(first) = patterns.first().filter(|_| patterns.iter().all(|it| is_no_address(it))) {
            return Some(format!("`{first}` is not what an address looks like"));
        }
    }
    let first = rule.text.first().filter(|_| rule.text.iter().all(is_nowhere))?;
    Some(format!("`{}` stands in no text", crate::text::one_line(&first.pattern, 80)))
}

/// Whether no address can be of this form.
fn is_no_address(pattern: &str) -> bool {
    let pattern = normal(pattern);
    match pattern.rsplit_once('@') {
        Some((local, domain)) => local.is_empty() || domain.is_empty() || domain.contains(char::is_whitespace),
        None => true,
    }
}

/// Whether no text can match an expression.
fn is_nowhere(text: &TextPattern) -> bool {
    if text.syntax == Syntax::Words {
        return false;
    }
    let hir = regex_syntax::ParserBuilder::new().multi_line(true).build().parse(&text.pattern);
    hir.is_ok_and(|hir| hir.properties().minimum_len().is_none())
}

fn to_ourselves(rule: &Rule, directory: &Directory) -> Option<RuleWarning> {
    let forward = rule.then.forward.as_ref()?;
    forward.to.iter().chain(&forward.cc).find_map(|address| {
        let of = ours(directory, address)?;
        Some(RuleWarning::ForwardsToOurselves { address: address.clone(), of })
    })
}

/// What of ours has an address: a ticketbox, or a source whose user name it is.
fn ours(directory: &Directory, address: &Address) -> Option<String> {
    if let Some(ticketbox) = directory.ticketbox_at(address) {
        return Some(format!("ticketbox `{}`", ticketbox.name));
    }
    let forms = [address.key(), address.without_tag().key()];
    let source = directory.sources.values().find(|source| match &source.access {
        SourceAccess::Pop3 { user, .. } => forms.contains(&user.trim().to_lowercase()),
        _ => false,
    });
    source.map(|source| format!("source `{}`", source.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::Documented as _;
    use crate::id::{RuleId, SourceId, TicketboxId};
    use crate::rule::{Forward, RuleEffect};
    use crate::secret::Sealed;
    use crate::source::{MailServer, Source, Tls};
    use crate::ticketbox::Ticketbox;

    fn rule(description: &str) -> Rule {
        Rule::new(RuleId::from_bytes([1; 16]), description)
    }

    fn directory() -> Directory {
        let address = Address::new("support@example.com").unwrap();
        let support = Ticketbox::new(TicketboxId::from_bytes([9; 16]), "Support", Some(address));
        let access = SourceAccess::Pop3 {
            server: MailServer {
                host: "pop.example.com".to_owned(),
                port: 995,
                tls: Tls::Implicit,
                trusted_certificate: None,
            },
            user: "Mailbox@example.com".to_owned(),
            password: Sealed::new(String::new()),
            apop: false,
        };
        let source = Source::new(SourceId::from_bytes([8; 16]), "mailbox", access);
        Directory::from_documents([support.to_document(), source.to_document()]).unwrap()
    }

    fn of(rule: Rule) -> Vec<String> {
        let set = RuleSet { rules: vec![rule], ..RuleSet::default() };
        warnings(&set, &directory()).into_values().flatten().map(|it| it.words()).collect()
    }

    #[test]
    fn a_rule_that_no_mail_can_match_is_told_of() {
        let nowhere = |pattern: &str| {
            vec![TextPattern { within: Vec::new(), pattern: pattern.to_owned(), syntax: Syntax::Expression }]
        };
        let bad = [
            Rule { size: vec![SizeRange { at_least: Some(9), at_most: Some(3) }], ..rule("size") },
            Rule { from: vec!["ada at example.com".to_owned()], ..rule("from") },
            Rule { to: vec!["ada@".to_owned()], ..rule("to") },
            Rule { text: nowhere(r"[a&&b]"), ..rule("text") },
            Rule { sources: vec![SourceId::from_bytes([7; 16])], ..rule("source") },
        ];
        for bad in bad {
            let told = of(bad.clone());
            assert!(told.len() == 1 && told[0].starts_with("never matches: "), "{bad:?}: {told:?}");
            assert_eq!(of(Rule { enabled: false, ..bad }), Vec::<String>::new());
        }
        let fine = [
            Rule { size: vec![SizeRange { at_least: Some(3), at_most: Some(3) }], ..rule("size") },
            Rule { from: vec!["ada at one".to_owned(), "example.com".to_owned()], ..rule("from") },
            Rule { text: nowhere("^"), ..rule("text") },
            Rule { sources: vec![SourceId::from_bytes([8; 16])], ..rule("source") },
        ];
        for fine in fine {
            assert_eq!(of(fine.clone()), Vec::<String>::new(), "{fine:?}");
        }
    }

    #[test]
    fn a_rule_that_passes_mail_on_to_us_is_told_of() {
        let to = |to: &str, cc: &str| {
            let address = |it: &str| if it.is_empty() { vec![] } else { vec![Address::new(it).unwrap()] };
            let forward = Some(Forward { to: address(to), cc: address(cc), ..Forward::default() });
            of(Rule { then: RuleEffect { forward, ..RuleEffect::default() }, ..rule("forward") }).concat()
        };
        assert!(to("support+x@example.com", "").contains("(ticketbox `Support`)"));
        assert!(to("boss@two.example", "mailbox@example.com").contains("(source `mailbox`)"));
        assert_eq!(to("boss@two.example", ""), "");
    }
}
