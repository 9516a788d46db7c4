//! Links in text: their target stands behind their words, unless the words say it already.

use crate::text;

/// A link whose words are being read.
pub struct Link {
    target: String,
    words: String,
}

/// Targets that are longer are not worth reading.
const LONGEST: usize = 2000;

impl Link {
    /// A link to `href`, if people can follow it.
    pub fn to(href: &str) -> Option<Self> {
        let target = text::one_line(href, LONGEST + 1).replace(' ', "%20");
        let scheme = target.split_once(':')?.0.to_ascii_lowercase();
        let sound = matches!(scheme.as_str(), "http" | "https" | "mailto" | "tel" | "ftp") && target.len() <= LONGEST;
        (sound && !target.contains(['<', '>'])).then(|| Self { target, words: String::new() })
    }

    /// More of its words.
    pub fn add(&mut self, words: &str) {
        let room = LONGEST.saturating_sub(self.words.len());
        self.words.push_str(text::prefix(words, room));
    }

    /// The target, if its words are some and do not say it.
    pub fn worth_writing(self) -> Option<String> {
        let words = bare(&self.words);
        if words.is_empty() || words == bare(&self.target) {
            return None;
        }
        match self.target.split_once(':') {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("mailto") => {
                let address = rest.split('?').next().unwrap_or_default().to_owned();
                (!address.is_empty() && bare(&address) != words).then_some(address)
            }
            _ => Some(self.target),
        }
    }
}

/// What two ways to write the same target have in common.
fn bare(target: &str) -> String {
    let mut bare: String = target.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_lowercase();
    for start in ["mailto:", "tel:", "https://", "http://", "www."] {
        if let Some(rest) = bare.strip_prefix(start) {
            bare = rest.to_owned();
        }
    }
    bare.trim_end_matches('/').to_owned()
}
