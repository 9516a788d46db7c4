//! The POP3 state machine: any bytes, in any pieces.
#![allow(clippy::unwrap_used, reason = "tests")]

use mailflow_transport::fuzz;
use mailflow_transport::pop3::{Answer, Command, Conversation, Misspoken};
use proptest::prelude::*;

fn asked() -> Conversation {
    let mut conversation = Conversation::new();
    for command in [Command::Capa, Command::List, Command::Retr(1, 40), Command::Dele(1), Command::Quit] {
        conversation.ask(&command);
    }
    conversation
}

fn answers(pieces: &[&[u8]]) -> (Vec<Answer>, Option<Misspoken>) {
    let mut conversation = asked();
    let mut answers = Vec::new();
    for piece in pieces {
        conversation.hear(piece);
        while let Ok(Some(answer)) = conversation.next_answer() {
            answers.push(answer);
        }
    }
    (answers, conversation.next_answer().err())
}

fn server_bytes() -> impl Strategy<Value = Vec<u8>> {
    let words: Vec<&[u8]> =
        vec![b"+OK", b"-ERR", b"+ ", b" ", b"\r\n", b"\r\n", b"\n", b"\r", b".", b"..", b".\r\n", b"text", b"\xff\0"];
    prop::collection::vec(prop::sample::select(words), 0..80).prop_map(|words| words.concat())
}

proptest! {
    #[test]
    fn pieces_make_no_difference(bytes in server_bytes(), mut cuts in prop::collection::vec(0_usize..400, 0..8)) {
        cuts.sort_unstable();
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        let mut before = 0;
        for cut in cuts {
            let (piece, more) = rest.split_at((cut - before).min(rest.len()));
            pieces.push(piece);
            rest = more;
            before = cut;
        }
        pieces.push(rest);
        prop_assert_eq!(answers(&pieces), answers(&[&bytes]));
    }

    #[test]
    fn any_mail_comes_through_as_it_is(lines in prop::collection::vec("[.a\n\r ]{0,6}", 0..12)) {
        let mail: Vec<u8> = lines.iter().flat_map(|line| [line.as_bytes(), b"\r\n"].concat()).collect();
        // Doubled as RFC 1939 says: at the start of what CRLF ends.
        let mut wire = b"+OK hello\r\n+OK\r\n".to_vec();
        let mut at_start = true;
        for (place, byte) in mail.iter().enumerate() {
            if at_start && *byte == b'.' {
                wire.push(b'.');
            }
            wire.push(*byte);
            at_start = *byte == b'\n' && place > 0 && mail.get(place - 1) == Some(&b'\r');
        }
        wire.extend_from_slice(b".\r\n");
        let mut conversation = Conversation::new();
        conversation.ask(&Command::Retr(1, 10_000));
        conversation.hear(&wire);
        conversation.next_answer().unwrap().unwrap();
        let answer = conversation.next_answer().unwrap().unwrap();
        prop_assert_eq!(answer.body, mail);
        prop_assert!(!answer.cut && !conversation.has_unread());
    }

    #[test]
    fn no_server_bytes_end_a_session_in_a_panic(bytes in server_bytes(), noise in prop::collection::vec(any::<u8>(), 0..100)) {
        fuzz::pop3_replies(&[b"+OK <a@b>\r\n", bytes.as_slice(), &noise].concat());
        let smtp: Vec<u8> = String::from_utf8_lossy(&bytes).replace("+OK", "250").replace("-ERR", "550").into_bytes();
        fuzz::smtp_replies(&[b"220 x\r\n250-x\r\n250 AUTH PLAIN\r\n235 x\r\n250 x\r\n", smtp.as_slice(), &noise].concat());
    }
}

#[test]
fn a_dot_after_lf_alone_does_not_end_a_mail() {
    let mut conversation = Conversation::new();
    conversation.ask(&Command::Retr(1, 1000));
    conversation.ask(&Command::Retr(2, 1000));
    conversation.hear(b"+OK\r\n+OK\r\nbefore\n.\r\n+OK\r\nforged\n.\nafter\r\n.\r\n-ERR no\r\n");
    let answers: Vec<_> = std::iter::from_fn(|| conversation.next_answer().unwrap()).collect();
    assert_eq!(answers.len(), 3);
    assert_eq!(answers.get(1).unwrap().body, b"before\n.\r\n+OK\r\nforged\n.\nafter\r\n");
}

#[test]
fn what_nobody_asked_for_ends_the_conversation() {
    let mut conversation = Conversation::new();
    conversation.hear(b"+OK\r\n+OK\r\n");
    assert!(conversation.next_answer().unwrap().is_some());
    assert_eq!(conversation.next_answer(), Err(Misspoken::Unasked));
}
