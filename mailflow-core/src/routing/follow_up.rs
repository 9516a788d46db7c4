//! [`traces`]: what in a mail points to a ticket, in the order in which it is believed (features 3.5).

use crate::explanation::Evidence;
use crate::id::TicketId;
use crate::mail::{Keyring, Mail, ThreadId, numbers_in_subject};
use crate::routing::recipients;

/// The most ids of one mail that are looked up: the newest ones, and the first.
pub const IDS_LOOKED_UP: usize = 20;

/// Something in a mail that may point to a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trace {
    /// A valid token of ours: proof.
    Token(TicketId, Evidence),
    /// An id that the mail says it answers: proof if we have that message, a hint if others only named it.
    Answers(ThreadId),
    /// The mail's own id, which others may have named before it came: a hint.
    Itself(ThreadId),
    /// A number in the subject: a hint.
    Number(u64),
}

/// The traces of a mail, the strongest first. Each ticket is pointed to by token once.
#[must_use]
pub fn traces(mail: &Mail, keyring: &Keyring) -> Vec<Trace> {
    let mut traces = Vec::new();
    for id in &mail.in_reply_to {
        tokens(&mut traces, keyring, id.as_str(), || Evidence::TokenInReplyTo);
    }
    for id in mail.references.iter().rev() {
        tokens(&mut traces, keyring, id.as_str(), || Evidence::TokenInReferences);
    }
    for (header, address) in recipients(mail) {
        tokens(&mut traces, keyring, address.local(), || Evidence::TokenInAddress { header: header.to_owned() });
    }
    tokens(&mut traces, keyring, &mail.text, || Evidence::TokenInBody);
    traces.extend(answered(mail).into_iter().map(Trace::Answers));
    traces.extend(mail.message_id.iter().cloned().map(Trace::Itself));
    traces.extend(numbers_in_subject(&mail.subject).into_iter().map(Trace::Number));
    traces
}

/// The ids that a mail says it answers, the nearest first: `In-Reply-To`, then `References` from right to left; of very
/// many the newest and the first.
#[must_use]
pub fn answered(mail: &Mail) -> Vec<ThreadId> {
    let mut ids: Vec<ThreadId> = Vec::new();
    for id in mail.in_reply_to.iter().chain(mail.references.iter().rev()) {
        if !ids.contains(id) && Some(id) != mail.message_id.as_ref() {
            ids.push(id.clone());
        }
    }
    if ids.len() > IDS_LOOKED_UP {
        let first = ids.pop();
        ids.truncate(IDS_LOOKED_UP - 1);
        ids.extend(first);
    }
    ids
}

fn tokens(traces: &mut Vec<Trace>, keyring: &Keyring, text: &str, evidence: impl Fn() -> Evidence) {
    for ticket in keyring.find(text) {
        if !traces.iter().any(|trace| matches!(trace, Trace::Token(known, _) if *known == ticket)) {
            traces.push(Trace::Token(ticket, evidence()));
        }
    }
}

/// A subject without the prefixes of answers and forwards and without our tag, lower case: for telling whether two
/// subjects are the same. The prefixes decide nothing else.
#[must_use]
pub fn bare_subject(subject: &str) -> String {
    let mut bare = subject.trim().to_lowercase();
    while let Some(start) = bare.find("[#")
        && let Some(length) = bare.get(start..).and_then(|tag| tag.find(']'))
    {
        bare.replace_range(start..=start + length, "");
    }
    loop {
        let rest = bare.trim_start();
        let prefix = rest.split_once(':').filter(|(word, _)| {
            let word = word.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, '[' | ']' | '(' | ')'));
            (1..=4).contains(&word.chars().count()) && word.chars().all(char::is_alphabetic)
        });
        match prefix {
            Some((_, after)) => bare = after.to_owned(),
            None => return rest.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::{Limits, parse};

    #[test]
    fn ac_04_the_order_is_in_reply_to_references_address_body() {
        let ring = Keyring::new(1, [1; 32]);
        let [a, b, c, d, e] = [1, 2, 3, 4, 5].map(|it| TicketId::from_bytes([it; 16]));
        let mail = format!(
            "From: x@one.example\r\nTo: support+{}@example.com\r\nIn-Reply-To: <{}.r@example.com>\r\n\
             References: <{}.r@example.com> <{}.r@example.com>\r\nSubject: Re: x [#7]\r\nMessage-ID: <m@one.example>\r\n\
             \r\nReference: {}\r\n",
            ring.token(d),
            ring.token(a),
            ring.token(c),
            ring.token(b),
            ring.token(e)
        );
        let mail = parse(mail.as_bytes(), &Limits::default());
        let traces = traces(&mail, &ring);
        let tickets: Vec<_> =
            traces.iter().filter_map(|it| if let Trace::Token(id, _) = it { Some(*id) } else { None }).collect();
        assert_eq!(tickets, [a, b, c, d, e]);
        assert!(matches!(traces.last(), Some(Trace::Number(7))));
    }

    #[test]
    fn subjects_are_compared_without_prefixes_and_tags() {
        for subject in
            ["Invoice", "Re: invoice", "AW: Re[2]: Invoice [#17]", "[#17] WG:  invoice", "RE: 回复: Invoice"]
        {
            assert_eq!(bare_subject(subject), "invoice", "{subject}");
        }
        assert_eq!(bare_subject("Question: what?"), "question: what?");
    }
}
