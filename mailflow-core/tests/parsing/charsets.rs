//! AC-16 and AC-17: charsets as they come.

use mailflow_core::mail::Defect;

use crate::{has, read, text_of, with_body};

fn subject(raw: &[u8]) -> String {
    let mail = [b"From: ada@one.example\nSubject: ".as_slice(), raw, b"\n\nx"].concat();
    read(mail).subject
}

fn filename(disposition: &str) -> String {
    let part = format!(
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: image/png\nContent-Disposition: {disposition}\n\nx\n--b--\n"
    );
    read(part).attachments.remove(0).filename.unwrap_or_default()
}

#[test]
fn ac_16_a_iso_2022_jp_in_quoted_printable() {
    let mail = with_body(
        "Content-Type: text/plain; charset=\"iso-2022-jp\"\nContent-Transfer-Encoding: quoted-printable",
        "=1B$B!G=1B(B and =1B$BF|K\\8l=1B(B",
    );
    assert_eq!(read(mail).text, "\u{2019} and 日本語");
}

#[test]
fn ac_16_b_iso_2022_jp_without_a_charset() {
    assert_eq!(text_of("text/plain", b"\x1b$BF|K\\8l\x1b(B\n"), "日本語\n");
    assert_eq!(read(b"From: a@one.example\n\n\x1b$BF|K\\8l\x1b(B").text, "日本語", "no content type at all");
    assert_eq!(text_of("text/plain; charset=us-ascii", b"\x1b$BF|K\\8l\x1b(B"), "日本語");
    assert_eq!(text_of("text/plain; charset=utf-8", b"\x1b$BF|K\\8l\x1b(B"), "日本語");
}

#[test]
fn ac_16_c_windows_1258_has_whole_letters() {
    assert_eq!(text_of("text/plain; charset=windows-1258", b"Vi\xea\xf2t Nam"), "Việt Nam");
}

#[test]
fn ac_16_d_a_bare_number_is_a_windows_charset() {
    assert_eq!(text_of("text/plain; charset=1252", b"caf\xe9 \x80"), "café €");
    assert_eq!(text_of("text/plain; charset=cp1251", b"\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
    assert_eq!(text_of("text/plain; charset=win-1251", b"\xcf\xf0\xe8\xe2\xe5\xf2"), "Привет");
}

#[test]
fn ac_16_e_gb2312_that_holds_gbk() {
    // 镕 is in GBK only.
    assert_eq!(text_of("text/plain; charset=gb2312", b"\xd6\xec\xe9F\xbb\xf9"), "朱镕基");
}

#[test]
fn ac_16_f_gb18030_with_four_bytes() {
    assert_eq!(text_of("text/plain; charset=GB18030", b"\xd6\xd0 \x94\x39\xda\x33"), "中 💩");
}

#[test]
fn ac_16_g_cyrillic_subjects() {
    assert_eq!(subject(b"=?koi8-r?B?8NLJ18XU?="), "Привет");
    assert_eq!(subject(b"=?windows-1251?Q?=CF=F0=E8=E2=E5=F2?="), "Привет");
}

#[test]
fn ac_16_h_raw_bytes_in_cc() {
    let latin = read(b"From: a@one.example\nCc: J\xf6rg <j@two.example>\n\nx");
    assert_eq!((latin.cc[0].name.as_str(), latin.cc[0].address.as_str()), ("Jörg", "j@two.example"));
    let utf_8 = read("From: a@one.example\nCc: Jörg <j@two.example>\n\nx");
    assert_eq!(utf_8.cc[0].name, "Jörg");
}

#[test]
fn ac_16_i_raw_letters_inside_a_b_word() {
    assert_eq!(subject("=?UTF-8?B?Kévin?=".as_bytes()), "Kévin");
}

#[test]
fn ac_16_j_two_words_that_split_a_character() {
    assert_eq!(subject(b"=?UTF-8?B?4pw=?= =?UTF-8?B?hQ==?="), "✅");
    assert_eq!(subject(b"=?UTF-8?Q?=E2=82?=\n =?UTF-8?Q?=AC_5?="), "€ 5");
}

#[test]
fn ac_16_k_four_iso_2022_jp_words_with_escapes() {
    let words = "=?ISO-2022-JP?B?GyRCRnwbKEI=?=\n =?ISO-2022-JP?B?GyRCS1wbKEI=?=\n =?ISO-2022-JP?B?GyRCOGwbKEI=?=\n =?ISO-2022-JP?B?IG9r?=";
    assert_eq!(subject(words.as_bytes()), "日本語 ok");
    // Some writers leave the escape to the next word.
    assert_eq!(subject(b"=?ISO-2022-JP?B?GyRCRnw=?= =?ISO-2022-JP?B?S1wbKEI=?="), "日本");
}

#[test]
fn ac_16_l_parts_differ_from_the_multipart() {
    let mail = [
        b"Content-Type: multipart/mixed; charset=UTF-8; boundary=b\n\n--b\nContent-Type: text/plain; charset=iso-8859-1\n\n".as_slice(),
        b"caf\xe9\n--b\nContent-Type: text/plain; charset=utf-8\n\n",
        "größer\n--b--\n".as_bytes(),
    ]
    .concat();
    assert_eq!(read(mail).text, "café\ngrößer");
}

#[test]
fn ac_16_m_labels_that_nobody_registered_are_guessed() {
    for label in ["unknown-8bit", "x-user-defined", "x-nobody", "iso-8859-99", "%charset%"] {
        let mail = read(with_body(&format!("Content-Type: text/plain; charset={label}"), "größer"));
        assert_eq!(mail.text, "größer", "{label}");
        assert!(has(&mail, Defect::UnknownCharset), "{label}");
        assert_eq!(text_of(&format!("text/plain; charset={label}"), b"caf\xe9 cr\xe8me"), "café crème", "{label}");
    }
    assert!(!has(&read(with_body("Content-Type: text/plain; charset=utf8", "größer")), Defect::UnknownCharset));
}

#[test]
fn ac_16_n_a_quoted_extended_filename() {
    assert_eq!(filename("attachment; filename*=\"us-ascii''W%F6lbung.jpg\""), "Wölbung.jpg");
}

#[test]
fn ac_16_o_a_filename_in_two_words() {
    assert_eq!(filename("attachment; filename=\"=?UTF-8?B?w6Q=?=\n =?UTF-8?Q?=C3=B6.pdf?=\""), "äö.pdf");
}

#[test]
fn case_14_names_of_charsets_that_browsers_do_not_know() {
    for (label, bytes, text) in [
        ("cp932", &b"\x93\xfa\x96{"[..], "日本"),
        ("ms936", b"\xd6\xd0", "中"),
        ("cp949", b"\xb0\xa1", "가"),
        ("utf-8mb4", "ä".as_bytes(), "ä"),
        ("iso8859_15", b"\xa4", "€"),
        ("\"utf-8\"", "ä".as_bytes(), "ä"),
        ("unicode", b"caf\xe9", "café"),
        ("cp850", b"\x84", "ä"),
        ("utf-7", b"+AOQ-", "ä"),
    ] {
        assert_eq!(text_of(&format!("text/plain; charset={label}"), bytes), text, "{label}");
    }
}

#[test]
fn case_16_utf_8_without_a_label_or_called_ascii() {
    for kind in ["text/plain", "text/plain; charset=us-ascii", "text/plain; charset=ansi_x3.4-1968"] {
        let mail = read(with_body(&format!("Content-Type: {kind}"), "café"));
        assert_eq!(mail.text, "café", "{kind}");
        assert!(!has(&mail, Defect::UnknownCharset), "{kind}");
    }
}

#[test]
fn a_damaged_letter_costs_only_itself() {
    let mail =
        read(with_body("Content-Type: text/plain; charset=utf-8", b"gr\xc3\xb6\xc3\x9fer \xc3\xa4\xc3 \xc3\xbc"));
    assert_eq!(mail.text, "größer ä\u{fffd} ü");
    assert!(has(&mail, Defect::BadCharset));
    assert_eq!(text_of("text/plain; charset=utf-8", b"caf\xe9"), "café", "Latin-1 that is called UTF-8");
    assert_eq!(text_of("text/plain; charset=iso-2022-jp", "日本語"), "日本語", "UTF-8 that is called ISO-2022-JP");
}

#[test]
fn a_byte_order_mark_is_no_letter() {
    assert_eq!(text_of("text/plain; charset=utf-8", "\u{feff}hello"), "hello");
    assert_eq!(text_of("text/plain; charset=utf-16", b"\xfe\xff\0h\0i"), "hi");
    assert_eq!(read("\u{feff}From: ada@one.example\nSubject: mark\n\nx").subject, "mark");
}

#[test]
fn ac_17_four_byte_characters_end_nothing() {
    let mail = with_body(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable",
        "before =F0=9F=98=8A after <x> =C3=A6=C3=B8=C3=A5",
    );
    assert_eq!(read(mail).text, "before 😊 after <x> æøå");
    assert_eq!(subject("🇩🇪 👨\u{200d}👩\u{200d}👧 end".as_bytes()), "🇩🇪 👨\u{200d}👩\u{200d}👧 end");
}

#[test]
fn ac_17_nul_and_lone_surrogates_end_nothing() {
    let mail =
        read(with_body("Content-Type: text/plain; charset=utf-8", b"one\0two \xed\xa0\x80 three \xf0\x9f\x98\x8a"));
    assert!(
        has(&mail, Defect::Nul) && mail.text.starts_with("onetwo ") && mail.text.ends_with(" three 😊"),
        "{mail:?}"
    );
    let mail = read(b"From: a@one.example\nSubject: a\0b\n\nx");
    assert!(mail.subject == "ab" && has(&mail, Defect::Nul));
}
