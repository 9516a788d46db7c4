//! The files of the pages, compiled in. Each link carries the digest of its file, so that a browser may keep it for ever.

use std::sync::OnceLock;

use axum::extract::{Path, Query};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mailflow_core::digest::Digest;
use serde::Deserialize;

use super::{Table, Trouble, Who};

struct Asset {
    name: &'static str,
    content_type: &'static str,
    content: &'static str,
}

const ASSETS: [Asset; 5] = [
    Asset { name: "style.css", content_type: "text/css; charset=utf-8", content: include_str!("assets/style.css") },
    Asset {
        name: "fragments.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("assets/fragments.js"),
    },
    Asset {
        name: "desk.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("assets/desk.js"),
    },
    Asset {
        name: "rules.js",
        content_type: "text/javascript; charset=utf-8",
        content: include_str!("assets/rules.js"),
    },
    Asset { name: "icon.svg", content_type: "image/svg+xml", content: include_str!("assets/icon.svg") },
];

/// The links that a page's head needs, after the base.
#[derive(Debug)]
pub struct Links {
    /// The style sheet.
    pub style: String,
    /// Fragments of pages.
    pub fragments: String,
    /// Keys, drafts and live updates.
    pub desk: String,
    /// The order of rules by drag and key, and how far a replay is.
    pub rules: String,
    /// The icon.
    pub icon: String,
}

/// The links that a page's head needs.
pub fn links() -> &'static Links {
    static LINKS: OnceLock<Links> = OnceLock::new();
    LINKS.get_or_init(|| {
        let [style, fragments, desk, rules, icon] =
            ASSETS.each_ref().map(|it| format!("/assets/{}?{}", it.name, tag(it)));
        Links { style, fragments, desk, rules, icon }
    })
}

fn tag(asset: &Asset) -> String {
    Digest::of(asset.content.as_bytes()).to_string().chars().take(16).collect()
}

pub(super) fn routes(table: Table) -> Table {
    table.get(Who::Anyone, "/assets/{name}", show)
}

async fn show(Path(name): Path<String>, Query(asked): Query<Asked>, headers: HeaderMap) -> Result<Response, Trouble> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(Trouble::no_such_page)?;
    let tag = format!("\"{}\"", tag(asset));
    let keep = if asked.is_versioned() { "public, max-age=31536000, immutable" } else { "public, no-cache" };
    let head = [
        (header::ETAG, HeaderValue::try_from(&tag).map_err(|_| Trouble::no_such_page())?),
        (header::CACHE_CONTROL, HeaderValue::from_static(keep)),
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.content_type)),
    ];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return Ok((StatusCode::NOT_MODIFIED, head).into_response());
    }
    Ok((head, asset.content).into_response())
}

/// The query is only the digest; what it is does not matter.
#[derive(Deserialize)]
struct Asked {
    #[serde(flatten)]
    any: std::collections::BTreeMap<String, String>,
}

impl Asked {
    fn is_versioned(&self) -> bool {
        !self.any.is_empty()
    }
}
