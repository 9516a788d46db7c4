//! Groups: administrators make them; their signatures are for whoever has the right (guide chapter 7).

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::{Right, Securable};
use mailflow_core::decision::configure::group_uses;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::Desk;
use mailflow_core::group::{ADMINISTRATORS, EVERYONE, Group, is_built_in};
use mailflow_core::id::GroupId;
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::form::{Field, Form, Kind, Section, ranges, ranges_text, sentence, switch as on};
use super::list::{ObjectList, Row, Tone};
use super::remove::Deletable;
use super::{Asked, access, go, refusal, seen, words};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed, Trouble, readable};

const HERE: &str = "/admin/groups";
const SIGNATURES: &str = "/groups";

/// Groups, to be deleted.
pub struct Groups;

impl Deletable for Groups {
    const KIND: DocumentKind = DocumentKind::Group;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.groups.get(&id.into()).map(|it| it.name.clone())
    }

    fn words(directory: &Directory, id: Uuid) -> String {
        match group_uses(directory, id.into()) {
            uses if uses.is_empty() => "Nothing uses it. Its members stay.".to_owned(),
            uses => format!("It can be deleted when nothing uses it. It is used by {}.", readable(&uses.join("; "))),
        }
    }
}

fn members(directory: &Directory, group: GroupId) -> usize {
    directory.agents.keys().filter(|agent| directory.is_member(**agent, group)).count()
}

fn row(directory: &Directory, id: GroupId, what: &str) -> Row {
    let uses = group_uses(directory, id);
    Row {
        name: directory.group_name(id),
        path: format!("{HERE}/{id}"),
        what: what.to_owned(),
        state: words::count(members(directory, id), "member", "members"),
        tone: Tone::Quiet,
        uses: if uses.is_empty() { String::new() } else { format!("Used by {}", readable(&uses.join("; "))) },
        more: None,
        acts: Vec::new(),
    }
}

/// What the two groups are that every desk has.
const fn built_in_words(id: GroupId) -> &'static str {
    match id {
        EVERYONE => "All agents, always. It comes with every desk.",
        _ => "All agents who are administrators. It comes with every desk; an agent’s own page says who is one.",
    }
}

/// All groups.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let two = [EVERYONE, ADMINISTRATORS].map(|id| row(&directory, id, built_in_words(id)));
    let mut rows: Vec<Row> = two.into_iter().collect();
    for group in signed.desk.groups() {
        let escalation = if group.escalation { "Tickets can be escalated to it. " } else { "" };
        rows.push(row(&directory, group.id, format!("{escalation}{}", group.description).trim()));
    }
    let intro = match directory.groups.is_empty() {
        true => {
            "Agents that are named together, to give them rights, or to let any of them approve. There are only the \
             two groups yet that every desk has."
        }
        false => "Agents that are named together, to give them rights, or to let any of them approve.",
    };
    let list = ObjectList {
        intro: intro.to_owned(),
        new: Some((format!("{HERE}/new"), "Add a group")),
        empty: String::new(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Groups").await?)
}

fn sections(values: &Fields, directory: &Directory) -> Vec<Section> {
    let mut agents: Vec<_> = directory.agents.values().collect();
    agents.sort_by_key(|it| it.name.to_lowercase());
    let chosen = |id: &str| values.all("members").any(|it| it == id);
    let agents = agents.into_iter().map(|it| {
        let id = it.id.to_string();
        let is = chosen(&id);
        (id, it.name.clone(), is)
    });
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    vec![
        Section::new(
            "Group",
            vec![
                field("name", "Name", Kind::Line, "As others see it."),
                field("description", "Description", Kind::Line, "What it is for."),
                field("members", "Members", Kind::Several(agents.collect()), "Each gets what the group is granted."),
            ],
        ),
        Section::new(
            "Use",
            vec![
                field(
                    "escalation",
                    "Escalation group",
                    Kind::Switch,
                    "Tickets can be escalated to it: it can be chosen as an agent’s escalation target.",
                ),
                field("signature", "Signature", Kind::Lines(4), "One that its members may use."),
                field(
                    "ip_ranges",
                    "Members may sign in from",
                    Kind::Lines(2),
                    "IP addresses or ranges such as 192.0.2.0/24, one a line; empty for no restriction by this. It adds \
                     to what members have of their own: one wide range is enough.",
                ),
            ],
        ),
    ]
}

fn filled(group: &Group) -> Fields {
    let mut values = Fields::default();
    values.add("name", group.name.clone());
    values.add("description", group.description.clone());
    group.members.iter().for_each(|id| values.add("members", id.to_string()));
    values.add("escalation", on(group.escalation).to_owned());
    values.add("signature", group.signature.clone());
    values.add("ip_ranges", ranges_text(&group.ip_ranges));
    values
}

fn read(values: &Fields, before: Group) -> Result<Group, Refusal> {
    Ok(Group {
        name: values.one("name").trim().to_owned(),
        description: values.one("description").trim().to_owned(),
        members: values.all("members").filter_map(|id| id.parse().ok()).collect(),
        escalation: values.has("escalation"),
        signature: signature_of(values),
        ip_ranges: ranges(values, "ip_ranges")?,
        ..before
    })
}

fn signature_of(values: &Fields) -> String {
    values.one("signature").replace("\r\n", "\n").trim_end().to_owned()
}

fn form(values: &Fields, directory: &Directory, before: Option<&Group>) -> Form {
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path.clone(), (HERE, "Groups"), sections(values, directory));
    form.hidden.push(("version", values.one("version").to_owned()));
    if let Some(before) = before {
        form.delete = Some(format!("{path}/delete"));
        form.links.push(access::link(Securable::Groups, before.id));
        let uses = group_uses(directory, before.id);
        if !uses.is_empty() {
            form.intro = format!("Used by {}.", readable(&uses.join("; ")));
        }
    }
    form
}

fn named(text: &str) -> Result<GroupId, Refusal> {
    text.parse().map_err(|_| Refusal::no_such("group", text))
}

fn found(desk: &Desk, id: GroupId) -> Result<Group, Refusal> {
    desk.directory().groups.get(&id).cloned().ok_or_else(|| Refusal::no_such("group", id))
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    form(&Fields::default(), &signed.desk.directory(), None).page(Frame::of(&signed, HERE, "Add a group").await?)
}

/// One group.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    let (id, directory) = (named(&text)?, signed.desk.directory());
    if is_built_in(id) {
        return built_in(&signed, id).await;
    }
    let group = found(&signed.desk, id)?;
    let mut values = filled(&group);
    values.add("version", group.version().to_string());
    let mut form = form(&values, &directory, Some(&group));
    form.trail = crate::web::trail::of(&signed, DocumentKind::Group, group.id).await?;
    form.page(Frame::of(&signed, HERE, &group.name).await?)
}

/// One of the two groups that every desk has: looked at, not changed.
async fn built_in(signed: &Signed, id: GroupId) -> Answer {
    let directory = signed.desk.directory();
    let members = directory.agents.values().filter(|it| directory.is_member(it.id, id));
    let members = members.map(|it| (it.id.to_string(), it.name.clone(), true)).collect();
    let field = Field::new("members", "Members", Kind::Several(members), &Fields::default(), "");
    let mut form = Form::new(format!("{HERE}/{id}"), (HERE, "Groups"), vec![Section::new("Group", vec![field])]);
    form.intro = built_in_words(id).to_owned();
    form.read_only = true;
    form.trail = crate::web::trail::of(signed, DocumentKind::Group, id).await?;
    form.page(Frame::of(signed, HERE, &directory.group_name(id)).await?)
}

/// Makes a group.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let saved = match read(&values, Group::new(signed.desk.new_id(), "")) {
        Ok(group) => signed.desk.admin()?.save(&group).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, &signed.desk.directory(), None);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Add a group").await?)
        }
    }
}

/// Saves a group.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = found(&signed.desk, named(&text)?)?;
    let saved = match read(&values, before.clone()) {
        Ok(group) => signed.desk.admin()?.save_over(&group, seen(&values)).await,
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, &signed.desk.directory(), Some(&before));
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, &before.name).await?)
        }
    }
}

/// The groups that an agent may list, for their signatures.
pub async fn signatures(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let row = |it: Group| Row {
        path: format!("{SIGNATURES}/{}", it.id),
        name: it.name,
        what: it.description,
        state: String::new(),
        tone: Tone::Quiet,
        uses: String::new(),
        more: None,
        acts: Vec::new(),
    };
    let list = ObjectList {
        intro: "Each group can have a signature of its own.".to_owned(),
        new: None,
        empty: "There is no group that you may see.".to_owned(),
        rows: signed.desk.groups().into_iter().map(row).collect(),
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, SIGNATURES, "Groups").await?)
}

/// A group that the agent may list, and has a right on.
fn signed_by(signed: &Signed, text: &str, right: Right) -> Result<Group, Trouble> {
    let id = named(text)?;
    signed.desk.know(Securable::Groups, id.into()).map_err(|_| Refusal::no_such("group", text))?;
    let group = found(&signed.desk, id).map_err(|_| Refusal::no_such("group", text))?;
    signed.desk.need(Securable::Groups, Some(id.into()), right)?;
    Ok(group)
}

fn signature_form(signed: &Signed, values: &Fields, group: &Group) -> Form {
    let field = Field::new("signature", "Signature", Kind::Lines(6), values, "One that the group’s members may use.");
    let sections = vec![Section::new("Signature", vec![field])];
    let mut form = Form::new(format!("{SIGNATURES}/{}", group.id), (SIGNATURES, "Groups"), sections);
    form.hidden.push(("version", values.one("version").to_owned()));
    form.intro = group.description.clone();
    form.read_only = !signed.desk.may(Securable::Groups, Some(group.id.into()), Right::Edit);
    form
}

/// The signature of a group.
pub async fn signature(signed: Signed, Path(text): Path<String>) -> Answer {
    let group = signed_by(&signed, &text, Right::Read)?;
    let mut values = filled(&group);
    values.add("version", group.version().to_string());
    signature_form(&signed, &values, &group).page(Frame::of(&signed, SIGNATURES, &group.name).await?)
}

/// Saves the signature of a group.
pub async fn sign(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let group = signed_by(&signed, &text, Right::Edit)?;
    let values = Fields::of_form(&headers, &body)?;
    match signed.desk.sign_group(group.id, &signature_of(&values), Some(seen(&values))).await {
        Ok(()) => go(&signed, SIGNATURES, "saved"),
        Err(error) => {
            let mut form = signature_form(&signed, &values, &group);
            let refusal = refusal(error)?;
            form.trouble = Some(sentence(&refusal.to_string()));
            form.page(Frame::of(&signed, SIGNATURES, &group.name).await?)
        }
    }
}
