//! Scopes: words in the index of words that say where a ticket lies, so that a search for a frequent word looks only at
//! what an agent may see. They are a first sieve: what passes is checked with the condition of `visible.rs`.

use std::collections::BTreeSet;

use mailflow_core::access::Visibility;
use mailflow_core::digest::Digest;
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketboxId};
use mailflow_core::store::{OwnerFilter, SearchQuery, StoreError, TicketQuery};

use crate::driver::Row;

/// A word as the index has it: the first half of its digest. All are of one length, and compare as bytes.
pub(crate) type Word = [u8; 16];

/// A word of a text.
pub(crate) fn word(text: &str) -> Word {
    let mut word = Word::default();
    for (to, from) in word.iter_mut().zip(Digest::of(text.as_bytes()).as_bytes()) {
        *to = *from;
    }
    word
}

/// Where a ticket lies, as far as searches ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub ticketbox: TicketboxId,
    pub owner: Option<AgentId>,
    pub category: Option<CategoryId>,
    pub contact: Option<ContactId>,
}

impl Scope {
    /// Out of the columns `ticketbox`, `owner`, `category`, `contact` of a row.
    pub fn read(row: &Row, first: usize) -> Result<Self, StoreError> {
        Ok(Self {
            ticketbox: TicketboxId::from_bytes(row.id(first)?),
            owner: row.id_or_null(first + 1)?.map(AgentId::from_bytes),
            category: row.id_or_null(first + 2)?.map(CategoryId::from_bytes),
            contact: row.id_or_null(first + 3)?.map(ContactId::from_bytes),
        })
    }

    /// The scope as words of the index.
    pub fn words(&self) -> BTreeSet<Word> {
        let owner = self.owner.map_or_else(|| word(NOBODY), |owner| place('O', owner.as_bytes()));
        let category = self.category.map(|it| place('K', it.as_bytes()));
        let contact = self.contact.map(|it| place('C', it.as_bytes()));
        [Some(place('B', self.ticketbox.as_bytes())), Some(owner), category, contact].into_iter().flatten().collect()
    }
}

/// These begin with a capital letter, which no word of a text does.
const NOBODY: &str = "Onobody";

fn place(kind: char, id: &[u8; 16]) -> Word {
    word(&format!("{kind}{:032x}", u128::from_be_bytes(*id)))
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
    if query.phrases.is_empty() || !query.phrases.iter().all(|phrase| is_indexed(phrase)) {
        return None;
    }
    let several = query.phrases.iter().filter(|phrase| phrase.len() > 1);
    Some(Question {
        words: query.phrases.iter().flatten().map(|it| word(it)).collect(),
        sieves: sieves(&query.within)?,
        phrases: several.map(|phrase| format!(" {} ", phrase.join(" "))).collect(),
    })
}

/// Whether a phrase consists of words as the index has them. Another one stands in no text.
fn is_indexed(phrase: &[String]) -> bool {
    let sound = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
    !phrase.is_empty() && phrase.iter().all(|word| !word.is_empty() && word.chars().all(sound))
}

/// Words of which each ticket of the query has one; `None` if no ticket can.
fn sieves(query: &TicketQuery) -> Option<Vec<BTreeSet<Word>>> {
    let mut sieves: Vec<BTreeSet<Word>> = Vec::new();
    if let Visibility::Of { agent, ticketboxes, owners, .. } = &query.visibility {
        let boxes = ticketboxes.iter().map(|id| place('B', id.as_bytes()));
        let owners = owners.iter().chain([agent]).map(|id| place('O', id.as_bytes()));
        sieves.push(boxes.chain(owners).collect());
    }
    if let Some(ticketboxes) = &query.ticketboxes {
        sieves.push(ticketboxes.iter().map(|id| place('B', id.as_bytes())).collect());
    }
    match &query.owner {
        Some(OwnerFilter::Agent(agent)) => sieves.push([place('O', agent.as_bytes())].into()),
        Some(OwnerFilter::Nobody) => sieves.push([word(NOBODY)].into()),
        None => {}
    }
    if let Some(category) = &query.category {
        sieves.push([place('K', category.as_bytes())].into());
    }
    if let Some(contact) = &query.contact {
        sieves.push([place('C', contact.as_bytes())].into());
    }
    if sieves.iter().any(BTreeSet::is_empty) { None } else { Some(sieves) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_names_words_phrases_and_where_tickets_can_lie() {
        let phrases = vec![vec!["quick".to_owned(), "fox".to_owned()], vec!["red".to_owned()]];
        let mut within = TicketQuery::all(Visibility::Everything);
        within.owner = Some(OwnerFilter::Nobody);
        let asked = question(&SearchQuery { phrases: phrases.clone(), within: within.clone() });
        let expected = Question {
            words: ["quick", "fox", "red"].into_iter().map(word).collect(),
            sieves: vec![[word("Onobody")].into()],
            phrases: vec![" quick fox ".to_owned()],
        };
        assert_eq!(asked, Some(expected));
        within.ticketboxes = Some(BTreeSet::new());
        assert_eq!(question(&SearchQuery { phrases, within: within.clone() }), None);
        for odd in ["", "it's", "a b", "A", "a\\"] {
            assert_eq!(question(&SearchQuery { phrases: vec![vec![odd.to_owned()]], within: within.clone() }), None);
        }
    }
}
