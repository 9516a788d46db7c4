//! What Amazon SES says through its notification service: a report in JSON, sent as a mail.

use serde::Deserialize;

use super::super::super::{Address, Bounce, BounceAction, RecipientReport};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    #[serde(alias = "eventType")]
    notification_type: String,
    bounce: Option<Bounced>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounced {
    #[serde(default)]
    bounce_type: String,
    #[serde(default)]
    bounced_recipients: Vec<Recipient>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Recipient {
    email_address: String,
    status: Option<String>,
    action: Option<String>,
    diagnostic_code: Option<String>,
}

/// The recipients of such a report; a complaint is none.
pub fn read(text: &str) -> Option<Bounce> {
    let text = text.trim_start();
    if !text.starts_with('{') || !text.contains("\"bouncedRecipients\"") {
        return None;
    }
    // Some server has broken its long line.
    let joined = text.replace("!\n ", "").replace("\n ", "");
    let mut documents = serde_json::Deserializer::from_str(&joined).into_iter::<Notification>();
    let notification = documents.next()?.ok().filter(|it| it.notification_type == "Bounce")?;
    let bounced = notification.bounce?;
    let lasting = bounced.bounce_type != "Transient";
    let report = |recipient: &Recipient| RecipientReport {
        recipient: Address::new(&recipient.email_address).ok(),
        status: recipient.status.clone().or_else(|| Some(if lasting { "5.0.0" } else { "4.0.0" }.to_owned())),
        action: Some(match recipient.action.as_deref() {
            Some("delayed") => BounceAction::Delayed,
            _ => BounceAction::Failed,
        }),
        diagnostic: crate::text::one_line(recipient.diagnostic_code.as_deref().unwrap_or_default(), 500),
    };
    let reports: Vec<RecipientReport> = bounced.bounced_recipients.iter().take(1000).map(report).collect();
    (!reports.is_empty()).then_some(Bounce { reports, about: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_in_json_is_read_and_a_complaint_is_none() {
        let text = r#"{"notificationType":"Bounce","bounce":{"bounceType":"Permanent","bouncedRecipients":[{"emailAddress":"ada@one.example","status":"5.1.1","action":"failed","diagnosticCode":"smtp; 550 5.1.1 user unknown"}]}}
--
If you wish to stop receiving"#;
        let report = read(text).unwrap().reports.remove(0);
        assert_eq!(report.recipient.unwrap().as_str(), "ada@one.example");
        assert_eq!((report.status.as_deref(), report.action), (Some("5.1.1"), Some(BounceAction::Failed)));
        assert!(read(&text.replace("\"Bounce\"", "\"Complaint\"")).is_none());
        assert!(read("{\"bouncedRecipients\"").is_none());
    }
}
