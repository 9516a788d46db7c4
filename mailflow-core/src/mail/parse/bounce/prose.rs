//! Reports that only people were meant to read: of qmail, Exim, old sendmail and Postfix, Exchange, Notes, and of the
//! many programs that each found words of their own.

use super::super::super::{Address, Bounce, BounceAction, Limits, Mail, RecipientReport, ReturnPath};
use super::super::defects::Defects;
use super::super::{addresses, split};
use super::phrases::{COPIES, DELAYS, FAILURES, FINAL, LABELS, OTHERS, SUBJECTS, has};
use super::{is_returned, reports, status};

/// The most of a text that is looked at: a report says what it has to say at its beginning.
const MOST: usize = 64 << 10;

/// For how many recipients it is looked up what the text says about each.
const MOST_PARAGRAPHS: usize = 50;

/// The report that a mail is in words, if it is one.
pub fn read(mail: &Mail, limits: &Limits) -> Option<Bounce> {
    let failed = mail.headers.iter().find(|header| header.name.eq_ignore_ascii_case("X-Failed-Recipients"));
    let sender = Sender::of(mail);
    if failed.is_none() && sender == Sender::Person {
        return None;
    }
    let notice = notice(&mail.text);
    let lower = notice.to_lowercase();
    if failed.is_none() && !is_report(mail, &sender, notice, &lower) {
        return None;
    }
    let named = named(notice, mail);
    let recipients = match failed {
        Some(header) => {
            header.value.split(',').filter_map(|it| Address::new(it).ok()).take(limits.addresses).collect()
        }
        None if !named.is_empty() => named,
        None => returned_to(mail, limits),
    };
    let action = action(&mail.subject.to_lowercase(), &lower);
    // What holds for all of whom the text says nothing else.
    let general = status::implied(notice, Some(action))
        .or_else(|| status::implied(&mail.subject, Some(action)))
        .unwrap_or_else(|| if action == BounceAction::Delayed { "4.0.0" } else { "5.0.0" }.to_owned());
    let report = |nth: usize, recipient: &Address| {
        let about = if nth < MOST_PARAGRAPHS { paragraph(notice, recipient) } else { "" };
        RecipientReport {
            status: status::implied(about, Some(action)).or_else(|| Some(general.clone())),
            action: Some(action),
            diagnostic: crate::text::one_line(about, 500),
            ..RecipientReport::default()
        }
    };
    let reports = reports(recipients, report);
    if reports.is_empty() && !has(&mail.subject.to_lowercase(), SUBJECTS) {
        return None;
    }
    Some(Bounce { reports, about: None })
}

/// The text before the mail that it returns.
fn notice(text: &str) -> &str {
    let text = crate::text::prefix(text, MOST);
    let mut end = 0;
    for line in text.split_inclusive('\n') {
        if end > 0 && begins_copy(line) {
            return text.get(..end).unwrap_or(text);
        }
        end += line.len();
    }
    text
}

fn begins_copy(line: &str) -> bool {
    let bare = line.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '=' | '*' | '_' | '#'));
    let lower = crate::text::prefix(bare, 80).to_lowercase();
    let is_header = ["received:", "return-path:", "x-received:", "dkim-signature:"];
    COPIES.iter().chain(&is_header).any(|beginning| lower.starts_with(beginning))
}

/// The value of a header of the mail that stands in the text.
pub fn copy_header<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let text = crate::text::prefix(text, MOST);
    let copy = text.get(notice(text).len()..)?;
    let line = copy.lines().find(|line| line.get(..name.len()).is_some_and(|it| it.eq_ignore_ascii_case(name)))?;
    line.get(name.len()..)
}

/// Who seems to have written a mail.
#[derive(PartialEq, Eq)]
enum Sender {
    /// A mail server, by its name.
    Daemon,
    /// Nobody who could be answered.
    Nobody,
    /// A program that wants no answer.
    Machine,
    Person,
}

impl Sender {
    fn of(mail: &Mail) -> Self {
        let from = mail.from.as_ref();
        let local = from.and_then(|from| from.address.as_ref()).map_or("", |address| address.local());
        let letters: String = local.chars().filter(char::is_ascii_alphanumeric).collect();
        let letters = letters.to_ascii_lowercase();
        let name = from.map(|from| from.name.to_lowercase()).unwrap_or_default();
        let locals = ["postmaster", "maildaemon", "mdaemon", "mailsystem", "maildelivery", "bounce"];
        let names = [
            "mail delivery",
            "mail deliver",
            "mailer-daemon",
            "mailer daemon",
            "delivery subsystem",
            "postmaster",
            "system administrator",
            "mail administrator",
            "microsoft exchange",
            "microsoft outlook",
        ];
        if letters.contains("mailerdaemon")
            || letters.starts_with("microsoftexchange")
            || locals.contains(&letters.as_str())
            || has(&name, &names)
        {
            Self::Daemon
        } else if mail.return_path == Some(ReturnPath::Null) || from.is_none_or(|from| from.address.is_none()) {
            Self::Nobody
        } else if has(&letters, &["noreply", "donotreply"]) {
            Self::Machine
        } else {
            Self::Person
        }
    }
}

fn is_report(mail: &Mail, sender: &Sender, notice: &str, lower: &str) -> bool {
    let subject = has(&mail.subject.to_lowercase(), SUBJECTS);
    let body = has(lower, FAILURES);
    let copy = notice.len() < mail.text.len().min(MOST)
        || mail.attachments.iter().any(|part| is_returned(&part.content_type));
    match sender {
        Sender::Daemon => body || (subject && copy),
        Sender::Nobody => (subject && (body || copy)) || (body && copy),
        Sender::Machine => subject && body && copy,
        Sender::Person => false,
    }
}

fn action(subject: &str, notice: &str) -> BounceAction {
    let later = has(notice, DELAYS) || has(subject, &["delayed", "(delay)", "could not send message for"]);
    if later && !has(notice, FINAL) && !has(subject, FINAL) { BounceAction::Delayed } else { BounceAction::Failed }
}

/// How sure it is that an address in a line is a recipient.
#[derive(PartialEq, Eq, PartialOrd, Ord, Clone, Copy)]
enum Rank {
    Mentioned,
    InFailure,
    Stated,
}

/// The recipients that the text names: those of the surest kind.
fn named(notice: &str, mail: &Mail) -> Vec<Address> {
    let mut found: Vec<(Rank, Address)> = Vec::new();
    for line in notice.lines().filter(|line| line.contains('@')).take(500) {
        let lower = line.to_lowercase();
        let stated = begins_with_address(line) || labelled(&lower);
        if !stated && has(&lower, OTHERS) {
            continue;
        }
        let rank = match stated {
            true => Rank::Stated,
            false if has(&lower, FAILURES) || begins_with_reply(line) || has(&lower, &[" to <", " to: "]) => {
                Rank::InFailure
            }
            false => Rank::Mentioned,
        };
        // Of a line only the first: the others are in the server's words.
        if let Some(address) = addresses_in(line).next() {
            found.push((rank, address));
        }
    }
    let ours = |address: &Address| {
        mail.to.iter().any(|to| to.address == *address)
            || mail.from.as_ref().is_some_and(|from| from.address.as_ref() == Some(address))
    };
    if found.iter().any(|(_, address)| !ours(address)) {
        found.retain(|(_, address)| !ours(address));
    }
    let surest = found.iter().map(|(rank, _)| *rank).max();
    let mut recipients: Vec<Address> = Vec::new();
    for (_, address) in found.into_iter().filter(|(rank, _)| Some(*rank) == surest) {
        if !recipients.contains(&address) {
            recipients.push(address);
        }
    }
    recipients
}

fn begins_with_address(line: &str) -> bool {
    let start =
        line.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '"' | '*' | '-' | '>' | '\u{2022}'));
    let word =
        start.split(|c: char| c.is_whitespace() || matches!(c, '>' | ':' | ',' | ';' | '(' | '<' | '"')).next();
    word.is_some_and(|word| word.contains('@') && Address::new(word).is_ok())
}

fn labelled(lower: &str) -> bool {
    let start = lower.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '-' | '*'));
    LABELS.iter().any(|label| start.starts_with(label)) || lower.contains("rcpt to:")
}

/// `554 <ada@one.example>... Remote protocol error`.
fn begins_with_reply(line: &str) -> bool {
    let code = line.trim_start_matches([' ', '<', '>', '\t']).get(..3).unwrap_or_default();
    code.starts_with(['4', '5']) && code.bytes().all(|byte| byte.is_ascii_digit())
}

/// The addresses in a line of text.
fn addresses_in(line: &str) -> impl Iterator<Item = Address> + '_ {
    let words = line.split(|c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '(' | ')' | '[' | ']' | ',' | ';' | ':' | '"' | '\'')
    });
    words
        .filter(|word| word.contains('@'))
        .filter_map(|word| Address::new(word.trim_end_matches(['.', '!', '?'])).ok())
}

/// What the text says about one recipient: from the line that names him to the next empty line after something was
/// said, or to the next recipient.
fn paragraph<'n>(notice: &'n str, recipient: &Address) -> &'n str {
    let key = recipient.key();
    let (mut start, mut end, mut at, mut lines) = (None, 0, 0, 0);
    for line in notice.split_inclusive('\n') {
        let next = at + line.len();
        match start {
            None if line.contains('@') && line.to_lowercase().contains(&key) => {
                (start, end, lines) = (Some(at), next, 1);
            }
            None => {}
            Some(_) if lines >= 30 || (begins_with_address(line) && !line.to_lowercase().contains(&key)) => break,
            Some(_) if line.trim().is_empty() && lines > 1 => break,
            Some(_) => {
                end = next;
                lines += usize::from(!line.trim().is_empty());
            }
        }
        at = next;
    }
    start.and_then(|start| notice.get(start..end)).unwrap_or_default()
}

/// Whom the mail that came back was for, if that is one person.
fn returned_to(mail: &Mail, limits: &Limits) -> Vec<Address> {
    let part = mail.attachments.iter().find(|part| is_returned(&part.content_type));
    let raw = match part {
        Some(part) => split::fields(&part.content, limits, &mut Defects::default()).0.first("To").map(<[u8]>::to_vec),
        None => copy_header(&mail.text, "to:").map(|value| value.as_bytes().to_vec()),
    };
    let list = addresses::list(&raw.unwrap_or_default(), limits, &mut Defects::default());
    let addresses: Vec<Address> = list.into_iter().filter_map(|one| one.address).collect();
    if addresses.len() == 1 { addresses } else { Vec::new() }
}
