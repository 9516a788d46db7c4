//! The headers of the mail itself.

use super::super::{Address, Defect, Header, Limits, Mail, Mailbox, ReturnPath, Sender, Spam, ThreadId};
use super::defects::Defects;
use super::split::Fields;
use super::{addresses, dates, words};

const DELIVERED: [&str; 7] =
    ["Delivered-To", "X-Original-To", "Envelope-To", "Resent-To", "Resent-Cc", "X-Envelope-To", "X-Delivered-To"];

/// A mail with all that its headers say.
pub fn read(fields: &Fields<'_>, limits: &Limits, defects: &mut Defects) -> Mail {
    let mut mail = Mail::default();
    for field in &fields.0 {
        let name = String::from_utf8_lossy(field.name).into_owned();
        mail.headers.push(Header { name, value: words::decode(field.value, defects) });
    }
    mail.message_id = ids(fields, "Message-ID", limits).into_iter().next();
    match (&mail.message_id, fields.first("Message-ID").map(<[u8]>::trim_ascii)) {
        (None, None | Some(b"")) => defects.add(Defect::NoMessageId),
        (None, Some(raw)) => {
            defects.add(Defect::BadMessageId);
            mail.message_id = ThreadId::new(&String::from_utf8_lossy(raw));
        }
        (Some(_), Some(raw)) if !raw.starts_with(b"<") || !raw.contains(&b'@') => defects.add(Defect::BadMessageId),
        (Some(_), _) => {}
    }
    mail.in_reply_to = ids(fields, "In-Reply-To", limits);
    mail.references = ids(fields, "References", limits);
    mail.from = ["From", "Sender"].into_iter().find_map(|name| from(fields, name, limits, defects));
    if mail.from.as_ref().is_none_or(|from| from.address.is_none()) {
        defects.add(Defect::BadFrom);
    }
    mail.reply_to = mailboxes(fields, "Reply-To", limits, defects);
    mail.to = mailboxes(fields, "To", limits, defects);
    mail.cc = mailboxes(fields, "Cc", limits, defects);
    for name in DELIVERED {
        mail.delivered_to.extend(mailboxes(fields, name, limits, defects).into_iter().map(|one| one.address));
    }
    let path = fields.first("Return-Path").map(|raw| String::from_utf8_lossy(raw).trim().to_owned());
    mail.return_path = path.and_then(|path| match path.trim_matches(['<', '>']).trim() {
        "" => Some(ReturnPath::Null),
        address => Address::new(address).ok().map(ReturnPath::Address),
    });
    let subject = mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case("Subject"));
    mail.subject = subject.map(|header| crate::text::one_line(&header.value, 1000)).unwrap_or_default();
    mail.date = fields.first("Date").and_then(dates::read);
    if mail.date.is_none() {
        defects.add(Defect::BadDate);
    }
    mail.spam = spam(fields);
    mail
}

fn from(fields: &Fields<'_>, name: &str, limits: &Limits, defects: &mut Defects) -> Option<Sender> {
    let all = addresses::list(fields.first(name)?, limits, defects);
    let best = all.iter().find(|one| one.address.is_some()).or(all.first());
    best.filter(|one| one.address.is_some() || !one.name.is_empty()).cloned()
}

fn mailboxes(fields: &Fields<'_>, name: &str, limits: &Limits, defects: &mut Defects) -> Vec<Mailbox> {
    let mut found = Vec::new();
    for raw in fields.all(name) {
        for sender in addresses::list(raw, limits, defects) {
            match sender.mailbox() {
                Some(one) if found.len() < limits.addresses => found.push(one),
                Some(_) => defects.add(Defect::TooManyAddresses),
                None => defects.add(Defect::BadAddress),
            }
        }
    }
    found
}

/// The ids of a header: what stands in angle brackets, and the words with an `@` outside of them. Of many, the first
/// and the last ones.
fn ids(fields: &Fields<'_>, name: &str, limits: &Limits) -> Vec<ThreadId> {
    let mut found: Vec<ThreadId> = Vec::new();
    for raw in fields.all(name) {
        let text = String::from_utf8_lossy(raw);
        let mut rest = &*text;
        while let Some((before, tail)) = rest.split_once('<') {
            bare_ids(before, &mut found);
            let (id, after) = tail.split_once('>').unwrap_or((tail, ""));
            found.extend(ThreadId::new(id));
            rest = after;
        }
        bare_ids(rest, &mut found);
    }
    if found.len() > limits.references.max(1) {
        found.drain(1..found.len() + 1 - limits.references.max(1));
    }
    found
}

fn bare_ids(text: &str, found: &mut Vec<ThreadId>) {
    let words = text.split([' ', ',', '\t', '\r', '\n', '"', '(', ')', ';']);
    found.extend(words.filter(|word| word.contains('@')).filter_map(ThreadId::new));
}

fn spam(fields: &Fields<'_>) -> Spam {
    let text = |name: &str| fields.first(name).map(|raw| String::from_utf8_lossy(raw).trim().to_ascii_lowercase());
    let status = text("X-Spam-Status").unwrap_or_default();
    let flag = text("X-Spam-Flag").or_else(|| status.split([',', ' ']).next().map(str::to_owned));
    let score = text("X-Spam-Score").or_else(|| {
        status.split_once("score=").and_then(|(_, tail)| tail.split_whitespace().next().map(str::to_owned))
    });
    Spam {
        flag: flag.and_then(|flag| match flag.as_str() {
            "yes" | "true" => Some(true),
            "no" | "false" => Some(false),
            _ => None,
        }),
        score: score.and_then(|score| score.parse().ok()).filter(|score: &f32| score.is_finite()),
    }
}
