//! Delivery reports: the machine's part (RFC 3464), and the words of servers that write none.

use super::super::{Address, Bounce, BounceAction, Defect, Limits, Mail, RecipientReport, ThreadId};
use super::defects::Defects;
use super::{split, words};

/// The recipients of a `message/delivery-status` part.
pub fn read(body: &[u8], limits: &Limits, defects: &mut Defects) -> Bounce {
    let mut reports = Vec::new();
    let mut rest = body;
    while !rest.is_empty() && reports.len() < limits.addresses {
        let (fields, after) = split::fields(rest, limits, &mut Defects::default());
        rest = match after.len() == rest.len() {
            false => after,
            // A line that is no field: the block after the next empty line may be one again.
            true => split::split_line(rest).1,
        };
        let mut value = |name: &str| fields.first(name).map(|raw| words::decode(raw, defects));
        let original = value("Original-Recipient");
        let last = value("Final-Recipient");
        let (status, action) = (value("Status"), value("Action"));
        if original.is_none() && last.is_none() && status.is_none() {
            continue;
        }
        let diagnostic = value("Diagnostic-Code").unwrap_or_default();
        reports.push(RecipientReport {
            recipient: [original, last].into_iter().flatten().find_map(|text| address(&text)),
            status: status.and_then(|text| status_in(&text)),
            action: action.and_then(|text| verdict(&text)),
            diagnostic: crate::text::one_line(&diagnostic, 500),
        });
    }
    if reports.is_empty() {
        defects.add(Defect::BadReport);
        reports.push(RecipientReport::default());
    }
    Bounce { reports, about: None }
}

/// A report that only people were meant to read: qmail's, and Exim's, which names the recipients in a header.
pub fn in_words(mail: &Mail, limits: &Limits) -> Option<Bounce> {
    let failed = mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case("X-Failed-Recipients"));
    let from_daemon = mail.from.as_ref().is_some_and(|from| {
        let local = from.address.as_ref().map_or("", |address| address.local());
        local.eq_ignore_ascii_case("mailer-daemon") || from.name.eq_ignore_ascii_case("mailer-daemon")
    });
    let recipients: Vec<Address> = match failed {
        Some(header) => {
            header.value.split(',').filter_map(|it| Address::new(it).ok()).take(limits.addresses).collect()
        }
        None if from_daemon && mail.text.contains("qmail-send program") => named_by_qmail(&mail.text),
        None => return None,
    };
    let report = |recipient| RecipientReport {
        recipient: Some(recipient),
        status: status_in(&mail.text).or_else(|| Some("5.0.0".to_owned())),
        action: Some(BounceAction::Failed),
        diagnostic: String::new(),
    };
    let reports: Vec<RecipientReport> = recipients.into_iter().map(report).collect();
    (!reports.is_empty()).then(|| Bounce { reports, about: returned_id(&mail.text) })
}

/// `<ada@one.example>:` at the beginning of a line.
fn named_by_qmail(text: &str) -> Vec<Address> {
    let before_copy = text.split("--- Below this line").next().unwrap_or(text);
    let named = before_copy.lines().filter_map(|line| line.trim().strip_prefix('<')?.strip_suffix(">:"));
    named.filter_map(|address| Address::new(address).ok()).take(100).collect()
}

/// The `Message-ID` in the copy that stands in the text.
fn returned_id(text: &str) -> Option<ThreadId> {
    let line =
        text.lines().find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
    ThreadId::new(line.get(11..)?)
}

/// The enhanced status code (RFC 3463) that stands in a text: `5.1.1`, `#5.1.1`.
fn status_in(text: &str) -> Option<String> {
    let words = text.split(|c: char| !c.is_ascii_digit() && c != '.').map(|word| word.trim_matches('.'));
    let is_status = |word: &&str| {
        let numbers: Vec<&str> = word.split('.').collect();
        matches!(numbers.as_slice(), ["2" | "4" | "5", subject, detail]
            if (1..=3).contains(&subject.len()) && (1..=3).contains(&detail.len()))
    };
    words.take(20_000).find(is_status).map(str::to_owned)
}

fn address(text: &str) -> Option<Address> {
    let bare = text.rsplit_once(';').map_or(text, |(_, address)| address);
    Address::new(bare.trim().trim_matches(['<', '>', '"'])).ok()
}

fn verdict(action: &str) -> Option<BounceAction> {
    Some(match action.split([' ', '(']).next()?.to_ascii_lowercase().as_str() {
        "failed" | "failure" => BounceAction::Failed,
        "delayed" => BounceAction::Delayed,
        "delivered" => BounceAction::Delivered,
        "relayed" => BounceAction::Relayed,
        "expanded" => BounceAction::Expanded,
        _ => return None,
    })
}

/// The `Message-ID` in the headers of a mail that was returned.
pub fn about(returned: &[u8], limits: &Limits) -> Option<ThreadId> {
    let (fields, _) = split::fields(returned, limits, &mut Defects::default());
    ThreadId::new(&String::from_utf8_lossy(fields.first("Message-ID")?))
}
