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
    mail.subject = subject.map(|header| words::one_line(&header.value, 1000)).unwrap_or_default();
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

/// The ids of a header: what stands in angle brackets; without any, the words with an `@`, or the only word. Of many, the first and the
/// last ones.
fn ids(fields: &Fields<'_>, name: &str, limits: &Limits) -> Vec<ThreadId> {
    let mut found: Vec<ThreadId> = Vec::new();
    for raw in fields.all(name) {
        let text = String::from_utf8_lossy(raw);
        let before = found.len();
        let mut rest = &*text;
        while let Some((_, tail)) = rest.split_once('<') {
            // A bracket that was never closed ends where the next id begins.
            let end = tail.find(['>', '<', ',']).unwrap_or(tail.len());
            found.extend(ThreadId::new(tail.get(..end).unwrap_or_default()));
            rest = tail.get(end..).unwrap_or_default();
        }
        if found.len() == before {
            let words =
                || text.split([' ', ',', '\t', '\r', '\n', '"', '(', ')', ';']).filter(|word| !word.is_empty());
            let alone = words().count() == 1;
            found.extend(words().filter(|word| alone || word.contains('@')).filter_map(ThreadId::new));
        }
    }
    if found.len() > limits.references.max(1) {
        found.drain(1..found.len() + 1 - limits.references.max(1));
    }
    found
}

/// What spam filters wrote: SpamAssassin and those who copy it, Rspamd, Exchange, Bogofilter, DSPAM, MailScanner.
fn spam(fields: &Fields<'_>) -> Spam {
    let text = |name: &str| fields.first(name).map(|raw| String::from_utf8_lossy(raw).trim().to_ascii_lowercase());
    let status = text("X-Spam-Status").unwrap_or_default();
    let flags = [text("X-Spam-Flag"), text("X-Spam"), text("X-Spam-Result"), Some(status.clone())];
    let others =
        ["X-Barracuda-Spam-Status", "X-Spamd-Result", "X-Bogosity", "X-DSPAM-Result", "X-MailScanner-SpamCheck"];
    let mut flags = flags.into_iter().flatten().chain(others.into_iter().filter_map(text));
    let scl = text("X-MS-Exchange-Organization-SCL").or_else(|| text("X-Forefront-Antispam-Report").and_then(scl));
    let scl = scl.and_then(|level| level.parse::<i32>().ok());
    let score = text("X-Spam-Score").and_then(|score| number(&score));
    let from_status = || ["score=", "hits="].iter().find_map(|key| number_after(&status, key));
    let from_rspamd = || text("X-Spamd-Result").and_then(|result| number_after(&result, "["));
    let elsewhere =
        || ["X-Rspamd-Score", "X-Barracuda-Spam-Score"].into_iter().filter_map(text).find_map(|it| number(&it));
    Spam {
        flag: flags.find_map(|flag| verdict(&flag)).or_else(|| scl.map(|level| level >= 5)),
        score: score.or_else(from_status).or_else(from_rspamd).or_else(elsewhere).filter(|score| score.is_finite()),
    }
}

fn verdict(flag: &str) -> Option<bool> {
    let flag = flag.strip_prefix("default:").unwrap_or(flag).trim_start();
    match flag.split([',', ' ', ';', '\t', '\r', '\n']).next()? {
        "yes" | "true" | "spam" => Some(true),
        "no" | "false" | "ham" | "innocent" => Some(false),
        "not" => flag.starts_with("not spam").then_some(false),
        _ => None,
    }
}

/// `SCL:5` in what Exchange Online writes.
fn scl(report: String) -> Option<String> {
    let (_, after) = report.split_once("scl:")?;
    after.split(';').next().map(|level| level.trim().to_owned())
}

/// The number that a text begins with, or that follows `score=` in it.
fn number(text: &str) -> Option<f32> {
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(text.len());
    text.get(..end)?.parse().ok().or_else(|| number_after(text, "score="))
}

fn number_after(text: &str, key: &str) -> Option<f32> {
    let (_, after) = text.split_once(key)?;
    let after = after.trim_start();
    let end = after.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(after.len());
    after.get(..end)?.parse().ok()
}
