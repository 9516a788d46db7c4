//! Reading mail, case by case: the numbers are those of the acceptance cases, and of the rows of what parsers get
//! wrong.

#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod addresses;
mod attachments;
mod automatic;
mod charsets;
mod headers;
mod hostile;
mod limits;
mod reports;
mod shapes;
mod structure;
mod tnef;

use mailflow_core::mail::{Defect, Limits, Mail, parse};

/// What is read in these bytes; `\n` line ends are as good as any.
fn read(mail: impl AsRef<[u8]>) -> Mail {
    parse(mail.as_ref(), &Limits::default())
}

/// A mail with one body: its headers, then the body.
fn with_body(headers: &str, body: impl AsRef<[u8]>) -> Vec<u8> {
    let mut mail = format!("From: ada@one.example\nSubject: s\n{headers}\n").into_bytes();
    mail.extend_from_slice(b"\n");
    mail.extend_from_slice(body.as_ref());
    mail
}

/// The text of a mail with this `Content-Type` and body.
fn text_of(content_type: &str, body: impl AsRef<[u8]>) -> String {
    read(with_body(&format!("Content-Type: {content_type}"), body)).text
}

fn has(mail: &Mail, defect: Defect) -> bool {
    mail.defects.contains(&defect)
}
