//! Each limit at its figure, one below and one above.

use mailflow_core::mail::{Defect, Limits, Mail, parse};

fn limited(set: impl FnOnce(&mut Limits), mail: &str) -> Mail {
    let mut limits = Limits::default();
    set(&mut limits);
    parse(mail.as_bytes(), &limits)
}

/// That the limit of three is met by four of something and not by three or two.
fn at_three(defect: Defect, set: impl Fn(&mut Limits), mail: impl Fn(usize) -> String) {
    for (count, met) in [(2, false), (3, false), (4, true)] {
        let read = limited(&set, &mail(count));
        assert_eq!(read.defects.contains(&defect), met, "{defect:?} at {count}: {read:?}");
    }
}

fn parts(count: usize) -> String {
    let part = "--B\nContent-Type: image/png\n\nx\n";
    format!("From: a@one.example\nContent-Type: multipart/mixed; boundary=B\n\n{}--B--\n", part.repeat(count))
}

#[test]
fn a_mail_that_is_too_large_is_read_by_its_headers() {
    let mail = "From: a@one.example\nSubject: s\n\nbody";
    for (most, met) in [(mail.len() - 1, true), (mail.len(), false), (mail.len() + 1, false)] {
        let read = limited(|limits| limits.mail_bytes = most, mail);
        assert_eq!((read.defects.contains(&Defect::TooLarge), read.text.is_empty()), (met, met), "{most}");
        assert_eq!(read.subject, "s");
    }
}

#[test]
fn parts_beyond_the_limit_are_one_attachment() {
    at_three(Defect::TooManyParts, |limits| limits.parts = 3, parts);
    assert_eq!(limited(|limits| limits.parts = 3, &parts(9)).attachments.len(), 4);
}

#[test]
fn ac_14_levels_beyond_the_limit_are_one_attachment() {
    let nested = |levels: usize| {
        let mut mail = "From: a@one.example\n".to_owned();
        for level in 0..levels {
            mail.push_str(&format!("Content-Type: multipart/mixed; boundary=b{level}\n\n--b{level}\n"));
        }
        mail.push_str("Content-Type: text/plain\n\ninnermost\n");
        for level in (0..levels).rev() {
            mail.push_str(&format!("--b{level}--\n"));
        }
        mail
    };
    at_three(Defect::TooDeep, |limits| limits.depth = 3, nested);
    assert_eq!(limited(|_| {}, &nested(32)).text, "innermost");
    let deep = limited(|_| {}, &nested(1000));
    assert!(deep.defects.contains(&Defect::TooDeep) && deep.attachments.len() == 1);
}

#[test]
fn headers_beyond_the_limits_are_dropped() {
    at_three(Defect::HeadersCut, |limits| limits.headers = 3, |count| format!("{}\nx", "A: b\n".repeat(count)));
    at_three(
        Defect::HeadersCut,
        |limits| limits.header_bytes = 3,
        |count| format!("A:{}\n\nx", "b".repeat(count - 1)),
    );
    at_three(Defect::HeadersCut, |limits| limits.headers_bytes = 12, |count| format!("{}\nx", "A:b\n".repeat(count)));
}

#[test]
fn addresses_beyond_the_limit_are_dropped() {
    let to = |count: usize| format!("From: a@one.example\nTo: {}\n\nx", "b@two.example, ".repeat(count));
    at_three(Defect::TooManyAddresses, |limits| limits.addresses = 3, to);
    assert_eq!(limited(|limits| limits.addresses = 3, &to(9)).to.len(), 3);
}

#[test]
fn of_many_references_the_first_and_the_last_are_kept() {
    let ids: String = (1..=9).map(|id| format!("<{id}@x> ")).collect();
    let read = limited(|limits| limits.references = 3, &format!("References: {ids}\n\nx"));
    let kept: Vec<&str> = read.references.iter().map(|id| id.as_str()).collect();
    assert_eq!(kept, ["1@x", "8@x", "9@x"]);
}

#[test]
fn parameters_beyond_the_limit_are_dropped() {
    let mail = |count: usize| {
        let parameters: String = (0..count).map(|at| format!("; p*{at}=x")).collect();
        format!("From: a@one.example\nContent-Type: text/plain{parameters}\n\nx")
    };
    at_three(Defect::BadParameter, |limits| limits.parameters = 3, mail);
}

#[test]
fn text_beyond_the_limit_is_one_click_away() {
    at_three(
        Defect::TextCut,
        |limits| limits.text_bytes = 3,
        |count| format!("From: a@one.example\n\n{}", "x".repeat(count)),
    );
    assert_eq!(limited(|limits| limits.text_bytes = 4, "From: a@one.example\n\näöü").text, "äö");
}

#[test]
fn what_is_unpacked_has_a_limit() {
    let text = "From: a@one.example\n\nbegin 644 cat.txt\n#0V%T\n`\nend\n";
    assert_eq!(limited(|limits| limits.unpacked_bytes = 3, text).attachments.len(), 1);
    assert_eq!(limited(|limits| limits.unpacked_bytes = 2, text).attachments.len(), 0);
}
