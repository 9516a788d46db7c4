//! What the buttons of a composer do. Whatever it is, the words are saved first: nothing that goes wrong loses them.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use mailflow_core::decision::reply::{AfterReply, Replied, Reply, Seen};
use mailflow_core::draft::{Draft, Purpose};
use mailflow_core::flow::{Conversation, Error, Filter};
use mailflow_core::id::NoteId;
use mailflow_core::refusal::Refusal;
use mailflow_core::store::Page;
use mailflow_core::ticket::TicketState;

use super::form::{self, Form, Read};
use super::{Composer, Sent};
use crate::web::answer::{Answer, is_fragment, redirect};
use crate::web::ticket::{number, page_with_composer};
use crate::web::{Signed, Trouble};

/// Does what the button says.
pub async fn act(signed: Signed, Path(name): Path<String>, headers: HeaderMap, sent: Sent) -> Answer {
    let number = number(&name)?;
    let action = sent.fields.one("action").to_owned();
    let conversation = signed.desk.conversation(number).await?;
    let ticket = conversation.ticket.id;
    let there = signed.base.path(&format!("/ticket/{number}"));
    if action == "note" {
        let note: NoteId = sent.fields.one("message").parse().unwrap_or_else(|_| signed.desk.new_id());
        let text = sent.fields.one("text").replace("\r\n", "\n");
        return match signed.desk.note_once(ticket, note, &text).await {
            Ok(note) => Ok(redirect(&format!("{there}#n-{note}"))),
            Err(error) => note_again(&signed, &conversation, text, error).await,
        };
    }
    if action == "discard" {
        match sent.fields.one("purpose") {
            "forward" => signed.desk.discard_forward(ticket).await?,
            _ => signed.desk.discard_draft(ticket).await?,
        }
        return Ok(redirect(&there));
    }
    let form = Form::in_ticket(&conversation, &sent.fields);
    let read = form::read(&signed, form, sent).await?;
    let draft = read.draft.clone();
    match attempt(&signed, (&action, &headers), read, &there).await? {
        Attempt::Answered(answer) => Ok(answer),
        Attempt::Sent(replied) => {
            let next = match &*action {
                "send-next" => next(&signed, &conversation).await?,
                "send-close" => signed.base.path(&format!("/box/{}", conversation.ticket.ticketbox)),
                _ => format!("{there}#m-{}", replied.message),
            };
            Ok(redirect(&next))
        }
        Attempt::Stopped { status, words, changed } => {
            // The page shows what came in between: from now on its author has seen it.
            let seen = if changed { signed.desk.conversation(number).await? } else { conversation };
            let draft = if changed { Draft { seen_revision: seen.ticket.revision, ..draft } } else { draft };
            again(&signed, &seen, draft, (status, words, changed)).await
        }
    }
}

/// What came of pressing a button of a composer.
pub enum Attempt {
    /// It was saved.
    Answered(Response),
    /// It was sent.
    Sent(Replied),
    /// It was saved, and not sent.
    Stopped {
        /// What kind of trouble it is.
        status: StatusCode,
        /// Why.
        words: String,
        /// Whether the ticket changed meanwhile: sending again is meant.
        changed: bool,
    },
}

/// Saves what was written, and sends it if the button says so. `there` is the page that has its draft.
pub async fn attempt(
    signed: &Signed,
    (action, headers): (&str, &HeaderMap),
    Read { draft, wrong, wrong_time }: Read,
    there: &str,
) -> Result<Attempt, Trouble> {
    let stopped =
        |words: String| Attempt::Stopped { status: StatusCode::UNPROCESSABLE_ENTITY, words, changed: false };
    let draft = match signed.desk.save_draft(draft).await {
        Ok(draft) => draft,
        // A page is shown again with the words in it: they are kept nowhere else.
        Err(error) if !is_fragment(headers) => {
            let could_not = error.refusal().is_none();
            let Trouble { status, what, help, .. } = Trouble::from(error);
            let words = if could_not { format!("{what} {help}") } else { what };
            return Ok(Attempt::Stopped { status, words, changed: false });
        }
        Err(error) => return Err(error.into()),
    };
    if !matches!(action, "send" | "send-close" | "send-next") {
        if is_fragment(headers) {
            return Ok(Attempt::Answered(saved(&draft, &wrong)));
        }
        if wrong.is_empty() {
            return Ok(Attempt::Answered(redirect(&format!("{there}#composer"))));
        }
    }
    if !wrong.is_empty() {
        let wrong = wrong.join("`, `");
        return Ok(stopped(format!("`{wrong}` is not a mail address. An address looks like ada@example.com.")));
    }
    if wrong_time {
        return Ok(stopped("That is no day and time to send it at, such as 2027-01-31T09:00.".to_owned()));
    }
    let closes = action != "send" && draft.purpose != Purpose::Forward;
    let then = if closes { AfterReply::Close } else { AfterReply::Stay };
    match signed.desk.reply_once(draft.ticket, draft.message, reply(signed, &draft, then)).await {
        Ok(replied) => Ok(Attempt::Sent(replied)),
        Err(Error::Refused(refusal)) => {
            let changed = matches!(refusal, Refusal::TicketChanged { .. });
            let trouble = Trouble::from(refusal);
            Ok(Attempt::Stopped { status: trouble.status, words: trouble.what, changed })
        }
        Err(error) => Err(error.into()),
    }
}

fn reply(signed: &Signed, draft: &Draft, then: AfterReply) -> Reply {
    Reply {
        purpose: draft.purpose,
        answers: draft.answers,
        from: draft.from.clone(),
        to: draft.to.clone(),
        cc: draft.cc.clone(),
        bcc: draft.bcc.clone(),
        subject: Some(draft.subject.clone()).filter(|it| !it.trim().is_empty()),
        text: draft.text.clone(),
        attachments: draft.attachments.clone(),
        carried: draft.carried.clone(),
        seen: Seen::Revision(draft.seen_revision),
        then,
        undo_s: signed.agent.undo_send_s,
        signature: draft.signature,
        // A time that is over means now: the draft may have waited longer than it.
        send_at: draft.send_at.filter(|at| *at > signed.desk.now()),
    }
}

/// The composer again, with what keeps it from being sent.
async fn again(
    signed: &Signed,
    conversation: &Conversation,
    draft: Draft,
    (status, trouble, anyway): (StatusCode, String, bool),
) -> Answer {
    let composer =
        Composer { anyway, ..Composer::of_draft(signed, conversation, &draft).in_trouble(status, trouble) };
    page_with_composer(signed, conversation.ticket.number, status, composer).await
}

async fn note_again(signed: &Signed, conversation: &Conversation, text: String, error: Error) -> Answer {
    let could_not = error.refusal().is_none();
    let Trouble { status, what, help, .. } = Trouble::from(error);
    let words = if could_not { format!("{what} {help}") } else { what };
    let blank = Composer::begin(signed, conversation, super::Kind::Note, None)?;
    let composer = Composer { text, ..blank.in_trouble(status, words) };
    page_with_composer(signed, conversation.ticket.number, status, composer).await
}

/// What the script is told after it saved.
fn saved(draft: &Draft, wrong: &[String]) -> axum::response::Response {
    let clock = super::clock(draft);
    let but = if wrong.is_empty() { String::new() } else { format!(", except `{}`: no address", wrong.join("`, `")) };
    let words = crate::web::answer::escape(&format!("Saved {clock}{but}"));
    ([("content-type", "text/html; charset=utf-8")], words).into_response()
}

/// The ticket of the same ticketbox whose customer has waited longest; the ticketbox if none waits.
async fn next(signed: &Signed, conversation: &Conversation) -> Result<String, Trouble> {
    let ticketbox = conversation.ticket.ticketbox;
    let given = signed.agent.get_oldest;
    // Whoever is given tickets has his own only, wherever they lie.
    let filter = if given {
        Filter { state: Some(TicketState::Open), ..Filter::default() }
    } else {
        Filter::open_in(ticketbox)
    };
    let open = signed.desk.tickets(&filter, &Page::first(100)).await?.rows;
    let others = open.iter().filter(|it| it.id != conversation.ticket.id && it.waiting_since.is_some());
    let next = others.min_by_key(|it| it.waiting_since);
    let next = match next.map(|it| it.number) {
        // None of his own waits: the next one is given to him.
        None if given => signed.desk.get_oldest(None).await?.map(|it| it.number),
        number => number,
    };
    Ok(signed.base.path(&match next {
        Some(number) => format!("/ticket/{number}#unread"),
        None => format!("/box/{ticketbox}"),
    }))
}
