//! The customers: each answers what the desk sends to him, as a mail program would.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::time::Duration;

use data_encoding::BASE64;
use mailflow_core::mail::{Limits, Mail, parse};
use mailflow_core::time::Timestamp;
use mailflow_test::servers::{AcceptedMail, Said, SmtpFaults, SmtpServer};

use super::{Office, Pace};

/// Whose mailbox is no more: what is sent to him fails.
const GONE: &str = "tom@gone.example";

/// What they say first; each customer always the same.
const FIRST: [&str; 4] = [
    "Thank you for the quick answer! One question is left: how long will it take?",
    "That helps, thank you. Could you send me that in writing as well, for our files?",
    "Oh, I see. I had expected something else, but let us do it that way.",
    "Thanks! I tried it and it works now. Is there anything that I should look after?",
];
/// What they say then; after that they are content.
const SECOND: &str = "Perfect, that is all I wanted to know. Thank you!";

/// The SMTP server does not take mail for the one who is gone.
pub fn refuse_the_one_who_is_gone(smtp: &SmtpServer) {
    let said = Said::new(550, "5.1.1 there is no such mailbox any more");
    let at_recipient = BTreeMap::from([(GONE.to_owned(), said)]);
    smtp.misbehave(SmtpFaults { at_recipient, ..SmtpFaults::default() });
}

/// Answers what the desk sends, for ever.
pub async fn answer(office: &Office, pace: Pace) -> Infallible {
    let mut seen = 0;
    let mut answered: BTreeMap<String, usize> = BTreeMap::new();
    let mut writing = tokio::task::JoinSet::new();
    loop {
        for accepted in office.smtp.accepted_after(seen).await {
            seen += 1;
            let mail = parse(&accepted.bytes, &Limits::default());
            for customer in writers(&mail, &accepted) {
                let times = answered.entry(customer.clone()).or_default();
                *times += 1;
                let Some(words) = words(&customer, *times) else { continue };
                let (office, mail) = (office.clone(), mail.clone());
                let delay = delay(pace, &customer);
                writing.spawn(async move {
                    tokio::time::sleep(delay).await;
                    office.deliver(&written(&mail, &customer, words, office.flow.now()));
                });
            }
        }
        while writing.try_join_next().is_some() {}
    }
}

fn delay(pace: Pace, customer: &str) -> Duration {
    match pace {
        Pace::Natural => Duration::from_secs(4 + u64::try_from(customer.len() % 4).unwrap_or(0)),
        Pace::Fast => Duration::from_millis(500),
    }
}

/// Who of its recipients answers a mail: those to whom it is addressed, if a person wrote it.
fn writers(mail: &Mail, accepted: &AcceptedMail) -> Vec<String> {
    if mail.automatic.is_some() || mail.from.is_none() {
        return Vec::new();
    }
    let addressed = mail.to.iter().map(|to| to.address.as_str().to_lowercase());
    addressed.filter(|to| accepted.recipients.iter().any(|it| it.eq_ignore_ascii_case(to))).collect()
}

fn words(customer: &str, times: usize) -> Option<&'static str> {
    match times {
        1 => FIRST.get(customer.len() % FIRST.len()).copied(),
        2 => Some(SECOND),
        _ => None,
    }
}

/// A customer's answer to a mail of ours.
fn written(ours: &Mail, customer: &str, words: &str, now: Timestamp) -> Vec<u8> {
    let id = |id: &mailflow_core::mail::ThreadId| id.to_string();
    let answered = ours.message_id.as_ref().map(id).unwrap_or_default();
    let mut references: Vec<String> = ours.references.iter().map(id).collect();
    references.push(answered.clone());
    let from = ours.from.as_ref().and_then(mailflow_core::mail::Sender::mailbox);
    let back = ours.reply_to.first().or(from.as_ref());
    let back = back.map(|mailbox| mailbox.address.to_string()).unwrap_or_default();
    let name = ours.to.iter().find(|to| to.address.as_str().eq_ignore_ascii_case(customer));
    let name = name.map(|mailbox| mailbox.name.as_str()).unwrap_or_default();
    let subject = match ours.subject.get(..3) {
        Some(re) if re.eq_ignore_ascii_case("re:") => ours.subject.clone(),
        _ => format!("Re: {}", ours.subject),
    };
    let mut mail = String::new();
    // Writing into a string cannot fail.
    let _ = write!(
        mail,
        "From: {} <{customer}>\r\nTo: {back}\r\nSubject: {}\r\nDate: {}\r\n\
         Message-ID: <answer-{}-{}>\r\nIn-Reply-To: {answered}\r\nReferences: {}\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n\
         {words}\r\n\r\n{}\r\n",
        encoded(name),
        encoded(&subject),
        now.to_utc().to_rfc2822(),
        now.as_millis(),
        customer,
        references.join("\r\n "),
        quoted(ours),
    );
    mail.into_bytes()
}

/// What the desk wrote, as mail programs quote it.
fn quoted(ours: &Mail) -> String {
    let who = ours.from.as_ref().and_then(mailflow_core::mail::Sender::mailbox);
    let who = who.map(|mailbox| mailbox.shown().to_owned()).unwrap_or_default();
    let when = ours.date.map(|date| date.to_utc().format("%a, %d %b %Y at %H:%M").to_string()).unwrap_or_default();
    let mut quoted = format!("On {when}, {who} wrote:\r\n");
    for line in ours.text.trim_end().lines() {
        quoted.push_str(if line.starts_with('>') { ">" } else { "> " });
        quoted.push_str(line);
        quoted.push_str("\r\n");
    }
    quoted
}

/// A text for a header; in encoded words (RFC 2047) if it is not plain.
fn encoded(text: &str) -> String {
    /// So many characters stay within the 75 of an encoded word, whatever they are.
    const CHARACTERS: usize = 10;
    if text.chars().all(|it| it.is_ascii_alphanumeric() || " .:?!-#[]()".contains(it)) {
        return text.to_owned();
    }
    let characters: Vec<char> = text.chars().collect();
    let words = characters.chunks(CHARACTERS).map(|chunk| {
        let chunk: String = chunk.iter().collect();
        format!("=?utf-8?B?{}?=", BASE64.encode(chunk.as_bytes()))
    });
    words.collect::<Vec<_>>().join("\r\n ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &[u8] = b"From: Fernwood Support <support@fernwood.example>\r\n\
        Reply-To: support+t.token@fernwood.example\r\n\
        To: =?utf-8?B?Wm/Dqw==?= <zoe@velo.example>\r\nSubject: Re: =?utf-8?B?8J+asg==?= [#7]\r\n\
        Message-ID: <ours@fernwood.example>\r\nReferences: <first@velo.example>\r\n\r\nYes.\r\n";

    #[test]
    fn a_customer_answers_to_reply_to_with_all_references_and_our_words_quoted() {
        let ours = parse(OURS, &Limits::default());
        let answer = written(&ours, "zoe@velo.example", "Fine.", Timestamp::from_millis(1_764_000_000_000));
        let answer = parse(&answer, &Limits::default());
        assert_eq!(answer.defects, []);
        assert_eq!(answer.subject, "Re: 🚲 [#7]");
        let from = answer.from.unwrap();
        assert_eq!((from.name.as_str(), from.address.unwrap().as_str()), ("Zoë", "zoe@velo.example"));
        assert_eq!(answer.to.first().unwrap().address.as_str(), "support+t.token@fernwood.example");
        let ids: Vec<String> = answer.references.iter().map(ToString::to_string).collect();
        assert_eq!(ids, ["<first@velo.example>", "<ours@fernwood.example>"]);
        assert!(answer.text.starts_with("Fine.\n"));
        assert!(answer.text.contains("> Yes."));
    }

    #[test]
    fn nobody_answers_a_machine() {
        let automatic = [b"Auto-Submitted: auto-generated\r\n".as_slice(), OURS].concat();
        let accepted = |bytes: &[u8]| AcceptedMail {
            sender: None,
            recipients: vec!["zoe@velo.example".to_owned(), "hidden@velo.example".to_owned()],
            bytes: bytes.to_vec(),
        };
        let by = |bytes: &[u8]| writers(&parse(bytes, &Limits::default()), &accepted(bytes));
        assert_eq!(by(OURS), ["zoe@velo.example"]);
        assert!(by(&automatic).is_empty());
    }
}
