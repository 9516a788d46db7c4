//! The parts of a mail and their transfer encodings.

use data_encoding::BASE64;

use super::header::{field, parameter};
use super::{Composition, Enclosure};
use crate::digest::Digest;
use crate::text;

/// A part: a leaf, or parts in parts.
enum Part<'a> {
    Text(&'static str, &'a str),
    File(&'a Enclosure),
    Many(&'static str, Vec<Part<'a>>),
}

/// Writes the headers that say what the body is, and the body.
pub fn write(out: &mut String, mail: &Composition) {
    let shown = |file: &&Enclosure| mail.html.is_some() && file.content_id.is_some();
    let mut body = Part::Text("plain", &mail.text);
    if let Some(html) = &mail.html {
        let mut html = Part::Text("html", html);
        let inline: Vec<Part<'_>> = mail.attachments.iter().filter(shown).map(Part::File).collect();
        if !inline.is_empty() {
            html = Part::Many("related", std::iter::once(html).chain(inline).collect());
        }
        body = Part::Many("alternative", vec![body, html]);
    }
    let files: Vec<Part<'_>> = mail.attachments.iter().filter(|file| !shown(file)).map(Part::File).collect();
    if !files.is_empty() {
        body = Part::Many("mixed", std::iter::once(body).chain(files).collect());
    }
    let mut boundaries = Boundaries { id: mail.message_id.as_str(), given: 0 };
    body.write(out, &mut boundaries);
}

/// Boundaries that no encoded body can have in it: neither base64 nor quoted-printable write `=_`.
struct Boundaries<'a> {
    id: &'a str,
    given: u64,
}

impl Boundaries<'_> {
    fn next(&mut self) -> String {
        self.given += 1;
        let digest = Digest::of_parts([self.id.as_bytes(), &self.given.to_be_bytes()]).to_string();
        format!("=_{}", text::prefix(&digest, 32))
    }
}

impl Part<'_> {
    fn write(&self, out: &mut String, boundaries: &mut Boundaries<'_>) {
        match self {
            Part::Text(kind, content) => {
                field(out, "Content-Type", &[format!("text/{kind}; charset=utf-8")]);
                write_text(out, content);
            }
            Part::File(file) => write_file(out, file),
            Part::Many(kind, parts) => {
                let boundary = boundaries.next();
                field(out, "Content-Type", &[format!("multipart/{kind};"), format!("boundary=\"{boundary}\"")]);
                for part in parts {
                    out.push_str(&format!("\r\n--{boundary}\r\n"));
                    part.write(out, boundaries);
                }
                out.push_str(&format!("\r\n--{boundary}--\r\n"));
            }
        }
    }
}

fn write_text(out: &mut String, content: &str) {
    let content = text::many_lines(content, usize::MAX);
    let plain = |line: &str| {
        line.len() <= 78
            && line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
            && !line.ends_with([' ', '\t'])
            && !line.starts_with('.')
            && !line.starts_with("From ")
            && !line.contains("=_")
    };
    if content.lines().all(plain) {
        out.push_str("Content-Transfer-Encoding: 7bit\r\n\r\n");
        for line in content.lines() {
            out.push_str(line);
            out.push_str("\r\n");
        }
        return;
    }
    let ascii = content.bytes().filter(u8::is_ascii).count();
    if ascii * 3 < content.len() * 2 {
        out.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        let lines = content.lines().flat_map(|line| [line, "\r\n"]);
        write_base64(out, lines.collect::<String>().as_bytes());
    } else {
        out.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        for line in content.lines() {
            write_quoted_printable(out, line);
        }
    }
}

/// One line in quoted-printable (RFC 2045 section 6.7). A dot or `From ` at its beginning is encoded as well: some
/// servers on the way would change them.
fn write_quoted_printable(out: &mut String, line: &str) {
    let mut column = 0;
    let last = line.len().saturating_sub(1);
    for (at, byte) in line.bytes().enumerate() {
        let at_start = column == 0 && (byte == b'.' || byte == b'F');
        let literal = match byte {
            b'=' => false,
            b' ' | b'\t' => at != last,
            b'!'..=b'~' => !at_start,
            _ => false,
        };
        let width = if literal { 1 } else { 3 };
        if column + width > 75 {
            out.push_str("=\r\n");
            column = 0;
        }
        // The beginning of the line has moved: look again.
        let literal = literal && !(column == 0 && (byte == b'.' || byte == b'F'));
        if literal {
            out.push(char::from(byte));
            column += 1;
        } else {
            out.push('=');
            out.push_str(&hex(byte));
            column += 3;
        }
    }
    out.push_str("\r\n");
}

fn write_base64(out: &mut String, content: &[u8]) {
    for line in content.chunks(57) {
        BASE64.encode_append(line, out);
        out.push_str("\r\n");
    }
}

fn write_file(out: &mut String, file: &Enclosure) {
    let mut kind = media_type(&file.content_type);
    let nested = kind == "message/rfc822";
    // RFC 2046 section 5.2.1: a nested mail is never encoded.
    if nested && !is_clean(&file.content) {
        kind = "application/octet-stream";
    }
    field(out, "Content-Type", &[kind.to_owned()]);
    let disposition = if file.content_id.is_some() { "inline" } else { "attachment" };
    let name = text::one_line(&file.filename, super::NAME);
    let mut tokens = vec![disposition.to_owned()];
    if !name.is_empty() {
        tokens = vec![format!("{disposition};")];
        tokens.extend(parameter("filename", &name));
    }
    field(out, "Content-Disposition", &tokens);
    let id = file.content_id.as_deref().unwrap_or_default();
    let id: String = id.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>')).collect();
    if !id.is_empty() {
        field(out, "Content-ID", &[format!("<{id}>")]);
    }
    if kind == "message/rfc822" {
        out.push_str("Content-Transfer-Encoding: 7bit\r\n\r\n");
        out.push_str(&String::from_utf8_lossy(&file.content));
    } else {
        out.push_str("Content-Transfer-Encoding: base64\r\n\r\n");
        write_base64(out, &file.content);
    }
}

/// The media type, if it is one that a file can have.
fn media_type(wanted: &str) -> &str {
    let token = |text: &str| {
        !text.is_empty()
            && text.len() < 64
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte))
    };
    let sound = wanted.split_once('/').is_some_and(|(main, sub)| {
        token(main) && token(sub) && main != "multipart" && (main != "message" || sub == "rfc822")
    });
    if sound { wanted } else { "application/octet-stream" }
}

/// Whether the bytes can stand in a mail as they are.
fn is_clean(content: &[u8]) -> bool {
    let text = String::from_utf8_lossy(content);
    text.split("\r\n").all(|line| {
        line.len() <= 998 && !line.starts_with('.') && line.bytes().all(|byte| matches!(byte, b' '..=b'~' | b'\t'))
    }) && !text.contains("\r\n--=_")
}

/// A byte of a parameter's value (RFC 2231), literal if it may be.
pub fn percent(byte: u8) -> String {
    let literal = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if literal { char::from(byte).to_string() } else { format!("%{}", hex(byte)) }
}

fn hex(byte: u8) -> String {
    data_encoding::HEXUPPER.encode(&[byte])
}
