//! [`Conversation`]: the POP3 protocol over bytes, without a connection.

use std::collections::VecDeque;

use super::body::Body;
use super::command::{Command, Shape};

/// One side of a POP3 session as a state machine: commands become bytes, bytes become [`Answer`]s, in order. How the
/// bytes are cut into pieces makes no difference. It does no I/O and knows no time.
#[derive(Debug)]
pub struct Conversation {
    expected: VecDeque<Shape>,
    output: Vec<u8>,
    answers: VecDeque<Answer>,
    state: State,
    failure: Option<Misspoken>,
}

#[derive(Debug)]
enum State {
    /// In the line that begins an answer.
    Status(Vec<u8>),
    /// In the lines that follow it.
    Body(String, Body),
}

/// What the server said to one command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Yes or no.
    pub word: Word,
    /// The rest of the line.
    pub text: String,
    /// The lines that follow, transparency undone.
    pub body: Vec<u8>,
    /// Whether `body` was longer than what is kept.
    pub cut: bool,
}

/// The word that an answer begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// `+OK`.
    Yes,
    /// `-ERR`.
    No,
    /// `+`: go on (RFC 5034 section 4).
    GoOn,
}

/// The server does not speak POP3; nothing that follows can be trusted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Misspoken {
    /// An answer that begins with neither `+OK` nor `-ERR`.
    #[error("the server's answer is not POP3: `{0}`")]
    NoAnswer(String),
    /// A line without end.
    #[error("a line of the server has no end")]
    LineTooLong,
    /// Bytes that nobody asked for.
    #[error("the server speaks unasked")]
    Unasked,
    /// Lines that go on and on.
    #[error("the server sends far more than it said")]
    Endless,
}

impl Default for Conversation {
    fn default() -> Self {
        Self::new()
    }
}

impl Conversation {
    /// The most bytes of the line that begins an answer. RFC 1939 says 512; servers say more in errors.
    const MAX_LINE: usize = 8 << 10;

    /// A session that begins: the server's greeting is the first answer.
    pub fn new() -> Self {
        Self {
            expected: VecDeque::from([Shape::Line]),
            output: Vec::new(),
            answers: VecDeque::new(),
            state: State::Status(Vec::new()),
            failure: None,
        }
    }

    /// A session that goes on after STLS: nobody greets.
    pub fn after_greeting() -> Self {
        Self { expected: VecDeque::new(), ..Self::new() }
    }

    /// Says something; its answer comes after those that are still awaited.
    pub fn ask(&mut self, command: &Command) {
        self.output.extend_from_slice(command.line().as_bytes());
        self.expected.push_back(command.shape());
    }

    /// Says one more line of a command that was answered with [`Word::GoOn`].
    pub fn go_on(&mut self, line: &str) {
        self.output.extend_from_slice(line.as_bytes());
        self.output.extend_from_slice(b"\r\n");
        self.expected.push_back(Shape::Line);
    }

    /// What has to be sent.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Hears what the server sent.
    pub fn hear(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.failure.is_some() {
                return;
            }
            if let Err(failure) = self.hear_one(byte) {
                self.failure = Some(failure);
            }
        }
    }

    /// The next answer that is whole, if there is one.
    ///
    /// # Errors
    /// [`Misspoken`] after the last answer that could be understood.
    pub fn next_answer(&mut self) -> Result<Option<Answer>, Misspoken> {
        match (self.answers.pop_front(), &self.failure) {
            (Some(answer), _) => Ok(Some(answer)),
            (None, Some(failure)) => Err(failure.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Whether the server said something that was not read yet: at the change to TLS that must not be (RFC 2595
    /// section 4; what was injected before would pass as protected).
    pub fn has_unread(&self) -> bool {
        let begun = match &self.state {
            State::Status(line) => !line.is_empty(),
            State::Body(..) => true,
        };
        begun || self.failure.is_some() || !self.answers.is_empty()
    }

    fn hear_one(&mut self, byte: u8) -> Result<(), Misspoken> {
        match &mut self.state {
            State::Body(text, body) => {
                if body.hear(byte)? {
                    let (bytes, cut) = body.take();
                    let text = std::mem::take(text);
                    self.finish(Answer { word: Word::Yes, text, body: bytes, cut });
                }
                Ok(())
            }
            State::Status(line) => {
                if self.expected.is_empty() {
                    return Err(Misspoken::Unasked);
                }
                if byte != b'\n' {
                    line.push(byte);
                    return if line.len() > Self::MAX_LINE { Err(Misspoken::LineTooLong) } else { Ok(()) };
                }
                let line = std::mem::take(line);
                self.status(&line)
            }
        }
    }

    /// A whole line that begins an answer, without its LF.
    fn status(&mut self, line: &[u8]) -> Result<(), Misspoken> {
        let text = line.strip_suffix(b"\r");
        // A server that ends this line with LF alone does so everywhere; with any other, LF alone ends nothing.
        let lf_alone = text.is_none();
        let text = String::from_utf8_lossy(text.unwrap_or(line)).into_owned();
        let (word, rest) = split_word(&text);
        let word = match word {
            word if word.eq_ignore_ascii_case("+OK") => Word::Yes,
            word if word.eq_ignore_ascii_case("-ERR") => Word::No,
            "+" => Word::GoOn,
            _ => return Err(Misspoken::NoAnswer(mailflow_core::text::one_line(&text, 80))),
        };
        let text = rest.to_owned();
        match (word, self.expected.front()) {
            (Word::Yes, Some(Shape::Lines(max_bytes))) => {
                self.state = State::Body(text, Body::new(*max_bytes, lf_alone));
            }
            _ => self.finish(Answer { word, text, body: Vec::new(), cut: false }),
        }
        Ok(())
    }

    fn finish(&mut self, answer: Answer) {
        self.expected.pop_front();
        self.state = State::Status(Vec::new());
        self.answers.push_back(answer);
    }
}

fn split_word(line: &str) -> (&str, &str) {
    line.split_once([' ', '\t']).map_or((line, ""), |(word, rest)| (word, rest.trim()))
}
