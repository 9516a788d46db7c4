//! HTML to text: one pass over the tags, no tree.

mod lines;
mod links;

use html5gum::{EndTag, StartTag, Token};
use lines::{Break, Lines};
use links::Link;

use super::tags::{is_heading, is_void};
use super::{attribute, tokens};
use crate::mail::Limits;

/// The text of an HTML body, in time linear to its length, whatever it is like. Lines end with `\n`, what is cited
/// begins with `> `, items of lists with `* ` or their number; links stand behind their words in angle brackets.
///
/// Somewhat more than [`Limits::text_bytes`] is written at most, so that whoever cuts it there sees that it was cut.
#[must_use]
pub fn to_text(html: &str, limits: &Limits) -> String {
    let mut writer = Writer::default();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => writer.start(&tag),
            Token::EndTag(tag) => writer.end(&tag),
            Token::String(text) => writer.text(&String::from_utf8_lossy(&text.value)),
            _ => {}
        }
        if writer.lines.written > limits.text_bytes {
            break;
        }
    }
    writer.close_link();
    writer.lines.finish()
}

#[derive(Default)]
struct Writer {
    lines: Lines,
    /// Inside of an element that has no words for people, until it ends.
    skip: Option<&'static [u8]>,
    /// The lists that are open: the number of the next item, if they are numbered.
    lists: Vec<Option<u64>>,
    /// The `div`s that are open, and whether each holds what a mail program cites.
    quotes: Vec<bool>,
    link: Option<Link>,
    /// Whether the last paragraph is one of those that have no room around them.
    tight: bool,
}

/// Elements whose content is not for reading. What tokenises them as one text ends them as well.
const SKIPPED: [&[u8]; 5] = [b"style", b"script", b"title", b"iframe", b"noframes"];

impl Writer {
    fn start(&mut self, tag: &StartTag<()>) {
        if self.skip.is_some() {
            return;
        }
        let name: &[u8] = &tag.name;
        self.skip = SKIPPED.into_iter().find(|skipped| *skipped == name);
        match name {
            b"br" => self.lines.end_line(),
            b"hr" => self.lines.rule(),
            b"img" => self.image(tag),
            b"a" => self.open_link(tag),
            b"pre" | b"textarea" | b"listing" | b"xmp" => {
                self.lines.need(Break::Blank);
                self.lines.preformatted += 1;
            }
            b"ul" | b"ol" | b"menu" | b"dir" => self.open_list(tag),
            b"li" => self.item(),
            b"blockquote" => {
                let cite = attribute(tag, "type").is_some_and(|kind| kind.eq_ignore_ascii_case("cite"));
                self.lines.open_quote(cite || self.quotes.contains(&true));
            }
            b"div" => {
                self.lines.need(Break::Line);
                self.quotes.push(has_class(tag, "gmail_quote"));
            }
            b"p" => {
                self.tight = has_class(tag, "Mso");
                self.paragraph();
            }
            b"tr" => self.lines.row(),
            b"td" | b"th" => self.lines.cell(),
            b"q" => self.lines.text("\""),
            _ => self.block(name),
        }
    }

    fn end(&mut self, tag: &EndTag<()>) {
        let name: &[u8] = &tag.name;
        if let Some(skipped) = self.skip {
            if skipped == name {
                self.skip = None;
            }
            return;
        }
        match name {
            b"a" => self.close_link(),
            b"pre" | b"textarea" | b"listing" | b"xmp" => {
                self.lines.need(Break::Blank);
                self.lines.preformatted = self.lines.preformatted.saturating_sub(1);
            }
            b"ul" | b"ol" | b"menu" | b"dir" => {
                self.lists.pop();
                self.lines.marker = None;
                self.lines.indent = self.lists.len();
                self.lines.need(if self.lists.is_empty() { Break::Blank } else { Break::Line });
            }
            b"li" => self.lines.need(Break::Line),
            b"blockquote" => self.lines.close_quote(),
            b"div" => {
                self.lines.need(Break::Line);
                self.quotes.pop();
            }
            b"p" => self.paragraph(),
            b"q" => self.lines.text("\""),
            _ => self.block(name),
        }
    }

    /// The beginning or end of an element that has lines of its own.
    fn block(&mut self, name: &[u8]) {
        match name {
            b"table" | b"dl" | b"center" | b"fieldset" | b"figure" => self.lines.need(Break::Line),
            b"address" | b"article" | b"aside" | b"body" | b"caption" | b"dd" | b"details" | b"dt"
            | b"figcaption" | b"footer" | b"form" | b"header" | b"legend" | b"main" | b"nav" | b"option"
            | b"section" | b"summary" | b"tbody" | b"tfoot" | b"thead" | b"tr" => self.lines.need(Break::Line),
            _ if is_heading(name) => self.lines.need(Break::Blank),
            _ => {}
        }
    }

    /// A paragraph begins or ends.
    fn paragraph(&mut self) {
        self.lines.need(if self.tight { Break::Line } else { Break::Blank });
    }

    fn text(&mut self, text: &str) {
        if self.skip.is_some() {
            return;
        }
        if let Some(link) = &mut self.link {
            link.add(text);
        }
        self.lines.text(text);
    }

    fn image(&mut self, tag: &StartTag<()>) {
        let Some(alt) = attribute(tag, "alt").filter(|alt| !alt.trim().is_empty()) else {
            return;
        };
        let alt = crate::text::one_line(&alt, 200);
        if let Some(link) = &mut self.link {
            link.add(&alt);
        }
        // Mail programs write emoji as pictures.
        let words = alt.contains(|c: char| c.is_ascii_alphanumeric());
        self.lines.text(&if words { format!("[{alt}]") } else { alt });
    }

    fn open_list(&mut self, tag: &StartTag<()>) {
        self.lines.need(if self.lists.is_empty() { Break::Blank } else { Break::Line });
        let first = attribute(tag, "start").and_then(|start| start.trim().parse().ok()).unwrap_or(1);
        self.lists.push((&*tag.name == b"ol").then_some(first));
        self.lines.indent = self.lists.len();
    }

    fn item(&mut self) {
        self.lines.need(Break::Line);
        let marker = match self.lists.last_mut() {
            Some(Some(number)) => {
                let marker = format!("{number}. ");
                *number = number.saturating_add(1);
                marker
            }
            _ => "* ".to_owned(),
        };
        self.lines.marker = Some(marker);
    }

    fn open_link(&mut self, tag: &StartTag<()>) {
        self.close_link();
        self.link = attribute(tag, "href").and_then(|href| Link::to(&href));
    }

    fn close_link(&mut self) {
        if let Some(target) = self.link.take().and_then(Link::worth_writing) {
            self.lines.text(&format!(" <{target}>"));
        }
    }
}

/// Whether one of the tag's classes begins with `start`.
fn has_class(tag: &StartTag<()>, start: &str) -> bool {
    debug_assert!(!is_void(&tag.name), "only elements with content are asked");
    attribute(tag, "class").is_some_and(|classes| classes.split_whitespace().any(|class| class.starts_with(start)))
}
