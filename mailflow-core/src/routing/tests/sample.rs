//! Mails and rules, made by chance of few words and addresses, so that they meet; and the reference.

use std::collections::BTreeMap;

use proptest::prelude::*;
use regex::RegexBuilder;

use crate::contact::Contact;
use crate::id::{AgentId, ContactId, RuleId, SourceId};
use crate::mail::{Address, Header, Spam};
use crate::message::AttachmentInfo;
use crate::routing::address_index::{glob, matches, normal};
use crate::routing::{Authentication, Matter, RuleField, conditions};
use crate::rule::{
    AttachmentPattern, AuthenticationMethod, AuthenticationTest, ContactTest, Rule, RuleSet, Score, SizeRange,
    SpamTest, Syntax, TextField, TextPattern, TimeSpan, Verdict, Weekday,
};
use crate::time::Timestamp;

/// A mail, as rules see it.
#[derive(Debug, Clone)]
pub struct Sample {
    pub source: SourceId,
    pub at: Timestamp,
    pub size: u64,
    pub from: Option<Address>,
    pub recipients: Vec<Address>,
    pub subject: String,
    pub text: String,
    pub headers: Vec<Header>,
    pub attachments: Vec<AttachmentInfo>,
    pub authentication: Authentication,
    pub spam: Spam,
    pub contact: Option<Contact>,
}

impl Sample {
    pub fn matter(&self) -> Matter<'_> {
        Matter {
            source: Some(self.source),
            at: self.at,
            size: self.size,
            from: self.from.as_ref(),
            recipients: self.recipients.iter().collect(),
            subject: &self.subject,
            text: &self.text,
            headers: &self.headers,
            attachments: &self.attachments,
            authentication: self.authentication,
            spam: self.spam,
            contact: self.contact.as_ref(),
        }
    }
}

const WORDS: [&str; 16] = [
    "ab-12",
    "on 2024-09-02",
    "12-\u{663}4",
    "#7",
    "invoice",
    "Order 0042",
    "ORDER 17",
    "tas\u{212A}",
    "Stra\u{17F}e",
    "crash",
    "pay now",
    "Überweisung",
    "\u{17F}hip",
    "kiosk",
    "a.b",
    "12345",
];
const EXPRESSIONS: [&str; 27] = [
    r"\d-\d",
    r"\b[a-z]{2}-\d\d\b",
    r"#\d+",
    r"\d{2}-\d.$",
    r"[kx]-|\b\d{4}-\d",
    r"\binvoice\b",
    r"\b(order|case)[ #:-]*0*42",
    r"order (?<number>\d+)",
    "task",
    "(?-i)Order",
    "stra(s|ß)e",
    r"\d{5}",
    "(pay|play) now",
    "überweisung",
    "ship",
    "KIOSK",
    "x*",
    "never-there",
    "(crash|)",
    "^crash",
    r"a\.b",
    "[kK]iosk",
    "(?:cra)+sh",
    r"order\s*\d.*invoice",
    "(?i-u:invoice)",
    r"\b\d{4}\b",
    r"^\w\.\w\b",
];
const ADDRESSES: [&str; 7] = [
    "ada@one.example",
    "Support@example.com",
    "support+tag@example.com",
    "sales-eu@example.com",
    "bob@sub.one.example",
    "bob@deep.sub.one.example",
    "x@example.org",
];
const ADDRESS_PATTERNS: [&str; 12] = [
    "ada@one.example",
    "support@example.com",
    "example.com",
    "@one.example",
    "*.one.example",
    "*@sub.one.example",
    "sales-*@example.com",
    "?ob@*.example",
    "*",
    "nobody@example.com",
    "support+tag@example.com",
    "*@*.org",
];

fn words() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(&WORDS[..]), 0..5).prop_map(|words| words.join(" "))
}

fn address() -> impl Strategy<Value = Address> {
    prop::sample::select(&ADDRESSES[..]).prop_map(|it| Address::new(it).unwrap())
}

fn contact() -> impl Strategy<Value = Contact> {
    (any::<bool>(), 0..3_u8, prop::sample::select(vec!["gold", "Silver"])).prop_map(|(known, owner, level)| Contact {
        id: ContactId::from_bytes([1; 16]),
        name: String::new(),
        addresses: Vec::new(),
        phones: Vec::new(),
        owner: (owner > 0).then(|| AgentId::from_bytes([owner; 16])),
        notes: String::new(),
        properties: BTreeMap::from([("level".to_owned(), level.to_owned())]),
        created: if known { Timestamp::MIN } else { Timestamp::MAX },
    })
}

fn verdict() -> impl Strategy<Value = Verdict> {
    prop::sample::select(vec![Verdict::None, Verdict::Pass, Verdict::Fail, Verdict::Unclear])
}

pub fn sample() -> impl Strategy<Value = Sample> {
    let texts = (words(), words(), prop::collection::vec(words(), 0..2));
    let people = (prop::option::of(address()), prop::collection::vec(address(), 0..4), prop::option::of(contact()));
    let spam = (prop::option::of(any::<bool>()), prop::option::of(0..10_i16));
    let rest =
        (0..3_u8, 0..7 * 24 * 60_i64, 0..4000_u64, verdict(), prop::sample::select(vec!["", "a.PDF", "b.png"]));
    (texts, people, spam, rest).prop_map(
        |((subject, text, headers), people, spam, (source, minute, size, verdict, file))| {
            let (from, recipients, contact) = people;
            let attachment = AttachmentInfo {
                filename: Some(file.to_owned()),
                content_type: if file.ends_with("png") { "image/png" } else { "application/pdf" }.to_owned(),
                size: 1,
                inline: false,
                content_id: None,
            };
            Sample {
                source: SourceId::from_bytes([source; 16]),
                at: Timestamp::from_millis(1_700_000_000_000 + minute * 60_000),
                size,
                from,
                recipients,
                subject,
                text,
                headers: headers.into_iter().map(|value| Header { name: "X-Words".to_owned(), value }).collect(),
                attachments: if file.is_empty() { Vec::new() } else { vec![attachment] },
                authentication: Authentication { dmarc: verdict, ..Authentication::default() },
                spam: Spam { flag: spam.0, score: spam.1.map(f32::from) },
                contact,
            }
        },
    )
}

fn text_pattern() -> impl Strategy<Value = TextPattern> {
    let within = prop::collection::vec(prop::sample::select(&TextField::ALL[..]), 0..3);
    let expression = prop::sample::select(&EXPRESSIONS[..]).prop_map(|it| (it.to_owned(), Syntax::Expression));
    let plain = prop::sample::select(&WORDS[..]).prop_map(|it| (it.to_uppercase(), Syntax::Words));
    (within, prop_oneof![3 => expression, 1 => plain]).prop_map(|(within, (pattern, syntax))| TextPattern {
        within,
        pattern,
        syntax,
    })
}

fn contact_test() -> impl Strategy<Value = ContactTest> {
    prop_oneof![
        Just(ContactTest::Known),
        Just(ContactTest::Unknown),
        Just(ContactTest::Owned),
        Just(ContactTest::OwnedBy(AgentId::from_bytes([1; 16]))),
        Just(ContactTest::Property { name: "level".to_owned(), value: "G*d".to_owned() }),
    ]
}

/// A field that mostly says nothing.
fn seldom<T: std::fmt::Debug + Clone + 'static>(
    of: impl Strategy<Value = T> + 'static,
) -> impl Strategy<Value = Vec<T>> {
    prop_oneof![5 => Just(Vec::new()), 1 => prop::collection::vec(of, 1..3)]
}

pub fn rule() -> impl Strategy<Value = Rule> {
    let some = |of: &'static [&'static str]| {
        let entries = prop::collection::vec(prop::sample::select(of).prop_map(str::to_owned), 1..3);
        prop_oneof![1 => Just(Vec::new()), 1 => entries]
    };
    let texts = prop_oneof![1 => Just(Vec::new()), 1 => prop::collection::vec(text_pattern(), 1..3)];
    let size = (prop::option::of(0..4000_u64), prop::option::of(0..4000_u64))
        .prop_map(|(at_least, at_most)| SizeRange { at_least, at_most });
    let spam =
        prop::sample::select(vec![SpamTest::Flagged, SpamTest::NotFlagged, SpamTest::ScoreAtLeast(Score::from(4.5))]);
    let time = (0..24_u16, 0..24_u16, -2..3_i32).prop_map(|(from, until, offset)| TimeSpan {
        days: vec![Weekday::Monday, Weekday::Wednesday, Weekday::Sunday],
        from: format!("{from}:30").parse().unwrap(),
        until: format!("{until}:00").parse().unwrap(),
        utc_offset_minutes: offset * 60,
    });
    let file = prop::sample::select(vec![
        AttachmentPattern { name: Some("*.Pdf".to_owned()), content_type: None },
        AttachmentPattern { name: None, content_type: Some("image/*".to_owned()) },
    ]);
    let authentication =
        verdict().prop_map(|verdict| AuthenticationTest { method: AuthenticationMethod::Dmarc, verdict });
    (
        prop::bool::weighted(0.8),
        (some(&ADDRESS_PATTERNS), some(&ADDRESS_PATTERNS), texts),
        (seldom(size), seldom(spam), seldom(time), seldom(file), seldom(authentication), seldom(contact_test())),
        seldom((0..3_u8).prop_map(|it| SourceId::from_bytes([it; 16]))),
    )
        .prop_map(|(enabled, (to, from, text), rest, sources)| {
            let (size, spam, time, attachments, authentication, contact) = rest;
            Rule {
                enabled,
                sources,
                to,
                from,
                text,
                attachments,
                size,
                contact,
                authentication,
                spam,
                time,
                ..Rule::new(RuleId::from_bytes([1; 16]), "a rule")
            }
        })
}

pub fn set(rules: Vec<Rule>) -> RuleSet {
    RuleSet { rules, ..RuleSet::default() }
}

/// Whether a rule matches, field by field, entry by entry.
pub fn naive(rule: &Rule, sample: &Sample) -> Result<(), RuleField> {
    let matter = sample.matter();
    let headers: String = sample.headers.iter().map(|it| format!("{}: {}\n", it.name, it.value)).collect();
    let found = |it: &TextPattern| {
        let source = if it.syntax == Syntax::Words { regex::escape(&it.pattern) } else { it.pattern.clone() };
        let regex = RegexBuilder::new(&source).case_insensitive(true).multi_line(true).build().unwrap();
        let within = if it.within.is_empty() { TextField::ALL.to_vec() } else { it.within.clone() };
        within.iter().any(|field| match field {
            TextField::Subject => regex.is_match(&sample.subject),
            TextField::Body => regex.is_match(&sample.text),
            TextField::Headers => regex.is_match(&headers),
        })
    };
    let file = |it: &AttachmentPattern| {
        let fits = |pattern: &Option<String>, text: &str| {
            pattern.as_ref().is_none_or(|pattern| glob(&pattern.to_lowercase(), &text.to_lowercase()))
        };
        sample.attachments.iter().any(|known| {
            fits(&it.name, known.filename.as_deref().unwrap()) && fits(&it.content_type, &known.content_type)
        })
    };
    let fields = [
        (RuleField::Source, rule.sources.is_empty() || rule.sources.contains(&sample.source)),
        (RuleField::Time, rule.time.is_empty() || rule.time.iter().any(|it| conditions::time(it, sample.at))),
        (RuleField::Size, rule.size.is_empty() || rule.size.iter().any(|it| conditions::size(it, sample.size))),
        (
            RuleField::To,
            rule.to.is_empty()
                || rule.to.iter().any(|it| sample.recipients.iter().any(|to| matches(&normal(it), to))),
        ),
        (
            RuleField::From,
            rule.from.is_empty()
                || sample.from.as_ref().is_some_and(|from| rule.from.iter().any(|it| matches(&normal(it), from))),
        ),
        (RuleField::Spam, rule.spam.is_empty() || rule.spam.iter().any(|it| conditions::spam(*it, &matter))),
        (
            RuleField::Authentication,
            rule.authentication.is_empty()
                || rule.authentication.iter().any(|it| sample.authentication.verdict(it.method) == it.verdict),
        ),
        (
            RuleField::Contact,
            rule.contact.is_empty() || rule.contact.iter().any(|it| conditions::contact(it, &matter)),
        ),
        (RuleField::Attachments, rule.attachments.is_empty() || rule.attachments.iter().any(file)),
        (RuleField::Text, rule.text.is_empty() || rule.text.iter().any(found)),
    ];
    fields.into_iter().find(|(_, fits)| !fits).map_or(Ok(()), |(field, _)| Err(field))
}
