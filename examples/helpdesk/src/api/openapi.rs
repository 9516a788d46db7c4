//! The OpenAPI document, made of what the handlers say about themselves.

use std::collections::BTreeMap;

use axum::Json;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify};

/// The OpenAPI 3.1 document of the API.
#[must_use]
pub fn document() -> OpenApi {
    super::routes::document()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "about", security(()),
    responses((status = 200, description = "The OpenAPI 3.1 document", body = serde_json::Value)))]
pub async fn show() -> Json<OpenApi> {
    Json(document())
}

/// Adds how callers prove who they are.
#[derive(Debug)]
pub struct Token;

impl Modify for Token {
    fn modify(&self, document: &mut OpenApi) {
        let token = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("`token` of POST /session"));
        let scheme = SecurityScheme::Http(token.build());
        document.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Gives every operation a name of its own: its tag, then the handler's name.
#[derive(Debug)]
pub struct Names;

impl Modify for Names {
    fn modify(&self, document: &mut OpenApi) {
        for item in document.paths.paths.values_mut() {
            let operations = [&mut item.get, &mut item.post, &mut item.put, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                let tag = operation.tags.iter().flatten().next().cloned().unwrap_or_default();
                let handler = operation.operation_id.take().unwrap_or_default();
                operation.operation_id = Some(format!("{tag}_{handler}"));
            }
        }
    }
}

/// Refusals of what everybody may ask.
#[derive(Debug)]
pub struct ForAnyone;

/// Refusals of what every agent may ask.
#[derive(Debug)]
pub struct ForAgents;

/// Refusals of what every agent may ask, and do with the right to it, over a version that was seen.
#[derive(Debug)]
pub struct ForEditors;

/// Refusals of what administrators only may ask.
#[derive(Debug)]
pub struct ForAdministrators;

const MALFORMED: (&str, &str) = ("400", "The request cannot be read");
const NOT_SIGNED_IN: (&str, &str) = ("401", "Nobody has signed in, or user name and password do not belong together");
const NOT_ALLOWED: (&str, &str) = ("403", "The caller is no administrator");
const NOT_ENTITLED: (&str, &str) = ("403", "The caller has not the right to it");
const NOT_THERE: (&str, &str) = ("404", "It is not there, or not for the caller to see");
const IN_THE_WAY: (&str, &str) = ("409", "Something is in the way; `error` and `what` say what");
const OUTDATED: (&str, &str) = ("412", "Somebody else changed it since the version in `If-Match`");
const TOO_LARGE: (&str, &str) = ("413", "The request or the mail is too large");
const NO_JSON: (&str, &str) = ("415", "The body is not said to be `application/json`");
const INVALID: (&str, &str) = ("422", "A field does not do; `what` says which and why");
const PAUSED: (&str, &str) = ("429", "Too many wrong passwords; `Retry-After` says how long to wait");
const FAILED: (&str, &str) = ("500", "The desk could not do it");
const BUSY: (&str, &str) = (
    "503",
    "Try again, after as many seconds as `Retry-After` says; or on another server, if this one is too old for the database",
);

fn refusals(statuses: &[(&str, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let refusal = |(status, description): &(&str, &str)| {
        let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Refused"))).build();
        let response = ResponseBuilder::new().description(*description).content("application/json", content).build();
        ((*status).to_owned(), RefOr::T(response))
    };
    statuses.iter().map(refusal).collect()
}

impl IntoResponses for ForAnyone {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[MALFORMED, NOT_SIGNED_IN, NO_JSON, INVALID, PAUSED, FAILED, BUSY])
    }
}

impl IntoResponses for ForAgents {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            MALFORMED,
            NOT_SIGNED_IN,
            NOT_ENTITLED,
            NOT_THERE,
            IN_THE_WAY,
            TOO_LARGE,
            NO_JSON,
            INVALID,
            FAILED,
            BUSY,
        ])
    }
}

impl IntoResponses for ForEditors {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut responses = ForAgents::responses();
        responses.extend(refusals(&[OUTDATED]));
        responses
    }
}

impl IntoResponses for ForAdministrators {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        refusals(&[
            MALFORMED,
            NOT_SIGNED_IN,
            NOT_ALLOWED,
            NOT_THERE,
            IN_THE_WAY,
            OUTDATED,
            NO_JSON,
            INVALID,
            FAILED,
            BUSY,
        ])
    }
}
