//! [`AddressIndex`]: many address patterns, all looked up at once.

use std::collections::HashMap;

use crate::mail::Address;

/// Address patterns, each under a number. Looking up an address costs its length, not the number of patterns, but for
/// patterns with wildcards inside the local part or in the middle of the domain.
#[derive(Debug, Clone, Default)]
pub struct AddressIndex {
    numbers: HashMap<String, usize>,
    /// `ada@example.com`
    exact: HashMap<String, usize>,
    /// `*@example.com`
    domains: HashMap<String, usize>,
    /// `*@*.example.com`
    below: HashMap<String, usize>,
    /// `a*@example.com`, by domain.
    of_domain: HashMap<String, Vec<(String, usize)>>,
    /// All others.
    rest: Vec<(String, usize)>,
}

/// What an address may look like: `ada@example.com` itself; `example.com` or `@example.com` for everybody there; with
/// `*` (any characters) and `?` (one) for more, such as `*@*.example.com`.
pub fn normal(pattern: &str) -> String {
    let pattern: String = pattern.trim().chars().flat_map(char::to_lowercase).collect();
    match pattern.split_once('@') {
        None => format!("*@{pattern}"),
        Some(("", domain)) => format!("*@{domain}"),
        Some(_) => pattern,
    }
}

/// Whether an address, with or without its tag, is of the form of a normal pattern. The index says the same, faster.
#[cfg(test)]
pub fn matches(pattern: &str, address: &Address) -> bool {
    glob(pattern, &address.key()) || glob(pattern, &address.without_tag().key())
}

impl AddressIndex {
    /// The number of a pattern, which is put in if it is new.
    pub fn put(&mut self, pattern: &str) -> usize {
        let pattern = normal(pattern);
        if let Some(number) = self.numbers.get(&pattern) {
            return *number;
        }
        let number = self.numbers.len();
        let wild = |text: &str| text.contains(['*', '?']);
        match pattern.rsplit_once('@') {
            Some((local, domain)) if !wild(local) && !wild(domain) => {
                self.exact.insert(pattern.clone(), number);
            }
            Some(("*", domain)) if !wild(domain) => {
                self.domains.insert(domain.to_owned(), number);
            }
            Some(("*", domain)) if domain.strip_prefix("*.").is_some_and(|rest| !wild(rest) && !rest.is_empty()) => {
                self.below.insert(domain.trim_start_matches("*.").to_owned(), number);
            }
            Some((_, domain)) if !wild(domain) => {
                self.of_domain.entry(domain.to_owned()).or_default().push((pattern.clone(), number));
            }
            _ => self.rest.push((pattern.clone(), number)),
        }
        self.numbers.insert(pattern, number);
        number
    }

    /// How many patterns there are.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Names each pattern that an address is of, some perhaps twice.
    pub fn look(&self, address: &Address, mut hit: impl FnMut(usize)) {
        if self.numbers.is_empty() {
            return;
        }
        let key = address.key();
        let Some((local, domain)) = key.rsplit_once('@') else { return };
        let bare = local.contains('+').then(|| address.without_tag().key());
        let forms = || std::iter::once(key.as_str()).chain(bare.as_deref());
        forms().filter_map(|form| self.exact.get(form)).for_each(|number| hit(*number));
        self.domains.get(domain).into_iter().for_each(|number| hit(*number));
        if !self.below.is_empty() {
            let mut rest = domain;
            while let Some((_, parent)) = rest.split_once('.') {
                self.below.get(parent).into_iter().for_each(|number| hit(*number));
                rest = parent;
            }
        }
        for (pattern, number) in self.of_domain.get(domain).into_iter().flatten().chain(&self.rest) {
            if forms().any(|form| glob(pattern, form)) {
                hit(*number);
            }
        }
    }
}

/// Whether `text` is of the form `pattern`: `*` stands for any characters, `?` for one. Time is at most linear to
/// pattern times text; nothing is allocated.
pub fn glob(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Where to go on if what came after the last `*` does not fit here.
    let mut again: Option<(std::str::Chars<'_>, std::str::Chars<'_>)> = None;
    loop {
        let mut ahead = pattern.clone();
        match (ahead.next(), text.clone().next()) {
            (Some('*'), _) => {
                pattern = ahead;
                again = Some((pattern.clone(), text.clone()));
            }
            (Some(wanted), Some(c)) if wanted == '?' || wanted == c => {
                pattern = ahead;
                text.next();
            }
            (None, None) => return true,
            _ => {
                let Some((after, from)) = &mut again else { return false };
                if from.next().is_none() {
                    return false;
                }
                (pattern, text) = (after.clone(), from.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, address: &str) -> bool {
        let mut index = AddressIndex::default();
        let number = index.put(pattern);
        let address = Address::new(address).unwrap();
        let mut hit = false;
        index.look(&address, |it| hit |= it == number);
        assert_eq!(hit, matches(&normal(pattern), &address), "{pattern} {address}");
        hit
    }

    #[test]
    fn an_address_pattern_is_an_address_a_domain_or_has_wildcards() {
        for pattern in
            ["Ada@One.example", "one.example", "@one.example", "*@one.example", "a?a@*.example", "*", "*.example"]
        {
            assert!(found(pattern, "ada@one.example"), "{pattern}");
        }
        for pattern in ["da@one.example", "ne.example", "*.one.example", "a?@one.example", "ada@one.exampl", ""] {
            assert!(!found(pattern, "ada@one.example"), "{pattern}");
        }
        assert!(found("*.one.example", "ada@deep.sub.one.example"));
        assert!(found("support@example.com", "support+tag@example.com"));
        assert!(found("support+tag@example.com", "support+tag@example.com"));
        assert!(found("supp*@example.com", "support+tag@example.com"));
        assert!(!found("support@example.com", "supporter@example.com"));
    }

    #[test]
    fn wildcards_stand_for_any_characters_or_one() {
        for (pattern, text) in [("", ""), ("*", ""), ("a*b*c", "axxbyyc"), ("*ab", "aab"), ("?", "ü"), ("**a", "ba")]
        {
            assert!(glob(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("", "a"), ("?", ""), ("a*b", "abc"), ("*ab", "ba"), ("a", "aa"), ("a*a", "a")] {
            assert!(!glob(pattern, text), "{pattern} {text}");
        }
    }
}
