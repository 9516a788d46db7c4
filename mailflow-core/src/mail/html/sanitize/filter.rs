//! The first filter: reads the tags as they stand, and writes the allowed ones anew.

use std::collections::BTreeSet;

use html5gum::{StartTag, Token};

use super::super::tags::is_void;
use super::super::{attribute, tokens};
use super::{Images, RemoteImages, allowed, style};

/// What the first filter leaves.
#[derive(Default)]
pub struct Filtered {
    /// The HTML.
    pub html: String,
    /// The addresses of the pictures in it.
    pub sources: BTreeSet<String>,
    /// How many remote pictures were left out.
    pub blocked: usize,
    /// Where they would have come from.
    pub hosts: BTreeSet<String>,
}

/// Writes what is allowed.
pub fn filter(html: &str, images: &Images<'_>) -> Filtered {
    let mut filtered = Filtered::default();
    let mut dropped: Option<(Vec<u8>, usize)> = None;
    for token in tokens(html) {
        if let Some((name, depth)) = &mut dropped {
            match &token {
                Token::StartTag(tag) if *tag.name == **name && !tag.self_closing => *depth += 1,
                Token::EndTag(tag) if *tag.name == **name => *depth -= 1,
                _ => {}
            }
            if *depth == 0 {
                dropped = None;
            }
            continue;
        }
        match token {
            Token::StartTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                if allowed::DROPPED.contains(&&*name) {
                    if !is_void(&tag.name) && (!tag.self_closing || !matches!(&*name, "svg" | "math")) {
                        dropped = Some((tag.name.to_vec(), 1));
                    }
                } else if allowed::TAGS.contains(&&*name) {
                    filtered.start(&name, &tag, images);
                }
            }
            Token::EndTag(tag) => {
                let name = String::from_utf8_lossy(&tag.name);
                if allowed::TAGS.contains(&&*name) && !is_void(&tag.name) {
                    filtered.html.push_str("</");
                    filtered.html.push_str(&name);
                    filtered.html.push('>');
                }
            }
            Token::String(text) => escape(&mut filtered.html, &String::from_utf8_lossy(&text.value), ""),
            _ => {}
        }
    }
    filtered
}

impl Filtered {
    fn start(&mut self, name: &str, tag: &StartTag<()>, images: &Images<'_>) {
        let source = match name {
            "img" => match self.picture(tag, images) {
                Some(source) => Some(source),
                None => {
                    self.instead(tag);
                    return;
                }
            },
            _ => None,
        };
        self.html.push('<');
        self.html.push_str(name);
        for (key, value) in &tag.attributes {
            let (key, value) = (String::from_utf8_lossy(key), String::from_utf8_lossy(&value.value));
            if !allowed::attribute(name, &key) {
                continue;
            }
            let value = match &*key {
                "src" => source.clone(),
                "href" => link(&value),
                "style" => style::filter(&value),
                _ => Some(value.into_owned()),
            };
            if let Some(value) = value {
                self.html.push(' ');
                self.html.push_str(&key);
                self.html.push_str("=\"");
                escape(&mut self.html, &value, "&quot;");
                self.html.push('"');
            }
        }
        self.html.push('>');
    }

    /// The address that a picture is shown from, if it is shown.
    fn picture(&mut self, tag: &StartTag<()>, images: &Images<'_>) -> Option<String> {
        let source = attribute(tag, "src")?;
        let source: String = source.trim().chars().filter(|c| !c.is_control()).collect();
        let lower = source.to_ascii_lowercase();
        let shown = if lower.starts_with("cid:") {
            let id = decode_percent(source.get(4..)?);
            (images.inline)(id.trim().trim_matches(['<', '>']))
        } else if lower.starts_with("http://") || lower.starts_with("https://") || lower.starts_with("//") {
            if images.remote == RemoteImages::Blocked {
                self.blocked += 1;
                self.hosts.extend(host(&lower));
                return None;
            }
            Some(if lower.starts_with("//") { format!("https:{source}") } else { source })
        } else {
            let known = ["png", "gif", "jpeg", "jpg", "webp"];
            known.iter().any(|kind| lower.starts_with(&format!("data:image/{kind};base64,"))).then_some(source)
        }?;
        self.sources.insert(shown.clone());
        Some(shown)
    }

    /// The words of a picture that is not shown.
    fn instead(&mut self, tag: &StartTag<()>) {
        if let Some(alt) = attribute(tag, "alt").filter(|alt| !alt.trim().is_empty()) {
            escape(&mut self.html, &crate::text::one_line(&alt, 200), "");
        }
    }
}

/// A link that may be followed: absolute, and of a kind that only shows or writes something.
pub fn link(href: &str) -> Option<String> {
    let href: String = href.trim().chars().filter(|c| !c.is_control()).collect();
    let (scheme, rest) = href.split_once(':')?;
    let known = ["http", "https", "mailto", "tel"].iter().any(|known| scheme.eq_ignore_ascii_case(known));
    (known && !rest.is_empty()).then_some(href)
}

/// The host of an address in lower case.
fn host(address: &str) -> Option<String> {
    let rest = address.split_once("//")?.1;
    let authority = rest.split(['/', '?', '#', '\\']).next()?;
    let host = authority.rsplit('@').next()?;
    let host = if host.starts_with('[') { host } else { host.split(':').next()? };
    (!host.is_empty() && host.len() <= 253).then(|| crate::text::one_line(host, 253))
}

/// Undoes `%40` and the like.
fn decode_percent(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        match hex.filter(|_| *first == b'%').and_then(|two| u8::from_str_radix(two, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Text and values of attributes, so that they are nothing else. `quote` stands for `"`, if it means something here.
fn escape(html: &mut String, text: &str, quote: &str) {
    for c in text.chars() {
        match c {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' if !quote.is_empty() => html.push_str(quote),
            '\0' => {}
            c => html.push(c),
        }
    }
}
