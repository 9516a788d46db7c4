//! Where a ticket lies, and the words of a search, as PostgreSQL has them.

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
    /// The words, and where the tickets of the query can lie: each a `tsquery` of its own. All of them must hold.
    /// Asked one by one, the index goes from where one holds to where the next one does; a single `&` of all of them it
    /// evaluates for each text of the rarest.
    pub sieved: Vec<Sieve>,
    /// Phrases of several words, as they stand in `joined`.
    pub phrases: Vec<String>,
}

/// A condition that the index is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sieve {
    /// Words, or one of a few ticketboxes or owners: how rare that is can be looked up.
    Narrow(String),
    /// One of many ticketboxes or owners, which takes long to look up.
    Wide(String),
}

impl Sieve {
    /// As a `tsquery`.
    pub fn condition(&self) -> &str {
        let (Self::Narrow(it) | Self::Wide(it)) = self;
        it
    }
}

/// One of so many ticketboxes and owners is narrow.
const NARROW: usize = 4;
/// So many words are asked one by one; what is beyond is asked together. A statement is prepared for each number of
/// conditions.
const ONE_BY_ONE: usize = 8;

/// The question of a query; `None` if nothing can be found.
pub(crate) fn question(query: &SearchQuery) -> Option<Question> {
    let sieves = sieves(query)?;
    let quoted = |word: &String| format!("'{word}'");
    let words: Vec<String> = query.phrases.iter().flatten().map(quoted).collect();
    let (single, together) = words.split_at_checked(ONE_BY_ONE).unwrap_or((&words, &[]));
    let mut sieved: Vec<Sieve> = single.iter().cloned().map(Sieve::Narrow).collect();
    if !together.is_empty() {
        sieved.push(Sieve::Narrow(together.join(" & ")));
    }
    for any in sieves {
        let condition = any.iter().map(quoted).collect::<Vec<_>>().join(" | ");
        sieved.push(if any.len() > NARROW { Sieve::Wide(condition) } else { Sieve::Narrow(condition) });
    }
    let several = query.phrases.iter().filter(|phrase| phrase.len() > 1);
    Some(Question {
        words: words.join(" & "),
        sieved,
        phrases: several.map(|phrase| format!(" {} ", phrase.join(" "))).collect(),
    })
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
        let asked = question(&SearchQuery { phrases, within: within.clone() });
        let expected = Question {
            words: "'quick' & 'fox' & 'red'".to_owned(),
            sieved: ["'quick'", "'fox'", "'red'", "'Onobody'"].map(|it| Sieve::Narrow(it.to_owned())).to_vec(),
            phrases: vec![" quick fox ".to_owned()],
        };
        assert_eq!(asked, Some(expected));
        let many = (0..10).map(|nth| vec![format!("w{nth}")]).collect();
        let asked = question(&SearchQuery { phrases: many, within }).unwrap();
        let last: Vec<&str> = asked.sieved.iter().skip(7).map(Sieve::condition).collect();
        assert_eq!(last, ["'w7'", "'w8' & 'w9'", "'Onobody'"]);
    }
}
