//! A day's mail at a helpdesk, each mail from its number: plain and HTML, answers with what they quote, pictures and
//! documents; 4 KiB to 200 KiB, 31 KB on average.
//!
//! What matters to speed is as in real mail: a page or so of words, markup that is larger than its words, attachments
//! that no compression makes smaller than base64 costs, long headers, several charsets and transfer encodings.

use std::fmt::Write as _;

use data_encoding::BASE64;

use crate::mails::{Numbers, word};

const SMALLEST: f64 = 4096.0;
const LARGEST: f64 = 200.0 * 1024.0;
/// How uneven the sizes are: most mails are small, a few make most of the bytes.
const UNEVEN: f64 = 2.2;

/// How many bytes the mail with this number has, about.
fn size(numbers: &mut Numbers) -> usize {
    let share = numbers.below(1 << 32) as f64 / f64::from(u32::MAX);
    (SMALLEST * (LARGEST / SMALLEST).powf(share.powf(UNEVEN))) as usize
}

/// The mail with this number.
pub fn mail(number: u64) -> Vec<u8> {
    let mut numbers = Numbers::new(number ^ 0x6d61_696c);
    let size = size(&mut numbers).saturating_sub(300);
    let mut mail = headers(&mut numbers, number);
    let room = size.saturating_sub(mail.len());
    match (room, numbers.below(100)) {
        (..9000, ..60) | (9000..40_000, ..20) => plain(&mut numbers, number, room, &mut mail),
        (..40_000, ..65) | (40_000.., ..15) => alternative(&mut numbers, number, room, &mut mail),
        _ => with_attachments(&mut numbers, number, room, &mut mail),
    }
    mail.into_bytes()
}

fn id(number: u64) -> String {
    format!("{:016x}.{number}@mail.example.net", Numbers::new(number).next())
}

/// A third of the mails answer one before.
fn answers(number: u64) -> Option<u64> {
    let mut numbers = Numbers::new(number ^ 0xa45_3e5);
    (number > 3 && numbers.below(3) == 0).then(|| number - 1 - numbers.below(number.min(200) - 1))
}

fn headers(numbers: &mut Numbers, number: u64) -> String {
    let mut mail = String::with_capacity(64 << 10);
    let person = answers(number).unwrap_or(number) % 701;
    let (first, last) = (name(person * 7 + 3), name(person * 11 + 5));
    let (minute, second) = (number / 60 % 60, number % 60);
    let date = format!(
        "Mon, {} Sep 2024 {:02}:{minute:02}:{second:02} +0200",
        2 + number / 3600 / 24 % 28,
        number / 3600 % 24
    );
    for hop in 0..3 + numbers.below(3) {
        let _ = write!(
            mail,
            "Received: from mx{hop}.example.net (mx{hop}.example.net [192.0.2.{}])\r\n\tby relay{hop}.example.com (Postfix) with ESMTPS id {:012X}\r\n\tfor <support@example.com>; {date}\r\n",
            numbers.below(250),
            numbers.next() >> 16
        );
    }
    let signature = base64(numbers, 256, 70);
    let _ = write!(
        mail,
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=s2024;\r\n h=from:to:subject:date:message-id; bh={};\r\n b={}\r\n",
        base64(numbers, 32, 70).trim_end(),
        signature.trim_end().replace("\r\n", "\r\n ")
    );
    let _ = write!(
        mail,
        "Authentication-Results: mx.example.com; dkim=pass header.d=example.net;\r\n spf=pass smtp.mailfrom={first}.{last}@example.net; dmarc=pass\r\nReturn-Path: <{first}.{last}@example.net>\r\nFrom: {} <{first}.{last}{person}@example.net>\r\nTo: Support <support@example.com>\r\n",
        display_name(numbers, &first, &last)
    );
    if numbers.below(4) == 0 {
        let _ = write!(mail, "Cc: {} <{}@example.org>\r\n", name(number), name(number * 3));
    }
    let words = prose(numbers, 3 + number % 5);
    let answered = answers(number);
    let _ = write!(mail, "Subject: {}{}\r\n", if answered.is_some() { "Re: " } else { "" }, words.trim_end());
    let _ = write!(mail, "Date: {date}\r\nMessage-ID: <{}>\r\n", id(number));
    if let Some(answered) = answered {
        let before = answers(answered).map(|it| format!("<{}>\r\n ", id(it))).unwrap_or_default();
        let _ = write!(mail, "In-Reply-To: <{0}>\r\nReferences: {before}<{0}>\r\n", id(answered));
    }
    let _ = write!(mail, "X-Mailer: Mailer {}.{}\r\nMIME-Version: 1.0\r\n", number % 17, number % 10);
    mail
}

fn name(number: u64) -> String {
    word(number % 4096 * 7).chars().take(4 + usize::try_from(number % 4).unwrap_or(0)).collect()
}

/// Some names need encoding.
fn display_name(numbers: &mut Numbers, first: &str, last: &str) -> String {
    match numbers.below(5) {
        0 => format!("=?utf-8?Q?{first}_M=C3=BCller-{last}?="),
        1 => format!("=?utf-8?B?{}?=", BASE64.encode(format!("{first} Lefèvre {last}").as_bytes())),
        2 => format!("\"{last}, {first}\""),
        _ => format!("{first} {last}"),
    }
}

/// Words as people use them: few of them all the time, many now and then; frequent ones are short.
fn prose(numbers: &mut Numbers, words: u64) -> String {
    let mut text = String::new();
    let mut sentence = 0;
    for _ in 0..words {
        let share = numbers.below(1 << 32) as f64 / f64::from(u32::MAX);
        let rank = 50_000f64.powf(share) as u64 - 1;
        let mut word = word(rank.wrapping_mul(40_503) & 0xffff);
        word.truncate(match rank {
            0..30 => 2,
            30..300 => 4,
            300..5000 => 6,
            _ => 8,
        });
        if sentence == 0 {
            word = word.split_at(1).0.to_uppercase() + word.split_at(1).1;
        }
        text.push_str(&word);
        sentence += 1;
        if sentence > 6 && numbers.below(8) == 0 {
            text.push('.');
            sentence = 0;
        }
        text.push(' ');
    }
    text
}

/// Paragraphs of about so many bytes, in lines of up to 76 characters.
fn paragraphs(numbers: &mut Numbers, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 200);
    while text.len() < bytes {
        let words = 20 + numbers.below(60);
        let mut line = 0;
        for word in prose(numbers, words).split_whitespace() {
            if line + word.len() > 74 {
                text.push_str("\r\n");
                line = 0;
            }
            text.push_str(word);
            text.push(' ');
            line += word.len() + 1;
        }
        text.push_str("\r\n\r\n");
    }
    text
}

/// What somebody writes: new words, what they answer, a signature.
fn letter(numbers: &mut Numbers, number: u64, bytes: usize) -> String {
    let quotes = answers(number).is_some() || numbers.below(3) == 0;
    let (new, old) = if quotes { (bytes / 3, bytes - bytes / 3) } else { (bytes, 0) };
    let mut text = format!("Hello,\r\n\r\n{}", paragraphs(numbers, new));
    let _ = write!(text, "Best regards\r\n{}\r\n", name(number));
    if quotes {
        let _ = write!(text, "\r\nOn Mon, 2 Sep 2024 at 10:00, Support <support@example.com> wrote:\r\n");
        paragraphs(numbers, old).lines().for_each(|line| {
            let _ = write!(text, "> {}\r\n", line.trim_end());
        });
    }
    let _ =
        write!(text, "-- \r\n{} Ltd, {} Street 7\r\nPhone +49 30 1234{number}\r\n", name(number), name(number + 1));
    text
}

/// A text part: its header fields and its body, in one of the ways that mailers write them.
fn text_part(numbers: &mut Numbers, kind: &str, text: &str, to: &mut String) {
    let accented = || text.replace("ue", "ü").replace("lo ", "lö ").replace("ce ", "cé ");
    match numbers.below(10) {
        0..6 => {
            let _ = write!(
                to,
                "Content-Type: text/{kind}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}\r\n",
                accented()
            );
        }
        6..9 => {
            let (charset, latin) = if numbers.below(3) == 0 { ("iso-8859-1", true) } else { ("utf-8", false) };
            let _ = write!(
                to,
                "Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
            );
            quoted_printable(&accented(), latin, to);
            to.push_str("\r\n");
        }
        _ => {
            let _ = write!(
                to,
                "Content-Type: text/{kind}; charset=\"utf-8\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            );
            wrap(&BASE64.encode(accented().as_bytes()), 76, to);
        }
    }
}

fn quoted_printable(text: &str, latin: bool, to: &mut String) {
    for line in text.split("\r\n") {
        let mut length = 0;
        for letter in line.chars() {
            if length > 70 {
                to.push_str("=\r\n");
                length = 0;
            }
            match letter {
                '=' => length += push(to, "=3D"),
                _ if letter.is_ascii() => length += push(to, letter.encode_utf8(&mut [0; 4])),
                _ if latin => length += push(to, &format!("={:02X}", u32::from(letter))),
                _ => letter.to_string().bytes().for_each(|byte| length += push(to, &format!("={byte:02X}"))),
            }
        }
        to.push_str("\r\n");
    }
}

fn push(to: &mut String, what: &str) -> usize {
    to.push_str(what);
    what.len()
}

fn wrap(encoded: &str, width: usize, to: &mut String) {
    let mut rest = encoded;
    while rest.len() > width {
        let (line, after) = rest.split_at(width);
        to.push_str(line);
        to.push_str("\r\n");
        rest = after;
    }
    to.push_str(rest);
    to.push_str("\r\n");
}

/// So many bytes without any order, in base64.
fn base64(numbers: &mut Numbers, bytes: usize, width: usize) -> String {
    let mut random = Vec::with_capacity(bytes + 8);
    while random.len() < bytes {
        random.extend_from_slice(&numbers.next().to_le_bytes());
    }
    random.truncate(bytes);
    let mut lines = String::with_capacity(bytes * 3 / 2);
    wrap(&BASE64.encode(&random), width, &mut lines);
    lines
}

fn plain(numbers: &mut Numbers, number: u64, room: usize, mail: &mut String) {
    let text = letter(numbers, number, room);
    text_part(numbers, "plain", &text, mail);
}

/// The text once as text and once with markup around it, as mailers write it.
fn html(text: &str, bytes: usize) -> String {
    let mut html = String::from(
        "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"><style type=\"text/css\">\r\np.MsoNormal, li.MsoNormal { margin: 0cm; font-size: 11.0pt; font-family: \"Calibri\", sans-serif; }\r\na:link { color: #0563C1; text-decoration: underline; }\r\n</style></head><body lang=\"EN\" link=\"#0563C1\" vlink=\"#954F72\"><div class=\"WordSection1\">\r\n",
    );
    for paragraph in text.split("\r\n\r\n") {
        let _ = write!(
            html,
            "<p class=\"MsoNormal\"><span style=\"font-size:11.0pt;font-family:&quot;Calibri&quot;,sans-serif;color:#1F497D\">{}</span><o:p></o:p></p>\r\n",
            paragraph.replace("> ", "&gt; ")
        );
    }
    let mut row = 0;
    while html.len() < bytes {
        row += 1;
        let _ = write!(
            html,
            "<table border=\"0\" cellspacing=\"0\" cellpadding=\"0\" width=\"600\" style=\"width:450.0pt;border-collapse:collapse\"><tr><td style=\"padding:0cm 5.4pt 0cm 5.4pt\"><a href=\"https://www.example.com/track?id={row}&amp;u={:x}\"><img src=\"https://www.example.com/i/{row}.png\" width=\"120\" height=\"40\" alt=\"\"></a></td></tr></table>\r\n",
            Numbers::new(row).next()
        );
    }
    html + "</div></body></html>\r\n"
}

fn alternative(numbers: &mut Numbers, number: u64, room: usize, mail: &mut String) {
    let text = letter(numbers, number, (room / 4).min(12_000));
    let boundary = format!("----=_Part_{number}_{:x}", numbers.next());
    let _ = write!(mail, "Content-Type: multipart/alternative; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n");
    text_part(numbers, "plain", &text, mail);
    let _ = write!(mail, "\r\n--{boundary}\r\n");
    text_part(numbers, "html", &html(&text, room.saturating_sub(text.len())), mail);
    let _ = write!(mail, "\r\n--{boundary}--\r\n");
}

fn with_attachments(numbers: &mut Numbers, number: u64, room: usize, mail: &mut String) {
    let boundary = format!("b1_{:x}", numbers.next());
    let _ = write!(mail, "Content-Type: multipart/mixed; boundary=\"{boundary}\"\r\n\r\n--{boundary}\r\n");
    let words = (room / 5).min(6000);
    if numbers.below(2) == 0 {
        plain(numbers, number, words, mail);
    } else {
        alternative(numbers, number, words * 2, mail);
    }
    let count = 1 + numbers.below(3);
    let each = room.saturating_sub(words) / usize::try_from(count).unwrap_or(1);
    for nth in 0..count {
        let (kind, name) = match numbers.below(4) {
            0 => ("application/pdf", "Rechnung.pdf"),
            1 => ("image/png", "screenshot.png"),
            2 => ("text/csv", "export.csv"),
            _ => ("image/jpeg", "IMG_0001.jpg"),
        };
        let _ = write!(
            mail,
            "\r\n--{boundary}\r\nContent-Type: {kind}; name=\"{nth}-{name}\"\r\nContent-Disposition: attachment; filename=\"{nth}-{name}\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        );
        if kind == "text/csv" {
            wrap(&BASE64.encode(paragraphs(numbers, each * 73 / 100).as_bytes()), 76, mail);
        } else {
            mail.push_str(&base64(numbers, each * 73 / 100, 76));
        }
    }
    let _ = write!(mail, "\r\n--{boundary}--\r\n");
}
