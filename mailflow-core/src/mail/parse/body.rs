//! The parts of a mail: its text, its HTML, and its attachments.

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
}

/// Reads the body into `mail`; true if it is a `multipart/report`.
pub fn read<'a>(mail: &mut Mail, top: &Fields<'a>, body: &'a [u8], limits: &Limits, defects: &mut Defects) -> bool {
    let copy = top.0.iter().map(|f| split::Field { name: f.name, value: f.value }).collect();
    let mut stack = vec![Todo { fields: Fields(copy), body, depth: 0, default: "text/plain" }];
    let mut reader = Reader { mail, limits, defects, unpacked: 0 };
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
            reader.attach(&todo, "application/octet-stream", todo.body.to_vec());
            continue;
        }
        let boundary = kind.param("boundary").unwrap_or_default().trim_end();
        let (parts, closed) = split::parts(todo.body, boundary.as_bytes());
        if !closed || boundary.is_empty() {
            reader.defects.add(Defect::BadMultipart);
        }
        if parts.is_empty() {
            // The boundary never appears: what is there is shown.
            reader.text(todo.body.to_vec(), &Value::default());
        }
        let room = limits.parts.saturating_sub(seen);
        if parts.len() > room {
            reader.defects.add(Defect::TooManyParts);
            let rest = parts.iter().skip(room).copied().collect::<Vec<_>>().join(&b"\r\n"[..]);
            reader.attach(&todo, "application/octet-stream", rest);
        }
        seen += parts.len().min(room);
        let default = if kind.main == "multipart/digest" { "message/rfc822" } else { "text/plain" };
        for part in parts.into_iter().take(room).rev() {
            let (fields, body) = split::fields(part, limits, reader.defects);
            stack.push(Todo { fields, body, depth: todo.depth + 1, default });
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

    fn leaf(&mut self, todo: &Todo<'_>, kind: &Value) {
        let encoding =
            todo.fields.first("Content-Transfer-Encoding").map(String::from_utf8_lossy).unwrap_or_default();
        let encoding = encoding.split([';', '(']).next().unwrap_or_default().trim().to_ascii_lowercase();
        let content = transfer::decode(todo.body, &encoding, self.defects);
        let disposition = todo.fields.first("Content-Disposition");
        let disposition = disposition.map(|raw| Value::read(raw, self.limits, self.defects)).unwrap_or_default();
        let kept_apart = disposition.main == "attachment" || self.filename(todo).is_some();
        match kind.main.as_str() {
            "text/plain" if !kept_apart => self.text(content, kind),
            "text/html" if !kept_apart => {
                let html = charset::decode(&content, kind.param("charset").unwrap_or_default(), self.defects);
                // Some programs cut their HTML at each picture.
                self.mail.html.get_or_insert_default().push_str(&html);
            }
            "message/delivery-status" | "message/global-delivery-status" => {
                self.mail.bounce = Some(bounce::read(&content, self.limits, self.defects));
            }
            "application/ms-tnef" | "application/vnd.ms-tnef" => self.tnef(todo, kind, content),
            other => {
                if let (Some(bounce), "message/rfc822" | "text/rfc822-headers" | "message/global") =
                    (&mut self.mail.bounce, other)
                {
                    bounce.about = bounce.about.take().or_else(|| bounce::about(&content, self.limits));
                }
                self.attach(todo, other, content);
            }
        }
    }

    fn text(&mut self, content: Vec<u8>, kind: &Value) {
        let mut text = charset::decode(&content, kind.param("charset").unwrap_or_default(), self.defects);
        let is = |name: &str, value: &str| kind.param(name).is_some_and(|it| it.eq_ignore_ascii_case(value));
        if is("format", "flowed") {
            text = flowed::unfold(&text, is("delsp", "yes"));
        }
        let room = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        if let Some((rest, files)) = uuencode::take_out(&text, room) {
            text = rest;
            for file in files {
                self.unpacked += file.content.len();
                self.attachment(Some(&file.name), "application/octet-stream", file.content, None);
            }
        }
        let before = &mut self.mail.text;
        if !before.is_empty() && !before.ends_with('\n') {
            before.push('\n');
        }
        before.push_str(&text);
        self.mail.text_source = TextSource::Plain;
    }

    /// Outlook's `winmail.dat`: what is inside takes its place; it stays if nothing could be unpacked.
    fn tnef(&mut self, todo: &Todo<'_>, kind: &Value, content: Vec<u8>) {
        let room = self.limits.unpacked_bytes.saturating_sub(self.unpacked);
        let unpacked = tnef::unpack(&content, room, self.limits.parts);
        if !unpacked.complete {
            self.defects.add(Defect::BadTnef);
        }
        if self.mail.text_source == TextSource::None || self.mail.text.trim().is_empty() {
            if let Some(text) = &unpacked.text {
                self.mail.text.clone_from(text);
                self.mail.text_source = TextSource::Plain;
            }
            if self.mail.html.is_none() {
                self.mail.html.clone_from(&unpacked.html);
            }
        }
        let nothing = unpacked.files.is_empty() && unpacked.text.is_none() && unpacked.html.is_none();
        if nothing || !unpacked.complete {
            self.attach(todo, &kind.main, content);
        }
        for file in unpacked.files {
            self.unpacked += file.content.len();
            self.attachment(file.name.as_deref(), &file.content_type, file.content, file.content_id);
        }
    }

    fn attach(&mut self, todo: &Todo<'_>, kind: &str, content: Vec<u8>) {
        let id = todo.fields.first("Content-ID").map(|raw| String::from_utf8_lossy(raw).trim().to_owned());
        let name = self.filename(todo);
        self.attachment(name.as_deref(), kind, content, id.map(|id| id.trim_matches(['<', '>']).to_owned()));
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

    /// The sender's name for a part.
    fn filename(&mut self, todo: &Todo<'_>) -> Option<String> {
        for (header, param) in [("Content-Disposition", "filename"), ("Content-Type", "name")] {
            let value = todo.fields.first(header).map(|raw| Value::read(raw, self.limits, self.defects));
            if let Some(name) = value.as_ref().and_then(|value| value.param(param)).filter(|name| !name.is_empty()) {
                return Some(words::decode(name.as_bytes(), self.defects));
            }
        }
        None
    }

    fn finish(&mut self) {
        let (mail, limits) = (&mut *self.mail, self.limits);
        if let Some(source) = mail.html.as_ref().filter(|_| mail.text.trim().is_empty()) {
            mail.text = html::to_text(source, limits).unwrap_or_else(|_| {
                self.defects.add(Defect::HtmlTooComplex);
                source.clone()
            });
            mail.text_source = TextSource::Html;
        }
        if mail.text.contains('\0') {
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
        if mail.bounce.is_none() {
            mail.bounce = bounce::in_words(mail, limits);
        }
    }
}

/// A name without folders and without what could disguise it.
fn harmless(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    Some(crate::text::one_line(last, 200)).filter(|name| !name.is_empty() && name != "." && name != "..")
}

/// The Content-IDs that an HTML body refers to (RFC 2392).
fn referred(html: &str) -> BTreeSet<String> {
    let ids = html.split("cid:").skip(1).map(|rest| {
        let end = rest.find(['"', '\'', '>', ' ', ')', '<', '\n']).unwrap_or(rest.len());
        rest.get(..end).unwrap_or_default().replace("%40", "@")
    });
    ids.take(10_000).collect()
}
