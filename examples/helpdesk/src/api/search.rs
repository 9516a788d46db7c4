//! Search.

use axum::Json;
use serde::Deserialize;
use utoipa::IntoParams;

use super::caller::Caller;
use super::extract::{Asked, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{HitShape, List};
use super::tickets::Which;

/// What is looked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Words {
    /// Words, and phrases in quotes. Any text is a question, none is an error; no words find nothing.
    #[serde(default)]
    #[param(example = "broken")]
    pub words: String,
}

/// Messages and notes with these words, newest first, each ticket once; only what the caller sees.
#[utoipa::path(get, path = "/search", tag = "search", params(Words, Which, Part),
    responses((status = 200, description = "A part of the list", body = List<HitShape>), ForAgents))]
pub async fn search(
    caller: Caller,
    Asked(words): Asked<Words>,
    Asked(which): Asked<Which>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<HitShape>>, Refused> {
    let filter = which.filter(&caller.desk)?;
    Ok(Json(caller.desk.search(&words.words, &filter, &part.page()).await?.into()))
}
