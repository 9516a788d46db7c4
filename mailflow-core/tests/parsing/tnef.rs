//! AC-27: `winmail.dat`, packed by a small writer of TNEF (MS-OXTNEF) of these tests.

use mailflow_core::mail::{Defect, Mail, TextSource};

use crate::{has, read};

const MESSAGE: u8 = 1;
const ATTACHMENT: u8 = 2;

/// An attribute: level, id and type, length, data, checksum.
fn attribute(level: u8, id: u32, data: &[u8]) -> Vec<u8> {
    let sum = data.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
    let length = u32::try_from(data.len()).unwrap().to_le_bytes();
    [&[level][..], &id.to_le_bytes(), &length, data, &sum.to_le_bytes()].concat()
}

/// A block of MAPI properties of variable length: id, type, value.
fn properties(list: &[(u16, u16, &[u8])]) -> Vec<u8> {
    let mut block = u32::try_from(list.len()).unwrap().to_le_bytes().to_vec();
    for (id, kind, value) in list {
        let padding = vec![0; value.len().next_multiple_of(4) - value.len()];
        let length = u32::try_from(value.len()).unwrap().to_le_bytes();
        block.extend([&kind.to_le_bytes()[..], &id.to_le_bytes()].concat());
        block.extend(if *kind == 3 {
            value.to_vec()
        } else {
            [&1u32.to_le_bytes()[..], &length, value, &padding].concat()
        });
    }
    block
}

fn wide(text: &str) -> Vec<u8> {
    text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect()
}

fn winmail(attributes: &[Vec<u8>]) -> Vec<u8> {
    [&0x223e_9f78u32.to_le_bytes()[..], &[1, 0], &attributes.concat()].concat()
}

fn file(name: &[u8], long: &str, content: &[u8]) -> Vec<u8> {
    [
        attribute(ATTACHMENT, 0x0006_9002, &[0; 14]),
        attribute(ATTACHMENT, 0x0001_8010, name),
        attribute(ATTACHMENT, 0x0006_800f, content),
        attribute(ATTACHMENT, 0x0006_9005, &properties(&[(0x3707, 0x1f, &wide(long))])),
    ]
    .concat()
}

fn mail_with(text: &str, winmail: &[u8]) -> Mail {
    let encoded = data_encoding::BASE64.encode(winmail);
    read(format!(
        "From: ada@one.example\nContent-Type: multipart/mixed; boundary=B\n\n--B\nContent-Type: text/plain\n\n{text}\n--B\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n{encoded}\n--B--\n"
    ))
}

#[test]
fn ac_27_the_body_of_a_winmail_dat_is_the_text() {
    let packed = winmail(&[attribute(MESSAGE, 0x0006_9003, &properties(&[(0x1000, 0x1f, &wide("Grüße 😊"))]))]);
    let mail = mail_with("", &packed);
    assert_eq!((mail.text.as_str(), mail.text_source), ("Grüße 😊", TextSource::Plain));
    assert!(mail.attachments.is_empty(), "what was unpacked whole is not shown twice");
    let mail = mail_with("what he wrote", &packed);
    assert_eq!(mail.text, "what he wrote", "the text of the mail comes first");
}

#[test]
fn ac_27_the_html_and_the_code_page_of_a_winmail_dat() {
    let packed = winmail(&[
        attribute(MESSAGE, 0x0006_9007, &[&1251u32.to_le_bytes()[..], &[0; 4]].concat()),
        attribute(MESSAGE, 0x0002_800c, b"\xcf\xf0\xe8\xe2\xe5\xf2\0"),
        attribute(
            MESSAGE,
            0x0006_9003,
            &properties(&[(0x3fde, 3, &65001u32.to_le_bytes()), (0x1013, 0x102, "<p>größer</p>".as_bytes())]),
        ),
    ]);
    let mail = mail_with("", &packed);
    assert_eq!((mail.text.as_str(), mail.html.as_deref()), ("Привет", Some("<p>größer</p>")));
}

#[test]
fn ac_27_the_files_of_a_winmail_dat_are_attachments() {
    let packed = winmail(&[file(b"UEBERS~1.PDF\0", "Übersicht.pdf", b"%PDF-1.7"), file(b"b.txt\0", "b.txt", b"two")]);
    let mail = mail_with("see there", &packed);
    let found: Vec<_> = mail.attachments.iter().map(|it| (it.filename.as_deref(), it.content.as_slice())).collect();
    assert_eq!(found, [(Some("Übersicht.pdf"), &b"%PDF-1.7"[..]), (Some("b.txt"), &b"two"[..])]);
    assert!(!has(&mail, Defect::BadTnef));
}

#[test]
fn ac_27_a_damaged_winmail_dat_is_kept_beside_what_could_be_read() {
    let packed = winmail(&[file(b"a.txt\0", "a.txt", b"one"), file(b"b.txt\0", "b.txt", b"two")]);
    let cut = &packed[..packed.len() - 40];
    let mail = mail_with("see there", cut);
    assert!(has(&mail, Defect::BadTnef));
    assert!(mail.attachments.iter().any(|it| it.content == b"one"));
    assert!(mail.attachments.iter().any(|it| it.filename.as_deref() == Some("winmail.dat") && it.content == cut));
    let mail = mail_with("see there", b"nothing of that kind");
    assert!(has(&mail, Defect::BadTnef) && mail.attachments.len() == 1);
}
