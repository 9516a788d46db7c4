//! HTML that is safe to show, in a frame of its own.

mod allowed;
mod filter;
mod style;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::LazyLock;

use super::guard::{TooComplex, guard};
use crate::mail::Limits;

/// The HTML of a mail, made safe to show in a sandboxed frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeHtml {
    /// A whole document, in UTF-8. It has no script, no form, nothing that is loaded from elsewhere but the pictures
    /// that were allowed, and says so itself in a `Content-Security-Policy`.
    pub document: String,
    /// The value of the `Content-Security-Policy` header that the document's own route has to answer with, so that
    /// opening it outside of the frame is safe as well.
    pub content_security_policy: String,
    /// How many remote pictures were left out.
    pub blocked_images: usize,
    /// The hosts that they would have come from, sorted, at most 20: for "Load images from …".
    pub blocked_hosts: Vec<String>,
}

/// Whether pictures are loaded from elsewhere, which tells the sender that the mail was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoteImages {
    /// They are left out, and counted.
    #[default]
    Blocked,
    /// The reader asked for them.
    Shown,
}

/// Where the pictures of a mail come from.
pub struct Images<'a> {
    /// Whether those of other servers are shown.
    pub remote: RemoteImages,
    /// The address under which the part with this `Content-ID` (without angle brackets) is served, `None` if the mail
    /// has no such part.
    pub inline: &'a dyn Fn(&str) -> Option<String>,
}

impl std::fmt::Debug for Images<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Images").field("remote", &self.remote).finish_non_exhaustive()
    }
}

/// Makes the HTML of a mail safe to show.
///
/// Two filters with the same list stand behind one another: ours reads the tags as they stand and writes the allowed
/// ones anew, then ammonia builds the tree of that as a browser would. What either leaves out is gone.
///
/// # Errors
/// The limit that the HTML breaks: show [`to_text`](super::to_text) then, and offer the HTML as a file.
pub fn sanitize(html: &str, limits: &Limits, images: &Images<'_>) -> Result<SafeHtml, TooComplex> {
    guard(html, limits)?;
    let mut filtered = filter::filter(html, images);
    guard(&filtered.html, &Limits { html_bytes: usize::MAX, ..limits.clone() })?;
    let sources = std::mem::take(&mut filtered.sources);
    let body = cleaner(sources).clean(&filtered.html).to_string();
    let policy = policy(images.remote);
    Ok(SafeHtml {
        document: document(&body, &policy),
        content_security_policy: format!(
            "{policy}; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
        ),
        blocked_images: filtered.blocked,
        blocked_hosts: filtered.hosts.into_iter().take(20).collect(),
    })
}

/// What the document may load.
fn policy(remote: RemoteImages) -> String {
    let from = match remote {
        RemoteImages::Blocked => "",
        RemoteImages::Shown => " https: http:",
    };
    format!(
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:{from}; form-action 'none'; base-uri 'none'"
    )
}

fn document(body: &str, policy: &str) -> String {
    format!(
        "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\
         <meta name=\"referrer\" content=\"no-referrer\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Message</title><style>{STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )
}

/// Mail is written for white paper.
const STYLE: &str = "html{background:#fff;color:#111}body{margin:0;padding:8px;font:15px/1.5 system-ui,sans-serif;\
                     overflow-wrap:anywhere}img{max-width:100%;height:auto}pre{white-space:pre-wrap}\
                     blockquote{margin:0 0 0 .5em;padding-left:.75em;border-left:2px solid #ccc}table{max-width:100%}";

/// The second filter. `sources` are the addresses of pictures that the first one wrote.
fn cleaner(sources: BTreeSet<String>) -> ammonia::Builder<'static> {
    static TAGS: LazyLock<HashSet<&str>> = LazyLock::new(|| allowed::TAGS.iter().copied().collect());
    let mut attributes: HashMap<&str, HashSet<&str>> = HashMap::new();
    for (tag, names) in allowed::ATTRIBUTES {
        attributes.insert(*tag, names.iter().copied().collect());
    }
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(TAGS.clone())
        .clean_content_tags(allowed::DROPPED.iter().copied().collect())
        .tag_attributes(attributes)
        .generic_attributes(allowed::GENERIC.iter().copied().collect())
        .url_schemes(["http", "https", "mailto", "tel", "data"].into_iter().collect())
        .url_relative(ammonia::UrlRelative::PassThrough)
        .link_rel(Some("noopener noreferrer nofollow"))
        .strip_comments(true)
        .set_tag_attribute_value("a", "target", "_blank")
        .attribute_filter(move |tag, name, value| match (tag, name) {
            ("img", "src") => sources.contains(value).then_some(Cow::Borrowed(value)),
            (_, "src" | "background") => None,
            (_, "href") => filter::link(value).map(Cow::Owned),
            (_, "style") => style::filter(value).map(Cow::Owned),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
}
