//! The parts of a mail: its text, its HTML, and its attachments.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::super::{Attachment, Defect, Limits, Mail, TextSource, html};
use super::defects::Defects;
use super::params::Value;
use super::split::{self, Fields};
use super::{bounce, charset, flowed, tnef, transfer, uuencode, words};

/// What is still to be looked at, with its depth.
struct Todo<'a> {
    fields: Fields<'a>,
    body: &'a [u8],
    depth: usize,
    /// The type of a part that does not say one.
    default: &'static str,
    /// The number of the outermost `multipart/alternative` around it.
    choice: Option<usize>,
}

/// Text that stands at one place of the mail: as plain text, as HTML, or as both.
#[derive(Default)]
struct Passage {
    choice: Option<usize>,
    plain: Option<String>,
    html: Option<String>,
}

/// Reads the body into `mail`; true if it is a `multipart/report`.
pub fn read<'a>(mail: &mut Mail, top: &Fields<'a>, body: &'a [u8], limits: &Limits, defects: &mut Defects) -> bool {
    let mut stack = vec![Todo { fields: top.clone(), body, depth: 0, default: "text/plain", choice: None }];
    let mut reader = Reader { mail, limits, defects, unpacked: 0, passages: Vec::new() };
    let (mut report, mut seen) = (false, 0);
    while let Some(todo) = stack.pop() {
        let kind = reader.content_type(&todo);
        report |= todo.depth == 0 && kind.main == "multipart/report";
        if !kind.main.starts_with("multipart/") {
            reader.leaf(&todo, &kind);
            continue;
        }
        if todo.depth >= limits.depth {
            reader.defects.add(Defect::TooDeep);
            reader.attach(&todo, &kind, "application/octet-stream", todo.body.into());
            continue;
        }
        let parts = reader.parts(&todo, &kind);
        let room = limits.parts.saturating_sub(seen);
        if parts.len() > room {
            reader.defects.add(Defect::TooManyParts);
            let rest = parts.iter().skip(room).copied().collect::<Vec<_>>().join(&b"\r\n"[..]);
            reader.attach(&todo, &kind, "application/octet-stream", rest.into());
        }
        seen += parts.len().min(room);
        let default = if kind.main == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        let choice = todo.choice.or_else(|| (kind.main == "multipart/alternative").then_some(seen));
        for part in parts.into_iter().take(room).rev() {
            let (fields, body) = split::fields(part, limits, reader.defects);
            stack.push(Todo { fields, body, depth: todo.depth + 1, default, choice });
        }
    }
    reader.finish();
    report
}

struct Reader<'r> {
    mail: &'r mut Mail,
    limits: &'r Limits,
    defects: &'r mut Defects,
    /// Bytes that were unpacked from attachments so far.
    unpacked: usize,
    /// The text, in the order of the mail.
    passages: Vec<Passage>,
}

impl Reader<'_> {
    fn content_type(&mut self, todo: &Todo<'_>) -> Value {
        let mut kind = match todo.fields.first("Content-Type") {
            Some(raw) => Value::read(raw, self.limits, self.defects),
            None => Value::plain(todo.default),
        };
        let sound = kind.main.split_once('/').is_some_and(|(a, b)| !a.is_empty() && !b.is_empty());
        if !sound || kind.main.contains(char::is_whitespace) {
            kind.main =
                if kind.main == "text" || kind.main.is_empty() { "text/plain" } else { "application/octet-stream" }
                    .to_owned();
        }
        kind
    }

    /// The parts of a multipart; without any delimiter what is there is shown.
    fn parts<'a>(&mut self, todo: &Todo<'a>, kind: &Value) -> Vec<&'a [u8]> {
        let mut found = split::parts(todo.body, &kind.boundary);
        if !found.sound {
            self.defects.add(Defect::BadMultipart);
        }
        if found.parts.is_empty()
            && let Some(boundary) = split::real_boundary(todo.body)
        {
            found = split::parts(todo.body, boundary);
        }
        if found.parts.is_empty() && !todo.body.trim_ascii().is_empty() {
            self.text(found.preamble, &Value::default(), None);
        }
        found.parts
    }

    fn leaf(&mut self, todo: &Todo<'_>, kind: &Value) {
        let encoding = todo.fields.first("Content-Transfer-Encoding").map(transfer::name).unwrap_or_default();
        let content = transfer::decode(todo.body, &encoding, self.defects);
        match kind.main.as_str() {
            "text/plain" if !self.is_kept_apart(todo, kind) => self.text(&content, kind, todo.choice),
            "text/html" if !self.is_kept_apart(todo, kind) => {
                let html = charset::decode(&content, kind.param("charset").unwrap_or_default(), self.defects);
                // Some programs cut their HTML at each picture.
                self.put(todo.choice, |passage| passage.html.get_or_insert_default().push_str(&html));
            }
            "message/delivery-status" | "message/global-delivery-status" | "message/xdelivery-status" => {
                let bounce = bounce::status::read(&content, self.limits, self.defects);
                self.mail.bounce.get_or_insert_default().reports.extend(bounce);
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => self.tnef(todo, kind, content),
            other => self.attach(todo, kind, other, content),
        }
    }

    /// Whether a text is a file of its own: it is said to be, or it has a name and is not the first text.
    fn is_kept_apart(&mut self, todo: &Todo<'_>, kind: &Value) -> bool {
        let disposition = self.disposition(todo);
        if disposition.main == "attachment" {
            return true;
        }
        let first = self.passages.is_empty() && self.mail.attachments.is_empty();
        let named = disposition.param("filename").is_some();
        (named && todo.depth > 0) || (!first && self.filename(&disposition, kind).is_some())
    }

    /// Adds to the text: what is chosen between stands at one place.
    fn put(&mut self, choice: Option<usize>, fill: impl FnOnce(&mut Passage)) {
        match self.passages.last_mut() {
            Some(last) if choice.is_some() && last.choice == choice => fill(last),
            _ => {
                let mut passage = Passage { choice, ..Passage::default() };
                fill(&mut passage);
                self.passages.push(passage);
            }
        }
    }

    fn text(&mut self, content: &[u8], kind: &Value, choice: Option<usize>) {
        let mut text = charset::decode(content, kind.param("charset").unwrap_or_default(), self.defects);
        let is = |name: &str, value: &str| kind.param(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
        if is("format", "flowed") {
            text = flowed::unfold(&text, is("delsp", "yes"));
        }
        let room = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        if let Some((rest, files)) = uuencode::take_out(&text, room, self.limits.parts) {
            text = rest;
            for file in files {
                self.unpacked += file.content.len();
                self.attachment(Some(&file.name), "application/octet-stream", file.content, None);
            }
        }
        self.put(choice, |passage| append(passage.plain.get_or_insert_default(), &text));
    }

    /// Outlook's `winmail.dat`: what is inside takes its place; it stays if nothing could be unpacked.
    fn tnef(&mut self, todo: &Todo<'_>, kind: &Value, content: Cow<'_, [u8]>) {
        let room = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        let unpacked = tnef::unpack(&content, room, self.limits.parts);
        if !unpacked.complete {
            self.defects.add(Defect::BadTnef);
        }
        if self.passages.iter().all(Passage::is_blank) && (unpacked.text.is_some() || unpacked.html.is_some()) {
            let (plain, html) = (unpacked.text.clone(), unpacked.html.clone());
            self.passages.push(Passage { choice: None, plain, html });
        }
        let nothing = unpacked.files.is_empty() && unpacked.text.is_none() && unpacked.html.is_none();
        if nothing || !unpacked.complete {
            self.attach(todo, kind, &kind.main, content);
        }
        for file in unpacked.files {
            self.unpacked += file.content.len();
            self.attachment(file.name.as_deref(), &file.content_type, file.content, file.content_id);
        }
    }

    fn attach(&mut self, todo: &Todo<'_>, kind: &Value, shown: &str, content: Cow<'_, [u8]>) {
        let id = todo.fields.first("Content-ID").map(|raw| String::from_utf8_lossy(raw).trim().to_owned());
        let disposition = self.disposition(todo);
        let name = self.filename(&disposition, kind);
        self.attachment(
            name.as_deref(),
            shown,
            content.into_owned(),
            id.map(|id| id.trim_matches(['<', '>']).to_owned()),
        );
    }

    fn attachment(&mut self, name: Option<&str>, kind: &str, content: Vec<u8>, id: Option<String>) {
        self.mail.attachments.push(Attachment {
            filename: name.and_then(harmless),
            content_type: kind.to_owned(),
            content,
            inline: false,
            content_id: id.filter(|id| !id.is_empty()),
        });
    }

    fn disposition(&mut self, todo: &Todo<'_>) -> Value {
        let raw = todo.fields.first("Content-Disposition");
        raw.map(|raw| Value::read(raw, self.limits, self.defects)).unwrap_or_default()
    }

    /// The sender's name for a part.
    fn filename(&mut self, disposition: &Value, kind: &Value) -> Option<String> {
        let names = [disposition.param("filename"), kind.param("name")];
        let name = names.into_iter().flatten().find(|name| !name.is_empty())?;
        Some(words::decode(name.as_bytes(), self.defects))
    }

    fn finish(&mut self) {
        let (mail, limits) = (&mut *self.mail, self.limits);
        for passage in &self.passages {
            match (passage.plain.as_deref().filter(|text| !text.trim().is_empty()), &passage.html) {
                (Some(plain), _) => {
                    append(&mut mail.text, plain);
                    mail.text_source = TextSource::Plain;
                }
                (None, Some(source)) => {
                    if html::guard(source, limits).is_err() {
                        self.defects.add(Defect::HtmlTooComplex);
                    }
                    append(&mut mail.text, &html::to_text(source, limits));
                    if mail.text_source == TextSource::None {
                        mail.text_source = TextSource::Html;
                    }
                }
                (None, None) => append(&mut mail.text, passage.plain.as_deref().unwrap_or_default()),
            }
        }
        mail.html = rendition(std::mem::take(&mut self.passages));
        if memchr::memchr(0, mail.text.as_bytes()).is_some() {
            self.defects.add(Defect::Nul);
        }
        if mail.text.len() > limits.text_bytes {
            self.defects.add(Defect::TextCut);
            mail.text.truncate(mail.text.floor_char_boundary(limits.text_bytes));
        }
        mail.text = crate::text::many_lines(&mail.text, usize::MAX);
        let referred = mail.html.as_deref().map(referred).unwrap_or_default();
        for attachment in &mut mail.attachments {
            attachment.inline = attachment.content_id.as_ref().is_some_and(|id| referred.contains(id));
        }
    }
}

impl Passage {
    fn is_blank(&self) -> bool {
        self.html.is_none() && self.plain.as_deref().is_none_or(|text| text.trim().is_empty())
    }
}

fn append(text: &mut String, more: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(more);
}

/// All passages as HTML, if any of them is. What came as plain text only stands there as such.
fn rendition(passages: Vec<Passage>) -> Option<String> {
    passages.iter().any(|passage| passage.html.is_some()).then_some(())?;
    let mut out = String::new();
    for passage in passages {
        match (passage.html, passage.plain) {
            (Some(html), _) if out.is_empty() => out = html,
            (Some(html), _) => out.push_str(&html),
            (None, Some(plain)) if !plain.trim().is_empty() => {
                let escaped = plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                out.push_str(&format!("<pre>{escaped}</pre>\n"));
            }
            (None, _) => {}
        }
    }
    Some(out)
}

/// A name without folders and without what could disguise it.
fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(words::one_line(last, 200)).filter(|name| !name.is_empty() && name != "." && name != "..")
}

/// The Content-IDs that an HTML body refers to (RFC 2392).
fn referred(html: &str) -> BTreeSet<String> {
    let ids = html.split("cid:").skip(1).map(|rest| {
        let end = rest.find(['"', '\'', '>', ' ', ')', '<', '\n']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().replace("%40", "@")
    });
    ids.take(10_000).collect()
}
