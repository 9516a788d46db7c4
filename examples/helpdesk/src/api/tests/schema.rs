//! Whether a value is what a schema of the document says: as much of JSON Schema as the document uses.

use serde_json::Value;

/// What does not fit, with the place.
pub fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    check(document, schema, value, "answer", &mut faults);
    faults
}

fn resolve<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(path) => {
            let path = path.strip_prefix('#').unwrap();
            resolve(document, document.pointer(path).unwrap_or_else(|| panic!("{path} is not in the document")))
        }
        None => schema,
    }
}

fn check(document: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    let schema = resolve(document, schema);
    for (word, most) in [("oneOf", 1), ("anyOf", usize::MAX)] {
        if let Some(choices) = schema[word].as_array() {
            let fit = choices.iter().filter(|choice| self::faults(document, choice, value).is_empty()).count();
            if fit == 0 || fit > most {
                faults.push(format!("{place}: {fit} of {} choices fit {value}", choices.len()));
            }
            return;
        }
    }
    if schema["allOf"].is_array() {
        return check(document, &merged(document, schema), value, place, faults);
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => return,
    };
    let fits = kinds.contains(&kind(value)) || (kinds.contains(&"number") && kind(value) == "integer");
    if !fits {
        return faults.push(format!("{place}: {value} is no {kinds:?}"));
    }
    if schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        faults.push(format!("{place}: {value} is none of {}", schema["enum"]));
    }
    match value {
        Value::Array(items) if !schema["items"].is_null() => {
            for item in items {
                check(document, &schema["items"], item, &format!("{place}[]"), faults);
            }
        }
        Value::Object(fields) => {
            let known = schema["properties"].as_object();
            for needed in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                let written_only = known.is_some_and(|known| known[needed]["writeOnly"] == true);
                if !fields.contains_key(needed) && !written_only {
                    faults.push(format!("{place}: `{needed}` is missing"));
                }
            }
            for (name, field) in fields {
                match known.and_then(|known| known.get(name)) {
                    Some(schema) => check(document, schema, field, &format!("{place}.{name}"), faults),
                    None if known.is_none() || schema["additionalProperties"] != Value::Null => {}
                    None => faults.push(format!("{place}: `{name}` is not in the document")),
                }
            }
        }
        _ => {}
    }
}

/// One schema of an `allOf` of objects.
fn merged(document: &Value, schema: &Value) -> Value {
    let mut whole = serde_json::json!({ "type": "object", "properties": {}, "required": [] });
    for part in schema["allOf"].as_array().unwrap() {
        let part = resolve(document, part);
        let part = if part["allOf"].is_array() { merged(document, part) } else { part.clone() };
        for (name, field) in part["properties"].as_object().into_iter().flatten() {
            whole["properties"][name] = field.clone();
        }
        whole["required"].as_array_mut().unwrap().extend(part["required"].as_array().into_iter().flatten().cloned());
        if !part["additionalProperties"].is_null() {
            whole["additionalProperties"] = part["additionalProperties"].clone();
        }
    }
    whole
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[test]
fn a_value_that_the_schema_does_not_describe_is_found() {
    use serde_json::json;
    let document = json!({ "components": { "schemas": { "Name": { "type": "string", "enum": ["a", "b"] } } } });
    let schema = json!({
        "type": "object", "required": ["id"],
        "properties": { "id": { "type": "integer" }, "name": { "$ref": "#/components/schemas/Name" } },
    });
    assert!(faults(&document, &schema, &json!({ "id": 1, "name": "a" })).is_empty());
    for wrong in
        [json!({}), json!({ "id": "1" }), json!({ "id": 1, "name": "c" }), json!({ "id": 1, "more": 2 }), json!([])]
    {
        assert_eq!(faults(&document, &schema, &wrong).len(), 1, "{wrong}");
    }
    let both = json!({ "allOf": [schema, { "type": "object", "required": ["x"], "properties": { "x": {} } }] });
    assert!(faults(&document, &both, &json!({ "id": 1, "x": 2 })).is_empty());
    assert_eq!(faults(&document, &both, &json!({ "id": 1 })).len(), 1);
}
