//! The guard in front of the tree builder: how deep would the tree be?

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use html5gum::{StartTag, Token};

use super::tags::{closes_paragraph, is_formatting, is_heading, is_scope, is_special, is_table_part, is_void};
use super::tokens;
use crate::mail::Limits;

/// HTML with more of something than is safe to take apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TooComplex {
    /// More bytes than [`Limits::html_bytes`].
    Bytes,
    /// More tags than [`Limits::html_tags`], or that many elements that would have to be opened again and again.
    Tags,
    /// Deeper than [`Limits::html_depth`].
    Depth,
    /// More attributes in one tag than [`Limits::html_attributes`].
    Attributes,
    /// More character references than [`Limits::html_entities`].
    Entities,
}

impl std::fmt::Display for TooComplex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = match self {
            Self::Bytes => "bytes",
            Self::Tags => "tags",
            Self::Depth => "elements inside one another",
            Self::Attributes => "attributes in one tag",
            Self::Entities => "character references",
        };
        write!(f, "the HTML has too many {what} to be shown as such; read it as text")
    }
}

impl std::error::Error for TooComplex {}

/// Whether `html` may be given to something that builds a tree of it. Takes time linear to its length.
///
/// It follows a tree builder's rules as far as they close elements, and where it is unsure it takes the element for
/// open: so the real tree is never deeper than what is counted here.
///
/// # Errors
/// The first limit that it breaks.
pub fn guard(html: &str, limits: &Limits) -> Result<(), TooComplex> {
    if html.len() > limits.html_bytes {
        return Err(TooComplex::Bytes);
    }
    if html.bytes().filter(|byte| *byte == b'&').count() > limits.html_entities {
        return Err(TooComplex::Entities);
    }
    let mut tree = Tree { limits, open: Vec::new(), formatting: BTreeMap::new(), reopened: 0 };
    let mut tags = 0;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                tags += 1;
                tree.start(&tag)?;
            }
            Token::EndTag(tag) => {
                tags += 1;
                tree.end(&tag.name);
            }
            Token::String(_) => tree.reopen(),
            _ => {}
        }
        if tags + tree.reopened > limits.html_tags {
            return Err(TooComplex::Tags);
        }
    }
    Ok(())
}

struct Tree<'l> {
    limits: &'l Limits,
    open: Vec<Element>,
    /// Formatting elements that were begun and not ended, by name and attributes: up to three of each are opened
    /// again in every block.
    formatting: BTreeMap<Vec<u8>, Vec<u64>>,
    /// How many elements were opened again so far.
    reopened: usize,
}

struct Element {
    name: Vec<u8>,
}

impl Tree<'_> {
    fn start(&mut self, tag: &StartTag<()>) -> Result<(), TooComplex> {
        if tag.attributes.len() > self.limits.html_attributes {
            return Err(TooComplex::Attributes);
        }
        let name: &[u8] = &tag.name;
        if matches!(name, b"html" | b"body" | b"head") {
            return Ok(());
        }
        self.close_before(name);
        if !is_special(name) {
            self.reopen();
        }
        if is_void(name) {
            return Ok(());
        }
        if is_formatting(name) {
            if name == b"a" {
                self.end(name); // There are no links inside links.
            }
            self.begin_formatting(tag);
        }
        self.open.push(Element { name: name.to_vec() });
        let waiting: usize = self.formatting.values().map(Vec::len).sum();
        if self.open.len().max(waiting) > self.limits.html_depth {
            return Err(TooComplex::Depth);
        }
        Ok(())
    }

    /// What a start tag ends before it begins.
    fn close_before(&mut self, name: &[u8]) {
        if closes_paragraph(name) {
            self.close(|open| open == b"p", |open| is_scope(open) || open == b"button");
        }
        let in_list = |open: &[u8]| is_special(open) && !matches!(open, b"address" | b"div" | b"p");
        match name {
            b"li" => self.close(|open| open == b"li", in_list),
            b"dd" | b"dt" => self.close(|open| matches!(open, b"dd" | b"dt"), in_list),
            b"option" | b"optgroup" => self.close(|open| open == b"option", is_special),
            b"td" | b"th" => self.close(|open| matches!(open, b"td" | b"th"), |open| open == b"table"),
            b"tr" => self.close(|open| open == b"tr", |open| open == b"table"),
            b"tbody" | b"thead" | b"tfoot" => {
                self.close(|open| matches!(open, b"tbody" | b"thead" | b"tfoot"), |open| open == b"table");
            }
            _ if is_heading(name) && self.open.last().is_some_and(|open| is_heading(&open.name)) => {
                self.open.pop();
            }
            _ => {}
        }
    }

    fn end(&mut self, name: &[u8]) {
        if is_formatting(name) {
            // What was begun inside of it stays open.
            if let Some(at) = self.open.iter().rposition(|open| open.name == name) {
                self.open.remove(at);
            }
            if let Some(begun) = self.formatting.get_mut(name) {
                begun.pop();
            }
        } else if is_table_part(name) {
            self.close(|open| open == name, |open| open == b"table" || open == b"template");
        } else if is_heading(name) {
            self.close(is_heading, is_scope);
        } else if name == b"li" {
            self.close(|open| open == name, |open| is_scope(open) || matches!(open, b"ul" | b"ol"));
        } else if is_special(name) {
            self.close(|open| open == name, |open| is_scope(open) || (name == b"p" && open == b"button"));
        } else {
            self.close(|open| open == name, is_special);
        }
    }

    /// Ends the innermost element that `is_it`, with all inside of it, unless `hides_it` stands between.
    fn close(&mut self, is_it: impl Fn(&[u8]) -> bool, hides_it: impl Fn(&[u8]) -> bool) {
        for (at, open) in self.open.iter().enumerate().rev() {
            if is_it(&open.name) {
                self.open.truncate(at);
                return;
            }
            if hides_it(&open.name) {
                return;
            }
        }
    }

    fn begin_formatting(&mut self, tag: &StartTag<()>) {
        let mut hasher = DefaultHasher::new();
        for (name, value) in &tag.attributes {
            (&**name, &*value.value).hash(&mut hasher);
        }
        let hash = hasher.finish();
        let begun = self.formatting.entry(tag.name.to_vec()).or_default();
        if begun.iter().filter(|other| **other == hash).count() < 3 {
            begun.push(hash);
        }
    }

    /// Formatting elements that a block has closed are opened again in the next one.
    fn reopen(&mut self) {
        for (name, begun) in &self.formatting {
            if begun.is_empty() {
                continue;
            }
            let open = self.open.iter().filter(|open| open.name == *name).count();
            for _ in open..begun.len() {
                self.reopened += 1;
                self.open.push(Element { name: name.clone() });
            }
        }
    }
}
