//! [`Change`]: a field of a document that is different.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A field that is different. Of what is secret it is known only that it is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field, with dots between the steps to it: `access.server`, `rules.‹id›.enabled`.
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
    let deeper = depth < DEPTH && (was.is_some() || is.is_some()) && fits(before) && fits(after);
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
    let order = |parts: &[(String, Value)], from: &BTreeSet<String>| {
        parts.iter().map(|(name, _)| name.clone()).filter(|name| !from.contains(name)).collect::<Vec<_>>()
    };
    let mut names = order(&was, &BTreeSet::new());
    let known: BTreeSet<String> = names.iter().cloned().collect();
    names.extend(order(&is, &known));
    let of = |parts: &[(String, Value)], name: &str| {
        parts.iter().find(|(part, _)| part == name).map(|(_, value)| value.clone())
    };
    for name in names {
        let (before, after) = (of(&was, &name), of(&is, &name));
        let field = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if is_secret(&name) {
            if before != after {
                found.push(Change { field, before: None, after: None, secret: true });
            }
        } else {
            compare(&field, depth + 1, before.as_ref(), after.as_ref(), found);
        }
    }
}

/// What a value is made of, by name: the fields of an object, or the things in a list that have ids.
fn parts(value: Option<&Value>) -> Option<Vec<(String, Value)>> {
    match value? {
        Value::Object(fields) => Some(fields.iter().map(|(name, value)| (name.clone(), value.clone())).collect()),
        Value::Array(things) if !things.is_empty() => {
            things.iter().map(|thing| Some((thing.get("id")?.as_str()?.to_owned(), thing.clone()))).collect()
        }
        _ => None,
    }
}

/// Whether a value can be looked into together with another one: it is not there, or has parts.
fn fits(value: Option<&Value>) -> bool {
    value.is_none_or(|value| value.is_null() || value == &Value::Array(Vec::new()) || parts(Some(value)).is_some())
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
        assert_eq!(fields(&found), ["rules.b.on", "rules.c.id", "rules.c.on"]);
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
