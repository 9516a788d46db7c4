//! Ticket categories.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::access::Securable;
use mailflow_core::category::Category;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::refusal::Refusal;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::extract::{Body, Named};
use super::openapi::{ForAdministrators, ForAgents};
use super::refused::Refused;
use super::shapes::shape;
use super::version::{Seen, Versioned};

shape! {
    /// A category.
    CategoryShape of it: Category {
        id: Uuid = it.id.into(),
        name: String = it.name,
    }
}

/// A category as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Refund" }))]
pub struct CategoryWish {
    /// Unique without regard to case.
    pub name: String,
}

fn found(directory: &Directory, id: Uuid) -> Result<Category, Refusal> {
    directory.categories.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("category", id))
}

/// The categories that the caller may list.
#[utoipa::path(get, path = "/categories", tag = "categories",
    responses((status = 200, description = "All that there are for the caller", body = Vec<CategoryShape>), ForAgents))]
pub async fn list(caller: Caller) -> Json<Vec<CategoryShape>> {
    Json(caller.desk.categories().into_iter().map(CategoryShape::from).collect())
}

/// One category.
#[utoipa::path(get, path = "/categories/{id}", tag = "categories",
    params(("id" = Uuid, Path, description = "The category", example = "0191f3a2-7c44-7d10-9a51-000000000014")),
    responses((status = 200, description = "The category", body = CategoryShape), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Versioned<CategoryShape>, Refused> {
    caller.desk.know(Securable::Categories, id)?;
    let category = found(&caller.desk.directory(), id)?;
    Ok(Versioned(StatusCode::OK, category.version(), category.into()))
}

/// Makes a category.
#[utoipa::path(post, path = "/categories", tag = "categories", request_body = CategoryWish,
    responses((status = 201, description = "The category", body = CategoryShape), ForAdministrators))]
pub async fn make(by: Administrator, Body(wish): Body<CategoryWish>) -> Result<Versioned<CategoryShape>, Refused> {
    let category = Category { id: by.admin.new_id(), name: wish.name.trim().to_owned() };
    by.admin.save(&category).await?;
    Ok(Versioned(StatusCode::CREATED, category.version(), category.into()))
}

/// Renames a category.
#[utoipa::path(put, path = "/categories/{id}", tag = "categories", request_body = CategoryWish,
    params(
        ("id" = Uuid, Path, description = "The category", example = "0191f3a2-7c44-7d10-9a51-000000000014"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The category as it is now", body = CategoryShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<CategoryWish>,
) -> Result<Versioned<CategoryShape>, Refused> {
    let before = found(&by.admin.directory(), id)?;
    let category = Category { name: wish.name.trim().to_owned(), ..before };
    seen.save(&by.admin, &category).await?;
    Ok(Versioned(StatusCode::OK, category.version(), category.into()))
}

/// Removes a category that no ticket and no rule has.
#[utoipa::path(delete, path = "/categories/{id}", tag = "categories",
    params(("id" = Uuid, Path, description = "The category", example = "0191f3a2-7c44-7d10-9a51-000000000014")),
    responses((status = 204, description = "It is gone"), ForAdministrators))]
pub async fn remove(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Category, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
