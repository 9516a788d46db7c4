//! Why may an agent do something: the verdict and the chain of reasons.

use askama::Template;
use axum::extract::Query;
use mailflow_core::access::{self, Right, Scope, Securable};
use mailflow_core::directory::Directory;
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use serde::Deserialize;

use super::{HERE, objects, scope};
use crate::web::answer::{Answer, page};
use crate::web::{Frame, Signed, Trouble, readable};

/// What is asked.
#[derive(Debug, Default, Deserialize)]
pub struct Question {
    agent: Option<String>,
    right: Option<String>,
    /// `class` or `class/object`.
    what: Option<String>,
    /// A ticket's number, before `what`.
    ticket: Option<String>,
}

/// A choice of a select: value, name, whether it is chosen.
type Choice = (String, String, bool);

#[derive(Template)]
#[template(path = "admin/access/why.html")]
struct WhyPage {
    frame: Frame,
    agents: Vec<Choice>,
    rights: Vec<Choice>,
    /// A class, and what can be asked of it.
    things: Vec<(String, Vec<Choice>)>,
    ticket: String,
    answer: Option<Verdict>,
}

/// What came of it.
struct Verdict {
    may: bool,
    words: String,
    because: Vec<String>,
}

fn things(directory: &Directory, chosen: &str) -> Vec<(String, Vec<Choice>)> {
    let of_class = |class: Securable| {
        let all = (class.word().to_owned(), format!("{} as a whole", class.words()), chosen == class.word());
        let each = objects(directory, class).into_iter().map(|(id, name)| {
            let value = format!("{}/{id}", class.word());
            let is = chosen == value;
            (value, name, is)
        });
        (class.words().to_owned(), [all].into_iter().chain(each).collect())
    };
    Securable::ALL.map(of_class).to_vec()
}

async fn verdict(signed: &Signed, agent: &str, right: Right, asked: &Question) -> Result<Verdict, Trouble> {
    let directory = signed.desk.directory();
    let id: AgentId = agent.parse().map_err(|_| Refusal::no_such("agent", agent))?;
    let name = directory.agents.get(&id).ok_or_else(|| Refusal::no_such("agent", agent))?.name.clone();
    let number = asked.ticket.as_deref().unwrap_or_default().trim().trim_start_matches('#');
    let (why, what) = if number.is_empty() {
        let what = asked.what.as_deref().unwrap_or_default();
        let (class, object) = what.split_once('/').map_or((what, None), |(class, object)| (class, Some(object)));
        let Scope { class, object } = scope(&directory, class, object)?;
        let words = access::scope_words(&directory, Scope { class, object });
        (access::why_object(&directory, id, class, object, right), words)
    } else {
        let ticket = signed.desk.ticket(crate::web::ticket::number(number)?).await?;
        (access::why_ticket(&directory, id, &ticket, right), format!("ticket #{}", ticket.number))
    };
    let not = if why.may { "may" } else { "may not" };
    Ok(Verdict {
        may: why.may,
        words: readable(&format!("{name} {not} {} {what}.", right.word())),
        because: why.because.iter().map(|it| readable(it)).collect(),
    })
}

/// Whether an agent may do something, and why.
pub async fn why(signed: Signed, Query(asked): Query<Question>) -> Answer {
    let directory = signed.desk.directory();
    let right = Right::ALL.into_iter().find(|it| Some(it.word()) == asked.right.as_deref()).unwrap_or(Right::Read);
    let answer = match asked.agent.as_deref() {
        Some(agent) => Some(verdict(&signed, agent, right, &asked).await?),
        None => None,
    };
    let chosen = asked.agent.as_deref().unwrap_or_default();
    let agents = signed.desk.agents().into_iter().map(|it| {
        let id = it.id.to_string();
        let is = id == chosen;
        (id, it.name, is)
    });
    page(&WhyPage {
        frame: Frame::of(&signed, HERE, "Why may somebody …?").await?,
        agents: agents.collect(),
        rights: Right::ALL.map(|it| (it.word().to_owned(), it.word().to_owned(), it == right)).to_vec(),
        things: things(&directory, asked.what.as_deref().unwrap_or("ticketboxes")),
        ticket: asked.ticket.clone().unwrap_or_default(),
        answer,
    })
}
