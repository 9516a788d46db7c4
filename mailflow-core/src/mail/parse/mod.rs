//! From bytes to a [`Mail`].

mod addresses;
mod automatic;
mod body;
mod bounce;
mod charset;
mod dates;
mod defects;
mod flowed;
mod headers;
mod params;
mod split;
mod tnef;
mod transfer;
mod uuencode;
mod words;

use std::borrow::Cow;

use defects::Defects;

use super::{Defect, Limits, Mail};

/// Takes a mail apart. Never fails and never panics: what is broken becomes a [`Defect`].
#[must_use]
pub fn parse(bytes: &[u8], limits: &Limits) -> Mail {
    let mut defects = Defects::default();
    let with_line_ends = line_ends(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let mut bytes: &[u8] = &with_line_ends;
    while let [b'\r' | b'\n' | b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    let (fields, content) = split::fields(bytes, limits, &mut defects);
    if fields.0.is_empty() {
        defects.add(Defect::NoHeaders);
    }
    let mut mail = headers::read(&fields, limits, &mut defects);
    let mut report = false;
    if bytes.len() > limits.mail_bytes {
        defects.add(Defect::TooLarge);
    } else {
        report = body::read(&mut mail, &fields, content, limits, &mut defects);
        mail.bounce = bounce::complete(&mail, limits);
    }
    mail.automatic = automatic::read(&mail, report);
    mail.defects = defects.0;
    mail
}

/// A mail whose lines end with CR alone would be one line.
fn line_ends(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'\n') || !bytes.contains(&b'\r') {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(bytes.iter().map(|byte| if *byte == b'\r' { b'\n' } else { *byte }).collect())
}
