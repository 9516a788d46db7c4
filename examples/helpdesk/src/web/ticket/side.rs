//! What stands beside a conversation: the contact, his other tickets, the ticket's properties.

use mailflow_core::access::{Right, Securable};
use mailflow_core::agent::Escalation;
use mailflow_core::flow::{Conversation, Filter};
use mailflow_core::store::Page;
use mailflow_core::ticket::{Priority, TicketState};

use crate::web::ago::ago;
use crate::web::{Signed, Trouble};

/// How many other tickets of the contact are shown.
const OTHERS: u32 = 6;

/// What stands beside a conversation.
#[derive(Debug)]
pub struct Side {
    /// The contact.
    pub contact: Option<ContactCard>,
    /// Other tickets of the contact, the one that changed last first.
    pub others: Vec<Other>,
    /// What can be chosen in place.
    pub properties: Vec<Property>,
    /// Custom fields: name and value.
    pub fields: Vec<(String, String)>,
    /// Whom the agent escalates to.
    pub escalate_to: Option<String>,
}

/// The contact.
#[derive(Debug)]
pub struct ContactCard {
    /// The page, with the base; none for who may not read contacts.
    pub path: Option<String>,
    /// The name.
    pub name: String,
    /// The addresses.
    pub addresses: Vec<String>,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// What agents should know.
    pub notes: String,
}

/// Another ticket of the contact.
#[derive(Debug)]
pub struct Other {
    /// Its number.
    pub number: u64,
    /// Its subject.
    pub subject: String,
    /// How long ago it changed.
    pub age: String,
    /// Whether it is closed.
    pub closed: bool,
}

/// A property of the ticket that can be chosen in place.
#[derive(Debug)]
pub struct Property {
    /// Its name, for people.
    pub label: &'static str,
    /// The form field.
    pub name: &'static str,
    /// Value, name, and whether it is chosen.
    pub options: Vec<(String, String, bool)>,
}

impl Side {
    /// What stands beside this conversation.
    ///
    /// # Errors
    /// [`Trouble`] if the store fails.
    pub async fn of(signed: &Signed, conversation: &Conversation) -> Result<Self, Trouble> {
        let others = match conversation.ticket.contact {
            None => Vec::new(),
            Some(contact) => {
                let filter = Filter { contact: Some(contact), ..Filter::default() };
                signed.desk.tickets(&filter, &Page::first(OTHERS + 1)).await?.rows
            }
        };
        let now = signed.desk.now();
        let other = |ticket: &mailflow_core::ticket::Ticket| Other {
            number: ticket.number,
            subject: if ticket.subject.is_empty() { "(no subject)".to_owned() } else { ticket.subject.clone() },
            age: ago(ticket.updated, now),
            closed: ticket.state == TicketState::Closed,
        };
        let others = others.iter().filter(|it| it.id != conversation.ticket.id).take(6).map(other).collect();
        let contact = conversation.contact.as_ref().map(|contact| ContactCard {
            path: signed
                .desk
                .may(Securable::Contacts, None, Right::Read)
                .then(|| signed.base.path(&format!("/contact/{}", contact.id))),
            name: contact.shown().to_owned(),
            addresses: contact.addresses.iter().map(ToString::to_string).collect(),
            phones: contact.phones.clone(),
            notes: contact.notes.clone(),
        });
        let fields = conversation.ticket.fields.clone().into_iter().collect();
        let (properties, escalate_to) = (properties(signed, conversation), escalate_to(signed));
        Ok(Self { contact, others, properties, fields, escalate_to })
    }
}

fn escalate_to(signed: &Signed) -> Option<String> {
    let directory = signed.desk.directory();
    match signed.agent.escalate_to? {
        Escalation::Agent(id) => directory.agents.get(&id).map(|it| it.name.clone()),
        Escalation::Group(id) => directory.groups.get(&id).map(|it| it.name.clone()),
    }
}

fn properties(signed: &Signed, conversation: &Conversation) -> Vec<Property> {
    let (directory, ticket) = (signed.desk.directory(), &conversation.ticket);
    let mut owners = vec![(String::new(), "nobody".to_owned(), ticket.owner.is_none())];
    // Besides where it is, a ticket can only be given to whom and what the agent may list.
    let mut agents = signed.desk.agents();
    agents.retain(|it| it.active || ticket.owner == Some(it.id));
    if let Some(owner) = ticket.owner.and_then(|id| directory.agents.get(&id))
        && agents.iter().all(|it| it.id != owner.id)
    {
        agents.push(owner.clone());
    }
    owners.extend(agents.into_iter().map(|it| (it.id.to_string(), it.name, ticket.owner == Some(it.id))));
    let mut boxes = crate::web::tickets::ticketboxes(&signed.desk);
    if let Some(here) = directory.ticketboxes.get(&ticket.ticketbox)
        && boxes.iter().all(|(id, _)| *id != here.id)
    {
        boxes.push((here.id, here.name.clone()));
    }
    let boxes = boxes.into_iter().map(|(id, name)| (id.to_string(), name, id == ticket.ticketbox)).collect();
    let priority = |it: &Priority| (it.word().to_owned(), it.word().to_owned(), *it == ticket.priority);
    let mut all = vec![
        Property { label: "Owner", name: "owner", options: owners },
        Property { label: "Ticketbox", name: "ticketbox", options: boxes },
        Property { label: "Priority", name: "priority", options: Priority::ALL.iter().map(priority).collect() },
    ];
    let mut categories = signed.desk.categories();
    if let Some(category) = ticket.category.and_then(|id| directory.categories.get(&id))
        && !categories.contains(category)
    {
        categories.push(category.clone());
    }
    if !categories.is_empty() {
        let mut options = vec![(String::new(), "none".to_owned(), ticket.category.is_none())];
        options.extend(categories.into_iter().map(|it| (it.id.to_string(), it.name, ticket.category == Some(it.id))));
        all.push(Property { label: "Category", name: "category", options });
    }
    all
}
