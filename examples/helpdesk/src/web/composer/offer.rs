//! What can be chosen in a composer: addresses to write from and to, and for a new ticket what it is to be.

use mailflow_core::draft::Opening;
use mailflow_core::flow::Conversation;
use mailflow_core::mail::{Address, Mailbox};
use mailflow_core::message::Message;
use mailflow_core::ticket::Priority;

use crate::web::Signed;

/// Something that can be chosen.
#[derive(Debug)]
pub struct Choice {
    /// What is sent.
    pub value: String,
    /// What is shown.
    pub name: String,
    /// Whether it is chosen.
    pub chosen: bool,
}

/// What can be chosen for a new ticket.
#[derive(Debug)]
pub struct Choices {
    /// Ticketboxes where the agent may write.
    pub ticketboxes: Vec<Choice>,
    /// Categories, or none.
    pub categories: Vec<Choice>,
    /// Priorities.
    pub priorities: Vec<Choice>,
    /// Owners, or nobody.
    pub owners: Vec<Choice>,
    /// Addresses to write from, by ticketbox: its id, its name, and they.
    pub from: Vec<(String, String, Vec<Choice>)>,
}

impl Choices {
    /// What there is for this agent; `None` if he may write in no ticketbox.
    pub fn of(signed: &Signed, opening: Opening, wished: Option<&Address>) -> Self {
        let desk = &signed.desk;
        let (boxes, me) = (desk.ticketboxes_to_open_in(), signed.agent.id);
        let choice = |value: String, name: &str, chosen| Choice { value, name: name.to_owned(), chosen };
        let none = |name, chosen| choice(String::new(), name, chosen);
        let categories = desk.categories();
        let categories =
            categories.iter().map(|it| choice(it.id.to_string(), &it.name, opening.category == Some(it.id)));
        let others = desk.agents();
        let others = others.iter().filter(|it| it.active && it.id != me);
        let others = others.map(|it| choice(it.id.to_string(), &it.name, opening.owner == Some(it.id)));
        let owners =
            [choice(me.to_string(), "me", opening.owner == Some(me)), none("nobody", opening.owner.is_none())];
        let from = |it: &mailflow_core::ticketbox::Ticketbox| {
            let own = it.addresses().map(|address| {
                choice(address.to_string(), address.as_str(), it.id == opening.ticketbox && wished == Some(address))
            });
            (it.id.to_string(), it.name.clone(), own.collect())
        };
        Self {
            ticketboxes: boxes
                .iter()
                .map(|it| choice(it.id.to_string(), &it.name, it.id == opening.ticketbox))
                .collect(),
            categories: std::iter::once(none("none", opening.category.is_none())).chain(categories).collect(),
            priorities: Priority::ALL
                .iter()
                .map(|it| choice(it.word().to_owned(), it.word(), *it == opening.priority))
                .collect(),
            owners: owners.into_iter().chain(others).collect(),
            from: boxes.iter().map(from).collect(),
        }
    }
}

/// Who else took part in a message: its recipients that are neither ours nor answered already.
pub fn others(signed: &Signed, message: &Message, to: &[Mailbox]) -> Vec<Mailbox> {
    let directory = signed.desk.directory();
    let mut others: Vec<Mailbox> = Vec::new();
    for mailbox in message.to.iter().chain(&message.cc) {
        let known = to.iter().chain(&others).any(|it| it.address == mailbox.address);
        if !known && !directory.is_ours(&mailbox.address) {
            others.push(mailbox.clone());
        }
    }
    others
}

/// The addresses that an answer can come from. Chosen is the one that was wished, else the one that the message came
/// to, else the ticketbox's own.
pub fn from(
    signed: &Signed,
    conversation: &Conversation,
    answered: Option<&Message>,
    wished: Option<&Address>,
) -> Vec<Choice> {
    let directory = signed.desk.directory();
    let ticket = &conversation.ticket;
    let ticketbox = directory.ticketboxes.get(&ticket.ticketbox);
    let mut all: Vec<&Address> = ticketbox.map(|it| it.addresses().collect()).unwrap_or_default();
    for address in &ticket.our_addresses {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let came_to = answered.and_then(|it| it.received_by.as_ref()).map(Address::without_tag);
    let of_box = |address: &&Address| ticketbox.is_some_and(|it| it.addresses().any(|own| own == *address));
    let chosen =
        wished.or(came_to.as_ref()).filter(|it| all.contains(it) && (wished.is_some() || of_box(it))).cloned();
    let chosen = chosen.or_else(|| all.first().map(|it| (*it).clone()));
    let choice =
        |it: &Address| Choice { value: it.to_string(), name: it.to_string(), chosen: Some(it) == chosen.as_ref() };
    all.into_iter().map(choice).collect()
}
