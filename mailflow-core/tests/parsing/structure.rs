//! The rows about parts, text and HTML.

use mailflow_core::mail::{Defect, TextSource};

use crate::{has, read, with_body};

fn mixed(parts: &str) -> String {
    format!("From: ada@one.example\nContent-Type: multipart/mixed; boundary=\"B\"\n\npreamble\n{parts}")
}

#[test]
fn case_5_a_boundary_that_never_appears_hides_no_text() {
    let mail = read("From: ada@one.example\nContent-Type: multipart/mixed; boundary=never\n\nthe words\n");
    assert_eq!(mail.text, "the words\n");
    assert!(has(&mail, Defect::BadMultipart));
    let mail = read(mixed("--C\nContent-Type: text/plain\n\none\n--C\nContent-Type: text/plain\n\ntwo\n--C--\n"));
    assert_eq!(mail.text, "one\ntwo", "the real boundary is found");
}

#[test]
fn case_6_a_part_without_an_empty_line_is_text() {
    let mail = read(mixed("--B\njust words here\nand here\n--B--\n"));
    assert_eq!(mail.text, "just words here\nand here");
}

#[test]
fn case_11_a_boundary_that_begins_another() {
    let mail = read(
        "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: multipart/alternative; boundary=B1\n\n--B1\nContent-Type: text/plain\n\nplain\n--B1\nContent-Type: text/html\n\n<p>html</p>\n--B1--\n--B\nContent-Type: image/png; name=x.png\n\nx\n--B--\n",
    );
    assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("plain", Some("<p>html</p>")));
    assert_eq!(mail.attachments.len(), 1);
    assert!(!has(&mail, Defect::BadMultipart));
}

#[test]
fn ac_14_a_boundary_that_is_never_closed() {
    let mail = read(mixed("--B\nContent-Type: text/plain\n\none\n--B\nContent-Type: image/png\n\nx"));
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("one", 1));
    assert!(has(&mail, Defect::BadMultipart));
}

#[test]
fn a_delimiter_in_the_middle_of_a_line_is_text() {
    let mail = read(mixed("--B\nContent-Type: text/plain\n\nnot --B here\n--Bno\n --B\n--B--\n"));
    assert_eq!(mail.text, "not --B here\n--Bno\n --B");
    let mail = read(mixed("--B   padding\nContent-Type: text/plain\n\none\n--B--  more\n"));
    assert_eq!(mail.text, "one");
}

#[test]
fn two_levels_that_share_a_boundary_lose_no_part() {
    let mail =
        read(mixed("--B\nContent-Type: text/plain\n\none\n--B--\n\n--B\nContent-Type: text/plain\n\ntwo\n--B--\n"));
    assert_eq!(mail.text, "one\ntwo");
}

#[test]
fn case_22_comments_and_parameters_do_not_change_a_type() {
    let mail = read(with_body(
        "Content-Type: text/plain (a comment); charset=utf-8 (foo)\nContent-Transfer-Encoding: Base64 ; foo",
        "Z3LDtsOfZXI=",
    ));
    assert_eq!(mail.text, "größer");
    let mail = read(with_body("Content-Type: text/plain\n charset=iso-8859-1", b"caf\xe9"));
    assert_eq!(mail.text, "café", "a forgotten semicolon");
    let mail = read(with_body("Content-Type: multipart/mixed;\nboundary=B", "--B\n\nwords\n--B--\n"));
    assert_eq!(mail.text, "words", "a forgotten fold");
}

#[test]
fn case_3_base64_is_read_as_far_as_it_goes() {
    for (body, text) in [
        ("aGVsbG8", "hello"),
        ("aGVs!bG8=", "hello"),
        ("aGVsbG8=\n-- \nA list footer\n", "hello"),
        ("aGVsbG8=\n\n\n", "hello"),
        ("aGVsb", "hel"),
    ] {
        let mail = read(with_body("Content-Type: text/plain\nContent-Transfer-Encoding: base64", body));
        assert_eq!(mail.text, text, "{body}");
    }
}

#[test]
fn case_4_quoted_printable_keeps_raw_bytes_and_what_is_no_escape() {
    for (body, text) in [
        ("café =3D ok", "café = ok"),
        ("a=\nb =zz c=", "ab =zz c="),
        ("soft=  \nbreak", "softbreak"),
        ("=c3=a9", "é"),
    ] {
        let mail = read(with_body(
            "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
            body,
        ));
        assert_eq!(mail.text, text, "{body}");
    }
}

#[test]
fn transfer_encodings_are_known_by_any_spelling() {
    for (name, body) in
        [("8 bit", "größer"), ("7-bit", "größer"), ("BINARY", "größer"), ("\"base64\"", "Z3LDtsOfZXI=")]
    {
        let mail = read(with_body(&format!("Content-Transfer-Encoding: {name}"), body));
        assert_eq!(mail.text, "größer", "{name}");
        assert!(!has(&mail, Defect::UnknownTransferEncoding), "{name}");
    }
    let mail = read(with_body("Content-Transfer-Encoding: x-nobody", "as it came"));
    assert!(mail.text == "as it came" && has(&mail, Defect::UnknownTransferEncoding));
}

#[test]
fn text_beside_html_is_in_both_renditions() {
    let mail = read(mixed(
        "--B\nContent-Type: text/plain\n\nbefore & after\n--B\nContent-Type: text/html\n\n<p>html</p>\n--B--\n",
    ));
    assert!(mail.text.starts_with("before & after\n") && mail.text.contains("html"), "{}", mail.text);
    assert_eq!(mail.html.as_deref(), Some("<pre>before &amp; after</pre>\n<p>html</p>"));
    let mail = read(
        "Content-Type: multipart/alternative; boundary=B\n\n--B\n\nplain\n--B\nContent-Type: text/html\n\n<p>html</p>\n--B--\n",
    );
    assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("plain", Some("<p>html</p>")), "one of the two is shown");
    assert_eq!(mail.text_source, TextSource::Plain);
}

#[test]
fn html_alone_makes_the_text() {
    let mail = read(with_body("Content-Type: text/html; charset=utf-8", "<p>größer</p>"));
    assert!(mail.text.contains("größer") && mail.text_source == TextSource::Html);
    assert!(read(with_body("Content-Type: text/plain", "x")).html.is_none());
}

#[test]
fn case_13_flowed_lines_are_joined() {
    let mail = read(with_body("Content-Type: text/plain; format=flowed", "one \ntwo\n> quoted \n> text\n-- \nAda\n"));
    assert_eq!(mail.text, "one two\n> quoted text\n-- \nAda\n");
    let mail = read(with_body("Content-Type: text/plain; format=Flowed; DelSp=Yes; charset=utf-8", "日本 \n語\n"));
    assert_eq!(mail.text, "日本語\n");
}

#[test]
fn ac_19_a_mail_of_a_subject_only_is_a_mail() {
    let mail = read("From: ada@one.example\nSubject: only this\n\n");
    assert_eq!((mail.subject.as_str(), mail.text.as_str()), ("only this", ""));
    assert_eq!(read("From: ada@one.example\nSubject: only this").subject, "only this");
}

#[test]
fn line_ends_of_any_kind_are_the_same_text() {
    for end in ["\n", "\r\n"] {
        let mail = ["From: ada@one.example", "Content-Type: text/plain", "", "one", "two", ""].join(end);
        assert_eq!(read(mail).text, "one\ntwo\n", "{end:?}");
    }
}
