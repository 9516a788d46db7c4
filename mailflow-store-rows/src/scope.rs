//! Scopes: words in the search index that say where a ticket lies, so that a search for a frequent word looks only at
//! what an agent may see. They are a first sieve: what passes is checked with the query's own conditions.

use mailflow_core::access::Visibility;
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketboxId};
use mailflow_core::store::{OwnerFilter, SearchQuery, TicketQuery};

/// Where a ticket lies, as far as searches ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Its ticketbox.
    pub ticketbox: TicketboxId,
    /// Who takes care of it.
    pub owner: Option<AgentId>,
    /// Its category.
    pub category: Option<CategoryId>,
    /// Who wrote.
    pub contact: Option<ContactId>,
}

impl Scope {
    /// The scope as words of the index. They begin with a capital letter, which no word of a text does.
    pub fn words(&self) -> Vec<String> {
        let owner = self.owner.map_or_else(|| NOBODY.to_owned(), |it| word('O', it.as_bytes()));
        let category = self.category.map(|it| word('K', it.as_bytes()));
        let contact = self.contact.map(|it| word('C', it.as_bytes()));
        [Some(word('B', self.ticketbox.as_bytes())), Some(owner), category, contact].into_iter().flatten().collect()
    }
}

const NOBODY: &str = "Onobody";

fn word(kind: char, id: &[u8; 16]) -> String {
    format!("{kind}{:032x}", u128::from_be_bytes(*id))
}

/// Sets of scope words: the ticket of a text that is found has one word of each. `None` if nothing can be found: no text
/// has the words, or no ticket can be among those that are asked for.
pub fn sieves(query: &SearchQuery) -> Option<Vec<Vec<String>>> {
    let can_be_found = !query.phrases.is_empty() && query.phrases.iter().all(|phrase| is_indexed(phrase));
    let sieves = sieves_of(&query.within);
    (can_be_found && !sieves.iter().any(Vec::is_empty)).then_some(sieves)
}

/// Whether a phrase consists of words as the index has them. Another one stands in no text, and would be read as
/// something else than words.
fn is_indexed(phrase: &[String]) -> bool {
    let sound = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
    !phrase.is_empty() && phrase.iter().all(|word| !word.is_empty() && word.chars().all(sound))
}

fn sieves_of(query: &TicketQuery) -> Vec<Vec<String>> {
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
    sieves.extend(query.category.map(|category| vec![word('K', category.as_bytes())]));
    sieves.extend(query.contact.map(|contact| vec![word('C', contact.as_bytes())]));
    sieves
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn query(phrase: &str, within: &TicketQuery) -> SearchQuery {
        SearchQuery { phrases: vec![vec!["fox".to_owned()], vec![phrase.to_owned()]], within: within.clone() }
    }

    #[test]
    fn a_sieve_lets_through_what_the_query_asks_for_and_nothing_if_no_ticket_can_be_meant() {
        let mut within = TicketQuery::all(Visibility::Everything);
        assert_eq!(sieves(&query("red", &within)), Some(Vec::new()));
        within.owner = Some(OwnerFilter::Nobody);
        assert_eq!(sieves(&query("red", &within)), Some(vec![vec!["Onobody".to_owned()]]));
        let [ticketbox, agent] = [[1; 16], [2; 16]];
        let scope = Scope {
            ticketbox: TicketboxId::from_bytes(ticketbox),
            owner: Some(AgentId::from_bytes(agent)),
            category: None,
            contact: None,
        };
        within.owner = Some(OwnerFilter::Agent(AgentId::from_bytes(agent)));
        within.ticketboxes = Some(BTreeSet::from([scope.ticketbox]));
        let [ticketbox, owner] = <[String; 2]>::try_from(scope.words()).unwrap();
        assert_eq!(sieves(&query("red", &within)), Some(vec![vec![ticketbox], vec![owner]]));
        within.ticketboxes = Some(BTreeSet::new());
        assert_eq!(sieves(&query("red", &within)), None);
    }

    #[test]
    fn what_is_no_word_of_the_index_is_not_looked_for() {
        let within = TicketQuery::all(Visibility::Everything);
        for odd in ["", "it's", "a b", "A", "a\\", "Onobody"] {
            assert_eq!(sieves(&query(odd, &within)), None, "{odd}");
        }
        assert_eq!(sieves(&SearchQuery { phrases: Vec::new(), within }), None);
    }
}
