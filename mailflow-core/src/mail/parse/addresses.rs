//! Address lists (RFC 5322 section 3.4), read tolerantly: one bad entry costs only itself.

use super::super::{Address, Defect, Limits, Sender};
use super::defects::Defects;
use super::{charset, words};

/// An entry of a list: its text without comments, and the last comment, which old programs put the name into.
#[derive(Default)]
struct Entry {
    text: String,
    comment: String,
    /// Where its last comma is, if no angle bracket follows.
    comma: Option<usize>,
}

impl Entry {
    /// `Doe, John <j@x>` is one entry, `MAILER-DAEMON, j@x` are two.
    fn push_to(mut self, entries: &mut Vec<Self>) {
        if let Some(comma) = self.comma
            && self.text.contains('@')
        {
            let rest = self.text.split_off(comma);
            entries.push(std::mem::take(&mut self));
            self.text = rest.trim_start_matches(',').to_owned();
        }
        entries.push(self);
    }
}

/// The entries of an address header, in their order; an entry without an address that can be answered to has none.
pub fn list(raw: &[u8], limits: &Limits, defects: &mut Defects) -> Vec<Sender> {
    let text = charset::decode(raw, "", defects).replace(['\r', '\n', '\0'], "").replace('\t', " ");
    let (entries, complete) = entries(&text, Quotes::Heeded, limits.addresses);
    // A quote that never ends would hide everybody after it.
    let entries = if complete { entries } else { self::entries(&text, Quotes::Ignored, limits.addresses).0 };
    if entries.len() > limits.addresses {
        defects.add(Defect::TooManyAddresses);
    }
    entries.into_iter().take(limits.addresses).map(|entry| sender(&entry, defects)).collect()
}

#[derive(Clone, Copy, PartialEq)]
enum Quotes {
    Heeded,
    Ignored,
}

/// The entries, one more than `most` at most, and whether each quote was closed.
fn entries(text: &str, quotes: Quotes, most: usize) -> (Vec<Entry>, bool) {
    let (mut entries, mut entry) = (Vec::new(), Entry::default());
    let (mut quoted, mut escaped, mut has_at, mut angle, mut comment) = (false, false, false, false, 0usize);
    for c in text.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted || comment > 0 => escaped = true,
            '"' if comment == 0 && quotes == Quotes::Heeded => quoted = !quoted,
            '(' if !quoted => {
                comment += 1;
                if comment == 1 {
                    entry.comment.clear();
                    continue;
                }
            }
            ')' if !quoted && comment > 0 => {
                comment -= 1;
                if comment == 0 {
                    continue;
                }
            }
            '<' if !quoted && comment == 0 => (angle, entry.comma) = (true, None),
            '>' if !quoted && comment == 0 => (angle, has_at) = (false, true),
            '@' if !quoted && comment == 0 => has_at = true,
            // `Friends: ada@…, bob@…;`: the name of a group.
            ':' if !quoted && !angle && comment == 0 && !has_at && !entry.text.contains("=?") => {
                entry = Entry::default();
                continue;
            }
            // `Doe, John <j@example.com>`: no comma ends an entry that has no address yet.
            ',' if !quoted && comment == 0 && !has_at && !angle => entry.comma = Some(entry.text.len()),
            ',' | ';' if !quoted && comment == 0 => {
                std::mem::take(&mut entry).push_to(&mut entries);
                (angle, has_at) = (false, false);
                if entries.len() > most {
                    return (entries, true);
                }
                continue;
            }
            _ => {}
        }
        if comment == 0 { entry.text.push(c) } else { entry.comment.push(c) }
    }
    entry.push_to(&mut entries);
    entries.retain(|entry| !entry.text.trim_matches([' ', ',', ';']).is_empty());
    (entries, !quoted)
}

fn sender(entry: &Entry, defects: &mut Defects) -> Sender {
    let text = entry.text.trim();
    // Some programs put a whole `"Name" <a@b>` into one encoded word.
    let torn = text.split_once('<').is_some_and(|(name, _)| name.contains("=?") && !name.contains("?="));
    let decoded;
    let text = if torn || (text.contains("=?") && !text.contains('@')) {
        decoded = words::decode(text.as_bytes(), defects).replace('\u{a0}', " ");
        decoded.as_str()
    } else {
        text
    };
    let (name, address) = split(text);
    let mut name = clean(name, defects);
    if name.is_empty() {
        name = clean(&entry.comment, defects);
    }
    Sender { name, address }
}

/// The name and the address of an entry.
fn split(text: &str) -> (&str, Option<Address>) {
    if let Some((name, rest)) = text.rsplit_once('<') {
        let inside = rest.split('>').next().unwrap_or(rest).trim();
        // The old form with a route, `<@a,@b:user@c>`.
        let inside =
            if inside.starts_with('@') { inside.rsplit_once(':').map_or(inside, |(_, last)| last) } else { inside };
        let inside = inside.strip_prefix("mailto:").unwrap_or(inside);
        let address = Address::new(inside).ok().or_else(|| Address::new(&without_blanks(inside)).ok());
        return (name, address.or_else(|| inside.split_whitespace().find_map(|word| Address::new(word).ok())));
    }
    if let Ok(address) = Address::new(text) {
        return ("", Some(address));
    }
    // A quoted name alone is no address, whatever stands in it: never a reply to a guess.
    if text.starts_with('"') && text.ends_with('"') {
        return (text, None);
    }
    let word =
        text.split([' ', ',', ';']).map(|word| word.trim_matches(['<', '>', '"', '\''])).find(|it| it.contains('@'));
    match word.and_then(|word| Address::new(word).ok()) {
        Some(address) => (text.split(address.as_str()).next().unwrap_or_default(), Some(address)),
        None => (text, None),
    }
}

/// `ada . lovelace @ one.example` (RFC 5322 section 4.4) without the white space around dots and `@`.
fn without_blanks(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !out.is_empty() && !out.ends_with(['.', '@']) && !word.starts_with(['.', '@']) {
            out.push(' ');
        }
        out.push_str(word);
    }
    out
}

fn clean(name: &str, defects: &mut Defects) -> String {
    let bare = if name.contains('"') { unquoted(name) } else { name.to_owned() };
    let name = words::decode(bare.trim().as_bytes(), defects);
    words::one_line(name.trim_matches(['"', ' ', '\u{a0}', ',', '<', '\'']), 200)
}

/// A quoted name without its quotes and backslashes (RFC 5322 section 3.2.4).
fn unquoted(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut chars = name.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => out.extend(chars.next()),
            '"' => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(raw: &str) -> Vec<(String, String)> {
        let found = list(raw.as_bytes(), &Limits::default(), &mut Defects::default());
        found.into_iter().map(|it| (it.name, it.address.map(|a| a.to_string()).unwrap_or_default())).collect()
    }

    fn one(raw: &str) -> (String, String) {
        let found = read(raw);
        assert_eq!(found.len(), 1, "{raw}: {found:?}");
        found.into_iter().next().unwrap()
    }

    fn pair(name: &str, address: &str) -> (String, String) {
        (name.to_owned(), address.to_owned())
    }

    #[test]
    fn case_23_and_ac_18_addresses_are_read_as_they_come() {
        for (raw, name, address) in [
            ("ada@one.example", "", "ada@one.example"),
            ("Ada <ada@one.example>", "Ada", "ada@one.example"),
            ("Doe, John <j@x.example>", "Doe, John", "j@x.example"),
            ("\"Doe, John\" <j@x.example>", "Doe, John", "j@x.example"),
            ("Fabian <x@y.example", "Fabian", "x@y.example"),
            ("<a@b.example> Foo", "", "a@b.example"),
            ("ada@one.example (Ada Lovelace)", "Ada Lovelace", "ada@one.example"),
            ("MAILER-DAEMON", "MAILER-DAEMON", ""),
            ("\"Jane Doe\"", "Jane Doe", ""),
            ("\"a b\"@c.example", "", "\"a b\"@c.example"),
            ("=?UTF-8?Q?J=C3=B6rg?= <j@x.example>", "Jörg", "j@x.example"),
            ("=?utf-8?Q?=22Ada=22=C2=A0<ada=40one.example>?=", "Ada", "ada@one.example"),
            ("=?utf-8?B?IkFkYSLCoDxhZGFAb25lLmV4YW1wbGU+?=", "Ada", "ada@one.example"),
            ("\"Ada <ada@one.example>", "Ada", "ada@one.example"),
            ("<@relay.example:ada@one.example>", "", "ada@one.example"),
            (r#""A \(Special\) Person" <ada@one.example>"#, "A (Special) Person", "ada@one.example"),
            (r#""Ada \\Back\\ Slash" <ada@one.example>"#, r"Ada \Back\ Slash", "ada@one.example"),
            ("\"=?utf-8?q?=C3=89ric?=\" <ada@one.example>", "Éric", "ada@one.example"),
            ("Ada <ada . lovelace @ one.example>", "Ada", "ada.lovelace@one.example"),
            ("John X.<ada@one.example>", "John X.", "ada@one.example"),
            ("<mailto:ada@one.example>", "", "ada@one.example"),
        ] {
            assert_eq!(one(raw), pair(name, address), "{raw}");
        }
        assert_eq!(read("undisclosed-recipients:;"), []);
        assert_eq!(read(""), []);
        assert_eq!(one("<>"), pair("", ""));
    }

    #[test]
    fn one_bad_entry_costs_only_itself() {
        assert_eq!(
            read("<>, MAILER-DAEMON, Ada <ada@one.example, bob@two.example; Friends: c@x.example, d@x.example;"),
            [
                pair("", ""),
                pair("MAILER-DAEMON, Ada", "ada@one.example"),
                pair("", "bob@two.example"),
                pair("", "c@x.example"),
                pair("", "d@x.example")
            ]
        );
    }
}
