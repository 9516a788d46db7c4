//! Hostile mail, a proxy that takes walls away, and a trap for what asks other machines.

pub mod payloads;
mod proxy;
mod trap;

pub use proxy::{Proxy, Walls};
pub use trap::Trap;

use std::path::Path;

use data_encoding::BASE64;

use payloads::Payload;

/// How many mails are in one ticket.
pub const TOGETHER: usize = 32;

/// The header that says which payload a mail carries.
const HEADER: &str = "X-Payload";

fn encoded_words(text: &str) -> String {
    let pieces: Vec<char> = text.chars().collect();
    let words = pieces.chunks(10).map(|it| {
        let piece: String = it.iter().collect();
        format!("=?utf-8?B?{}?=", BASE64.encode(piece.as_bytes()))
    });
    words.collect::<Vec<_>>().join("\r\n ")
}

fn percent_encoded(text: &str) -> String {
    text.bytes().map(|it| format!("%{it:02X}")).collect()
}

/// UTF-7, each character that is not a letter or a digit by itself.
fn utf_7(text: &str) -> String {
    let mut encoded = String::new();
    for it in text.chars() {
        if it.is_ascii_alphanumeric() || it == ' ' {
            encoded.push(it);
        } else {
            let bytes: Vec<u8> = it.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| unit.to_be_bytes()).collect();
            encoded.push_str(&format!("+{}-", BASE64.encode(&bytes).trim_end_matches('=')));
        }
    }
    encoded
}

/// A mail with a payload as its HTML, subject, sender's name and file's name. So many are one ticket.
fn mail(at: usize, payload: &Payload) -> String {
    let group = at / TOGETHER;
    let (charset, html) = match at % 16 {
        7 => ("utf-7", BASE64.encode(utf_7(&payload.html).as_bytes())),
        _ => ("utf-8", BASE64.encode(payload.html.as_bytes())),
    };
    let (id, answers) = match at % TOGETHER {
        0 => (format!("first{group}@one.example"), String::new()),
        _ => (format!("m{at}@one.example"), format!("In-Reply-To: <first{group}@one.example>\r\n")),
    };
    format!(
        "From: {words} <ada{group}@one.example>\r\nTo: support@example.com\r\nSubject: {words}\r\n\
         Message-ID: <{id}>\r\n{answers}{HEADER}: {at}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset={charset}\r\n\
         Content-Transfer-Encoding: base64\r\n\r\n{html}\r\n--b\r\nContent-Type: text/plain\r\n\
         Content-Disposition: attachment; filename*=utf-8''{file}\r\n\r\nx\r\n--b--\r\n",
        words = encoded_words(&payload.html),
        file = percent_encoded(&payload.html),
    )
}

/// Writes a mail of each payload into a folder, in their order.
pub fn write_mails(folder: &Path, payloads: &[Payload]) {
    for (at, payload) in payloads.iter().enumerate() {
        std::fs::write(folder.join(format!("{at:05}.eml")), mail(at, payload)).unwrap();
    }
}
