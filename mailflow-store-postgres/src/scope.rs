//! Scopes: words in the search index that say where a ticket lies, so that a search for a frequent word looks only at
//! what an agent may see. They are a first sieve: what passes is checked with the condition of `visible.rs`.

use std::fmt::Write as _;

use mailflow_core::access::Visibility;
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketboxId};
use mailflow_core::store::{OwnerFilter, SearchQuery, TicketQuery};
use tokio_postgres::Row;
use uuid::Uuid;

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
    pub fn read(row: &Row, first: usize) -> Result<Self, tokio_postgres::Error> {
        Ok(Self {
            ticketbox: row.try_get::<_, Uuid>(first)?.into(),
            owner: row.try_get::<_, Option<Uuid>>(first + 1)?.map(AgentId::from),
            category: row.try_get::<_, Option<Uuid>>(first + 2)?.map(CategoryId::from),
            contact: row.try_get::<_, Option<Uuid>>(first + 3)?.map(ContactId::from),
        })
    }

    /// The scope as words of the index, with a space behind each. They begin with a capital letter, which no word of a
    /// text does.
    pub fn words(&self) -> String {
        let mut words = String::with_capacity(140);
        add(&mut words, 'B', self.ticketbox.as_bytes());
        match &self.owner {
            Some(owner) => add(&mut words, 'O', owner.as_bytes()),
            None => {
                words.push_str(NOBODY);
                words.push(' ');
            }
        }
        if let Some(category) = &self.category {
            add(&mut words, 'K', category.as_bytes());
        }
        if let Some(contact) = &self.contact {
            add(&mut words, 'C', contact.as_bytes());
        }
        words
    }
}

const NOBODY: &str = "Onobody";

fn add(to: &mut String, kind: char, id: &[u8; 16]) {
    // Writing into a `String` cannot fail.
    let _ = write!(to, "{} ", word(kind, id));
}

fn word(kind: char, id: &[u8; 16]) -> String {
    format!("{kind}{:032x}", u128::from_be_bytes(*id))
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
    if query.phrases.is_empty() || !query.phrases.iter().all(|phrase| is_indexed(phrase)) {
        return None;
    }
    let quoted = |word: &String| format!("'{word}'");
    let words = query.phrases.iter().flatten().map(quoted).collect::<Vec<_>>().join(" & ");
    let several = query.phrases.iter().filter(|phrase| phrase.len() > 1);
    let mut sieved = words.clone();
    for any in sieves(&query.within)? {
        let any: Vec<String> = any.iter().map(quoted).collect();
        let _ = write!(sieved, " & ({})", any.join(" | "));
    }
    Some(Question { words, sieved, phrases: several.map(|phrase| format!(" {} ", phrase.join(" "))).collect() })
}

/// Whether a phrase consists of words as the index has them. Another one stands in no text.
fn is_indexed(phrase: &[String]) -> bool {
    let sound = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
    !phrase.is_empty() && phrase.iter().all(|word| !word.is_empty() && word.chars().all(sound))
}

/// Words of which each ticket of the query has one; `None` if no ticket can.
fn sieves(query: &TicketQuery) -> Option<Vec<Vec<String>>> {
    let mut sieves: Vec<Vec<String>> = Vec::new();
    if let Visibility::Of { agent, ticketboxes, owners, .. } = &query.visibility {
        let boxes = ticketboxes.iter().map(|id| word('B', id.as_bytes()));
        let owners = owners.iter().filter(|id| *id != agent).chain([agent]).map(|id| word('O', id.as_bytes()));
        sieves.push(boxes.chain(owners).collect());
    }
    if let Some(ticketboxes) = &query.ticketboxes {
        sieves.push(ticketboxes.iter().map(|id| word('B', id.as_bytes())).collect());
    }
    match &query.owner {
        Some(OwnerFilter::Agent(agent)) => sieves.push(vec![word('O', agent.as_bytes())]),
        Some(OwnerFilter::Nobody) => sieves.push(vec![NOBODY.to_owned()]),
        None => {}
    }
    if let Some(category) = &query.category {
        sieves.push(vec![word('K', category.as_bytes())]);
    }
    if let Some(contact) = &query.contact {
        sieves.push(vec![word('C', contact.as_bytes())]);
    }
    if sieves.iter().any(Vec::is_empty) { None } else { Some(sieves) }
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
            words: "'quick' & 'fox' & 'red'".to_owned(),
            sieved: "'quick' & 'fox' & 'red' & ('Onobody')".to_owned(),
            phrases: vec![" quick fox ".to_owned()],
        };
        assert_eq!(asked, Some(expected));
        within.ticketboxes = Some(std::collections::BTreeSet::new());
        assert_eq!(question(&SearchQuery { phrases, within: within.clone() }), None);
        for odd in ["", "it's", "a b", "A", "a\\"] {
            assert_eq!(question(&SearchQuery { phrases: vec![vec![odd.to_owned()]], within: within.clone() }), None);
        }
    }
}
