//! AC-27: attachments survive, with their names.

use mailflow_core::mail::{Attachment, Mail};

use crate::read;

fn mail_with(part: &[u8]) -> Mail {
    let before = b"From: ada@one.example\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B\r\n";
    read([before.as_slice(), part, b"\r\n--B--\r\n"].concat())
}

fn attached(part: &[u8]) -> Attachment {
    let mut mail = mail_with(part);
    assert_eq!(mail.text, "hello", "{mail:?}");
    assert_eq!(mail.attachments.len(), 1, "{mail:?}");
    mail.attachments.remove(0)
}

fn named(headers: &str) -> Option<String> {
    attached(format!("{}\r\n\r\nx", headers.replace('\n', "\r\n")).as_bytes()).filename
}

#[test]
fn ac_27_bytes_in_are_bytes_out() {
    let bytes: Vec<u8> =
        (0..=255u8).cycle().take(5000).filter(|byte| !matches!(byte, b'\n' | b'\r' | b'-')).collect();
    let part =
        [b"Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: binary\r\n\r\n".as_slice(), &bytes]
            .concat();
    assert_eq!(attached(&part).content, bytes);
    let part = b"Content-Type: text/csv; name=a.csv\r\n\r\na;b\r\nc;d\r\n";
    assert_eq!(attached(part).content, b"a;b\r\nc;d\r\n", "line ends too");
}

#[test]
fn ac_27_a_nested_mail_is_kept_raw_byte_for_byte() {
    let inner =
        b"Subject: inner\r\nContent-Type: multipart/mixed; boundary=C\r\n\r\n--C\r\n\r\none \r\n\r\n--C--\r\n";
    let part = [b"Content-Type: message/rfc822\r\n\r\n".as_slice(), inner].concat();
    let nested = attached(&part);
    assert_eq!((nested.content_type.as_str(), nested.content.as_slice()), ("message/rfc822", inner.as_slice()));
    let lf = b"Subject: inner\n\none\ntwo\n";
    let part =
        [b"Content-Type: message/rfc822; name=\"old.eml\"\r\nContent-Disposition: attachment\r\n\r\n".as_slice(), lf]
            .concat();
    let nested = attached(&part);
    assert_eq!((nested.content.as_slice(), nested.filename.as_deref()), (lf.as_slice(), Some("old.eml")));
}

#[test]
fn case_12_a_nested_mail_in_base64_is_decoded_and_not_taken_apart() {
    let part =
        b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nU3ViamVjdDogaW5uZXINCg0Kb25lDQo=";
    assert_eq!(attached(part).content, b"Subject: inner\r\n\r\none\r\n");
}

#[test]
fn ac_27_inline_only_if_the_html_refers_to_it() {
    let mail = |html: &str| {
        read(format!(
            "Content-Type: multipart/related; boundary=B\n\n--B\nContent-Type: text/html\n\n{html}\n--B\nContent-Type: application/pdf; name=a.pdf\nContent-ID: <pic@one.example>\nContent-Disposition: inline\n\nx\n--B--\n"
        ))
        .attachments
        .remove(0)
    };
    let shown = mail("<img src=\"cid:pic@one.example\">");
    assert!(shown.inline && shown.content_id.as_deref() == Some("pic@one.example"));
    assert!(mail("<img src='cid:pic%40one.example'>").inline);
    assert!(!mail("<p>see the file</p>").inline, "a Content-ID and `inline` alone hide no file");
    assert!(!mail("<img src=\"cid:other@one.example\">").inline);
}

#[test]
fn rfc_2231_continuations_charsets_and_split_characters() {
    for (disposition, name) in [
        ("filename*0=\"one \"; filename*1=\"two.txt\"", "one two.txt"),
        ("filename*1=\"two.txt\"; filename*0=\"one \"", "one two.txt"),
        ("filename*0*=utf-8'en'%E2%82; filename*1*=%AC%20; filename*2=\"x.txt\"", "€ x.txt"),
        ("filename*=iso-8859-1''%E4.txt", "ä.txt"),
        ("filename*=UTF-8''%F0%9F%98%8A.png", "😊.png"),
        ("filename*=''plain.txt", "plain.txt"),
        ("filename*=%C3%A4.txt", "ä.txt"),
    ] {
        assert_eq!(
            named(&format!("Content-Type: x/y\nContent-Disposition: attachment; {disposition}")).as_deref(),
            Some(name)
        );
    }
}

#[test]
fn case_19_encoded_words_in_names() {
    for name in ["=?UTF-8?B?w6Q=?=.pdf", "=?UTF-8?Q?=C3=A4?=\n\t=?UTF-8?Q?.pdf?="] {
        assert_eq!(named(&format!("Content-Type: x/y; name=\"{name}\"")).as_deref(), Some("ä.pdf"), "{name}");
    }
    let split = "filename*0=\"=?UTF-8?B?w6Q=\"; filename*1=\"?=.pdf\"";
    assert_eq!(
        named(&format!("Content-Type: x/y\nContent-Disposition: attachment; {split}")).as_deref(),
        Some("ä.pdf")
    );
}

#[test]
fn case_20_the_extended_name_wins() {
    let both = "Content-Type: x/y\nContent-Disposition: attachment; filename=\"x.txt\"; filename*=UTF-8''%C3%A4.txt";
    assert_eq!(named(both).as_deref(), Some("ä.txt"));
    let unknown = "Content-Type: x/y\nContent-Disposition: attachment; filename*=x-nobody''%C3%A4.txt";
    assert_eq!(named(unknown).as_deref(), Some("ä.txt"));
}

#[test]
fn case_21_names_have_no_folders_and_no_disguise() {
    for (name, harmless) in [
        ("C:\\temp\\new.pdf", "new.pdf"),
        ("../../etc/passwd", "passwd"),
        ("/etc/passwd", "passwd"),
        ("photo\u{202e}gpj.exe", "photogpj.exe"),
        ("a  b.pdf", "a  b.pdf"),
    ] {
        assert_eq!(named(&format!("Content-Type: x/y; name=\"{name}\"")).as_deref(), Some(harmless), "{name}");
    }
    assert_eq!(named("Content-Type: x/y; name=\"..\""), None);
    assert_eq!(named(&format!("Content-Type: x/y; name=\"{}\"", "x".repeat(5000))).unwrap().len(), 200);
}

#[test]
fn names_with_letters_that_need_quotes_and_have_none() {
    for (headers, name) in [
        ("Content-Type: application/pdf; name=Invoice_(1).pdf", "Invoice_(1).pdf"),
        ("Content-Type: application/pdf; name=an invoice.pdf", "an invoice.pdf"),
        ("Content-Type: application/pdf; name=\"a;b.pdf\"", "a;b.pdf"),
        ("Content-Type: application/pdf; name=\"say \\\"hi\\\".pdf\"", "say \"hi\".pdf"),
    ] {
        assert_eq!(named(headers).as_deref(), Some(name), "{headers}");
    }
}

#[test]
fn a_text_with_a_name_is_a_file_unless_it_is_the_first_text() {
    let mail = mail_with(b"Content-Type: text/plain; name=log.txt\r\n\r\na log");
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("hello", 1));
    let mail = read(
        "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain; name=body.txt\n\nthe words\n--B--\n",
    );
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("the words", 0));
    let mail = read(
        "Content-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\nContent-Disposition: attachment\n\na file\n--B--\n",
    );
    assert_eq!((mail.text.as_str(), mail.attachments.len()), ("", 1));
}

#[test]
fn case_13_uuencoded_files_are_taken_out_of_the_text() {
    let mail = read("From: ada@one.example\n\nHello\nbegin 644 cat.txt\n#0V%T\n`\nend\nbye\n");
    assert_eq!(mail.text, "Hello\nbye\n");
    assert_eq!(
        (mail.attachments[0].filename.as_deref(), mail.attachments[0].content.as_slice()),
        (Some("cat.txt"), &b"Cat"[..])
    );
    let part = b"Content-Type: text/csv; name=cat.csv\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n#0V%T\r\n`\r\nend\r\n";
    assert_eq!(attached(part).content, b"Cat");
}
