//! Addresses as people type them: `Ada <ada@one.example>, bob@two.example`.

use mailflow_core::mail::{Address, Mailbox};
use mailflow_core::text::one_line;

/// Reads a list of addresses. What is none comes back beside it.
pub fn read(typed: &str) -> (Vec<Mailbox>, Vec<String>) {
    let (mut mailboxes, mut wrong) = (Vec::new(), Vec::new());
    for part in parts(typed) {
        match mailbox(&part) {
            Some(mailbox) => mailboxes.push(mailbox),
            None => wrong.push(one_line(&part, 80)),
        }
    }
    (mailboxes, wrong)
}

/// Addresses as people type them.
pub fn write(mailboxes: &[Mailbox]) -> String {
    let quoted = |mailbox: &Mailbox| match mailbox.name.contains([',', ';', '<', '>', '"']) {
        true => format!("\"{}\" <{}>", mailbox.name.replace('"', "'"), mailbox.address),
        false => mailbox.to_string(),
    };
    mailboxes.iter().map(quoted).collect::<Vec<_>>().join(", ")
}

/// The list cut at its commas, semicolons and line ends, but not inside of quotes.
fn parts(typed: &str) -> Vec<String> {
    let (mut parts, mut part, mut in_quotes) = (Vec::new(), String::new(), false);
    for letter in typed.chars() {
        match letter {
            ',' | ';' | '\n' if !in_quotes => parts.push(std::mem::take(&mut part)),
            _ => {
                in_quotes ^= letter == '"';
                part.push(letter);
            }
        }
    }
    parts.push(part);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn mailbox(part: &str) -> Option<Mailbox> {
    let part = part.trim();
    let (name, address) = match part.strip_suffix('>').and_then(|it| it.rsplit_once('<')) {
        Some((name, address)) => (name.trim().trim_matches('"').trim(), address),
        None => ("", part),
    };
    Address::new(address).ok().map(|address| Mailbox::new(name, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_as_people_type_them() {
        let typed =
            "Ada Lovelace <ada@one.example>, \"Byron, Lord\" <b@two.example>; c@three.example\n<d@four.example>,";
        let (read, wrong) = read(typed);
        let shown: Vec<String> = read.iter().map(ToString::to_string).collect();
        let expected =
            ["Ada Lovelace <ada@one.example>", "Byron, Lord <b@two.example>", "c@three.example", "d@four.example"];
        assert_eq!(shown, expected);
        assert!(wrong.is_empty());
        assert_eq!(super::read(&write(&read)), (read, Vec::new()), "what is written is read again");
    }

    #[test]
    fn what_is_no_address_is_named() {
        let (read, wrong) = read("ada@one.example, bob, \"x <y");
        assert_eq!(read.len(), 1);
        assert_eq!(wrong, ["bob", "\"x <y"]);
    }
}
