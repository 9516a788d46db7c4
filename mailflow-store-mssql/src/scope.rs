//! Where a ticket lies, and the words of a search, as SQL Server has them.

use std::collections::BTreeSet;

use mailflow_core::digest::Digest;
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketboxId};
use mailflow_core::store::{SearchQuery, StoreError};
use mailflow_store_rows::columns::first_half;
use mailflow_store_rows::scope::{Scope, sieves};

use crate::driver::Row;

/// A word as the index has it: the first half of its digest. All are of one length, and compare as bytes.
pub(crate) type Word = [u8; 16];

/// A word of a text, or of a scope.
pub(crate) fn word(text: &str) -> Word {
    first_half(Digest::of(text.as_bytes()).as_bytes())
}

/// A scope out of the columns `ticketbox`, `owner`, `category`, `contact` of a row.
pub(crate) fn read(row: &Row, first: usize) -> Result<Scope, StoreError> {
    Ok(Scope {
        ticketbox: TicketboxId::from_bytes(row.id(first)?),
        owner: row.id_or_null(first + 1)?.map(AgentId::from_bytes),
        category: row.id_or_null(first + 2)?.map(CategoryId::from_bytes),
        contact: row.id_or_null(first + 3)?.map(ContactId::from_bytes),
    })
}

/// The scope as words of the index.
pub(crate) fn words(scope: &Scope) -> BTreeSet<Word> {
    scope.words().iter().map(|it| word(it)).collect()
}

/// A question, as the index is asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Question {
    /// The words that a text must have.
    pub words: BTreeSet<Word>,
    /// Sets of which it must have one word each: where the tickets of the query can lie.
    pub sieves: Vec<BTreeSet<Word>>,
    /// Phrases of several words, as they stand in `joined`.
    pub phrases: Vec<String>,
}

/// The question of a query; `None` if nothing can be found.
pub(crate) fn question(query: &SearchQuery) -> Option<Question> {
    let sieves = sieves(query)?;
    let several = query.phrases.iter().filter(|phrase| phrase.len() > 1);
    Some(Question {
        words: query.phrases.iter().flatten().map(|it| word(it)).collect(),
        sieves: sieves.into_iter().map(|any| any.iter().map(|it| word(it)).collect()).collect(),
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
        let asked = question(&SearchQuery { phrases, within });
        let expected = Question {
            words: ["quick", "fox", "red"].into_iter().map(word).collect(),
            sieves: vec![[word("Onobody")].into()],
            phrases: vec![" quick fox ".to_owned()],
        };
        assert_eq!(asked, Some(expected));
    }
}
