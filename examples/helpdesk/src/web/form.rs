//! [`Fields`]: the fields of a form, some of them several times.

use std::borrow::Cow;

use axum::http::{HeaderMap, header};

use super::Trouble;

/// The most fields of a form.
const MOST: usize = 2000;

/// The fields of a form in their order; the same name may be there several times.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of a form without files.
    ///
    /// # Errors
    /// [`Trouble`] if it is no form.
    pub fn of_form(headers: &HeaderMap, body: &[u8]) -> Result<Self, Trouble> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Trouble::malformed("A form was expected."));
        }
        let text = String::from_utf8_lossy(body);
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).take(MOST);
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        };
        Ok(Self(pairs.map(pair).collect()))
    }

    /// Adds a field.
    pub fn add(&mut self, name: &str, value: String) {
        if self.0.len() < MOST {
            self.0.push((name.to_owned(), value));
        }
    }

    /// The last value of a field; empty if there is none.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().rev().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Whether a field is there at all.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// All values of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

fn decode(text: &str) -> String {
    let bytes: Cow<'_, [u8]> = if text.contains(['%', '+']) { unescape(text).into() } else { text.as_bytes().into() };
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unescape(text: &str) -> Vec<u8> {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| char::from(*byte).to_digit(16));
    let mut bytes = text.as_bytes().iter();
    let mut whole = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        match (byte, digit(ahead.next()), digit(ahead.next())) {
            (b'+', ..) => whole.push(b' '),
            (b'%', Some(high), Some(low)) => {
                whole.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                bytes = ahead;
            }
            _ => whole.push(*byte),
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_whatever_is_in_it() {
        let headers = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            axum::http::HeaderValue::from_static("application/x-www-form-urlencoded"),
        )]);
        let fields = Fields::of_form(&headers, b"a=1&a=2&b=x+y%C3%BC%&c&%zz=%4").unwrap();
        assert_eq!(fields.all("a").collect::<Vec<_>>(), ["1", "2"]);
        assert_eq!(fields.one("b"), "x yü%");
        assert!(fields.has("c") && fields.one("c").is_empty() && !fields.has("d"));
        assert_eq!(fields.one("%zz"), "%4");
        assert!(Fields::of_form(&HeaderMap::new(), b"a=1").is_err());
    }
}
