//! The audit as a file for spreadsheets.

use std::fmt::Write as _;

use axum::extract::Query;
use axum::http::header;
use axum::response::IntoResponse as _;
use mailflow_core::store::Page;

use super::{Asked, views};
use crate::web::Signed;
use crate::web::answer::Answer;

/// The most entries of one file.
const MOST: usize = 10_000;
const AT_ONCE: u32 = 500;

/// A field of a line. What a spreadsheet would take for a formula begins with an apostrophe.
fn field(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']) || text.starts_with(['\t', '\r', '\n']);
    let mark = if formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

/// What the filter finds, newest first, at most [`MOST`].
pub(super) async fn download(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let filter = asked.filter(&signed.desk).await?;
    let mut text = String::from("time,who,what,object,kind,changes\r\n");
    let (mut page, mut lines) = (Page::first(AT_ONCE), 0);
    loop {
        let found = signed.desk.audit(&filter, &page).await?;
        for entry in views(&signed, &found.rows).await? {
            let mut changes = String::new();
            for it in &entry.changes {
                // Writing into a `String` cannot fail.
                let _ = writeln!(changes, "{}: {} → {}", it.field, it.before, it.after);
            }
            let fields = [&entry.when.2, &entry.who, &entry.words, &entry.about, entry.activity, changes.trim_end()];
            text.push_str(&fields.map(field).join(","));
            text.push_str("\r\n");
            lines += 1;
        }
        match found.next {
            Some(next) if lines < MOST => page = Page::after(AT_ONCE, next),
            _ => break,
        }
    }
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.csv\""),
    ];
    Ok((headers, text).into_response())
}

#[cfg(test)]
mod tests {
    use super::field;

    #[test]
    fn no_field_is_a_formula() {
        for (text, written) in [
            ("a \"b\", c", "\"a \"\"b\"\", c\""),
            ("=1+2", "\"'=1+2\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-5", "\"'-5\""),
            ("\t=1", "\"'\t=1\""),
        ] {
            assert_eq!(field(text), written);
        }
    }
}
