//! Scopes: words in the search index that say where a ticket lies, so that a search for a frequent word walks only
//! over what an agent may see. They are a first sieve: what passes is checked with [`TicketQuery::matches`].

use std::fmt::Write as _;

use mailflow_core::access::Visibility;
use mailflow_core::id::{AgentId, CategoryId, ContactId, TicketboxId};
use mailflow_core::store::{OwnerFilter, SearchQuery, TicketQuery};

/// Where a ticket lies, as far as searches ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scope {
    pub ticketbox: TicketboxId,
    pub owner: Option<AgentId>,
    pub category: Option<CategoryId>,
    pub contact: Option<ContactId>,
}

impl Scope {
    /// The scope as words of the index.
    pub fn words(&self) -> String {
        let mut words = String::with_capacity(140);
        add(&mut words, 'b', self.ticketbox.as_bytes());
        match &self.owner {
            Some(owner) => add(&mut words, 'o', owner.as_bytes()),
            None => words.push_str(NOBODY),
        }
        if let Some(category) = &self.category {
            add(&mut words, 'k', category.as_bytes());
        }
        if let Some(contact) = &self.contact {
            add(&mut words, 'c', contact.as_bytes());
        }
        words
    }
}

const NOBODY: &str = "onobody ";

fn add(to: &mut String, kind: char, id: &[u8; 16]) {
    to.push(kind);
    // Writing into a `String` cannot fail.
    let _ = write!(to, "{:032x} ", u128::from_be_bytes(*id));
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
    if query.phrases.is_empty() || !query.phrases.iter().all(|phrase| is_indexed(phrase)) {
        return None;
    }
    let condition = |words: &[String]| format!("words : \"{}\"", words.join(" "));
    let phrase = |words: &Vec<String>| (condition(words), words.chunks(1).map(condition).collect());
    Some(Question { phrases: query.phrases.iter().map(phrase).collect(), sieves: sieves(&query.within)? })
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

/// Whether a phrase consists of words as the index has them. Another one stands in no text, and would be cut in pieces
/// by FTS5.
fn is_indexed(phrase: &[String]) -> bool {
    let sound = |c: char| !c.is_ascii() || c.is_ascii_lowercase() || c.is_ascii_digit();
    !phrase.is_empty() && phrase.iter().all(|word| !word.is_empty() && word.chars().all(sound))
}

/// Conditions that every ticket of the query meets; `None` if no ticket can.
fn sieves(query: &TicketQuery) -> Option<Vec<String>> {
    let mut sieves = Vec::new();
    if let Visibility::Of { agent, ticketboxes, owners, .. } = &query.visibility {
        let mut any = String::new();
        ticketboxes.iter().for_each(|id| add(&mut any, 'b', id.as_bytes()));
        owners.iter().filter(|id| *id != agent).chain([agent]).for_each(|id| add(&mut any, 'o', id.as_bytes()));
        sieves.push(any);
    }
    if let Some(ticketboxes) = &query.ticketboxes {
        let mut any = String::new();
        ticketboxes.iter().for_each(|id| add(&mut any, 'b', id.as_bytes()));
        sieves.push(any);
    }
    let mut one = |kind, id: &[u8; 16]| {
        let mut word = String::new();
        add(&mut word, kind, id);
        sieves.push(word);
    };
    match &query.owner {
        Some(OwnerFilter::Agent(agent)) => one('o', agent.as_bytes()),
        Some(OwnerFilter::Nobody) => sieves.push(NOBODY.to_owned()),
        None => {}
    }
    if let Some(category) = &query.category {
        let mut word = String::new();
        add(&mut word, 'k', category.as_bytes());
        sieves.push(word);
    }
    if let Some(contact) = &query.contact {
        let mut word = String::new();
        add(&mut word, 'c', contact.as_bytes());
        sieves.push(word);
    }
    if sieves.iter().any(String::is_empty) {
        return None;
    }
    let any = |words: &String| format!("scope : ({})", words.split_whitespace().collect::<Vec<_>>().join(" OR "));
    Some(sieves.iter().map(any).collect())
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
