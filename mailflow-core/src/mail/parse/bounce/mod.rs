//! Delivery reports: the machine's part (RFC 3464), and the words of servers that write none.

mod phrases;
mod prose;
mod sns;
pub mod status;

use super::super::{Address, Bounce, BounceAction, Limits, Mail, RecipientReport, ThreadId};
use super::defects::Defects;
use super::split;

/// The report that a mail is, if it is one, with all that the mail says beside its machine-readable part, which
/// stands in [`Mail::bounce`] already.
pub fn complete(mail: &Mail, limits: &Limits) -> Option<Bounce> {
    let mut bounce = match &mail.bounce {
        Some(machine) if machine.reports.iter().any(|report| report.recipient.is_some()) => machine.clone(),
        machine => {
            let told = sns::read(&mail.text).or_else(|| prose::read(mail, limits));
            match (machine, told) {
                (Some(machine), told) => with_recipients(machine.clone(), told),
                (None, told) => told?,
            }
        }
    };
    if bounce.reports.is_empty() {
        bounce.reports.push(RecipientReport::default());
    }
    bounce.about = bounce.about.or_else(|| about(mail, limits));
    Some(bounce)
}

/// A machine-readable part that names nobody, with those whom the text names.
fn with_recipients(mut machine: Bounce, told: Option<Bounce>) -> Bounce {
    let said = machine.reports.first().cloned().unwrap_or_default();
    if let Some(told) = told {
        machine.reports = told.reports;
        for report in &mut machine.reports {
            report.status = said.status.clone().or(report.status.take());
            report.action = said.action.or(report.action);
        }
    }
    machine
}

/// The `Message-ID` of the mail that was returned, as a part or in the text.
fn about(mail: &Mail, limits: &Limits) -> Option<ThreadId> {
    let returned = mail.attachments.iter().filter(|part| is_returned(&part.content_type));
    let in_part = returned.into_iter().find_map(|part| {
        let (fields, _) = split::fields(&part.content, limits, &mut Defects::default());
        ThreadId::new(&String::from_utf8_lossy(fields.first("Message-ID")?))
    });
    in_part.or_else(|| ThreadId::new(prose::copy_header(&mail.text, "message-id:")?))
}

/// Whether a part is the mail that could not be delivered, or its headers.
fn is_returned(content_type: &str) -> bool {
    matches!(
        content_type,
        "message/rfc822"
            | "text/rfc822-headers"
            | "message/rfc822-headers"
            | "message/global"
            | "message/global-headers"
    )
}

/// One report for each recipient, which gets its number.
fn reports(recipients: Vec<Address>, report: impl Fn(usize, &Address) -> RecipientReport) -> Vec<RecipientReport> {
    let one = |(nth, recipient): (usize, Address)| {
        let report = report(nth, &recipient);
        RecipientReport { recipient: Some(recipient), ..report }
    };
    recipients.into_iter().enumerate().map(one).collect()
}

/// What a class of status means where nothing says it.
fn action_of(status: &str) -> Option<BounceAction> {
    match status.as_bytes().first()? {
        b'2' => Some(BounceAction::Delivered),
        b'4' => Some(BounceAction::Delayed),
        _ => Some(BounceAction::Failed),
    }
}
