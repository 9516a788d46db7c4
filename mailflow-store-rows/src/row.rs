//! [`Row`]: a record as its [`Table`](crate::table::Table) keeps it. The way back is [`record`](crate::record::record).

use std::collections::BTreeSet;

use mailflow_core::contact::Contact;
use mailflow_core::id::TicketId;
use mailflow_core::store::{Record, StoreError};
use mailflow_core::ticket::Ticket;
use mailflow_core::{search, text};

use crate::scope::Scope;
use crate::value::{Value, signed};
use crate::{columns, compress, record};

/// A record, ready to be written: everything that costs time was done before the writer sees it.
#[derive(Debug)]
pub struct Row {
    /// In the order of [`Table`](crate::table::Table), without [`SEQ`](crate::table::SEQ).
    pub columns: Vec<Value>,
    /// The record as JSON.
    pub data: Vec<u8>,
    /// What else there is to do.
    pub beside: Beside,
}

/// What the writer does besides writing the row.
#[derive(Debug)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// Number the ticket if it has none (0), and index its messages again if it lies elsewhere.
    Ticket {
        /// Which ticket.
        id: TicketId,
        /// The number that it has.
        number: u64,
        /// Where it lies.
        scope: Scope,
    },
    /// Index the words of a message or note.
    Words {
        /// Its ticket.
        ticket: TicketId,
        /// The words, between spaces.
        words: String,
        /// Their hash.
        hash: i64,
    },
    /// Index the words of a contact.
    Contact(BTreeSet<String>),
}

impl Row {
    /// The row of a record. What contacts are sorted by has at most `max_sort_name` bytes: an index takes no longer
    /// entries.
    ///
    /// # Errors
    /// [`StoreError`] for a kind of record that is newer than this crate, or if a text cannot be compressed.
    pub fn of(record: &Record, max_sort_name: usize) -> Result<Self, StoreError> {
        let (columns, beside) = columns(record, max_sort_name)?;
        Ok(Self { columns, data: record::data(record)?, beside })
    }
}

fn columns(record: &Record, max_sort_name: usize) -> Result<(Vec<Value>, Beside), StoreError> {
    let id = |id: &[u8; 16]| Value::Id(*id);
    let columns = match record {
        Record::Ticket(it) => return Ok(ticket_columns(it)),
        Record::Message(it) => {
            let (hash, beside) = words(it.ticket, search::words_of_message(it));
            let text = Value::Bytes(compress::pack(it.text.as_bytes())?);
            let rule = Value::id_or_null(it.placed_by().as_ref().map(|rule| rule.as_bytes()));
            let (ticket, at) = (id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()));
            return Ok((vec![ticket, at, hash, text, rule], beside));
        }
        Record::Note(it) => {
            let mut joined = String::new();
            search::add_words(&it.text, &mut joined);
            let (hash, beside) = words(it.ticket, joined);
            return Ok((vec![id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis()), hash], beside));
        }
        Record::Event(it) => vec![id(it.ticket.as_bytes()), Value::Integer(it.at.as_millis())],
        Record::Contact(it) => {
            let beside = Beside::Contact(columns::contact_words(it));
            return Ok((vec![Value::Bytes(sort_name(it, max_sort_name))], beside));
        }
        Record::Arrival(it) => {
            let list = Value::integer_or_null(columns::arrival_list(&it.state));
            vec![list, Value::Integer(it.at.as_millis()), id(&columns::arrival_place(it))]
        }
        Record::Outgoing(it) => {
            let list = Value::integer_or_null(columns::outgoing_list(it.state));
            let (due, created) = (Value::Integer(it.due.as_millis()), Value::Integer(it.created.as_millis()));
            let author = Value::id_or_null(it.held_by().as_ref().map(|author| author.as_bytes()));
            vec![id(it.ticket.as_bytes()), id(it.destination.as_bytes()), list, due, created, author]
        }
        Record::Draft(it) => vec![Value::Integer(it.saved.as_millis())],
        Record::Session(it) => {
            let place = id(&columns::first_half(it.token.as_bytes()));
            vec![id(it.agent.as_bytes()), Value::Integer(it.seen.as_millis()), place]
        }
        Record::Server(it) => vec![Value::Integer(it.started.as_millis())],
        Record::Lease(it) => vec![Value::Integer(it.since.as_millis())],
        Record::Alert(it) => {
            let ticket = Value::id_or_null(it.ticket.as_ref().map(|ticket| ticket.as_bytes()));
            vec![Value::Integer(it.at.as_millis()), ticket, Value::Integer(it.list().number())]
        }
        Record::Audit(it) => {
            let about = Value::id_or_null(it.about.object().as_ref().map(|object| object.as_bytes()));
            let ticket = Value::id_or_null(it.about.ticket().as_ref().map(|ticket| ticket.as_bytes()));
            let agent = Value::id_or_null(it.who.agent().as_ref().map(|agent| agent.as_bytes()));
            let activity = Value::Integer(it.what.activity().number());
            vec![Value::Integer(it.at.as_millis()), about, ticket, agent, activity]
        }
        _ => Vec::new(),
    };
    Ok((columns, Beside::Nothing))
}

fn ticket_columns(ticket: &Ticket) -> (Vec<Value>, Beside) {
    let Ticket { id, number, ticketbox, owner, category, contact, .. } = *ticket;
    let columns = vec![
        Value::Integer(signed(number)),
        Value::Id(*ticketbox.as_bytes()),
        Value::id_or_null(owner.as_ref().map(|it| it.as_bytes())),
        Value::id_or_null(category.as_ref().map(|it| it.as_bytes())),
        Value::id_or_null(contact.as_ref().map(|it| it.as_bytes())),
        Value::Integer(columns::shelf(ticket.state, ticket.trashed.is_some())),
        Value::Integer(ticket.updated.as_millis()),
        Value::integer_or_null(ticket.turn()),
    ];
    (columns, Beside::Ticket { id, number, scope: Scope { ticketbox, owner, category, contact } })
}

fn words(ticket: TicketId, words: String) -> (Value, Beside) {
    let hash = columns::hash_of_words(&words);
    (Value::Integer(hash), Beside::Words { ticket, words, hash })
}

/// What contacts are sorted by: the name in lower case, or the beginning of a very long one.
fn sort_name(contact: &Contact, max_bytes: usize) -> Vec<u8> {
    text::prefix(&contact.shown().to_lowercase(), max_bytes).as_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use mailflow_core::store::RecordKind;
    use mailflow_test::store::samples::one_of_each;

    use super::*;
    use crate::table::{self, SEQ};
    use crate::value::Type;

    #[test]
    fn a_row_fits_its_table_and_is_the_record_again() {
        let records = one_of_each(7);
        let kinds: BTreeSet<RecordKind> = records.iter().map(|record| record.key().kind()).collect();
        assert_eq!(kinds.len(), RecordKind::ALL.len());
        for record in records {
            let table = table::of(record.key().kind()).unwrap();
            let row = Row::of(&record, usize::MAX).unwrap();
            let columns: Vec<_> = table.columns.iter().filter(|(name, _)| *name != SEQ).collect();
            assert_eq!(columns.len() + usize::from(table.numbered), table.columns.len());
            assert_eq!(row.columns.len(), columns.len(), "{table:?}");
            for ((name, of), value) in columns.into_iter().zip(&row.columns) {
                let fits = match value {
                    Value::Null => true,
                    Value::Id(_) => *of == Type::Id,
                    Value::Bytes(_) => *of == Type::Bytes,
                    Value::Integer(_) => *of == Type::Integer,
                };
                assert!(fits, "{table:?} {name} {value:?}");
            }
            let extra = match table.beside.and_then(|it| table.columns.iter().position(|(name, _)| *name == it)) {
                Some(nth) => match &row.columns[nth] {
                    Value::Integer(number) => record::Extra::Number(*number),
                    Value::Bytes(text) => record::Extra::Text(text),
                    other => panic!("{other:?}"),
                },
                None => record::Extra::Nothing,
            };
            assert_eq!(record::record(record.key().kind(), &row.data, extra).unwrap(), record);
            let key = record.key();
            let values = table::key_values(&key);
            assert_eq!(values.len(), table.keys.len());
            assert_eq!(table.key_from(Some(&key.bytes())), values);
        }
    }
}
