//! Headers: tokens that are folded between, encoded words (RFC 2047), parameters (RFC 2231).

use data_encoding::BASE64;

use super::{NAME, body};
use crate::mail::{Address, Mailbox, ThreadId};
use crate::text;

/// Lines are folded before they are longer.
const LINE: usize = 76;

/// Writes a header. Between two tokens there is a space, or the line is folded. Without tokens there is no header.
pub fn field(out: &mut String, name: &str, tokens: &[String]) {
    if tokens.is_empty() {
        return;
    }
    out.push_str(name);
    out.push(':');
    let mut column = name.len() + 1;
    for (at, token) in tokens.iter().enumerate() {
        if at > 0 && column + 1 + token.len() > LINE {
            out.push_str("\r\n");
            column = 0;
        }
        out.push(' ');
        out.push_str(token);
        column += 1 + token.len();
    }
    out.push_str("\r\n");
}

/// The tokens of a header that is for people: as it is if that is safe, else in encoded words. `line` is one line.
pub fn unstructured(line: &str) -> Vec<String> {
    let plain = line.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !line.contains("=?")
        && line.split(' ').all(|word| word.len() < LINE - 10);
    if plain { line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect() } else { encoded(line) }
}

/// Encoded words (RFC 2047): UTF-8, base64, no character is cut.
fn encoded(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (word, after) = rest.split_at_checked(rest.floor_char_boundary(39)).unwrap_or((rest, ""));
        words.push(format!("=?utf-8?B?{}?=", BASE64.encode(word.as_bytes())));
        rest = after;
    }
    words
}

/// The tokens of a list of mailboxes.
pub fn mailboxes(mailboxes: &[Mailbox]) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    for mailbox in mailboxes {
        if let Some(last) = tokens.last_mut() {
            last.push(',');
        }
        let name = phrase(&text::one_line(&mailbox.name, NAME));
        let address = spec(&mailbox.address);
        if name.is_empty() {
            tokens.push(address);
        } else {
            tokens.extend(name);
            tokens.push(format!("<{address}>"));
        }
    }
    tokens
}

/// A display name (RFC 5322 section 3.2.5): words, a quoted string, or encoded words.
fn phrase(name: &str) -> Vec<String> {
    let atoms = |c: char| {
        c.is_ascii_alphanumeric() || matches!(c, ' ' | '-' | '_' | '\'' | '+' | '/' | '&' | '!' | '*' | '#')
    };
    let quotable = name.bytes().all(|byte| matches!(byte, b' '..=b'~')) && !name.contains("=?");
    if !quotable || name.len() > LINE - 20 {
        encoded(name)
    } else if name.chars().all(atoms) {
        name.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()
    } else {
        vec![quoted(name)]
    }
}

/// A quoted string.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// An address. A quoted local part is quoted anew, so that nothing in it can end it.
fn spec(address: &Address) -> String {
    match address.local().strip_prefix('"').and_then(|local| local.strip_suffix('"')) {
        None => address.as_str().to_owned(),
        Some(local) => {
            let mut bare = String::with_capacity(local.len());
            let mut chars = local.chars();
            while let Some(c) = chars.next() {
                bare.extend(if c == '\\' { chars.next() } else { Some(c) });
            }
            format!("{}@{}", quoted(&bare), address.domain())
        }
    }
}

/// Ids in angle brackets. One that could be taken for something else is left out: no mail of ours has such an id.
pub fn ids<'a>(ids: impl IntoIterator<Item = &'a ThreadId>) -> Vec<String> {
    let sound =
        |id: &&ThreadId| id.as_str().bytes().all(|byte| matches!(byte, b'!'..=b'~') && !b"<>".contains(&byte));
    ids.into_iter().filter(sound).map(ToString::to_string).collect()
}

/// A parameter with a value that a person chose: in quotes if that is safe, else by RFC 2231, in several pieces if it is
/// long.
pub fn parameter(name: &str, value: &str) -> Vec<String> {
    let plain = value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        && !value.contains("=?")
        && !value.contains(['%', '\'']);
    if plain && value.len() + name.len() < LINE - 10 {
        return vec![format!("{name}={}", quoted(value))];
    }
    let mut pieces = vec![String::new()];
    for c in value.chars() {
        let mut bytes = [0; 4];
        let encoded: String = c.encode_utf8(&mut bytes).bytes().map(body::percent).collect();
        match pieces.last_mut() {
            Some(last) if last.len() + encoded.len() <= 48 => last.push_str(&encoded),
            _ => pieces.push(encoded),
        }
    }
    if let [only] = pieces.as_slice() {
        return vec![format!("{name}*=UTF-8''{only}")];
    }
    let count = pieces.len();
    let numbered = pieces.into_iter().enumerate().map(|(at, piece)| {
        let charset = if at == 0 { "UTF-8''" } else { "" };
        let end = if at + 1 < count { ";" } else { "" };
        format!("{name}*{at}*={charset}{piece}{end}")
    });
    numbered.collect()
}
