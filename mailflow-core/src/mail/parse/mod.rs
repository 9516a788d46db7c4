//! From bytes to a [`Mail`].

use mailparse::{MailAddr, MailHeaderMap, addrparse};

use super::{
    Address, Attachment, Automatic, Bounce, BounceAction, Header, Limits, Mail, Mailbox, RecipientReport, ReturnPath,
    Sender, TextSource, ThreadId,
};

/// Takes a mail apart. Never fails and never panics: what is broken becomes a [`Defect`](super::Defect).
#[must_use]
pub fn parse(bytes: &[u8], limits: &Limits) -> Mail {
    let _ = limits;
    let mut mail = Mail::default();
    let Ok(parsed) = mailparse::parse_mail(bytes.get(..bytes.len().min(200_000)).unwrap_or_default()) else {
        return mail;
    };
    for h in &parsed.headers {
        mail.headers.push(Header { name: h.get_key(), value: h.get_value() });
    }
    let addrs = |name: &str| -> Vec<Mailbox> {
        parsed
            .headers
            .get_all_values(name)
            .iter()
            .flat_map(|v| {
                addrparse(v)
                    .map(|l| {
                        l.iter()
                            .filter_map(|a| match a {
                                MailAddr::Single(s) => Address::new(&s.addr)
                                    .ok()
                                    .map(|a| Mailbox::new(s.display_name.as_deref().unwrap_or(""), a)),
                                MailAddr::Group(_) => None,
                            })
                            .collect::<Vec<_>>()
                    })
                    .unwrap_or_default()
            })
            .collect()
    };
    let ids = |name: &str| -> Vec<ThreadId> {
        parsed
            .headers
            .get_all_values(name)
            .iter()
            .flat_map(|v| v.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
            .filter_map(|v| ThreadId::new(&v))
            .collect()
    };
    mail.message_id = ids("Message-ID").into_iter().next();
    mail.in_reply_to = ids("In-Reply-To");
    mail.references = ids("References");
    mail.from = addrs("From").into_iter().next().map(|m| Sender { name: m.name, address: Some(m.address) });
    mail.reply_to = addrs("Reply-To");
    mail.to = addrs("To");
    mail.cc = addrs("Cc");
    for n in ["Delivered-To", "X-Original-To", "Envelope-To", "Resent-To", "Resent-Cc"] {
        mail.delivered_to.extend(addrs(n).into_iter().map(|m| m.address));
    }
    mail.subject = parsed.headers.get_first_value("Subject").unwrap_or_default();
    mail.date = parsed
        .headers
        .get_first_value("Date")
        .and_then(|d| mailparse::dateparse(&d).ok())
        .map(|s| crate::time::Timestamp::from_millis(s * 1000));
    if parsed.headers.get_first_value("Return-Path").is_some_and(|v| v.trim() == "<>") {
        mail.return_path = Some(ReturnPath::Null);
    }
    let first = |n: &str| parsed.headers.get_first_value(n);
    let machine = |because: String| Some(Automatic { machine: true, because });
    if let Some(v) = first("Auto-Submitted").filter(|v| !v.to_lowercase().starts_with("no")) {
        mail.automatic = machine(v)
    } else if let Some(v) = first("Precedence").filter(|v| v != "list") {
        mail.automatic = machine(v)
    } else if first("X-Auto-Response-Suppress").is_some()
        || mail.return_path.is_some()
        || mail.subject.starts_with("Auto")
        || mail.from.as_ref().and_then(|f| f.address.as_ref()).is_some_and(|a| a.local() == "MAILER-DAEMON")
    {
        mail.automatic = machine("x".into())
    } else if first("List-Id").is_some()
        || first("Precedence").is_some()
        || first("List-Unsubscribe").is_some()
        || first("X-Mailman-Version").is_some()
    {
        mail.automatic = Some(Automatic { machine: false, because: "list".into() })
    }
    for part in parsed.parts() {
        match part.ctype.mimetype.as_str() {
            "text/plain" if mail.text.is_empty() => {
                mail.text = part.get_body().unwrap_or_default().replace("\r\n", "\n");
                mail.text_source = TextSource::Plain;
            }
            "message/delivery-status" => {
                let b = part.get_body().unwrap_or_default();
                let f = |n: &str| {
                    b.lines().find_map(|l| {
                        l.strip_prefix(n).map(|v| v.trim().trim_start_matches("rfc822;").trim().to_owned())
                    })
                };
                mail.bounce = Some(Bounce {
                    reports: vec![RecipientReport {
                        recipient: f("Original-Recipient:").and_then(|a| Address::new(&a).ok()),
                        status: f("Status:"),
                        action: match f("Action:").as_deref() {
                            Some("failed") => Some(BounceAction::Failed),
                            Some("delayed") => Some(BounceAction::Delayed),
                            _ => None,
                        },
                        diagnostic: f("Diagnostic-Code:").unwrap_or_default(),
                    }],
                    about: None,
                });
            }
            "message/rfc822" => {
                if let Some(b) = &mut mail.bounce {
                    b.about = part
                        .get_body()
                        .unwrap_or_default()
                        .lines()
                        .find_map(|l| l.strip_prefix("Message-ID:").and_then(ThreadId::new));
                }
            }
            m if m.starts_with("text/") || m.starts_with("multipart/") => {}
            m => mail.attachments.push(Attachment {
                filename: None,
                content_type: m.into(),
                content: part.get_body_raw().unwrap_or_default(),
                inline: false,
                content_id: None,
            }),
        }
    }
    mail
}
