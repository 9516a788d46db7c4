//! Expressions that find whatever others find, and that the fast automata can run on any text.

use regex_syntax::hir::{Hir, HirKind, Repetition};

/// An expression without what has no width (`\b`, `^`), letters in any case: wherever the expression is found, this one
/// is found. An automaton that meets `\b` has to give up at the first letter that is not of ASCII, and what is left then
/// is a hundred times slower.
#[derive(Debug)]
pub struct Relaxed {
    /// The expression.
    pub expression: String,
    /// The most bytes that it finds; `None` if there is no such bound.
    pub longest: Option<usize>,
}

impl Relaxed {
    /// `None` if the expression cannot be parsed.
    pub fn new(expression: &str) -> Option<Self> {
        let mut parser = regex_syntax::ParserBuilder::new().case_insensitive(true).multi_line(true).build();
        let hir = without_looks(parser.parse(expression).ok()?);
        Some(Self { expression: hir.to_string(), longest: hir.properties().maximum_len() })
    }
}

fn without_looks(hir: Hir) -> Hir {
    match hir.into_kind() {
        HirKind::Empty | HirKind::Look(_) => Hir::empty(),
        HirKind::Literal(literal) => Hir::literal(literal.0),
        HirKind::Class(class) => Hir::class(class),
        HirKind::Repetition(it) => Hir::repetition(Repetition { sub: Box::new(without_looks(*it.sub)), ..it }),
        HirKind::Capture(capture) => without_looks(*capture.sub),
        HirKind::Concat(parts) => Hir::concat(parts.into_iter().map(without_looks).collect()),
        HirKind::Alternation(branches) => Hir::alternation(branches.into_iter().map(without_looks).collect()),
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn what_an_expression_finds_is_found_without_its_looks() {
        let cases = [
            (r"\b[a-z]{2}-\d{4}\b", "AB-1234", "über AB-12345"),
            (r"^(crash|boom)$", "boom", "no booms"),
            (r"(?i-u:invoice)\B", "Invoices", "my invoice"),
            (r"(?-i)Order (?<n>\d+)\b", "Order 17", "Order 17th"),
            (r"(?:\bcra)+sh", "crash", "xcrash"),
        ];
        for (expression, both, only_relaxed) in cases {
            let it = Regex::new(&Relaxed::new(expression).unwrap().expression).unwrap();
            assert!(it.is_match(both), "{expression} {both}");
            assert!(it.is_match(only_relaxed) && !it.as_str().contains(r"\b"), "{expression}: {it}");
            let exact = Regex::new(&format!("(?im){expression}")).unwrap();
            assert!(exact.is_match(both) && !exact.is_match(only_relaxed), "{expression} {only_relaxed}");
        }
        assert!(Relaxed::new("(").is_none());
        assert_eq!(
            Relaxed::new("[a-z]{2}-é?").unwrap().longest,
            Some(9),
            "with the letters of other scripts that are these in capitals"
        );
        assert_eq!(Relaxed::new("a+").unwrap().longest, None);
    }
}
