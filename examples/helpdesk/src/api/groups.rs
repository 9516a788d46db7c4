//! Groups: administrators make and change them; whoever may list one sees its name, and with more rights reads and
//! edits its signature (guide chapter 7: access to a group is access to its signature).

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::access::{Right, Securable};
use mailflow_core::decision::configure::group_uses;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::flow::Desk;
use mailflow_core::group::{ADMINISTRATORS, EVERYONE, Group};
use mailflow_core::id::GroupId;
use mailflow_core::ip_range::IpRange;
use mailflow_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::{Administrator, Caller};
use super::extract::{Body, Named};
use super::openapi::{ForAdministrators, ForAgents, ForEditors};
use super::refused::Refused;
use super::version::{Seen, Versioned};

/// A group.
#[derive(Debug, Serialize, ToSchema)]
pub struct GroupShape {
    pub id: Uuid,
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its members; null for who is no administrator.
    pub members: Option<Vec<Uuid>>,
    /// Whether tickets can be escalated to it.
    pub escalation: bool,
    /// A signature that its members may use; null for who may not read the group.
    pub signature: Option<String>,
    /// Where its members may sign in from, beside where they may by themselves; null for who is no administrator.
    pub ip_ranges: Option<Vec<String>>,
    /// Whether it is *everyone* or *administrators*, which every desk has.
    pub built_in: bool,
    /// What uses it, in words; null for who is no administrator.
    pub used_by: Option<Vec<String>>,
}

/// A group as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "name": "Second line", "members": ["0191f3a2-7c44-7d10-9a51-000000000015"], "escalation": true }))]
pub struct GroupWish {
    /// Unique without regard to case.
    pub name: String,
    #[serde(default)]
    pub description: String,
    /// Its members, by their ids.
    #[serde(default)]
    pub members: Vec<Uuid>,
    /// Whether tickets can be escalated to it.
    #[serde(default)]
    pub escalation: bool,
    /// A signature that its members may use.
    #[serde(default)]
    pub signature: String,
    /// Where its members may sign in from, such as `192.0.2.0/24`, beside where they may by themselves.
    #[serde(default)]
    #[schema(value_type = Vec<String>)]
    pub ip_ranges: Vec<IpRange>,
}

/// A signature as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "signature": "Your second line" }))]
pub struct SignatureWish {
    /// At most 10,000 characters.
    pub signature: String,
}

impl GroupWish {
    /// The group that is wished for. What is not in here stays as it was.
    fn group(self, before: Group) -> Group {
        Group {
            name: self.name.trim().to_owned(),
            description: self.description,
            members: self.members.into_iter().map(Into::into).collect(),
            escalation: self.escalation,
            signature: self.signature,
            ip_ranges: self.ip_ranges,
            ..before
        }
    }
}

fn shape(desk: &Desk, group: Group) -> GroupShape {
    let directory = desk.directory();
    let administers = desk.admin().is_ok();
    let reads = desk.may(Securable::Groups, Some(group.id.into()), Right::Read);
    GroupShape {
        id: group.id.into(),
        name: group.name,
        description: group.description,
        members: administers.then(|| group.members.into_iter().map(Uuid::from).collect()),
        escalation: group.escalation,
        signature: reads.then_some(group.signature),
        ip_ranges: administers.then(|| group.ip_ranges.into_iter().map(String::from).collect()),
        built_in: false,
        used_by: administers.then(|| group_uses(&directory, group.id)),
    }
}

/// One of the two groups that every desk has.
fn built_in(desk: &Desk, id: GroupId) -> GroupShape {
    let directory = desk.directory();
    let administers = desk.admin().is_ok();
    let members = directory.agents.keys().filter(|agent| directory.is_member(**agent, id));
    GroupShape {
        id: id.into(),
        name: directory.group_name(id),
        description: String::new(),
        members: administers.then(|| members.map(|id| Uuid::from(*id)).collect()),
        escalation: false,
        signature: None,
        ip_ranges: administers.then(Vec::new),
        built_in: true,
        used_by: administers.then(|| group_uses(&directory, id)),
    }
}

fn found(directory: &Directory, id: Uuid) -> Result<Group, Refusal> {
    directory.groups.get(&id.into()).cloned().ok_or_else(|| Refusal::no_such("group", id))
}

fn shown(desk: &Desk, status: StatusCode, group: Group) -> Versioned<GroupShape> {
    Versioned(status, group.version(), shape(desk, group))
}

/// The groups that the caller may list, and the two that every desk has.
#[utoipa::path(get, path = "/groups", tag = "groups",
    responses((status = 200, description = "All that there are for the caller", body = Vec<GroupShape>), ForAgents))]
pub async fn list(caller: Caller) -> Json<Vec<GroupShape>> {
    let desk = &caller.desk;
    let two = [EVERYONE, ADMINISTRATORS].map(|id| built_in(desk, id));
    Json(two.into_iter().chain(desk.groups().into_iter().map(|it| shape(desk, it))).collect())
}

/// One group.
#[utoipa::path(get, path = "/groups/{id}", tag = "groups",
    params(("id" = Uuid, Path, description = "The group", example = "0191f3a2-7c44-7d10-9a51-000000000024")),
    responses((status = 200, description = "The group", body = GroupShape), ForAgents))]
pub async fn show(caller: Caller, Named(id): Named<Uuid>) -> Result<Versioned<GroupShape>, Refused> {
    caller.desk.know(Securable::Groups, id)?;
    let group = found(&caller.desk.directory(), id)?;
    Ok(shown(&caller.desk, StatusCode::OK, group))
}

/// Makes a group.
#[utoipa::path(post, path = "/groups", tag = "groups", request_body = GroupWish,
    responses((status = 201, description = "The group", body = GroupShape), ForAdministrators))]
pub async fn make(by: Administrator, Body(wish): Body<GroupWish>) -> Result<Versioned<GroupShape>, Refused> {
    let group = wish.group(Group::new(by.admin.new_id(), ""));
    by.admin.save(&group).await?;
    Ok(shown(&by.desk, StatusCode::CREATED, group))
}

/// Changes a group: what is left away is empty from then on.
#[utoipa::path(put, path = "/groups/{id}", tag = "groups", request_body = GroupWish,
    params(
        ("id" = Uuid, Path, description = "The group", example = "0191f3a2-7c44-7d10-9a51-000000000024"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The group as it is now", body = GroupShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<GroupWish>,
) -> Result<Versioned<GroupShape>, Refused> {
    let group = wish.group(found(&by.admin.directory(), id)?);
    seen.save(&by.admin, &group).await?;
    Ok(shown(&by.desk, StatusCode::OK, group))
}

/// Changes the signature of a group, for who may edit the group.
#[utoipa::path(put, path = "/groups/{id}/signature", tag = "groups", request_body = SignatureWish,
    params(
        ("id" = Uuid, Path, description = "The group", example = "0191f3a2-7c44-7d10-9a51-000000000024"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The group as it is now", body = GroupShape), ForEditors))]
pub async fn sign(
    caller: Caller,
    seen: Seen,
    Named(id): Named<Uuid>,
    Body(wish): Body<SignatureWish>,
) -> Result<Versioned<GroupShape>, Refused> {
    caller.desk.sign_group(id.into(), &wish.signature, seen.digest()).await?;
    let group = found(&caller.desk.directory(), id)?;
    Ok(shown(&caller.desk, StatusCode::OK, group))
}

/// Removes a group that nothing uses.
#[utoipa::path(delete, path = "/groups/{id}", tag = "groups",
    params(("id" = Uuid, Path, description = "The group", example = "0191f3a2-7c44-7d10-9a51-000000000024")),
    responses((status = 204, description = "It is gone"), ForAdministrators))]
pub async fn remove(by: Administrator, Named(id): Named<Uuid>) -> Result<StatusCode, Refused> {
    by.admin.remove(DocumentKind::Group, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
