//! Agents.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use mailflow_core::access::Securable;
use mailflow_core::agent::{Agent, Escalation, SignInWay};
use mailflow_core::approval::Approver;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::mail::Address;
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::form::{Button, Field, Form, Kind, Section, lines, number, or_none, ranges, ranges_text, switch as on};
use super::list::{ObjectList, Row, Tone};
use super::remove::Deletable;
use super::{Asked, access, go, refusal, seen};
use crate::auth;
use crate::web::answer::{Answer, page};
use crate::web::{App, Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/agents";

/// Agents, to be deleted.
pub struct Agents;

impl Deletable for Agents {
    const KIND: DocumentKind = DocumentKind::Agent;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.agents.get(&id.into()).map(|it| it.name.clone())
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "The agent cannot sign in any more. Tickets and answers stay, without the name. To keep the name, make the agent \
         inactive instead."
            .to_owned()
    }
}

/// All agents.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let row = |it: &Agent| {
        let (state, tone) = match (it.active, it.password.is_some() || it.sign_in != SignInWay::Password) {
            (false, _) => ("Inactive", Tone::Quiet),
            (true, true) => ("Active", Tone::Good),
            (true, false) => ("No password yet", Tone::Bad),
        };
        let role = if it.administrator { "administrator" } else { "agent" };
        Row {
            name: it.name.clone(),
            path: format!("{HERE}/{}", it.id),
            what: format!("{}, {role}", it.user_name),
            state: state.to_owned(),
            tone,
            uses: it.address.as_ref().map(ToString::to_string).unwrap_or_default(),
            more: None,
            acts: Vec::new(),
        }
    };
    let mut rows: Vec<Row> = directory.agents.values().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro: "People who answer, and who administer the desk.".to_owned(),
        new: Some((format!("{HERE}/new"), "Add an agent")),
        empty: String::new(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Agents").await?)
}

fn sections(values: &Fields, directory: &Directory, before: Option<&Agent>) -> Vec<Section> {
    let others = directory.agents.values().filter(|it| before.is_none_or(|before| before.id != it.id));
    let agents = others.map(|it| (format!("agent {}", it.id), it.name.clone()));
    let groups = directory.groups.values().map(|it| (format!("group {}", it.id), format!("the group {}", it.name)));
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let escalation = targets(directory, before);
    let mut may = Vec::new();
    if !before.is_some_and(|agent| agent.built_in) {
        may.push(field(
            "active",
            "Active",
            Kind::Switch,
            "An inactive agent cannot sign in and gets no new tickets.",
        ));
        may.push(field(
            "administrator",
            "Administrator",
            Kind::Switch,
            "Sees every ticket and may change everything, \
            also these pages.",
        ));
    }
    let mut sections = vec![Section::new(
        "Agent",
        vec![
            field(
                "user_name",
                "User name",
                Kind::Line,
                "What the agent signs in with. Upper and lower case are the same.",
            ),
            field("name", "Name", Kind::Line, "As others see it."),
            field("address", "Address", Kind::Line, "The agent’s own mail address, if there is one."),
        ],
    )];
    if !may.is_empty() {
        sections.push(Section::new("Rights", may));
    }
    sections.push(Section::new(
        "Answers",
        vec![
            field("signature", "Signature", Kind::Lines(4), "Put below what the agent writes."),
            field("undo_send_s", "Can be pulled back for", Kind::Number("seconds"), "0 to 60; default: 10."),
            field(
                "approval",
                "Need the approval of",
                or_none("Nobody", agents.chain(groups)),
                "Nothing that the agent sends leaves before it was released.",
            ),
        ],
    ));
    sections.push(Section::new(
        "Work",
        vec![
            field(
                "get_oldest",
                "Is given the oldest ticket",
                Kind::Switch,
                "Instead of lists to choose from, the agent has a button that gives him the ticket that has waited \
                 longest.",
            ),
            field(
                "escalate_to",
                "Escalates to",
                or_none("Nobody", escalation),
                "Who gets the tickets that are too much for this agent; of a group, the active member with the fewest \
                 open tickets.",
            ),
        ],
    ));
    sections.push(sign_in(values, before));
    sections.push(Section::new(
        "Properties",
        vec![field(
            "properties",
            "Properties",
            Kind::Lines(3),
            "Whatever else is to be known, one a line: name: value.",
        )],
    ));
    sections
}

fn targets(directory: &Directory, before: Option<&Agent>) -> impl Iterator<Item = (String, String)> {
    let others = directory.agents.values().filter(|it| before.is_none_or(|before| before.id != it.id));
    let agents = others.map(|it| (format!("agent {}", it.id), it.name.clone()));
    let groups = directory.groups.values().filter(|it| it.escalation);
    let groups = groups.map(|it| (format!("group {}", it.id), format!("the group {}", it.name)));
    agents.chain(groups).collect::<Vec<_>>().into_iter()
}

fn sign_in(values: &Fields, before: Option<&Agent>) -> Section {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let mut fields = Vec::new();
    if !before.is_some_and(|agent| agent.built_in) {
        let ways = vec![
            ("password".to_owned(), "This desk".to_owned()),
            ("ldap".to_owned(), "The directory server".to_owned()),
            ("oidc".to_owned(), "Nobody here: the agent uses single sign-on".to_owned()),
        ];
        let help = "Where the agent’s password is kept. The user name is the same everywhere. Default: this desk.";
        fields.push(field("sign_in", "Password is kept by", Kind::Choice(ways), help));
    }
    fields.push(field(
        "ip_ranges",
        "May sign in from",
        Kind::Lines(2),
        "IP addresses or ranges such as 192.0.2.0/24, one a line; empty for everywhere. Ranges of the agent’s groups and \
         those of everyone in the settings add to it: one wide range is enough.",
    ));
    Section::new("Signing in", fields)
}

fn filled(agent: &Agent) -> Fields {
    let mut values = Fields::default();
    values.add("user_name", agent.user_name.clone());
    values.add("name", agent.name.clone());
    values.add("address", agent.address.as_ref().map(ToString::to_string).unwrap_or_default());
    values.add("active", on(agent.active).to_owned());
    values.add("administrator", on(agent.administrator).to_owned());
    values.add("signature", agent.signature.clone());
    values.add("undo_send_s", agent.undo_send_s.to_string());
    let approval = match agent.approval {
        None => String::new(),
        Some(Approver::Agent(id)) => format!("agent {id}"),
        Some(Approver::Group(id)) => format!("group {id}"),
    };
    values.add("approval", approval);
    let escalate_to = match agent.escalate_to {
        None => String::new(),
        Some(Escalation::Agent(id)) => format!("agent {id}"),
        Some(Escalation::Group(id)) => format!("group {id}"),
    };
    values.add("escalate_to", escalate_to);
    values.add("get_oldest", on(agent.get_oldest).to_owned());
    values.add("sign_in", way(agent.sign_in).to_owned());
    values.add("ip_ranges", ranges_text(&agent.ip_ranges));
    let property = |(name, value): (&String, &String)| format!("{name}: {value}\n");
    values.add("properties", agent.properties.iter().map(property).collect());
    values
}

const fn way(way: SignInWay) -> &'static str {
    match way {
        SignInWay::Password => "password",
        SignInWay::Ldap => "ldap",
        SignInWay::Oidc => "oidc",
    }
}

fn way_of(text: &str) -> SignInWay {
    match text {
        "ldap" => SignInWay::Ldap,
        "oidc" => SignInWay::Oidc,
        _ => SignInWay::Password,
    }
}

fn read(values: &Fields, before: Agent) -> Result<Agent, Refusal> {
    let typed = values.one("address").trim();
    let address = match typed {
        "" => None,
        _ => Some(Address::new(typed).map_err(|error| Refusal::invalid("address", error.to_string()))?),
    };
    let approval = match values.one("approval").split_once(' ') {
        Some(("agent", id)) => id.parse().ok().map(Approver::Agent),
        Some(("group", id)) => id.parse().ok().map(Approver::Group),
        _ => None,
    };
    let escalate_to = match values.one("escalate_to").split_once(' ') {
        Some(("agent", id)) => id.parse().ok().map(Escalation::Agent),
        Some(("group", id)) => id.parse().ok().map(Escalation::Group),
        _ => None,
    };
    let property = |line: &str| {
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| Refusal::invalid("properties", format!("`{line}` has no colon between name and value")))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let properties = lines(values, "properties").into_iter().map(property).collect::<Result<_, Refusal>>()?;
    let undo_send_s: u32 = number(values, "undo_send_s")?;
    if undo_send_s > 60 {
        return Err(Refusal::invalid("undo_send_s", "at most 60 seconds"));
    }
    let built_in = before.built_in;
    let name = values.one("name").trim();
    Ok(Agent {
        user_name: values.one("user_name").trim().to_owned(),
        name: if name.is_empty() { values.one("user_name").trim().to_owned() } else { name.to_owned() },
        address,
        active: built_in || values.has("active"),
        administrator: built_in || values.has("administrator"),
        signature: values.one("signature").replace("\r\n", "\n").trim_end().to_owned(),
        approval,
        undo_send_s,
        escalate_to,
        get_oldest: values.has("get_oldest"),
        properties,
        sign_in: way_of(values.one("sign_in")),
        ip_ranges: ranges(values, "ip_ranges")?,
        ..before
    })
}

fn form(values: &Fields, directory: &Directory, before: Option<&Agent>) -> Form {
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path.clone(), (HERE, "Agents"), sections(values, directory, before));
    form.hidden.push(("version", values.one("version").to_owned()));
    form.links.extend(before.map(|it| access::link(Securable::Agents, it.id)));
    match before {
        None => form.intro = "The agent gets a password that is shown once, when you save.".to_owned(),
        Some(before) => {
            form.links.push((format!("{path}/tokens"), "API tokens".to_owned()));
            form.buttons.push(Button { label: "New password", path: format!("{path}/password") });
            if before.second_factor.is_some() {
                form.buttons
                    .push(Button { label: "Take the second factor away", path: format!("{path}/second-factor") });
            }
            if before.built_in {
                form.intro = "The administrator that every desk comes with: it can be neither deleted nor made \
                              inactive."
                    .to_owned();
            } else {
                form.delete = Some(format!("{path}/delete"));
            }
        }
    }
    form
}

fn found(signed: &Signed, text: &str) -> Result<Agent, Trouble> {
    let none = || Refusal::no_such("agent", text);
    let id = text.parse().map_err(|_| none())?;
    Ok(signed.desk.directory().agents.get(&id).cloned().ok_or_else(none)?)
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    let mut values = Fields::default();
    values.add("active", "yes".to_owned());
    values.add("undo_send_s", "10".to_owned());
    form(&values, &signed.desk.directory(), None).page(Frame::of(&signed, HERE, "Add an agent").await?)
}

/// One agent.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    let agent = found(&signed, &text)?;
    let mut values = filled(&agent);
    values.add("version", agent.version().to_string());
    let mut form = form(&values, &signed.desk.directory(), Some(&agent));
    form.trail = crate::web::trail::of(&signed, DocumentKind::Agent, agent.id).await?;
    form.page(Frame::of(&signed, HERE, &agent.name).await?)
}

#[derive(Template)]
#[template(path = "admin/password.html")]
struct PasswordPage<'a> {
    frame: Frame,
    agent: &'a Agent,
    password: &'a str,
}

/// A new password and its hash.
async fn password() -> Result<(String, String), Trouble> {
    let password = auth::new_password();
    let given = password.clone();
    let hashed = tokio::task::spawn_blocking(move || auth::hash(&given)).await;
    let hash = hashed.unwrap_or_else(|error| Err(Refusal::invalid("password", error.to_string())))?;
    Ok((password, hash))
}

async fn show_password(signed: &Signed, agent: &Agent, password: &str) -> Answer {
    let frame = Frame::of(signed, HERE, &format!("The password of {}", agent.name)).await?;
    page(&PasswordPage { frame, agent, password })
}

/// Makes an agent, with a password that is shown once.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let nobody = Agent { id: signed.desk.new_id(), built_in: false, ..Agent::built_in_administrator() };
    let (given, hash) = password().await?;
    let made = match read(&values, Agent { password: Some(hash), ..nobody }) {
        Ok(agent) => signed.desk.admin()?.save(&agent).await.map(|()| agent),
        Err(refusal) => Err(refusal.into()),
    };
    match made {
        Ok(agent) => show_password(&signed, &agent, &given).await,
        Err(error) => {
            let mut form = form(&values, &signed.desk.directory(), None);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Add an agent").await?)
        }
    }
}

/// Saves an agent. One who is not active any more is signed out.
pub async fn save(
    State(app): State<App>,
    signed: Signed,
    Path(text): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let saved = match read(&values, before.clone()) {
        Ok(agent) => signed.desk.admin()?.save_over(&agent, seen(&values)).await.map(|()| agent),
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(agent) => {
            if !agent.active {
                auth::end_sessions(&app.flow, agent.id).await?;
            }
            go(&signed, HERE, "saved")
        }
        Err(error) => {
            let mut form = form(&values, &signed.desk.directory(), Some(&before));
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, &before.name).await?)
        }
    }
}

/// Takes an agent's second factor away: he has lost his device. His sessions end.
pub async fn no_second_factor(State(app): State<App>, signed: Signed, Path(text): Path<String>) -> Answer {
    let before = found(&signed, &text)?;
    let agent = Agent { second_factor: None, ..before.clone() };
    signed.desk.admin()?.save_over(&agent, before.version()).await?;
    if agent.id != signed.agent.id {
        auth::end_sessions(&app.flow, agent.id).await?;
    }
    go(&signed, &format!("{HERE}/{}", agent.id), "second-factor")
}

/// Gives an agent a new password, shown once, and ends his sessions and API tokens; whoever gives it to himself stays
/// signed in here.
pub async fn new_password(signed: Signed, Path(text): Path<String>) -> Answer {
    let before = found(&signed, &text)?;
    let (given, hash) = password().await?;
    let agent = Agent { password: Some(hash), ..before.clone() };
    let admin = signed.desk.admin()?;
    admin.save_over(&agent, before.version()).await?;
    admin.sign_out(agent.id, Some(signed.session)).await?;
    show_password(&signed, &agent, &given).await
}
