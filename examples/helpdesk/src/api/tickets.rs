//! Tickets: lists, one with all that is in it, and what agents do to them.

use std::collections::BTreeSet;

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::flow::{Desk, Filter};
use mailflow_core::id::TicketboxId;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::OwnerFilter;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Caller;
use super::extract::{Asked, Body, Named, Part};
use super::openapi::ForAgents;
use super::refused::Refused;
use super::shapes::{ConversationShape, List, State, TicketShape, Urgency};

/// Which tickets.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only open, or only closed ones. Default: both.
    #[serde(default)]
    pub state: Option<State>,
    /// Only in this ticketbox.
    #[serde(default)]
    pub ticketbox: Option<Uuid>,
    /// Only with this owner: the id of an agent, `me`, or `nobody`.
    #[serde(default)]
    pub owner: Option<String>,
    /// Only in this category.
    #[serde(default)]
    pub category: Option<Uuid>,
    /// Only of this contact.
    #[serde(default)]
    pub contact: Option<Uuid>,
    /// Those in the trash instead of the others.
    #[serde(default)]
    pub trashed: bool,
}

impl Which {
    /// The filter that is asked for.
    pub fn filter(&self, desk: &Desk) -> Result<Filter, Refused> {
        let owner = match self.owner.as_deref() {
            None => None,
            Some("nobody") => Some(OwnerFilter::Nobody),
            Some("me") => Some(OwnerFilter::Agent(desk.agent_id())),
            Some(id) => {
                let id = id.parse().map_err(|_| {
                    Refusal::invalid("owner", format!("`{id}` is neither an agent's id nor `me` nor `nobody`"))
                })?;
                Some(OwnerFilter::Agent(id))
            }
        };
        Ok(Filter {
            ticketboxes: self.ticketbox.map(|id| BTreeSet::from([TicketboxId::from(id)])),
            owner,
            contact: self.contact.map(Into::into),
            category: self.category.map(Into::into),
            state: self.state.map(Into::into),
            trashed: self.trashed,
        })
    }
}

/// Tickets that the caller sees, the one that changed last first.
#[utoipa::path(get, path = "/tickets", tag = "tickets", params(Which, Part),
    responses((status = 200, description = "A part of the list", body = List<TicketShape>), ForAgents))]
pub async fn list(
    caller: Caller,
    Asked(which): Asked<Which>,
    Asked(part): Asked<Part>,
) -> Result<Json<List<TicketShape>>, Refused> {
    let filter = which.filter(&caller.desk)?;
    Ok(Json(caller.desk.tickets(&filter, &part.page()).await?.into()))
}

/// One ticket with its messages, notes and events.
#[utoipa::path(get, path = "/tickets/{number}", tag = "tickets",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The conversation", body = ConversationShape), ForAgents))]
pub async fn show(caller: Caller, Named(number): Named<u64>) -> Result<Json<ConversationShape>, Refused> {
    Ok(Json(caller.desk.conversation(number).await?.into()))
}

/// What shall be true of a ticket.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
#[schema(example = json!({ "change": "take" }))]
pub enum Change {
    /// It is closed.
    Close,
    /// It is open.
    Reopen,
    /// The caller owns it.
    Take,
    /// This agent owns it, or nobody.
    Assign {
        /// The agent; null for nobody.
        agent: Option<Uuid>,
    },
    /// It lies in this ticketbox.
    Move {
        /// The ticketbox.
        ticketbox: Uuid,
    },
    /// It is this urgent.
    Prioritise {
        /// How urgent.
        priority: Urgency,
    },
    /// It is of this category, or of none.
    Categorise {
        /// The category; null for none.
        category: Option<Uuid>,
    },
    /// It is in the trash.
    Trash,
    /// It is not in the trash.
    Restore,
}

impl Change {
    fn wish(self, desk: &Desk) -> TicketWish {
        match self {
            Self::Close => TicketWish::Close,
            Self::Reopen => TicketWish::Reopen,
            Self::Take => TicketWish::Assign(Some(desk.agent_id())),
            Self::Assign { agent } => TicketWish::Assign(agent.map(Into::into)),
            Self::Move { ticketbox } => TicketWish::MoveTo(ticketbox.into()),
            Self::Prioritise { priority } => TicketWish::Prioritise(priority.into()),
            Self::Categorise { category } => TicketWish::Categorise(category.map(Into::into)),
            Self::Trash => TicketWish::Trash,
            Self::Restore => TicketWish::Restore,
        }
    }
}

/// Makes something true of a ticket; what is true already is done.
#[utoipa::path(post, path = "/tickets/{number}/changes", tag = "tickets", request_body = Change,
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The ticket as it is now", body = TicketShape), ForAgents))]
pub async fn change(
    caller: Caller,
    Named(number): Named<u64>,
    Body(change): Body<Change>,
) -> Result<Json<TicketShape>, Refused> {
    let id = caller.desk.ticket(number).await?.id;
    Ok(Json(caller.desk.change(id, change.wish(&caller.desk)).await?.into()))
}

/// Where to look for the oldest ticket.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({}))]
pub struct OldestWish {
    /// Only in this ticketbox.
    #[serde(default)]
    pub ticketbox: Option<Uuid>,
}

/// The ticket that the caller was given.
#[derive(Debug, Serialize, ToSchema)]
pub struct Oldest {
    /// The ticket, which the caller owns now; null if none waits.
    pub ticket: Option<TicketShape>,
    /// How many wait still, counted to 1,000.
    pub waiting: u32,
    /// Whether there are more than that.
    pub more_waiting: bool,
}

/// Gives the caller the ticket that has waited longest, of those that nobody takes care of.
#[utoipa::path(post, path = "/tickets/oldest", tag = "tickets", request_body = OldestWish,
    responses((status = 200, description = "The ticket, if there is one", body = Oldest), ForAgents))]
pub async fn oldest(caller: Caller, Body(wish): Body<OldestWish>) -> Result<Json<Oldest>, Refused> {
    let within = wish.ticketbox.map(TicketboxId::from);
    let ticket = caller.desk.get_oldest(within).await?.map(TicketShape::from);
    let still = caller.desk.waiting(within).await?.tickets;
    Ok(Json(Oldest { ticket, waiting: still.number(), more_waiting: still.is_more() }))
}

/// Passes a ticket on to whom the caller escalates to. The caller may not see it any more then.
#[utoipa::path(post, path = "/tickets/{number}/escalate", tag = "tickets",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 200, description = "The ticket as it is now", body = TicketShape), ForAgents))]
pub async fn escalate(caller: Caller, Named(number): Named<u64>) -> Result<Json<TicketShape>, Refused> {
    let id = caller.desk.ticket(number).await?.id;
    Ok(Json(caller.desk.escalate(id).await?.into()))
}

/// Remembers that the caller has seen the ticket as it is now.
#[utoipa::path(post, path = "/tickets/{number}/seen", tag = "tickets",
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 204, description = "Remembered"), ForAgents))]
pub async fn seen(caller: Caller, Named(number): Named<u64>) -> Result<StatusCode, Refused> {
    let id = caller.desk.ticket(number).await?.id;
    caller.desk.mark_seen(id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A note as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "text": "She called: it is urgent." }))]
pub struct NoteWish {
    /// At most 100,000 characters.
    pub text: String,
    /// An id that the caller made for it: asked twice for the same, it is written once.
    #[serde(default)]
    pub id: Option<Uuid>,
}

/// A note that was written.
#[derive(Debug, Serialize, ToSchema)]
pub struct Noted {
    /// The note.
    pub id: Uuid,
}

/// Writes a note: internal, never sent.
#[utoipa::path(post, path = "/tickets/{number}/notes", tag = "tickets", request_body = NoteWish,
    params(("number" = u64, Path, description = "The ticket's number", example = 1)),
    responses((status = 201, description = "Written", body = Noted), ForAgents))]
pub async fn note(
    caller: Caller,
    Named(number): Named<u64>,
    Body(wish): Body<NoteWish>,
) -> Result<(StatusCode, Json<Noted>), Refused> {
    let ticket = caller.desk.ticket(number).await?.id;
    let id = wish.id.map_or_else(|| caller.desk.new_id(), Into::into);
    let id = caller.desk.note_once(ticket, id, &wish.text).await?;
    Ok((StatusCode::CREATED, Json(Noted { id: id.into() })))
}
