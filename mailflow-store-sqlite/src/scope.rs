//! Where a ticket lies, and the words of a search, as FTS5 has them.

use mailflow_core::store::SearchQuery;
use mailflow_store_rows::scope::{Scope, sieves};

/// The scope as words of the index, which has no capital letters, and a column for scopes.
pub(crate) fn words(scope: &Scope) -> String {
    scope.words().join(" ").to_ascii_lowercase()
}

/// A question as conditions that FTS5 reads. All of them must hold.
pub(crate) struct Question {
    /// One for each phrase, with its words as conditions of their own.
    pub phrases: Vec<(String, Vec<String>)>,
    /// Where the tickets of the query can lie.
    pub sieves: Vec<String>,
}

/// The question of a query; `None` if nothing can be found.
pub(crate) fn question(query: &SearchQuery) -> Option<Question> {
    let sieves = sieves(query)?;
    let condition = |words: &[String]| format!("words : \"{}\"", words.join(" "));
    let phrase = |words: &Vec<String>| (condition(words), words.chunks(1).map(condition).collect());
    let any = |words: Vec<String>| {
        let words: Vec<String> = words.iter().map(|word| word.to_ascii_lowercase()).collect();
        format!("scope : ({})", words.join(" OR "))
    };
    Some(Question {
        phrases: query.phrases.iter().map(phrase).collect(),
        sieves: sieves.into_iter().map(any).collect(),
    })
}

/// So many conditions at most are asked one after the other: FTS5 reads no deeper brackets than about a hundred.
const MAX_NESTED: usize = 8;

/// One question of several conditions, the rarest one first. FTS5 asks all conditions of one AND in turn, each from
/// where the one before stands, so that a frequent word is looked up as often as the two rarest conditions disagree. In
/// brackets it is looked up only where those agree. FTS5 would take away brackets in which there is only an AND, so
/// that each also says `NOT` a word which stands nowhere.
pub(crate) fn all_of<'a>(conditions: impl IntoIterator<Item = &'a str>) -> String {
    let mut all = String::new();
    for (nth, condition) in conditions.into_iter().enumerate() {
        match nth {
            0 => all.push_str(condition),
            2..MAX_NESTED => all = format!("(({all}) NOT scope : none) AND {condition}"),
            _ => {
                all.push_str(" AND ");
                all.push_str(condition);
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::all_of;

    #[test]
    fn each_further_condition_is_asked_only_where_those_before_hold() {
        assert_eq!(all_of(["a"]), "a");
        assert_eq!(all_of(["a", "b"]), "a AND b");
        assert_eq!(all_of(["a", "b", "c"]), "((a AND b) NOT scope : none) AND c");
        let many = all_of(["a"; 20]);
        assert_eq!((many.matches(" AND ").count(), many.matches(" NOT ").count()), (19, 6), "{many}");
    }
}
