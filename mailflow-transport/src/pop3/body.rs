//! [`Body`]: lines until a dot (RFC 1939 section 3).

use super::conversation::Misspoken;

/// Takes the lines of an answer apart, byte by byte, and undoes the doubling of dots.
///
/// A line ends with CRLF. A mail may hold LF alone, and what follows is then no line: otherwise a mail with `LF . LF` in
/// it would end too early, and the rest of it would be taken for answers. Only a server that ended the answer's first
/// line with LF alone is believed to end all lines so.
#[derive(Debug)]
pub(super) struct Body {
    kept: Vec<u8>,
    max_bytes: u64,
    dropped: u64,
    lf_alone: bool,
    place: Place,
}

#[derive(Debug, Clone, Copy)]
enum Place {
    LineStart,
    Dot,
    DotCr,
    Middle,
    MiddleCr,
}

impl Body {
    /// How many times the allowed length is read before the server is left: it has to come to an end some time.
    const PATIENCE: u64 = 16;
    const LEAST_PATIENCE: u64 = 64 << 20;

    pub(super) const fn new(max_bytes: u64, lf_alone: bool) -> Self {
        Self { kept: Vec::new(), max_bytes, dropped: 0, lf_alone, place: Place::LineStart }
    }

    /// What was kept, and whether there was more.
    pub(super) fn take(&mut self) -> (Vec<u8>, bool) {
        (std::mem::take(&mut self.kept), self.dropped > 0)
    }

    /// Takes one byte; `true` if it was the last.
    pub(super) fn hear(&mut self, byte: u8) -> Result<bool, Misspoken> {
        self.place = match (self.place, byte) {
            (Place::LineStart, b'.') => Place::Dot,
            (Place::Dot, b'\r') => Place::DotCr,
            (Place::DotCr, b'\n') => return Ok(true),
            (Place::Dot, b'\n') if self.lf_alone => return Ok(true),
            // The first of two dots goes. A single one before anything else is from a server that doubles none.
            (Place::Dot, b'.') => self.keep(b'.', Place::Middle)?,
            (Place::Dot, _) => {
                self.keep(b'.', Place::Middle)?;
                self.inside(byte)?
            }
            (Place::DotCr, _) => {
                self.keep(b'.', Place::Middle)?;
                self.keep(b'\r', Place::Middle)?;
                if byte == b'\r' { self.keep(byte, Place::MiddleCr)? } else { self.keep(byte, Place::Middle)? }
            }
            (Place::MiddleCr, b'\n') => self.keep(byte, Place::LineStart)?,
            (Place::LineStart | Place::Middle | Place::MiddleCr, _) => self.inside(byte)?,
        };
        Ok(false)
    }

    fn inside(&mut self, byte: u8) -> Result<Place, Misspoken> {
        let place = match byte {
            b'\r' => Place::MiddleCr,
            b'\n' if self.lf_alone => Place::LineStart,
            _ => Place::Middle,
        };
        self.keep(byte, place)
    }

    fn keep(&mut self, byte: u8, place: Place) -> Result<Place, Misspoken> {
        if u64::try_from(self.kept.len()).is_ok_and(|length| length < self.max_bytes) {
            self.kept.push(byte);
        } else {
            self.dropped = self.dropped.saturating_add(1);
            if self.dropped > self.max_bytes.saturating_mul(Self::PATIENCE).max(Self::LEAST_PATIENCE) {
                return Err(Misspoken::Endless);
            }
        }
        Ok(place)
    }
}
