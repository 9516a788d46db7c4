//! Which tickets a list has, and what it says of itself.

use std::collections::BTreeSet;

use mailflow_core::access::{Right, Securable};
use mailflow_core::flow::{Desk, Filter};
use mailflow_core::id::{AgentId, CategoryId, TicketboxId};
use mailflow_core::store::OwnerFilter;
use mailflow_core::ticket::TicketState;
use serde::Deserialize;

use super::row::{TicketRow, rows};
use super::{Shown, bulk};
use crate::web::answer::encode;
use crate::web::{Signed, Trouble};

/// A list of tickets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// The agent's own open ones.
    Mine,
    /// Open ones that nobody takes care of.
    Unowned,
    /// All open ones.
    Open,
    /// All closed ones.
    Closed,
    /// Those in the trash.
    Trash,
    /// The open ones of a ticketbox.
    Ticketbox(TicketboxId),
}

/// What the address of a list asks for.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Asked {
    /// Whose: `me`, `nobody` or an agent's id.
    pub owner: Option<String>,
    /// In which category.
    pub category: Option<String>,
    /// `closed` shows the closed ones of a ticketbox.
    pub state: Option<String>,
    /// Where the page before ended.
    pub after: Option<String>,
    /// What was just done, see [`bulk::Done`].
    pub did: Option<String>,
}

/// A filter that can be set: its name, and what can be chosen.
#[derive(Debug)]
pub struct Choice {
    /// The name, for people.
    pub label: &'static str,
    /// The name in the address.
    pub name: &'static str,
    /// Value, name, and whether it is chosen.
    pub options: Vec<(String, String, bool)>,
}

impl List {
    /// The list with a name, as it stands in the address.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "mine" => Self::Mine,
            "unowned" => Self::Unowned,
            "open" => Self::Open,
            "closed" => Self::Closed,
            "trash" => Self::Trash,
            _ => return None,
        })
    }

    /// Its path, without the base.
    pub fn path(&self) -> String {
        match self {
            Self::Mine => "/tickets/mine".to_owned(),
            Self::Unowned => "/tickets/unowned".to_owned(),
            Self::Open => "/tickets/open".to_owned(),
            Self::Closed => "/tickets/closed".to_owned(),
            Self::Trash => "/tickets/trash".to_owned(),
            Self::Ticketbox(id) => format!("/box/{id}"),
        }
    }

    fn title(&self, desk: &Desk) -> String {
        match self {
            Self::Mine => "My tickets".to_owned(),
            Self::Unowned => "Nobody’s tickets".to_owned(),
            Self::Open => "All open tickets".to_owned(),
            Self::Closed => "Closed tickets".to_owned(),
            Self::Trash => "Trash".to_owned(),
            Self::Ticketbox(id) => {
                desk.directory().ticketboxes.get(id).map_or_else(String::new, |it| it.name.clone())
            }
        }
    }

    fn empty(&self, desk: &Desk) -> &'static str {
        match self {
            Self::Ticketbox(id) if !desk.may(Securable::Ticketboxes, Some((*id).into()), Right::Read) => {
                "You may move tickets into this ticketbox, and not look into it. Tickets in it that you take care of \
                 are shown here all the same."
            }
            Self::Mine if desk.agent().is_ok_and(|it| it.get_oldest) => {
                "Nothing is waiting for you. “Get oldest” gives you the ticket that has waited longest."
            }
            Self::Mine => {
                "Nothing is waiting for you. What nobody takes care of yet is under “Nobody’s”; press t on a ticket \
                 to take it."
            }
            Self::Unowned => "Every open ticket has somebody who takes care of it.",
            Self::Open => "No ticket is open. New mail makes new tickets by itself.",
            Self::Closed => "No ticket has been closed yet.",
            Self::Trash => "The trash is empty.",
            Self::Ticketbox(_) => "No ticket here that fits. Mail to this ticketbox’s address appears by itself.",
        }
    }

    fn filter(&self, agent: AgentId, asked: &Asked) -> Filter {
        let closed = *self == Self::Closed || asked.state.as_deref() == Some("closed");
        let state = Some(if closed { TicketState::Closed } else { TicketState::Open });
        let chosen = match asked.owner.as_deref() {
            Some("me") => Some(OwnerFilter::Agent(agent)),
            Some("nobody") => Some(OwnerFilter::Nobody),
            Some(id) => id.parse().ok().map(OwnerFilter::Agent),
            None => None,
        };
        let category = asked.category.as_deref().and_then(|id| id.parse::<CategoryId>().ok());
        let filter = Filter { state, owner: chosen, category, ..Filter::default() };
        match self {
            Self::Mine => Filter { owner: Some(OwnerFilter::Agent(agent)), ..filter },
            Self::Unowned => Filter { owner: Some(OwnerFilter::Nobody), ..filter },
            Self::Open | Self::Closed => filter,
            Self::Trash => Filter { state: None, trashed: true, ..filter },
            Self::Ticketbox(id) => Filter { ticketboxes: Some(BTreeSet::from([*id])), ..filter },
        }
    }

    fn choices(&self, signed: &Signed, asked: &Asked) -> Vec<Choice> {
        let chosen = |asked: &Option<String>, value: &str| asked.as_deref().unwrap_or_default() == value;
        let option = |asked: &Option<String>, value: String, name: &str| {
            let is = chosen(asked, &value);
            (value, name.to_owned(), is)
        };
        let mut choices = Vec::new();
        if !matches!(self, Self::Mine | Self::Unowned) {
            let mut options = vec![
                option(&asked.owner, String::new(), "anybody"),
                option(&asked.owner, "me".to_owned(), "me"),
                option(&asked.owner, "nobody".to_owned(), "nobody"),
            ];
            let others = signed.desk.agents().into_iter().filter(|it| it.active && it.id != signed.agent.id);
            options.extend(others.map(|it| option(&asked.owner, it.id.to_string(), &it.name)));
            choices.push(Choice { label: "Owner", name: "owner", options });
        }
        let categories = signed.desk.categories();
        if !categories.is_empty() {
            let mut options = vec![option(&asked.category, String::new(), "any")];
            options.extend(categories.iter().map(|it| option(&asked.category, it.id.to_string(), &it.name)));
            choices.push(Choice { label: "Category", name: "category", options });
        }
        if matches!(self, Self::Ticketbox(_)) {
            let options = vec![
                option(&asked.state, String::new(), "open"),
                option(&asked.state, "closed".to_owned(), "closed"),
            ];
            choices.push(Choice { label: "State", name: "state", options });
        }
        choices
    }
}

impl Asked {
    /// The address of a list with these filters, from another place on.
    fn address(&self, path: &str, after: Option<&str>) -> String {
        let pairs = [
            ("owner", self.owner.as_deref()),
            ("category", self.category.as_deref()),
            ("state", self.state.as_deref()),
            ("after", after),
        ];
        let mut address = path.to_owned();
        for (name, value) in pairs {
            if let Some(value) = value.filter(|it| !it.is_empty()) {
                address.push(if address.contains('?') { '&' } else { '?' });
                address.push_str(&format!("{name}={}", encode(value)));
            }
        }
        address
    }
}

/// A page of a list.
///
/// # Errors
/// [`Trouble`] if the store fails.
pub async fn shown(signed: &Signed, list: &List, asked: &Asked, limit: u32) -> Result<Shown, Trouble> {
    let desk = &signed.desk;
    let page = Desk::page(limit, asked.after.as_deref());
    let found = desk.tickets(&list.filter(signed.agent.id, asked), &page).await?;
    let rows: Vec<TicketRow> = rows(signed, &found.rows).await?;
    let path = list.path();
    Ok(Shown {
        title: list.title(desk),
        here: asked.address(&path, asked.after.as_deref()),
        next: found.next.map(|next| signed.base.path(&asked.address(&path, Some(&next.to_string())))),
        path: signed.base.path(&path),
        first: asked.after.is_none(),
        mixed: !matches!(list, List::Ticketbox(_)),
        rows,
        filters: list.choices(signed, asked),
        empty: list.empty(desk).to_owned(),
        ticketboxes: ticketboxes(desk),
        done: asked.did.as_deref().and_then(bulk::Done::read),
    })
}

/// The ticketboxes that tickets can be moved to, by name.
pub fn ticketboxes(desk: &Desk) -> Vec<(TicketboxId, String)> {
    desk.ticketboxes().into_iter().map(|it| (it.id, it.name)).collect()
}
