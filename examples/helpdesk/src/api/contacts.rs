//! Contacts.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::contact::Contact;
use mailflow_core::flow::Desk;
use mailflow_core::id::ContactId;
use mailflow_core::mail::Address;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Asked, Body, Named, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{ContactShape, List};

/// Which contacts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Words {
    /// Words that begin a word of name, address or telephone number. Default: all contacts.
    #[serde(default)]
    #[param(example = "ada")]
    pub words: String,
}

/// A contact as it is written.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Grace Hopper", "addresses": ["grace@two.example"], "phones": ["+1 202 555 0100"] }))]
pub struct ContactWish {
    pub name: String,
    /// The first is the one that is written to. Each address belongs to one contact only.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub addresses: Vec<Address>,
    #[serde(default)]
    pub phones: Vec<String>,
    /// The agent who looks after him.
    #[serde(default)]
    pub owner: Option<Uuid>,
    #[serde(default)]
    pub notes: String,
    /// Custom properties, by name.
    #[serde(default)]
    pub properties: BTreeMap<String, String>,
}

impl ContactWish {
    fn contact(self, id: ContactId, desk: &Desk) -> Contact {
        Contact {
            id,
            name: self.name,
            addresses: self.addresses,
            phones: self.phones,
            owner: self.owner.map(Into::into),
            notes: self.notes,
            properties: self.properties,
            created: desk.now(),
        }
    }
}

/// Contacts by name.
#[utoipa::path(get, path = "/contacts", tag = "contacts", params(Words, Part),
    responses((status = 200, description = "A part of the list", body = List<ContactShape>), ForAgents))]
pub async fn list(
    caller: Caller,
    Asked(words): Asked<Words>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<ContactShape>>, Refused> {
    Ok(Json(caller.desk.contacts(&words.words, &part.page()).await?.into()))
}

/// Makes a contact.
#[utoipa::path(post, path = "/contacts", tag = "contacts", request_body = ContactWish,
    responses((status = 201, description = "The contact", body = ContactShape), ForAgents))]
pub async fn make(
    caller: Caller,
    Body(wish): Body<ContactWish>,
) -> Result<(StatusCode, Json<ContactShape>), Refused> {
    let desk = caller.desk;
    let id = desk.save_contact(&wish.contact(desk.new_id(), &desk)).await?;
    Ok((StatusCode::CREATED, Json(desk.contact(id).await?.into())))
}

/// One contact.
#[utoipa::path(get, path = "/contacts/{id}", tag = "contacts",
    params(("id" = Uuid, Path, description = "The contact", example = "0191f3a2-7c44-7d10-9a51-000000000016")),
    responses((status = 200, description = "The contact", body = ContactShape), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Json<ContactShape>, Refused> {
    Ok(Json(caller.desk.contact(id.into()).await?.into()))
}

/// Changes a contact: what is left away is empty from then on.
#[utoipa::path(put, path = "/contacts/{id}", tag = "contacts", request_body = ContactWish,
    params(("id" = Uuid, Path, description = "The contact", example = "0191f3a2-7c44-7d10-9a51-000000000016")),
    responses((status = 200, description = "The contact as it is now", body = ContactShape), ForAgents))]
pub async fn save(
    caller: Caller,
    Named(id): Named<Uuid>,
    Body(wish): Body<ContactWish>,
) -> Result<Json<ContactShape>, Refused> {
    let desk = caller.desk;
    let before = desk.contact(id.into()).await?;
    let id = desk.save_contact(&wish.contact(before.id, &desk)).await?;
    Ok(Json(desk.contact(id).await?.into()))
}
