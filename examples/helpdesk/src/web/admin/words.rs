//! How things stand, in words.

use mailflow_core::directory::Directory;
use mailflow_core::id::TicketboxId;
use mailflow_core::outgoing::Reply;
use mailflow_core::pulse::Pulse;
use mailflow_core::source::{MailServer, Tls};
use mailflow_core::time::Timestamp;

use super::form::sentence;
use super::list::Tone;
use crate::web::ago::span;

/// How long ago, as it stands in a sentence.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{} ago", span(now.since(at).as_secs()))
}

/// How a source or destination is doing.
pub fn pulse(pulse: Option<&Pulse>, enabled: bool, now: Timestamp) -> (String, Tone) {
    let Some(pulse) = pulse else {
        return match enabled {
            true => ("Not tried yet".to_owned(), Tone::Quiet),
            false => ("Switched off".to_owned(), Tone::Quiet),
        };
    };
    let success = match pulse.last_success {
        Some(at) => format!("last worked {}", ago(at, now)),
        None => "never worked".to_owned(),
    };
    match (enabled, pulse.failures) {
        (false, _) => (format!("Switched off, {success}"), Tone::Quiet),
        (true, 0) => (format!("Works, {success}"), Tone::Good),
        (true, 1) => (format!("Failed once, {success}. {}", sentence(&pulse.trouble)), Tone::Bad),
        (true, times) => {
            (format!("Failed {times} times in a row, {success}. {}", sentence(&pulse.trouble)), Tone::Bad)
        }
    }
}

/// Where a server is.
pub fn place(protocol: &str, user: Option<&str>, server: &MailServer) -> String {
    let user = user.map(|user| format!("{user} at ")).unwrap_or_default();
    let tls = match server.tls {
        Tls::Implicit => "TLS",
        Tls::Upgrade => "STARTTLS",
        Tls::None => "not protected",
    };
    format!("{protocol}: {user}{}:{}, {tls}", server.host, server.port)
}

/// A number of things.
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// The name of a ticketbox.
pub fn ticketbox(directory: &Directory, id: Option<TicketboxId>) -> String {
    match id {
        None => "Unassigned".to_owned(),
        Some(id) => directory.ticketboxes.get(&id).map_or("a ticketbox that is gone", |it| &it.name).to_owned(),
    }
}

/// Why a mail did not reach somebody, as people say it.
pub fn reason(reply: Option<&Reply>, may_be_double: bool) -> &'static str {
    let Some(reply) = reply else {
        return if may_be_double { "Nobody knows whether it was sent." } else { "It was not delivered." };
    };
    let (status, text) = (reply.enhanced.as_deref().unwrap_or_default(), reply.text.to_lowercase());
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    let class = status.split_once('.').map_or("", |(_, rest)| rest);
    match class {
        "1.1" | "1.6" | "1.0" => "The address does not exist.",
        "1.2" | "4.4" | "1.10" => "The domain of the address does not exist, or takes no mail.",
        "1.3" => "The address is not written in a way that the server understands.",
        "2.1" => "The mailbox is switched off.",
        "2.2" => "The mailbox is full.",
        "2.3" | "3.4" => "The mail is too large for the recipient.",
        "7.1" | "7.0" | "7.26" | "7.23" | "7.25" => "The server refuses mail from us: for its rules, or as spam.",
        "7.8" | "7.9" => "The server did not accept our user name and password.",
        _ if says(&["user unknown", "no such user", "does not exist", "unknown recipient", "no mailbox"]) => {
            "The address does not exist."
        }
        _ if says(&["quota", "mailbox full", "mailbox is full", "over quota"]) => "The mailbox is full.",
        _ if says(&["spam", "blacklist", "blocked", "blocklist", "reputation"]) => {
            "The server refuses mail from us: for its rules, or as spam."
        }
        _ if says(&["too large", "size limit", "exceeds"]) => "The mail is too large for the recipient.",
        _ => match reply.code {
            0 => "The server could not be reached in all the time that it was tried.",
            400..=499 => "The server put us off until the time for trying was over.",
            _ => "The server said no.",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_s_answer_is_told_in_plain_words() {
        let of = |code, enhanced: Option<&str>, text: &str| {
            let reply = Reply { code, enhanced: enhanced.map(str::to_owned), text: text.to_owned() };
            reason(Some(&reply), false)
        };
        assert_eq!(of(550, Some("5.1.1"), "mailbox unavailable"), "The address does not exist.");
        assert_eq!(of(550, None, "No such user here"), "The address does not exist.");
        assert_eq!(of(452, Some("4.2.2"), ""), "The mailbox is full.");
        assert_eq!(of(554, Some("5.7.1"), "denied"), "The server refuses mail from us: for its rules, or as spam.");
        assert_eq!(
            of(0, None, "no connection"),
            "The server could not be reached in all the time that it was tried."
        );
        assert_eq!(of(554, None, "transaction failed"), "The server said no.");
    }

    #[test]
    fn how_a_source_is_doing_is_a_sentence() {
        let now = Timestamp::from_millis(1_700_000_000_000);
        let minutes = |count: u64| now.minus(std::time::Duration::from_secs(60 * count));
        let well = Pulse {
            of: uuid::Uuid::nil(),
            last_success: Some(minutes(5)),
            last_try: minutes(5),
            failures: 0,
            trouble: String::new(),
            mails: 3,
            duplicates: 0,
        };
        assert_eq!(pulse(Some(&well), true, now), ("Works, last worked 5 min ago".to_owned(), Tone::Good));
        let ill = Pulse { failures: 3, trouble: "no answer".to_owned(), ..well };
        let words = "Failed 3 times in a row, last worked 5 min ago. No answer.".to_owned();
        assert_eq!(pulse(Some(&ill), true, now), (words, Tone::Bad));
        assert_eq!(pulse(None, false, now).0, "Switched off");
    }
}
