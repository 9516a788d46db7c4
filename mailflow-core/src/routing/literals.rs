//! What must stand in a text for an expression to be found there.

use regex_syntax::hir::{Class, Hir, HirKind};

/// The most alternatives of one set.
const ALTERNATIVES: usize = 32;
/// The most bytes of a literal that are looked for.
const LENGTH: usize = 24;
/// What is shorter says too little.
const SHORTEST: usize = 3;

/// Sets of literals: wherever the expression is found, at least one literal *of each set* stands in the text, letters
/// of ASCII in any case. Literals are ASCII, lower case. There may be no set at all.
pub fn required(hir: &Hir) -> Vec<Vec<String>> {
    let mut sets = Vec::new();
    walk(hir, &mut sets);
    sets.retain(|set: &Vec<String>| set.iter().all(|literal| literal.len() >= SHORTEST));
    sets
}

/// Adds what `hir` requires.
fn walk(hir: &Hir, sets: &mut Vec<Vec<String>>) {
    let mut run = String::new();
    pieces(hir, &mut run, sets);
    end(&mut run, sets);
}

/// Goes on with the literal that is being put together, and ends it where something else begins.
fn pieces(hir: &Hir, run: &mut String, sets: &mut Vec<Vec<String>>) {
    match hir.kind() {
        HirKind::Literal(literal) => {
            for byte in literal.0.iter() {
                match byte.is_ascii() {
                    true => run.push(char::from(byte.to_ascii_lowercase())),
                    false => end(run, sets),
                }
            }
        }
        HirKind::Class(class) => match one_letter(class) {
            Some(letter) => run.push(letter),
            None => end(run, sets),
        },
        // What has no width parts nothing.
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Capture(capture) => pieces(&capture.sub, run, sets),
        HirKind::Concat(parts) => parts.iter().for_each(|part| pieces(part, run, sets)),
        HirKind::Repetition(repetition) => {
            end(run, sets);
            if repetition.min > 0 {
                walk(&repetition.sub, sets);
            }
        }
        HirKind::Alternation(branches) => {
            end(run, sets);
            sets.extend(of_branches(branches));
        }
    }
}

fn end(run: &mut String, sets: &mut Vec<Vec<String>>) {
    if !run.is_empty() {
        let mut literal = std::mem::take(run);
        literal.truncate(LENGTH);
        sets.push(vec![literal]);
    }
}

/// One set for all branches: the best one of each.
fn of_branches(branches: &[Hir]) -> Option<Vec<String>> {
    let mut all = Vec::new();
    for branch in branches {
        let shortest = |set: &Vec<String>| set.iter().map(String::len).min().unwrap_or(0);
        all.extend(required(branch).into_iter().max_by_key(shortest)?);
    }
    all.sort_unstable();
    all.dedup();
    (all.len() <= ALTERNATIVES).then_some(all)
}

/// The letter that a class stands for in any case, as `(?i)k` is `[kK\u{212A}]`.
fn one_letter(class: &Class) -> Option<char> {
    let mut letter = None;
    let mut same = |c: char| {
        let folded = match c {
            '\u{212A}' => 'k',
            '\u{17F}' => 's',
            c => c.to_ascii_lowercase(),
        };
        folded.is_ascii() && *letter.get_or_insert(folded) == folded
    };
    let all_same = match class {
        Class::Unicode(class) => {
            class.ranges().iter().all(|range| range.start() == range.end() && same(range.start()))
        }
        Class::Bytes(class) => {
            class.ranges().iter().all(|range| range.start() == range.end() && same(char::from(range.start())))
        }
    };
    if all_same { letter } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pattern: &str) -> Vec<Vec<String>> {
        required(&regex_syntax::parse(pattern).unwrap())
    }

    #[test]
    fn what_must_stand_there_is_found_in_the_expression() {
        let set = |literals: &[&str]| literals.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(of(r"\b(order|case)[ #:-]*00042[a-z]?\b"), [set(&["case", "order"]), set(&["00042"])]);
        assert_eq!(of(r"(?i)Invoice\s+no"), [set(&["invoice"])]);
        assert_eq!(of(r"(?i)task"), [set(&["task"])]);
        assert_eq!(of(r"(?:abc)+x*def?"), [set(&["abc"])]);
        assert_eq!(of(r"straße\d"), [set(&["stra"])]);
        for nothing in [r"\d{5}", "(abc|)", "(abc|x)", "a?b?", "(abc)?", ".*", "ab"] {
            assert_eq!(of(nothing), Vec::<Vec<String>>::new(), "{nothing}");
        }
    }
}
