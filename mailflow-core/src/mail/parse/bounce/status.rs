//! The machine's part of a report (RFC 3464), and status codes (RFC 3463) wherever they stand.

use super::super::super::{Address, BounceAction, Defect, Limits, RecipientReport};
use super::super::defects::Defects;
use super::super::{split, words};
use super::{action_of, phrases};

/// The recipients of a `message/delivery-status` part; the block that is about the mail as a whole is none.
pub fn read(body: &[u8], limits: &Limits, defects: &mut Defects) -> Vec<RecipientReport> {
    let mut reports = Vec::new();
    let mut rest = body;
    while !rest.is_empty() && reports.len() < limits.addresses {
        let (fields, after) = split::fields(rest, limits, &mut Defects::default());
        rest = match after.len() == rest.len() {
            false => after,
            // Lines that are no fields: the block after the next empty line may be one again.
            true => next_block(rest),
        };
        let mut value = |name: &str| fields.first(name).map(|raw| words::decode(raw, defects));
        let original = value("Original-Recipient");
        let last = value("Final-Recipient").or_else(|| value("Failed-Recipient"));
        let (status, action) = (value("Status"), value("Action"));
        if original.is_none() && last.is_none() && status.is_none() {
            continue;
        }
        let diagnostic = value("Diagnostic-Code").unwrap_or_default();
        let action = action.and_then(|text| verdict(&text));
        let status = status.and_then(|text| code_in(&text)).or_else(|| implied(&diagnostic, action));
        reports.push(RecipientReport {
            recipient: [original, last].into_iter().flatten().find_map(|text| address(&text)),
            action: action.or_else(|| action_of(status.as_deref()?)),
            status,
            diagnostic: crate::text::one_line(&diagnostic, 500),
        });
    }
    if reports.is_empty() {
        defects.add(Defect::BadReport);
    }
    reports
}

fn next_block(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while !rest.is_empty() {
        let (line, after) = split::split_line(rest);
        rest = after;
        if split::trim_end(line).is_empty() {
            break;
        }
    }
    rest
}

fn address(text: &str) -> Option<Address> {
    let bare = text.rsplit_once(';').map_or(text, |(_, address)| address);
    let bare = bare.trim().trim_matches(['<', '>', '"']);
    Address::new(bare).ok().or_else(|| bare.split_whitespace().find_map(|word| Address::new(word).ok()))
}

fn verdict(action: &str) -> Option<BounceAction> {
    let action = action.trim().trim_matches(['<', '>', '"']);
    Some(match action.split([' ', '(', ';']).next()?.to_ascii_lowercase().as_str() {
        "failed" | "failure" | "fail" | "expired" | "deferred-failed" => BounceAction::Failed,
        "delayed" | "deferred" | "delay" => BounceAction::Delayed,
        "delivered" | "deliverable" => BounceAction::Delivered,
        "relayed" => BounceAction::Relayed,
        "expanded" => BounceAction::Expanded,
        _ => return None,
    })
}

/// The status that words imply: the code that stands in them; else the class of the reply code, or of the action, and
/// what the words are about. `None` if they say nothing.
pub fn implied(said: &str, action: Option<BounceAction>) -> Option<String> {
    if let Some(code) = code_in(said) {
        return Some(code);
    }
    let lower = said.to_lowercase();
    let detail = phrases::detail(&lower);
    let reply = reply_class(said);
    if detail.is_none() && reply.is_none() {
        return None;
    }
    let class = reply.unwrap_or(if action == Some(BounceAction::Delayed) { '4' } else { '5' });
    Some(format!("{class}.{}", detail.unwrap_or("0.0")))
}

/// The enhanced status code (RFC 3463) that stands in a text, such as `5.1.1` or `#5.1.1`: first of all one that
/// follows a reply code of its class, as in `550 5.1.1`.
pub fn code_in(text: &str) -> Option<String> {
    let mut first = None;
    let mut before = "";
    for word in text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.')).take(20_000)
    {
        if is_code(word) {
            if before.len() == 3 && before.as_bytes().first() == word.as_bytes().first() {
                return Some(word.to_owned());
            }
            first = first.or(Some(word));
        }
        if !word.is_empty() {
            before = word;
        }
    }
    first.map(str::to_owned)
}

fn is_code(word: &str) -> bool {
    let mut numbers = word.split('.');
    let short = |number: Option<&str>| number.is_some_and(|number| matches!(number.len(), 1..=3));
    matches!(numbers.next(), Some("2" | "4" | "5"))
        && short(numbers.next())
        && short(numbers.next())
        && numbers.next().is_none()
}

/// The class of the first SMTP reply code of a failure in a text: `550`, `421`.
fn reply_class(text: &str) -> Option<char> {
    let mut words =
        text.split(|c: char| c.is_whitespace() || matches!(c, '-' | ':' | '[' | '(' | ',' | ';' | '#' | ']' | ')'));
    let code = words.find(|word| {
        word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit())
    })?;
    code.chars().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_found_where_servers_write_it() {
        for (text, status) in [
            ("550 5.1.1 <ada@one.example>... User unknown", "5.1.1"),
            ("host 192.0.2.4 (4.2.5) said: 552-5.7.0 blocked", "5.7.0"),
            ("#5.4.4 no such host", "5.4.4"),
            ("550 Unknown user ada", "5.1.1"),
            ("452 mailbox full", "4.2.2"),
            ("retry timeout exceeded", "5.4.7"),
            ("550 go away", "5.0.0"),
        ] {
            assert_eq!(implied(text, None).as_deref(), Some(status), "{text}");
        }
        assert_eq!(implied("at 192.0.2.22 on 2.4.2019", None), None);
        assert_eq!(implied("mailbox full", Some(BounceAction::Delayed)).as_deref(), Some("4.2.2"));
    }
}
