//! [`Highlight`]: where in a mail the expressions of a rule are found, for whoever writes them.

use super::compile::expression;
use super::matter::Matter;
use super::rules::{BODY_LOOKED_INTO, headers_as_text};
use crate::rule::{Rule, TextField};
use crate::text;

/// The most places that are marked in one text.
const MOST: usize = 500;

/// A text of a mail that a rule looks into.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Highlight {
    /// Which text.
    pub field: TextField,
    /// The text, as far as rules look into it.
    pub text: String,
    /// The bytes in which something was found, in their order; they do not overlap.
    pub marks: Vec<(usize, usize)>,
}

/// The texts that a rule looks into, with what its expressions find there. Expressions that do not compile find nothing.
pub fn highlight(rule: &Rule, matter: &Matter<'_>) -> Vec<Highlight> {
    let compiled = rule.text.iter().filter_map(|it| Some((it, expression(it, 0).ok()?.0)));
    let compiled: Vec<_> = compiled.collect();
    let looked_into = |field: TextField| {
        let looks = move |within: &[TextField]| within.is_empty() || within.contains(&field);
        compiled.iter().filter(move |(it, _)| looks(&it.within)).map(|(_, regex)| regex)
    };
    let of = |field: TextField| {
        looked_into(field).next()?;
        let whole = match field {
            TextField::Subject => matter.subject.to_owned(),
            TextField::Body => matter.text.to_owned(),
            TextField::Headers => headers_as_text(matter.headers),
        };
        let text = text::prefix(&whole, BODY_LOOKED_INTO);
        let found = looked_into(field).flat_map(|regex| regex.find_iter(text).take(MOST));
        let mut found: Vec<(usize, usize)> = found.map(|it| (it.start(), it.end())).filter(|(a, b)| a < b).collect();
        found.sort_unstable();
        let mut marks: Vec<(usize, usize)> = Vec::new();
        for (start, end) in found {
            match marks.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => marks.push((start, end)),
            }
        }
        marks.truncate(MOST);
        Some(Highlight { field, text: text.to_owned(), marks })
    };
    TextField::ALL.into_iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{RuleId, SourceId};
    use crate::rule::{Syntax, TextPattern};
    use crate::time::Timestamp;

    #[test]
    fn what_an_expression_finds_is_marked_where_it_looks() {
        let pattern = |pattern: &str, within: &[TextField]| TextPattern {
            within: within.to_vec(),
            pattern: pattern.to_owned(),
            syntax: Syntax::Expression,
        };
        let text = vec![pattern("ord.r", &[TextField::Subject]), pattern(r"r \d+|x*", &[TextField::Subject])];
        let rule = Rule { text, ..Rule::new(RuleId::from_bytes([1; 16]), "orders") };
        let mail = crate::mail::parse(
            "From: a@one.example\r\nSubject: Ä order 17 order\r\n\r\norder\r\n".as_bytes(),
            &Default::default(),
        );
        let matter = Matter::of_mail(SourceId::from_bytes([1; 16]), Timestamp::MIN, 0, &mail);
        let found = highlight(&rule, &matter);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            found[0].marks.iter().map(|(a, b)| found[0].text.get(*a..*b).unwrap()).collect::<Vec<_>>(),
            ["order 17", "order"]
        );
        let all = Rule { text: vec![pattern("^from: ", &[])], ..rule };
        let marks: Vec<_> = highlight(&all, &matter).into_iter().map(|it| (it.field, it.marks)).collect();
        assert_eq!(
            marks,
            [(TextField::Subject, vec![]), (TextField::Body, vec![]), (TextField::Headers, vec![(0, 6)])]
        );
    }
}
