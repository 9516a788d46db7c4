//! Where a ticket lies, and the words of a search, as PostgreSQL has them.

use std::fmt::Write as _;

use mailflow_core::id::{AgentId, CategoryId, ContactId};
use mailflow_core::store::SearchQuery;
use mailflow_store_rows::scope::{Scope, sieves};
use tokio_postgres::Row;
use uuid::Uuid;

/// A scope out of the columns `ticketbox`, `owner`, `category`, `contact` of a row.
pub(crate) fn read(row: &Row, first: usize) -> Result<Scope, tokio_postgres::Error> {
    Ok(Scope {
        ticketbox: row.try_get::<_, Uuid>(first)?.into(),
        owner: row.try_get::<_, Option<Uuid>>(first + 1)?.map(AgentId::from),
        category: row.try_get::<_, Option<Uuid>>(first + 2)?.map(CategoryId::from),
        contact: row.try_get::<_, Option<Uuid>>(first + 3)?.map(ContactId::from),
    })
}

/// The scope as words of the index, with a space behind each.
pub(crate) fn words(scope: &Scope) -> String {
    scope.words().into_iter().map(|word| word + " ").collect()
}

/// A question, as the index is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// All words, as a `tsquery`.
    pub words: String,
    /// All words, where the tickets of the query can lie.
    pub sieved: String,
    /// Phrases of several words, as they stand in `joined`.
    pub phrases: Vec<String>,
}

/// The question of a query; `None` if nothing can be found.
pub(crate) fn question(query: &SearchQuery) -> Option<Question> {
    let sieves = sieves(query)?;
    let quoted = |word: &String| format!("'{word}'");
    let words = query.phrases.iter().flatten().map(quoted).collect::<Vec<_>>().join(" & ");
    let several = query.phrases.iter().filter(|phrase| phrase.len() > 1);
    let mut sieved = words.clone();
    for any in sieves {
        let any: Vec<String> = any.iter().map(quoted).collect();
        let _ = write!(sieved, " & ({})", any.join(" | "));
    }
    Some(Question { words, sieved, phrases: several.map(|phrase| format!(" {} ", phrase.join(" "))).collect() })
}

#[cfg(test)]
mod tests {
    use mailflow_core::access::Visibility;
    use mailflow_core::store::{OwnerFilter, TicketQuery};

    use super::*;

    #[test]
    fn a_question_names_words_phrases_and_where_tickets_can_lie() {
        let phrases = vec![vec!["quick".to_owned(), "fox".to_owned()], vec!["red".to_owned()]];
        let mut within = TicketQuery::all(Visibility::Everything);
        within.owner = Some(OwnerFilter::Nobody);
        let asked = question(&SearchQuery { phrases, within });
        let expected = Question {
            words: "'quick' & 'fox' & 'red'".to_owned(),
            sieved: "'quick' & 'fox' & 'red' & ('Onobody')".to_owned(),
            phrases: vec![" quick fox ".to_owned()],
        };
        assert_eq!(asked, Some(expected));
    }
}
