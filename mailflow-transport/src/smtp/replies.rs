//! [`Replies`]: what servers say, put into the form that the protocol has.

/// Makes the lines of an SMTP server fit for a strict reader, byte by byte: LF alone becomes CRLF, a code without text
/// gets its space (RFC 5321 section 4.2 allows both forms), blanks before the text are left out (the reader fails on a text of
/// blanks), a byte beyond ASCII becomes `?`, and what is too much of a line is left out. Without that, a server that says `250 für Sie` to a mail that it accepted would not be understood, and the mail
/// would be sent again and again.
#[derive(Debug, Default)]
pub struct Replies {
    column: usize,
    after_cr: bool,
    in_text: bool,
}

impl Replies {
    /// The most bytes of a line that are kept.
    pub const MAX_LINE: usize = 900;

    /// Appends to `clean` what `raw` becomes. How the bytes are cut into pieces makes no difference.
    pub fn clean(&mut self, raw: &[u8], clean: &mut Vec<u8>) {
        for &byte in raw {
            match byte {
                b'\n' => self.end_line(clean),
                b'\r' => self.after_cr = true,
                _ => {
                    // A CR inside a line is no end.
                    if std::mem::take(&mut self.after_cr) {
                        self.keep(b'?', clean);
                    }
                    self.keep(if matches!(byte, b'\t' | b' '..=b'~') { byte } else { b'?' }, clean);
                }
            }
        }
    }

    fn keep(&mut self, byte: u8, clean: &mut Vec<u8>) {
        if self.column > 3 && !self.in_text {
            if matches!(byte, b' ' | b'\t') {
                return;
            }
            self.in_text = true;
        }
        if self.column < Self::MAX_LINE {
            clean.push(byte);
        }
        self.column = self.column.saturating_add(1);
    }

    fn end_line(&mut self, clean: &mut Vec<u8>) {
        if self.column == 3 {
            clean.push(b' ');
        }
        clean.extend_from_slice(b"\r\n");
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(raw: &[u8]) -> Vec<u8> {
        let mut clean = Vec::new();
        Replies::default().clean(raw, &mut clean);
        clean
    }

    #[test]
    fn odd_lines_become_plain_ones() {
        assert_eq!(cleaned(b"250\r\n"), b"250 \r\n");
        assert_eq!(cleaned(b"250 ok\n"), b"250 ok\r\n");
        assert_eq!(cleaned(b"250 f\xfcr\r\n"), b"250 f?r\r\n");
        assert_eq!(cleaned(b"250-one\r\n250 two\r\n"), b"250-one\r\n250 two\r\n");
        assert_eq!(cleaned(b"250- \t \r\n250-  SIZE 9\r\n250  \r\n"), b"250-\r\n250-SIZE 9\r\n250 \r\n");
        assert_eq!(cleaned(&[b'2'; 5000]).len(), Replies::MAX_LINE);
    }

    proptest! {
        #[test]
        fn cutting_the_bytes_makes_no_difference(
            raw in prop::collection::vec(prop::sample::select(b"250- \r\n\xfcx".to_vec()), 0..200),
            at in 0_usize..200,
        ) {
            let at = at.min(raw.len());
            let mut replies = Replies::default();
            let mut clean = Vec::new();
            replies.clean(&raw[..at], &mut clean);
            replies.clean(&raw[at..], &mut clean);
            prop_assert_eq!(clean, cleaned(&raw));
        }
    }
}
