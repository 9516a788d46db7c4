//! A rule as fields of a form. To add a field of rules: a line in `sections`, one in `filled`, one in `read`.

use mailflow_core::directory::Directory;
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use mailflow_core::rule::{
    AttachmentPattern, AuthenticationMethod, AuthenticationTest, ContactTest, Forward, ForwardFrom, Rule, RuleEffect,
    Score, Shred, SizeRange, SpamTest, Syntax, TextField, TextPattern, Verdict,
};
use mailflow_core::ticket::Priority;

use super::times;
use crate::web::Fields;
use crate::web::admin::form::{Field, Kind, Section, chosen, lines, number, or_none, switch as on};

/// The fields for text: in the form, what they are called, and where they look.
pub const TEXTS: [(&str, &str, &[TextField]); 4] = [
    ("text", "Anywhere in the mail", &[]),
    ("text_subject", "In the subject", &[TextField::Subject]),
    ("text_body", "In the text", &[TextField::Body]),
    ("text_headers", "In the headers", &[TextField::Headers]),
];

/// Proofs of the sender that can be asked for.
const PROOFS: [(AuthenticationMethod, &str); 3] = [
    (AuthenticationMethod::Spf, "SPF"),
    (AuthenticationMethod::Dkim, "DKIM"),
    (AuthenticationMethod::Dmarc, "DMARC"),
];
const VERDICTS: [(Verdict, &str); 4] =
    [(Verdict::Pass, "pass"), (Verdict::Fail, "fail"), (Verdict::Unclear, "unclear"), (Verdict::None, "none")];

/// The fields of the form.
pub fn sections(values: &Fields, directory: &Directory) -> Vec<Section> {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let several = |name: &'static str, label, choices: Vec<(String, String)>, help| {
        let chosen = |value: &str| values.all(name).any(|it| it == value);
        let choices = choices.into_iter().map(|(value, words)| {
            let is = chosen(&value);
            (value, words, is)
        });
        Field::new(name, label, Kind::Several(choices.collect()), values, help)
    };
    let sources = directory.sources.values().map(|it| (it.id.to_string(), it.name.clone())).collect();
    let places = "One a line, as words. Between slashes it is a regular expression: /refund|money back/.";
    let mut texts: Vec<Field> = TEXTS.iter().map(|(name, label, _)| field(name, label, Kind::Lines(2), "")).collect();
    if let Some(first) = texts.first_mut() {
        first.help = "Subject, text or headers.".to_owned();
    }
    vec![
        Section::new(
            "Rule",
            vec![
                field("description", "Description", Kind::Line, "What it is for."),
                field("enabled", "Switched on", Kind::Switch, ""),
            ],
        ),
        Section {
            help: "Addresses: exact (ada@example.com), a whole domain (@example.com), or with * for anything. One \
                a line."
                .to_owned(),
            ..Section::new(
                "When the mail is",
                vec![
                    field("to", "To", Kind::Lines(2), "In To, Cc or what mail servers say it was delivered to."),
                    field("from", "From", Kind::Lines(2), ""),
                    several("sources", "From the source", sources, ""),
                ],
            )
        },
        Section { help: places.to_owned(), ..Section::new("When it contains", texts) },
        Section::new(
            "When it has",
            vec![
                field(
                    "attachments",
                    "An attachment",
                    Kind::Lines(2),
                    "One a line: a name (*.pdf), a type (image/*), or both.",
                ),
                field("size_at_least", "At least", Kind::Number("bytes"), ""),
                field("size_at_most", "At most", Kind::Number("bytes"), ""),
                several("contact", "A contact who is", contacts(directory), ""),
                field(
                    "properties",
                    "A contact with a property",
                    Kind::Lines(2),
                    "One a line: name = value, with * for \
                anything.",
                ),
                several("authentication", "A proof of its sender", proofs(), "As your own mail server found out."),
                several(
                    "spam",
                    "A spam verdict",
                    vec![
                        ("flagged".to_owned(), "spam".to_owned()),
                        ("not_flagged".to_owned(), "no spam, or nothing said".to_owned()),
                    ],
                    "",
                ),
                field("spam_score", "A spam score of at least", Kind::Number(""), ""),
                field(
                    "time",
                    "A time at which it comes",
                    Kind::Lines(2),
                    "One a line: days, from-until, and how far the \
                clock is ahead of UTC: Mon Tue 08:30-17:00 +01:00. No days are all days, no offset is UTC.",
                ),
            ],
        ),
        effects(values, directory),
    ]
}

fn effects(values: &Fields, directory: &Directory) -> Section {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let boxes = directory.ticketboxes.values().map(|it| (it.id.to_string(), it.name.clone()));
    let agents = || directory.agents.values().filter(|it| it.active).map(|it| (it.id.to_string(), it.name.clone()));
    let categories = directory.categories.values().map(|it| (it.id.to_string(), it.name.clone()));
    let responses = directory.responses.values().map(|it| (it.id.to_string(), it.name.clone()));
    let mut priorities = vec![(String::new(), "As usual".to_owned())];
    priorities.extend(Priority::ALL.iter().map(|it| (it.word().to_owned(), it.word().to_owned())));
    let shred = Kind::Choice(vec![
        (String::new(), "No".to_owned()),
        ("trash".to_owned(), "Into the trash".to_owned()),
        ("for_good".to_owned(), "For good: only that it came is kept".to_owned()),
    ]);
    Section::new(
        "Then",
        vec![
            field("then_ticketbox", "Ticketbox", or_none("As the default rule says", boxes), ""),
            field("then_owner", "Owner", or_none("As the default rule says", agents()), ""),
            field("then_priority", "Priority", Kind::Choice(priorities), ""),
            field("then_category", "Category", or_none("As the default rule says", categories), ""),
            field(
                "new_ticket",
                "Make a new ticket even of an answer",
                Kind::Switch,
                "Off: answers go to their ticket.",
            ),
            field(
                "respond",
                "Answer with",
                or_none("Nothing", responses),
                "A standard response, under the rules for \
            automatic mail.",
            ),
            field("forward_to", "Forward to", Kind::Lines(2), "Addresses, one a line."),
            field("forward_cc", "Forward with a copy to", Kind::Lines(2), ""),
            field(
                "forward_from",
                "Forward from",
                or_none("The ticketbox, as “Ada via Support”", agents()),
                "Answers go to \
            whoever wrote it.",
            ),
            field("shred", "Shred it", shred, "Nothing is sent for mail that is shredded."),
        ],
    )
}

fn contacts(directory: &Directory) -> Vec<(String, String)> {
    let mut choices = vec![
        ("known".to_owned(), "known".to_owned()),
        ("unknown".to_owned(), "not known yet".to_owned()),
        ("owned".to_owned(), "owned by some agent".to_owned()),
    ];
    let agents = directory.agents.values().map(|it| (it.id.to_string(), format!("owned by {}", it.name)));
    choices.extend(agents);
    choices
}

fn proofs() -> Vec<(String, String)> {
    let pair = |(_, method): &(_, &str), (_, verdict): &(_, &str)| {
        (format!("{method} {verdict}"), format!("{method}: {verdict}"))
    };
    PROOFS.iter().flat_map(|proof| VERDICTS.iter().map(move |verdict| pair(proof, verdict))).collect()
}

/// The rule in fields.
pub fn filled(rule: &Rule) -> Fields {
    let mut values = Fields::default();
    let mut add = |name: &str, value: String| values.add(name, value);
    add("description", rule.description.clone());
    add("enabled", on(rule.enabled).to_owned());
    add("to", rule.to.join("\n"));
    add("from", rule.from.join("\n"));
    rule.sources.iter().for_each(|id| add("sources", id.to_string()));
    for (name, _, within) in TEXTS {
        let here: Vec<String> = rule.text.iter().filter(|text| text.within == within).map(pattern_line).collect();
        add(name, here.join("\n"));
    }
    let attachments: Vec<String> = rule.attachments.iter().map(attachment_line).collect();
    add("attachments", attachments.join("\n"));
    let size = rule.size.first().copied().unwrap_or_default();
    add("size_at_least", size.at_least.map(|bytes| bytes.to_string()).unwrap_or_default());
    add("size_at_most", size.at_most.map(|bytes| bytes.to_string()).unwrap_or_default());
    add("time", rule.time.iter().map(times::line).collect::<Vec<_>>().join("\n"));
    let mut properties = Vec::new();
    for test in &rule.contact {
        match test {
            ContactTest::Known => add("contact", "known".to_owned()),
            ContactTest::Unknown => add("contact", "unknown".to_owned()),
            ContactTest::Owned => add("contact", "owned".to_owned()),
            ContactTest::OwnedBy(agent) => add("contact", agent.to_string()),
            ContactTest::Property { name, value } => properties.push(format!("{name} = {value}")),
        }
    }
    add("properties", properties.join("\n"));
    for test in &rule.authentication {
        let method = PROOFS.iter().find(|(method, _)| *method == test.method).map_or("", |(_, word)| word);
        let verdict = VERDICTS.iter().find(|(verdict, _)| *verdict == test.verdict).map_or("", |(_, word)| word);
        add("authentication", format!("{method} {verdict}"));
    }
    for test in &rule.spam {
        match test {
            SpamTest::Flagged => add("spam", "flagged".to_owned()),
            SpamTest::NotFlagged => add("spam", "not_flagged".to_owned()),
            SpamTest::ScoreAtLeast(score) => add("spam_score", f64::from(*score).to_string()),
        }
    }
    fill_effect(&mut values, &rule.then);
    values
}

fn fill_effect(values: &mut Fields, then: &RuleEffect) {
    let mut add = |name: &str, value: String| values.add(name, value);
    add("then_ticketbox", then.ticketbox.map(|id| id.to_string()).unwrap_or_default());
    add("then_owner", then.owner.map(|id| id.to_string()).unwrap_or_default());
    add("then_priority", then.priority.map(|it| it.word().to_owned()).unwrap_or_default());
    add("then_category", then.category.map(|id| id.to_string()).unwrap_or_default());
    add("new_ticket", on(then.new_ticket).to_owned());
    add("respond", then.respond.map(|id| id.to_string()).unwrap_or_default());
    let shred = match then.shred {
        None => "",
        Some(Shred::Trash) => "trash",
        Some(Shred::ForGood) => "for_good",
    };
    add("shred", shred.to_owned());
    let addresses = |all: &[Address]| all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if let Some(forward) = &then.forward {
        add("forward_to", addresses(&forward.to));
        add("forward_cc", addresses(&forward.cc));
        if let ForwardFrom::Agent(agent) = forward.from {
            add("forward_from", agent.to_string());
        }
    }
}

/// The rule in the fields. What the form does not show stays as it was.
pub fn read(values: &Fields, before: Rule) -> Result<Rule, Refusal> {
    let words = |name| lines(values, name).into_iter().map(str::to_owned).collect();
    let shown = |text: &TextPattern| TEXTS.iter().any(|(.., within)| text.within == *within);
    let mut text: Vec<TextPattern> = TEXTS
        .iter()
        .flat_map(|(name, _, within)| lines(values, name).into_iter().map(|it| pattern(it, within)))
        .collect();
    text.extend(before.text.iter().filter(|text| !shown(text)).cloned());
    let mut size: Vec<SizeRange> = before.size.iter().skip(1).copied().collect();
    let range = SizeRange { at_least: maybe(values, "size_at_least")?, at_most: maybe(values, "size_at_most")? };
    if range != SizeRange::default() {
        size.insert(0, range);
    }
    Ok(Rule {
        description: values.one("description").trim().to_owned(),
        enabled: values.has("enabled"),
        sources: values.all("sources").filter_map(|id| id.parse().ok()).collect(),
        to: words("to"),
        from: words("from"),
        text,
        attachments: lines(values, "attachments").into_iter().map(attachment).collect(),
        size,
        contact: contact_tests(values)?,
        authentication: values.all("authentication").filter_map(proof).collect(),
        spam: spam(values)?,
        time: lines(values, "time").into_iter().map(times::span).collect::<Result<_, _>>()?,
        then: read_effect(values)?,
        ..before
    })
}

fn read_effect(values: &Fields) -> Result<RuleEffect, Refusal> {
    let addresses = |name: &'static str| {
        let address = |line| Address::new(line).map_err(|error| Refusal::invalid(name, error.to_string()));
        lines(values, name).into_iter().map(address).collect::<Result<Vec<_>, _>>()
    };
    let (to, cc) = (addresses("forward_to")?, addresses("forward_cc")?);
    let from = chosen(values, "forward_from").map_or(ForwardFrom::Ticketbox, ForwardFrom::Agent);
    Ok(RuleEffect {
        ticketbox: chosen(values, "then_ticketbox"),
        owner: chosen(values, "then_owner"),
        priority: Priority::ALL.into_iter().find(|it| it.word() == values.one("then_priority")),
        category: chosen(values, "then_category"),
        new_ticket: values.has("new_ticket"),
        shred: match values.one("shred") {
            "trash" => Some(Shred::Trash),
            "for_good" => Some(Shred::ForGood),
            _ => None,
        },
        respond: chosen(values, "respond"),
        forward: (!to.is_empty() || !cc.is_empty()).then_some(Forward { to, cc, from }),
    })
}

/// A number that may be left away.
fn maybe(values: &Fields, name: &'static str) -> Result<Option<u64>, Refusal> {
    if values.one(name).trim().is_empty() { Ok(None) } else { number(values, name).map(Some) }
}

fn pattern(line: &str, within: &[TextField]) -> TextPattern {
    let expression = line.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
    let (pattern, syntax) = match expression.filter(|expression| !expression.is_empty()) {
        Some(expression) => (expression, Syntax::Expression),
        None => (line, Syntax::Words),
    };
    TextPattern { within: within.to_vec(), pattern: pattern.to_owned(), syntax }
}

fn pattern_line(text: &TextPattern) -> String {
    match text.syntax {
        Syntax::Expression => format!("/{}/", text.pattern),
        Syntax::Words => text.pattern.clone(),
    }
}

fn attachment(line: &str) -> AttachmentPattern {
    let both = line.rsplit_once(' ').filter(|(_, last)| last.contains('/'));
    match both {
        Some((name, kind)) => {
            AttachmentPattern { name: Some(name.trim().to_owned()), content_type: Some(kind.to_owned()) }
        }
        None if line.contains('/') => AttachmentPattern { name: None, content_type: Some(line.to_owned()) },
        None => AttachmentPattern { name: Some(line.to_owned()), content_type: None },
    }
}

fn attachment_line(pattern: &AttachmentPattern) -> String {
    [&pattern.name, &pattern.content_type].into_iter().flatten().map(String::as_str).collect::<Vec<_>>().join(" ")
}

fn contact_tests(values: &Fields) -> Result<Vec<ContactTest>, Refusal> {
    let mut tests: Vec<ContactTest> = values
        .all("contact")
        .filter_map(|word| match word {
            "known" => Some(ContactTest::Known),
            "unknown" => Some(ContactTest::Unknown),
            "owned" => Some(ContactTest::Owned),
            id => id.parse().ok().map(ContactTest::OwnedBy),
        })
        .collect();
    for line in lines(values, "properties") {
        let (name, value) = line
            .split_once('=')
            .ok_or_else(|| Refusal::invalid("properties", format!("`{line}` is not name = value")))?;
        tests.push(ContactTest::Property { name: name.trim().to_owned(), value: value.trim().to_owned() });
    }
    Ok(tests)
}

fn proof(words: &str) -> Option<AuthenticationTest> {
    let (method, verdict) = words.split_once(' ')?;
    Some(AuthenticationTest {
        method: PROOFS.iter().find(|(_, word)| *word == method)?.0,
        verdict: VERDICTS.iter().find(|(_, word)| *word == verdict)?.0,
    })
}

fn spam(values: &Fields) -> Result<Vec<SpamTest>, Refusal> {
    let mut tests: Vec<SpamTest> = values
        .all("spam")
        .filter_map(|word| match word {
            "flagged" => Some(SpamTest::Flagged),
            "not_flagged" => Some(SpamTest::NotFlagged),
            _ => None,
        })
        .collect();
    if !values.one("spam_score").trim().is_empty() {
        tests.push(SpamTest::ScoreAtLeast(Score::from(number::<f64>(values, "spam_score")?)));
    }
    Ok(tests)
}
