//! The OpenAPI document says what is there: all of it, and nothing else.

use std::collections::BTreeSet;

use mailflow_core::agent::{Agent, BUILT_IN_ADMINISTRATOR};
use serde_json::{Value, json};

use super::fixture::{Fixture, PASSWORD};
use super::schema::faults;
use crate::api::{document, routes};

fn document_json() -> Value {
    serde_json::to_value(document()).unwrap()
}

/// An operation of the document.
struct Operation {
    method: String,
    path: String,
    says: Value,
}

fn operations(document: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, says) in item.as_object().unwrap() {
            operations.push(Operation { method: method.clone(), path: path.clone(), says: says.clone() });
        }
    }
    operations
}

impl Operation {
    /// The path with the documented example of every parameter in it.
    fn example_path(&self) -> String {
        let mut path = self.path.clone();
        for parameter in self.says["parameters"].as_array().into_iter().flatten() {
            if parameter["in"] == "path" {
                let (name, example) = (parameter["name"].as_str().unwrap(), &parameter["example"]);
                let example = example.as_str().map_or_else(|| example.to_string(), str::to_owned);
                path = path.replace(&format!("{{{name}}}"), &example);
            } else if let Some(example) = parameter["example"].as_str() {
                let joint = if path.contains('?') { '&' } else { '?' };
                path = format!("{path}{joint}{}={example}", parameter["name"].as_str().unwrap());
            }
        }
        path
    }

    /// The documented example of the body.
    fn example_body(&self, document: &Value) -> Option<Value> {
        let content = &self.says["requestBody"]["content"]["application/json"];
        if content.is_null() {
            return None;
        }
        if !content["example"].is_null() {
            return Some(content["example"].clone());
        }
        let reference = content["schema"]["$ref"].as_str().unwrap().strip_prefix('#').unwrap();
        let example = document.pointer(reference).unwrap()["example"].clone();
        assert!(!example.is_null(), "{} {} has a body without an example", self.method, self.path);
        Some(example)
    }

    /// The one status of success, and its JSON schema if there is one.
    fn success(&self) -> (u16, Option<Value>) {
        let responses = self.says["responses"].as_object().unwrap();
        let good: Vec<_> = responses.iter().filter(|(status, _)| status.starts_with('2')).collect();
        assert_eq!(good.len(), 1, "{} {}", self.method, self.path);
        let schema = good[0].1["content"]["application/json"]["schema"].clone();
        (good[0].0.parse().unwrap(), (!schema.is_null()).then_some(schema))
    }

    fn documents(&self, status: u16) -> bool {
        !self.says["responses"][status.to_string()].is_null()
    }

    /// Whether it is for administrators only.
    fn is_administration(&self) -> bool {
        self.says["responses"]["403"]["description"] == "The caller is no administrator"
    }

    fn is_open(&self) -> bool {
        self.says["security"] == json!([{}])
    }
}

#[test]
fn every_route_is_documented_and_everything_documented_is_a_route() {
    let documented: BTreeSet<(String, String)> =
        operations(&document_json()).into_iter().map(|it| (it.method, it.path)).collect();
    let routed: BTreeSet<(String, String)> =
        routes().into_iter().map(|(method, path)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(documented, routed);
    assert_eq!(routed.len(), routes().len(), "a route stands there twice");
    assert!(routed.len() > 60, "{}", routed.len());
}

#[test]
fn everything_documented_says_what_it_is_for_and_how_it_refuses() {
    let document = document_json();
    assert_eq!(document["openapi"], "3.1.0");
    let mut names = BTreeSet::new();
    for operation in operations(&document) {
        let place = format!("{} {}", operation.method, operation.path);
        assert!(!operation.says["summary"].as_str().unwrap_or_default().is_empty(), "{place}");
        let tag = operation.says["tags"][0].as_str().unwrap();
        let name = operation.says["operationId"].as_str().unwrap();
        assert!(name.starts_with(tag) && names.insert(name.to_owned()), "{place}: {name}");
        if operation.path != "/openapi.json" {
            assert!(operation.documents(401) && operation.documents(500), "{place}");
        }
        operation.success();
    }
    let access = &document["components"]["schemas"]["SourceAccessShape"];
    assert!(access.to_string().contains("writeOnly"), "passwords can be written: {access}");
    // Whatever is referred to is there.
    let text = document.to_string();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(!document["components"]["schemas"][name].is_null(), "{name}");
    }
}

#[tokio::test]
async fn documented_examples_answer_as_documented() {
    let document = document_json();
    for operation in operations(&document) {
        let fixture = Fixture::open().await;
        let place = format!("{} {}", operation.method, operation.path);
        let mut body = operation.example_body(&document);
        let method = operation.method.to_uppercase();
        if operation.path == "/approvals/{id}/release" {
            // The digest is of bytes that are others each time.
            let shown = fixture.admin("GET", "/approvals", None).await.json();
            body = Some(json!({ "raw": shown[0]["raw"] }));
        }
        // What was not released cannot be taken back.
        if operation.path == "/approvals/{id}/take-back" {
            let waiting = fixture.desk().to_approve().await.unwrap().remove(0);
            fixture.desk().release(waiting.id, waiting.raw).await.unwrap();
        }
        // Whom somebody escalates to cannot be removed either.
        if place == "delete /agents/{id}" {
            let lead = fixture.flow.directory().agents[&BUILT_IN_ADMINISTRATOR].clone();
            fixture.flow.admin().save(&Agent { escalate_to: None, ..lead }).await.unwrap();
        }
        // What has mail to send cannot be removed: here that is gone first.
        if place == "delete /destinations/{id}" {
            let id: mailflow_core::id::OutgoingId = super::fixture::id(18);
            fixture.desk().remedy(id, mailflow_core::decision::delivery::Remedy::Withdraw).await.unwrap();
        }
        let answer = fixture.admin(&method, &operation.example_path(), body).await;
        let (status, schema) = operation.success();
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        assert_eq!(answer.status, status, "{place}: {text}");
        match schema {
            Some(schema) if operation.path != "/openapi.json" => {
                let faults = faults(&document, &schema, &answer.json());
                assert!(faults.is_empty(), "{place}: {faults:#?}\n{text}");
            }
            Some(_) => {
                assert!(answer.json() == document, "the document is another one");
                continue;
            }
            None if status == 200 => assert!(!answer.bytes.is_empty(), "{place}"),
            None => assert!(answer.bytes.is_empty(), "{place}: {text}"),
        }
        assert!(
            !text.contains("argon2") && !text.contains(PASSWORD) && !text.contains("a secret"),
            "{place}: {text}"
        );
    }
}

#[tokio::test]
async fn who_has_not_signed_in_gets_nothing_and_administration_is_for_administrators() {
    let document = document_json();
    let fixture = Fixture::open().await;
    let (mut open, mut administration) = (0, 0);
    for operation in operations(&document) {
        let place = format!("{} {}", operation.method, operation.path);
        let (method, path) = (operation.method.to_uppercase(), operation.example_path());
        let body = operation.example_body(&document);
        if operation.is_open() {
            open += 1;
            continue;
        }
        for token in [None, Some("of nobody")] {
            let answer = fixture.ask(token, &method, &path, body.as_ref()).await;
            assert_eq!((answer.status, answer.error()), (401, "sign_in".to_owned()), "{place}");
            let refused = json!({ "$ref": "#/components/schemas/Refused" });
            assert!(faults(&document, &refused, &answer.json()).is_empty(), "{place}");
            assert_eq!(answer.headers["www-authenticate"], "Bearer");
        }
        if operation.is_administration() {
            administration += 1;
            let answer = fixture.ask(Some(&fixture.agent), &method, &path, body.as_ref()).await;
            assert_eq!((answer.status, answer.error()), (403, "not_allowed".to_owned()), "{place}");
        } else {
            // Each at a desk of its own: an agent may change it.
            let fixture = Fixture::open().await;
            let answer = fixture.ask(Some(&fixture.agent), &method, &path, body.as_ref()).await;
            // What is another one's own is not there for him.
            let others = [
                "/draft",
                "/forward",
                "27",
                "/undo",
                "/send",
                "/return",
                "/release",
                "/take-back",
                "/time",
                "21",
                "0765",
            ];
            let other = answer.status == 404 && others.iter().any(|end| path.ends_with(end));
            assert!(answer.status < 300 || other, "{place}: {answer:?}");
        }
    }
    assert_eq!(open, 2);
    assert!(administration > 30, "{administration}");
}

#[tokio::test]
async fn what_is_not_there_and_what_cannot_be_read_is_refused_in_the_same_shape() {
    let document = document_json();
    let fixture = Fixture::open().await;
    let refused = json!({ "$ref": "#/components/schemas/Refused" });
    let cases = [
        ("GET", "/nowhere", None, 404, "no_such_route"),
        ("DELETE", "/tickets", None, 405, "no_such_method"),
        ("GET", "/tickets/99", None, 404, "no_such"),
        ("GET", "/tickets/many", None, 404, "malformed"),
        ("GET", "/contacts/0191f3a2-7c44-7d10-9a51-000000000099", None, 404, "no_such"),
        ("GET", "/tickets?state=lost", None, 400, "malformed"),
        ("GET", "/tickets?owner=somebody", None, 422, "invalid"),
        ("POST", "/tickets/1/notes", Some(json!({})), 422, "malformed"),
        ("POST", "/tickets/1/notes", Some(json!({ "text": " " })), 422, "invalid"),
        ("POST", "/categories", Some(json!({ "name": "COMPLAINT " })), 409, "name_taken"),
        ("DELETE", "/ticketboxes/00000000-0000-0000-0000-000000000002", None, 409, "built_in"),
        ("DELETE", "/agents/00000000-0000-0000-0000-000000000001", None, 409, "built_in"),
        ("DELETE", "/destinations/0191f3a2-7c44-7d10-9a51-000000000012", None, 409, "in_use"),
    ];
    for (method, path, body, status, error) in cases {
        let answer = fixture.admin(method, path, body).await;
        assert_eq!((answer.status, answer.error().as_str()), (status, error), "{method} {path}");
        assert!(faults(&document, &refused, &answer.json()).is_empty(), "{method} {path}");
    }
}
