//! [`Authentication`]: what our own mail server found out about the sender (RFC 8601).

use serde::{Deserialize, Serialize};

use crate::mail::Header;
use crate::rule::{AuthenticationMethod, Verdict};

/// What our own mail server found out about the sender, from `Authentication-Results`.
///
/// Anybody can write such a header. Believed are only the topmost one and those further down that name the same server:
/// the last server on the way writes on top, and takes out what claims to be its own (RFC 8601 section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Authentication {
    /// Sender Policy Framework.
    #[serde(default, skip_serializing_if = "is_none")]
    pub spf: Verdict,
    /// Signatures; one that is good is enough.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dkim: Verdict,
    /// The policy of the domain's owner.
    #[serde(default, skip_serializing_if = "is_none")]
    pub dmarc: Verdict,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_none(verdict: &Verdict) -> bool {
    *verdict == Verdict::None
}

/// The most headers of this name that are read.
const HEADERS: usize = 20;

impl Authentication {
    /// What these headers say.
    pub fn of(headers: &[Header]) -> Self {
        let mut found = Self::default();
        let mut server: Option<String> = None;
        let ours = headers.iter().filter(|header| header.name.eq_ignore_ascii_case("authentication-results"));
        for header in ours.take(HEADERS) {
            let value = without_comments(&header.value);
            let mut parts = value.split(';');
            let id = parts.next().and_then(|id| id.split_whitespace().next()).unwrap_or_default().to_lowercase();
            if server.get_or_insert_with(|| id.clone()) != &id {
                continue;
            }
            parts.for_each(|part| found.note(part));
        }
        found
    }

    /// The verdict of a method.
    pub const fn verdict(&self, method: AuthenticationMethod) -> Verdict {
        match method {
            AuthenticationMethod::Spf => self.spf,
            AuthenticationMethod::Dkim => self.dkim,
            AuthenticationMethod::Dmarc => self.dmarc,
        }
    }

    /// Whether nothing is known.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// `method=result …`
    fn note(&mut self, part: &str) {
        let Some((method, rest)) = part.split_once('=') else { return };
        let method = method.split('/').next().unwrap_or_default().trim();
        let verdict = match rest.split_whitespace().next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "pass" => Verdict::Pass,
            "fail" | "hardfail" => Verdict::Fail,
            "none" | "" => Verdict::None,
            _ => Verdict::Unclear,
        };
        let place = match method.to_ascii_lowercase().as_str() {
            "spf" => &mut self.spf,
            "dkim" => &mut self.dkim,
            "dmarc" => &mut self.dmarc,
            _ => return,
        };
        // Of several signatures the best one counts.
        if *place == Verdict::None || verdict == Verdict::Pass {
            *place = verdict;
        }
    }
}

/// The value without what stands in parentheses, nested or not.
fn without_comments(value: &str) -> String {
    let mut depth = 0_u32;
    value
        .chars()
        .filter(|c| match c {
            '(' => {
                depth += 1;
                false
            }
            ')' => {
                depth = depth.saturating_sub(1);
                false
            }
            _ => depth == 0,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[&str]) -> Authentication {
        let header = |value: &&str| Header { name: "Authentication-Results".to_owned(), value: (*value).to_owned() };
        Authentication::of(&values.iter().map(header).collect::<Vec<_>>())
    }

    #[test]
    fn verdicts_are_read_and_of_several_signatures_the_best_counts() {
        let read = of(&["mx.example.com 1; spf=softfail (mx: not (quite) ours) smtp.mailfrom=a@b.example; \
                         dkim=fail header.d=x.example; dkim=pass header.d=b.example; dmarc=PASS policy.dmarc=none"]);
        assert_eq!(read, Authentication { spf: Verdict::Unclear, dkim: Verdict::Pass, dmarc: Verdict::Pass },);
        assert_eq!(of(&["mx.example.com; none"]), Authentication::default());
    }

    #[test]
    fn what_another_server_claims_below_is_not_believed() {
        let read =
            of(&["mx.example.com; dmarc=fail", "evil.example; spf=pass; dmarc=pass", "MX.example.com; spf=pass"]);
        assert_eq!(read, Authentication { spf: Verdict::Pass, dmarc: Verdict::Fail, ..Authentication::default() });
    }
}
