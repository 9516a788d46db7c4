//! Why a mail is where it is, as commands print it.

use mailflow_core::explanation::{Explanation, Reasons, TriedRule};
use mailflow_core::routing::Trial;
use mailflow_core::rule::RuleSet;
use serde_json::{Value, json};

/// An explanation as JSON.
pub fn as_json(explanation: &Explanation, rules: &RuleSet) -> Value {
    let Reasons { because, rules, notes, done, .. } = explanation.reasons(rules);
    let tried = rules.iter().map(|it| {
        let field = if let Trial::Failed(field) = it.trial { Some(field) } else { None };
        json!({ "rule": it.number, "description": it.description, "matched": it.trial == Trial::Matched, "failed": field })
    });
    json!({
        "because": because, "evidence": explanation.evidence, "set_aside": explanation.set_aside,
        "placed_by": explanation.placed_by, "tried": tried.collect::<Vec<_>>(), "notes": notes, "done": done,
        "no_automatic_answer": explanation.no_automatic_answer,
    })
}

/// An explanation in lines for people, the rules shortened to runs.
pub fn lines(explanation: &Explanation, rules: &RuleSet) -> Vec<String> {
    let reasons = explanation.reasons(rules);
    let mut lines = vec![format!("here because {}", reasons.because)];
    lines.extend(reasons.set_aside);
    lines.extend(runs(&reasons.rules));
    lines.extend(reasons.notes);
    lines.extend(reasons.done);
    lines.extend(reasons.no_automatic_answer.map(|because| format!("it gets no automatic answer: {because}")));
    lines
}

/// Rules that came to the same, one after the other, in one line.
fn runs(rules: &[TriedRule]) -> Vec<String> {
    let runs = rules.chunk_by(|one, next| one.trial == next.trial && one.trial != Trial::Matched);
    runs.filter_map(|run| {
        let (first, last) = (run.first()?, run.last()?);
        let description = first.description.as_ref().map(|it| format!(" `{it}`")).unwrap_or_default();
        Some(match first.number == last.number {
            true => format!("rule {}{description}: {}", first.number, first.trial.words()),
            false => format!("rules {} to {}: {}", first.number, last.number, first.trial.words()),
        })
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailflow_core::routing::{RuleField, TriedRules};

    #[test]
    fn rules_that_came_to_the_same_are_one_line() {
        let tried = Some(TriedRules { revision: 1, tried: 5, failed: "tt-x!".to_owned() });
        let explanation = Explanation { tried, ..Explanation::default() };
        let told = lines(&explanation, &RuleSet::default());
        let (to, text) = (RuleField::To.words(), RuleField::Text.words());
        let expected = [
            format!("rules 1 to 2: {to}"),
            "rule 3: is switched off".to_owned(),
            format!("rule 4: {text}"),
            "rule 5: matches".to_owned(),
        ];
        assert_eq!(told[1..5], expected);
    }
}
