//! [`Rules`]: a rule set, compiled.

use regex::{Regex, RegexBuilder};

use crate::id::SourceId;
use crate::mail::{Address, Mail};
use crate::rule::{Rule, RuleSet, TextField, TextPattern};
use crate::text;

/// A rule set, compiled. The first rule that matches wins; where the others would send the mail does not matter.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    rules: Vec<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    /// Its place in the list, counted from 1.
    number: u32,
    rule: Rule,
    to: Vec<AddressPattern>,
    from: Vec<AddressPattern>,
    text: Vec<(Vec<TextField>, Regex)>,
}

/// A rule set that cannot be compiled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("rule {number} `{description}`: {problem}")]
pub struct InvalidRules {
    /// The rule's place in the list, counted from 1.
    pub number: u32,
    /// Its description.
    pub description: String,
    /// What is wrong, and where.
    pub problem: String,
}

/// What rules look at.
#[derive(Debug, Clone, Copy)]
pub struct Matter<'a> {
    /// Where the mail came from.
    pub source: SourceId,
    /// The mail.
    pub mail: &'a Mail,
}

/// The most bytes of a body that a rule looks into.
pub const BODY_LOOKED_INTO: usize = 256 << 10;
/// The most bytes of memory that one expression may take when it is compiled.
const EXPRESSION_BYTES: usize = 1 << 20;

impl Rules {
    /// Compiles a rule set.
    ///
    /// # Errors
    /// [`InvalidRules`] names the first rule that cannot be compiled, and why.
    pub fn compile(rules: &RuleSet) -> Result<Self, InvalidRules> {
        let compile = |(number, rule): (u32, &Rule)| {
            Compiled::new(number, rule).map_err(|problem| InvalidRules {
                number,
                description: rule.description.clone(),
                problem,
            })
        };
        Ok(Self { rules: (1..).zip(&rules.rules).map(compile).collect::<Result<_, _>>()? })
    }

    /// The first enabled rule that matches, and its place in the list, counted from 1.
    pub fn first_match(&self, matter: &Matter<'_>) -> Option<(u32, &Rule)> {
        let mut headers = None;
        self.rules
            .iter()
            .find(|compiled| compiled.rule.enabled && compiled.matches(matter, &mut headers))
            .map(|compiled| (compiled.number, &compiled.rule))
    }
}

impl Compiled {
    fn new(number: u32, rule: &Rule) -> Result<Self, String> {
        let addresses = |patterns: &[String]| patterns.iter().map(|it| AddressPattern::new(it)).collect();
        let text = |it: &TextPattern| {
            let regex = RegexBuilder::new(&it.pattern)
                .case_insensitive(true)
                .multi_line(true)
                .size_limit(EXPRESSION_BYTES)
                .build()
                .map_err(|error| {
                    format!("`{}` is not an expression: {}", it.pattern, last_line(&error.to_string()))
                })?;
            Ok::<_, String>((it.within.clone(), regex))
        };
        Ok(Self {
            number,
            rule: rule.clone(),
            to: addresses(&rule.to),
            from: addresses(&rule.from),
            text: rule.text.iter().map(text).collect::<Result<_, _>>()?,
        })
    }

    /// All fields that say something must match, one entry of each is enough.
    fn matches(&self, matter: &Matter<'_>, headers: &mut Option<String>) -> bool {
        let mail = matter.mail;
        (self.rule.sources.is_empty() || self.rule.sources.contains(&matter.source))
            && (self.to.is_empty() || recipients(mail).any(|(_, it)| self.to.iter().any(|to| to.matches(it))))
            && (self.from.is_empty()
                || mail
                    .from
                    .as_ref()
                    .and_then(|from| from.address.as_ref())
                    .is_some_and(|it| self.from.iter().any(|from| from.matches(it))))
            && (self.text.is_empty()
                || self.text.iter().any(|(within, regex)| text_matches(mail, within, regex, headers)))
    }
}

fn text_matches(mail: &Mail, within: &[TextField], regex: &Regex, headers: &mut Option<String>) -> bool {
    let within = match within {
        [] => &[TextField::Subject, TextField::Body, TextField::Headers],
        within => within,
    };
    within.iter().any(|field| match field {
        TextField::Subject => regex.is_match(&mail.subject),
        TextField::Body => regex.is_match(text::prefix(&mail.text, BODY_LOOKED_INTO)),
        TextField::Headers => regex.is_match(headers.get_or_insert_with(|| headers_as_text(mail))),
    })
}

fn headers_as_text(mail: &Mail) -> String {
    mail.headers.iter().fold(String::new(), |mut text, header| {
        text.push_str(&header.name);
        text.push_str(": ");
        text.push_str(&header.value);
        text.push('\n');
        text
    })
}

/// Everybody whom the headers say the mail is for, with the name of the header: `To`, `Cc`, then what the mail servers
/// on the way wrote.
pub fn recipients(mail: &Mail) -> impl Iterator<Item = (&'static str, &Address)> {
    let to = mail.to.iter().map(|mailbox| ("To", &mailbox.address));
    let cc = mail.cc.iter().map(|mailbox| ("Cc", &mailbox.address));
    to.chain(cc).chain(mail.delivered_to.iter().map(|address| ("the envelope headers", address)))
}

/// What an address may look like: `ada@example.com` itself; `example.com` or `@example.com` for everybody there; with
/// `*` (any characters) and `?` (one) for more, such as `*@*.example.com`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct AddressPattern(String);

impl AddressPattern {
    fn new(pattern: &str) -> Self {
        let pattern = pattern.trim().to_lowercase();
        Self(match pattern.split_once('@') {
            None => format!("*@{pattern}"),
            Some(("", domain)) => format!("*@{domain}"),
            Some(_) => pattern,
        })
    }

    fn matches(&self, address: &Address) -> bool {
        glob(&self.0, &address.key()) || glob(&self.0, &address.without_tag().key())
    }
}

/// Whether `text` is of the form `pattern`, in time linear to pattern times text.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    // `reached` holds for each prefix of the pattern whether it matches the text so far.
    let mut reached = vec![true];
    reached.extend(pattern.iter().scan(true, |stars, c| {
        *stars &= *c == '*';
        Some(*stars)
    }));
    for c in text.chars() {
        let mut next = vec![false];
        for (at, wanted) in pattern.iter().enumerate() {
            let before = reached.get(at).copied().unwrap_or(false);
            let here = reached.get(at + 1).copied().unwrap_or(false);
            let left = next.get(at).copied().unwrap_or(false);
            next.push(match wanted {
                '*' => here || left || before,
                '?' => before,
                wanted => before && *wanted == c,
            });
        }
        reached = next;
    }
    reached.last().copied().unwrap_or(false)
}

fn last_line(text: &str) -> &str {
    text.lines().last().unwrap_or(text).trim_start_matches("error: ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RuleId;
    use crate::mail::{Limits, parse};
    use crate::rule::Syntax;

    fn rule(number: u8) -> Rule {
        Rule::new(RuleId::from_bytes([number; 16]), &format!("rule {number}"))
    }

    fn pattern(within: Vec<TextField>, pattern: &str) -> Vec<TextPattern> {
        vec![TextPattern { within, pattern: pattern.to_owned(), syntax: Syntax::Expression }]
    }

    fn winner(rules: &[Rule]) -> Option<u32> {
        let mail = parse(
            b"From: Ada <ada@sub.one.example>\r\nTo: support+x@example.com\r\nSubject: Invoice 17\r\n\r\nPlease pay\r\n",
            &Limits::default(),
        );
        let set = RuleSet { rules: rules.to_vec(), ..RuleSet::default() };
        let rules = Rules::compile(&set).unwrap();
        rules.first_match(&Matter { source: SourceId::from_bytes([1; 16]), mail: &mail }).map(|(number, _)| number)
    }

    #[test]
    fn an_address_pattern_is_an_address_a_domain_or_has_wildcards() {
        let matches =
            |pattern: &str, address: &str| AddressPattern::new(pattern).matches(&Address::new(address).unwrap());
        for pattern in ["Ada@One.example", "one.example", "@one.example", "*@one.example", "a?a@*.example", "*"] {
            assert!(matches(pattern, "ada@one.example"), "{pattern}");
        }
        for pattern in ["da@one.example", "ne.example", "*.one.example", "a?@one.example", "ada@one.exampl"] {
            assert!(!matches(pattern, "ada@one.example"), "{pattern}");
        }
        assert!(matches("support@example.com", "support+tag@example.com"));
    }

    #[test]
    fn all_fields_must_match_and_inside_a_field_one_is_enough() {
        let both = Rule {
            to: vec!["sales@example.com".to_owned(), "support@example.com".to_owned()],
            from: vec!["*.one.example".to_owned()],
            text: pattern(vec![TextField::Subject], r"invoice \d+"),
            ..rule(1)
        };
        assert_eq!(winner(std::slice::from_ref(&both)), Some(1));
        let other_source = Rule { sources: vec![SourceId::from_bytes([2; 16])], ..both.clone() };
        assert_eq!(winner(&[other_source]), None);
        let body_only = Rule { text: pattern(vec![TextField::Body], "invoice"), ..both };
        assert_eq!(winner(&[body_only]), None);
    }

    #[test]
    fn the_first_enabled_match_wins() {
        let disabled = Rule { enabled: false, ..rule(1) };
        let never = Rule { from: vec!["nobody.example".to_owned()], ..rule(2) };
        assert_eq!(winner(&[disabled, never, rule(3), rule(4)]), Some(3));
    }

    #[test]
    fn a_rule_that_does_not_compile_says_which_and_why() {
        let bad = Rule { text: pattern(Vec::new(), "("), ..rule(2) };
        let error = Rules::compile(&RuleSet { rules: vec![rule(1), bad], ..RuleSet::default() }).unwrap_err();
        assert_eq!(error.to_string(), "rule 2 `rule 2`: `(` is not an expression: unclosed group");
    }
}
