//! Real mail: every file of the corpus is read, and what `mailflow inspect` prints of it is held against facts that
//! were read from the files by eye.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use helpdesk::inspect::{Report, report};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.extend((path.extension().is_some_and(|it| it == "eml")).then_some(path)),
        }
    }
}

fn read(file: &str) -> Report {
    report(&std::fs::read(folder().join(format!("{file}.eml"))).unwrap_or_else(|error| panic!("{file}: {error}")))
}

#[test]
fn every_file_of_the_corpus_is_read_with_all_that_it_has() {
    let mut all = Vec::new();
    files(&folder(), &mut all);
    assert!(all.len() > 170, "{}", all.len());
    for file in all {
        let bytes = std::fs::read(&file).unwrap();
        let mail = report(&bytes);
        let something = !mail.text.trim().is_empty()
            || mail.html.is_some()
            || !mail.attachments.is_empty()
            || !mail.subject.is_empty();
        assert!(something || mail.from.address.is_some(), "{}: nothing was found", file.display());
        // The letters that stand for "could not be read" are in the text only if they are in the mail.
        let damaged = mail.text.contains('\u{fffd}') && !String::from_utf8_lossy(&bytes).contains('\u{fffd}');
        assert!(!damaged, "{}: {}", file.display(), mail.text);
        assert!(serde_json::to_string(&mail).is_ok());
    }
}

#[test]
fn the_facts_of_the_corpus_are_found() {
    let facts: Vec<Fact> = include_str!("facts.txt").split("\n\n").skip(1).map(Fact::read).collect();
    assert!(facts.len() >= 60);
    let wrong: Vec<String> = facts.iter().filter_map(|fact| differs(fact, &read(fact.file))).collect();
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), facts.len(), wrong.join("\n"));
}

/// A block of `facts.txt`: the file, then its fields.
struct Fact {
    file: &'static str,
    fields: BTreeMap<&'static str, String>,
}

impl Fact {
    fn read(block: &'static str) -> Self {
        let mut lines = block.trim().lines();
        let file = lines.next().unwrap();
        let field = |line: &'static str| {
            line.trim().split_once(' ').map(|(name, value)| (name, value.trim().replace("\\n", "\n")))
        };
        Self { file, fields: lines.map(|line| field(line).unwrap()).collect() }
    }

    fn field(&self, name: &str) -> String {
        self.fields.get(name).cloned().unwrap_or_default()
    }
}

/// What is not as it should be.
fn differs(fact: &Fact, mail: &Report) -> Option<String> {
    let attachments: Vec<String> = mail
        .attachments
        .iter()
        .map(|it| format!("{} {} {}", it.filename.as_deref().unwrap_or("-"), it.content_type, it.size))
        .collect();
    let bounce = mail.bounce.as_ref().map(|it| {
        let action = it.action.map(|action| format!("{action:?}").to_lowercase()).unwrap_or_default();
        [it.recipient.clone().unwrap_or_default(), it.status.clone().unwrap_or_default(), action].join(" ")
    });
    let from = format!("{} <{}>", mail.from.name, mail.from.address.clone().unwrap_or_default());
    let checks = [
        ("subject", mail.subject.clone()),
        ("from", from.trim().to_owned()),
        ("date", mail.date.clone().unwrap_or_default()),
        ("attachments", attachments.join(", ")),
        ("bounce", bounce.unwrap_or_default()),
        ("machine", if mail.auto_submitted { "yes" } else { "" }.to_owned()),
    ];
    let mut wrong: Vec<String> = checks
        .into_iter()
        .map(|(what, found)| (what, found, fact.field(what)))
        .filter(|(_, found, wanted)| found != wanted)
        .map(|(what, found, wanted)| format!("  {what}: `{found}`, not `{wanted}`"))
        .collect();
    if !mail.text.contains(&fact.field("text")) {
        wrong.push(format!("  text: `{}` has no `{}`", mail.text, fact.field("text")));
    }
    (!wrong.is_empty()).then(|| format!("{}\n{}", fact.file, wrong.join("\n")))
}
