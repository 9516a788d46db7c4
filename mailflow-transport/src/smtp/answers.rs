//! What a server's reply means.

use lettre::transport::smtp::Error;
use lettre::transport::smtp::response::Response;
use mailflow_core::outgoing::Reply;
use mailflow_core::text;
use mailflow_core::transport::{TransportError, TransportErrorKind, Verdict};

use crate::wire::broken;

/// What the server said: yes, later, or no; or that nobody knows.
pub(super) fn heard(outcome: Result<Response, Error>, doing: &str) -> Result<(Verdict, Reply), TransportError> {
    match outcome {
        Ok(response) => {
            let text = response.message().collect::<Vec<_>>().join(" ");
            Ok((Verdict::Accepted, reply(response.code().into(), &text)))
        }
        Err(error) => match error.status() {
            Some(code) => {
                let code = u16::from(code);
                let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                let verdict = if code >= 500 { Verdict::Refused } else { Verdict::Deferred };
                Ok((verdict, reply(code, &text)))
            }
            None => Err(failed(error, doing)),
        },
    }
}

/// The failure of a command that has to be answered with yes.
pub(super) fn insist(
    outcome: Result<Response, Error>,
    doing: &str,
    kind_of_no: TransportErrorKind,
) -> Result<Reply, TransportError> {
    let (verdict, reply) = heard(outcome, doing)?;
    let kind = match verdict {
        Verdict::Accepted => return Ok(reply),
        Verdict::Deferred => TransportErrorKind::Temporary,
        Verdict::Refused => kind_of_no,
    };
    Err(TransportError::new(kind, format!("the server refused {doing}: {reply}")))
}

/// The failure of a command without an answer.
fn failed(error: Error, doing: &str) -> TransportError {
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<std::io::Error>());
    match cause {
        Some(io) => broken(doing, std::io::Error::new(io.kind(), io.to_string())),
        None => TransportError::new(TransportErrorKind::Protocol, format!("the server's answer {doing} is not SMTP"))
            .because(error),
    }
}

/// Code, enhanced code (RFC 2034: at the start of the text) and words.
fn reply(code: u16, text: &str) -> Reply {
    let text = text::one_line(text, 500);
    let (first, rest) = text.split_once(' ').unwrap_or((&text, ""));
    if is_enhanced(first) {
        Reply { code, enhanced: Some(first.to_owned()), text: rest.to_owned() }
    } else {
        Reply { code, enhanced: None, text }
    }
}

/// Whether this is `class.subject.detail` (RFC 3463 section 2).
fn is_enhanced(word: &str) -> bool {
    let mut parts = word.split('.');
    let class = parts.next().is_some_and(|class| matches!(class, "2" | "4" | "5"));
    let mut number = || {
        parts
            .next()
            .is_some_and(|part| (1..=3).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    class && number() && number() && parts.next().is_none()
}
