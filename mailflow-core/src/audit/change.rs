//! [`Change`]: a field of a document that is different.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A field that is different. Of what is secret it is known only that it is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field, with dots between the steps to it: `access.server`, `rules.‹id›.enabled`. What stands elsewhere in
    /// its list has a `place`, counted from 1: `rules.‹id›.place`.
    pub field: String,
    /// What it was; `None` if it was not there, or is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    /// What it is; `None` if it is not there, or is secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
    /// Whether it is secret.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub secret: bool,
}

/// The most changes of one entry; what is beyond is left out, and the last one says so.
const MOST: usize = 200;
/// The longest text of a value, in characters.
const TEXT: usize = 2000;
/// The deepest step that is looked into.
const DEPTH: usize = 6;

/// Fields that are secret, wherever they stand: hashes of passwords, sealed passwords, second factors, tokens. A field
/// whose name has one of these words in it is secret too.
const SECRET: [&str; 6] = ["password", "second_factor", "secret", "token", "recovery", "sealed"];

/// What is different between two forms of a document, field by field.
#[must_use]
pub fn changes(before: Option<&Value>, after: Option<&Value>) -> Vec<Change> {
    let mut found = Vec::new();
    compare("", 0, before, after, &mut found);
    if found.len() > MOST {
        let left_out = found.len() - MOST;
        found.truncate(MOST);
        let after = Some(Value::String(format!("{left_out} more changes")));
        found.push(Change { field: "…".to_owned(), before: None, after, secret: false });
    }
    found
}

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRET.iter().any(|word| name.contains(word))
}

fn compare(path: &str, depth: usize, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    let (was, is) = (parts(before), parts(after));
    let deeper =
        depth < DEPTH && (was.is_some() || is.is_some()) && fits(before, was.as_ref()) && fits(after, is.as_ref());
    if !deeper {
        found.push(Change {
            field: path.to_owned(),
            before: before.map(shown),
            after: after.map(shown),
            secret: false,
        });
        return;
    }
    let (was, is) = (was.unwrap_or_default(), is.unwrap_or_default());
    let field = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    for name in names(&was, &is) {
        let (before, after) = (was.get(name), is.get(name));
        if !is_secret(name) {
            compare(&field(name), depth + 1, before, after, found);
        } else if before != after {
            found.push(Change { field: field(name), before: None, after: None, secret: true });
        }
    }
    if let (Some(Value::Array(was)), Some(Value::Array(is))) = (before, after) {
        found.extend(moved(was, is).into_iter().map(|(id, before, after)| Change {
            field: field(&format!("{id}.place")),
            before: Some(before.into()),
            after: Some(after.into()),
            secret: false,
        }));
    }
}

/// The parts of a value, by name, in their order.
#[derive(Default)]
struct Parts<'a> {
    names: Vec<&'a str>,
    values: BTreeMap<&'a str, &'a Value>,
}

impl<'a> Parts<'a> {
    fn new(parts: impl Iterator<Item = (&'a str, &'a Value)>) -> Self {
        let mut of = Self::default();
        for (name, value) in parts {
            if !of.values.contains_key(name) {
                of.names.push(name);
                of.values.insert(name, value);
            }
        }
        of
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.values.get(name).copied()
    }
}

/// What a value is made of: the fields of an object, or the things in a list that have ids.
fn parts(value: Option<&Value>) -> Option<Parts<'_>> {
    match value? {
        Value::Object(fields) => Some(Parts::new(fields.iter().map(|(name, value)| (name.as_str(), value)))),
        Value::Array(things) if !things.is_empty() && things.iter().all(|thing| id(thing).is_some()) => {
            Some(Parts::new(things.iter().filter_map(|thing| Some((id(thing)?, thing)))))
        }
        _ => None,
    }
}

fn id(thing: &Value) -> Option<&str> {
    thing.get("id")?.as_str()
}

/// The names of both, those that were there before first.
fn names<'a>(was: &Parts<'a>, is: &Parts<'a>) -> Vec<&'a str> {
    let new = is.names.iter().filter(|name| !was.values.contains_key(*name));
    was.names.iter().chain(new).copied().collect()
}

/// Whether a value can be looked into together with another one: it is not there, or has parts.
fn fits(value: Option<&Value>, parts: Option<&Parts<'_>>) -> bool {
    parts.is_some() || value.is_none_or(|value| value.is_null() || value == &Value::Array(Vec::new()))
}

/// What stands elsewhere in a list than before, with its place then and now, counted from 1: as few as say it all.
fn moved<'a>(was: &'a [Value], is: &'a [Value]) -> Vec<(&'a str, usize, usize)> {
    let before: BTreeMap<&str, usize> = was.iter().filter_map(id).zip(1..).collect();
    let both: Vec<(&str, usize, usize)> =
        is.iter().filter_map(id).zip(1..).filter_map(|(id, now)| Some((id, *before.get(id)?, now))).collect();
    let stay = longest_ascent(&both.iter().map(|(_, before, _)| *before).collect::<Vec<_>>());
    both.into_iter().zip(stay).filter(|(_, stays)| !stays).map(|(it, _)| it).collect()
}

/// Which of these numbers are in a longest row that ascends (patience sorting).
fn longest_ascent(numbers: &[usize]) -> Vec<bool> {
    // For each length where a row of it ends that ends lowest, and for each number what stands before it in its row.
    let (mut ends, mut previous): (Vec<(usize, usize)>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
    for (at, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|(_, end)| end < number);
        previous.push(length.checked_sub(1).and_then(|it| ends.get(it)).map(|(at, _)| *at));
        match ends.get_mut(length) {
            Some(end) => *end = (at, *number),
            None => ends.push((at, *number)),
        }
    }
    let mut within = vec![false; numbers.len()];
    let mut next = ends.last().map(|(at, _)| *at);
    while let Some(at) = next {
        within.get_mut(at).into_iter().for_each(|it| *it = true);
        next = previous.get(at).copied().flatten();
    }
    within
}

/// A value as it is kept: long texts cut, secrets taken out.
fn shown(value: &Value) -> Value {
    match value {
        Value::String(text) if text.chars().count() > TEXT => {
            Value::String(text.chars().take(TEXT).chain(['…']).collect())
        }
        Value::Array(things) => Value::Array(things.iter().take(MOST).map(shown).collect()),
        Value::Object(fields) => {
            let open = fields.iter().filter(|(name, _)| !is_secret(name));
            Value::Object(open.map(|(name, value)| (name.clone(), shown(value))).collect::<Map<_, _>>())
        }
        value => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fields(changes: &[Change]) -> Vec<&str> {
        changes.iter().map(|it| it.field.as_str()).collect()
    }

    #[test]
    fn only_what_is_different_is_told_with_what_it_was_and_is() {
        let before = json!({"name": "Ada", "rows": 50, "deep": {"a": 1, "b": 2}, "gone": true});
        let after = json!({"name": "Ada", "rows": 60, "deep": {"a": 1, "b": 3}, "new": [1, 2]});
        let found = changes(Some(&before), Some(&after));
        assert_eq!(fields(&found), ["deep.b", "gone", "rows", "new"]);
        let rows = found.iter().find(|it| it.field == "rows").unwrap();
        assert_eq!((&rows.before, &rows.after), (&Some(json!(50)), &Some(json!(60))));
        assert_eq!(changes(Some(&before), Some(&before)), []);
    }

    #[test]
    fn a_list_of_things_with_ids_is_told_thing_by_thing() {
        let before = json!({"rules": [{"id": "a", "on": true}, {"id": "b", "on": true}]});
        let after = json!({"rules": [{"id": "b", "on": false}, {"id": "a", "on": true}, {"id": "c", "on": true}]});
        let found = changes(Some(&before), Some(&after));
        assert_eq!(fields(&found), ["rules.b.on", "rules.c.id", "rules.c.on", "rules.b.place"]);
    }

    #[test]
    fn of_a_list_in_another_order_it_is_told_what_was_moved() {
        let list =
            |ids: &str| json!({"rules": ids.chars().map(|id| json!({"id": id.to_string()})).collect::<Vec<_>>()});
        let moved = |before: &str, after: &str| {
            let found = changes(Some(&list(before)), Some(&list(after)));
            let moved = found.into_iter().filter(|it| it.field.ends_with(".place"));
            moved.map(|it| (it.field, it.before.unwrap(), it.after.unwrap())).collect::<Vec<_>>()
        };
        let told = |id: &str, before: u64, after: u64| (format!("rules.{id}.place"), json!(before), json!(after));
        assert_eq!(moved("abcdef", "fabcde"), [told("f", 6, 1)]);
        assert_eq!(moved("abcdef", "bcdeaf"), [told("a", 1, 5)]);
        assert_eq!(moved("abcdef", "acdfb"), [told("b", 2, 5)]);
        assert_eq!(moved("abcdef", "xabdef"), []);
        assert_eq!(moved("abcdef", "efabcd"), [told("e", 5, 1), told("f", 6, 2)]);
        assert_eq!(moved("", "ab"), []);
    }

    proptest! {
        #[test]
        fn as_few_are_moved_as_can_be(numbers in Just((0..8).collect::<Vec<usize>>()).prop_shuffle()) {
            let stay = longest_ascent(&numbers);
            let row = |of: &[bool]| -> Vec<usize> { numbers.iter().zip(of).filter(|(_, it)| **it).map(|(it, _)| *it).collect() };
            let ascends = |row: &[usize]| row.is_sorted();
            prop_assert!(ascends(&row(&stay)));
            let longest = (0_u32..256).map(|bits| (0..8).map(|at| bits >> at & 1 == 1).collect::<Vec<_>>());
            let longest = longest.map(|of| row(&of)).filter(|row| ascends(row)).map(|row| row.len()).max();
            prop_assert_eq!(Some(row(&stay).len()), longest);
        }
    }

    #[test]
    fn of_a_secret_it_is_told_only_that_it_is_different() {
        let before = json!({"password": "SEALED1", "access": {"kind": "pop3", "password": "SEALED2"}});
        let after = json!({"password": null, "access": {"kind": "pop3", "password": "SEALED3"},
            "second_factor": {"secret": "SEALED4"}, "list": [{"api_token": "SEALED5"}]});
        for (before, after) in [(Some(&before), Some(&after)), (None, Some(&after)), (Some(&before), None)] {
            let found = changes(before, after);
            let kept = serde_json::to_string(&found).unwrap();
            assert!(!kept.contains("SEALED"), "{kept}");
            assert!(found.iter().any(|it| it.secret && it.field == "password"), "{kept}");
        }
    }

    #[test]
    fn an_entry_stays_small() {
        let many: Map<String, Value> = (0..1000).map(|nth| (format!("field {nth}"), json!(nth))).collect();
        let found = changes(None, Some(&Value::Object(many)));
        assert_eq!(found.len(), MOST + 1);
        let long = changes(None, Some(&json!({"text": "x".repeat(10_000)})));
        assert!(serde_json::to_string(&long).unwrap().len() < 3000);
    }
}
