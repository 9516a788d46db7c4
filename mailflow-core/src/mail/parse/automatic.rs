//! Whether a machine wrote a mail, or a list spread it.

use super::super::{Automatic, Mail, ReturnPath};

/// How the subjects of automatic answers begin, where no header says it.
const PREFIXES: [&str; 20] = [
    "auto: ",
    "vacation reply",
    "automated response:",
    "automatic reply:",
    "automatic reply ",
    "auto-reply:",
    "auto reply:",
    "autoreply:",
    "auto response:",
    "out of office:",
    "out of office ",
    "out of the office",
    "automatische antwort:",
    "abwesenheitsnotiz",
    "abwesend:",
    "réponse automatique",
    "respuesta automática",
    "risposta automatica",
    "automatisch antwoord",
    "resposta automática",
];

/// How the names of headers begin that only answering programs write.
const ANSWERING: [&str; 6] =
    ["x-autoreply", "x-auto-reply", "x-autorespon", "x-vacation", "x-mail-autoreply", "x-fc-machinegenerated"];

/// What the headers say; what a machine wrote counts before what a list spread.
pub fn read(mail: &Mail, report: bool) -> Option<Automatic> {
    let list = mail.headers.iter().find(|header| {
        let name = header.name.to_ascii_lowercase();
        name.starts_with("list-") || name == "x-mailman-version" || is(&name, &header.value, "precedence", &["list"])
    });
    let machine = mail.headers.iter().find(|header| {
        let name = header.name.to_ascii_lowercase();
        let value = &header.value;
        (name == "auto-submitted" && !matches!(spoken(value).trim().to_ascii_lowercase().as_str(), "" | "no"))
            || ANSWERING.iter().any(|beginning| name.starts_with(beginning))
            || is(&name, value, "x-apple-action", &["oof"])
            || is(&name, value, "preference", &["auto_reply"])
            || (name == "x-auto-response-suppress" && !value.eq_ignore_ascii_case("none"))
            || is(&name, value, "precedence", &["bulk", "junk", "auto_reply", "auto-reply"])
    });
    let because = |header: &super::super::Header| format!("{}: {}", header.name, header.value);
    let sender = mail.from.as_ref().map(|from| from.address.as_ref().map_or(from.name.as_str(), |a| a.local()));
    let sender = sender.map(str::to_ascii_lowercase);
    let subject = mail.subject.to_lowercase();
    let prefix = PREFIXES.into_iter().find(|prefix| subject.starts_with(prefix));
    let said = match machine {
        Some(header) => Some(because(header)),
        None if mail.return_path == Some(ReturnPath::Null) => Some("Return-Path: <>".to_owned()),
        None if report => Some("Content-Type: multipart/report".to_owned()),
        None if mail.bounce.is_some() => Some("a delivery report".to_owned()),
        None if sender.as_deref() == Some("mailer-daemon") => Some(format!("From: {}", sender.unwrap_or_default())),
        None => prefix.map(|prefix| format!("Subject: {prefix}")),
    };
    said.map(|because| Automatic { machine: true, because })
        .or_else(|| list.map(|header| Automatic { machine: false, because: because(header) }))
}

/// A value without its comments and parameters.
fn spoken(value: &str) -> String {
    let mut depth = 0u32;
    let mut out = String::new();
    for c in value.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => break,
            c if depth == 0 => out.push(c),
            _ => {}
        }
    }
    out
}

fn is(name: &str, value: &str, wanted: &str, values: &[&str]) -> bool {
    name == wanted && values.iter().any(|one| value.trim().eq_ignore_ascii_case(one))
}
