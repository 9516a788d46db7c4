//! Access lists: who may list, read, edit and delete what; why somebody may; and what a list would change before it is
//! saved (guide chapter 7). Administrators only.

use axum::Json;
use axum::http::StatusCode;
use mailflow_core::access::{self, AccessList, Difference, Grant, Grantee, Right, Rights, Scope, Securable};
use mailflow_core::directory::Directory;
use mailflow_core::refusal::Refusal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::caller::Administrator;
use super::extract::{Asked, Body, Named};
use super::openapi::ForAdministrators;
use super::refused::Refused;
use super::version::{Seen, Versioned};

/// A class of objects.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClassShape {
    /// Tickets that an agent owns.
    Agents,
    /// Tickets in a ticketbox.
    Ticketboxes,
    /// Contacts.
    Contacts,
    /// Signatures of groups.
    Groups,
    /// Standard responses.
    Responses,
    /// Tickets of a category.
    Categories,
    /// The standard reports: all rights, or none.
    StandardReports,
    /// Scheduled reports.
    ScheduledReports,
    /// The option to open closed tickets again: all rights, or none.
    AutoOpen,
    /// The reports of what agents did: all rights, or none.
    AgentAudit,
}

macro_rules! classes {
    ($($class:ident),*) => {
        impl From<ClassShape> for Securable {
            fn from(class: ClassShape) -> Self {
                match class { $(ClassShape::$class => Self::$class),* }
            }
        }

        const CLASSES: &[(ClassShape, Securable)] = &[$((ClassShape::$class, Securable::$class)),*];
    };
}

classes!(
    Agents,
    Ticketboxes,
    Contacts,
    Groups,
    Responses,
    Categories,
    StandardReports,
    ScheduledReports,
    AutoOpen,
    AgentAudit
);

impl ClassShape {
    fn of(class: Securable) -> Self {
        CLASSES.iter().find(|(_, known)| *known == class).map_or(Self::Agents, |(shape, _)| *shape)
    }
}

/// A right.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RightShape {
    /// To see that the object is there, and to put something into it.
    List,
    /// To see what is in it.
    Read,
    /// To change it, or what is in it.
    Edit,
    /// To delete it, or what is in it.
    Delete,
}

impl From<Right> for RightShape {
    fn from(right: Right) -> Self {
        match right {
            Right::List => Self::List,
            Right::Read => Self::Read,
            Right::Edit => Self::Edit,
            Right::Delete => Self::Delete,
        }
    }
}

impl From<RightShape> for Right {
    fn from(right: RightShape) -> Self {
        match right {
            RightShape::List => Self::List,
            RightShape::Read => Self::Read,
            RightShape::Edit => Self::Edit,
            RightShape::Delete => Self::Delete,
        }
    }
}

fn rights(rights: Rights) -> Vec<RightShape> {
    rights.iter().map(RightShape::from).collect()
}

/// Whom rights are for: an agent, or all members of a group.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GranteeShape {
    /// One agent.
    Agent(Uuid),
    /// All members of a group.
    Group(Uuid),
}

/// Rights for somebody.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct GrantShape {
    pub to: GranteeShape,
    pub rights: Vec<RightShape>,
}

impl From<Grant> for GrantShape {
    fn from(grant: Grant) -> Self {
        let to = match grant.to {
            Grantee::Agent(id) => GranteeShape::Agent(id.into()),
            Grantee::Group(id) => GranteeShape::Group(id.into()),
        };
        Self { to, rights: rights(grant.rights) }
    }
}

impl From<GrantShape> for Grant {
    fn from(grant: GrantShape) -> Self {
        let to = match grant.to {
            GranteeShape::Agent(id) => Grantee::Agent(id.into()),
            GranteeShape::Group(id) => Grantee::Group(id.into()),
        };
        let rights: Vec<Right> = grant.rights.into_iter().map(Right::from).collect();
        Self { to, rights: rights.into() }
    }
}

/// What an agent ends up with.
#[derive(Debug, Serialize, ToSchema)]
pub struct EffectShape {
    pub agent: Uuid,
    pub rights: Vec<RightShape>,
}

/// An access list.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessShape {
    pub class: ClassShape,
    /// The one object; null for all that have no list of their own.
    pub object: Option<Uuid>,
    /// Whether somebody wrote a list for exactly this. Else the grants are those that hold all the same: of the default
    /// list, or full access for everyone.
    pub own: bool,
    /// The grants; they add up.
    pub grants: Vec<GrantShape>,
    /// What every active agent may do in the end, administrators everything.
    pub effect: Vec<EffectShape>,
}

/// An access list as it is written.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({ "grants": [
    { "to": { "group": "00000000-0000-0000-0000-000000000004" }, "rights": ["list"] },
    { "to": { "agent": "0191f3a2-7c44-7d10-9a51-000000000015" }, "rights": ["list", "read", "edit"] },
] }))]
pub struct AccessWish {
    /// The grants; whom no grant names may nothing. Administrators may everything, always.
    pub grants: Vec<GrantShape>,
}

/// A list that is not saved yet.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({
    "class": "ticketboxes", "object": "0191f3a2-7c44-7d10-9a51-000000000013",
    "grants": [{ "to": { "group": "00000000-0000-0000-0000-000000000004" }, "rights": ["list"] }],
}))]
pub struct WhatIfWish {
    pub class: ClassShape,
    #[serde(default)]
    pub object: Option<Uuid>,
    /// The grants; null for taking the list away.
    #[serde(default)]
    pub grants: Option<Vec<GrantShape>>,
}

/// What one agent would gain or lose with one object.
#[derive(Debug, Serialize, ToSchema)]
pub struct DifferenceShape {
    pub agent: Uuid,
    /// The object; null for a class whose objects have no lists of their own.
    pub object: Option<Uuid>,
    pub before: Vec<RightShape>,
    pub after: Vec<RightShape>,
}

impl From<Difference> for DifferenceShape {
    fn from(it: Difference) -> Self {
        Self { agent: it.agent.into(), object: it.object, before: rights(it.before), after: rights(it.after) }
    }
}

/// What a list would change.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhatIfShape {
    /// How many agents would lose something.
    pub losing: usize,
    /// How many agents would gain something.
    pub gaining: usize,
    pub differences: Vec<DifferenceShape>,
}

/// Whose right on what is asked about.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Question {
    /// The agent.
    #[param(example = "0191f3a2-7c44-7d10-9a51-000000000015")]
    pub agent: Uuid,
    /// The right. Default: to read.
    #[serde(default)]
    pub right: Option<RightShape>,
    /// A ticket's number; else a class.
    #[serde(default)]
    pub ticket: Option<u64>,
    /// The class of objects.
    #[serde(default)]
    #[param(example = "ticketboxes")]
    pub class: Option<ClassShape>,
    /// The object; without one the class as a whole.
    #[serde(default)]
    pub object: Option<Uuid>,
}

/// Why somebody may or may not.
#[derive(Debug, Serialize, ToSchema)]
pub struct WhyShape {
    pub may: bool,
    /// The reasons, the first cause first.
    pub because: Vec<String>,
}

fn scope(class: ClassShape, object: Option<Uuid>) -> Scope {
    Scope { class: class.into(), object }
}

/// The list of a scope as it holds, with its version.
fn shown(directory: &Directory, scope: Scope) -> Versioned<AccessShape> {
    let own = directory.access.get(&scope);
    let open = AccessList::open(scope.class);
    let holds = own.or_else(|| directory.access.holds_for(scope.class, scope.object)).unwrap_or(&open);
    let active = directory.agents.values().filter(|agent| agent.active);
    let effect = active.map(|agent| EffectShape {
        agent: agent.id.into(),
        rights: rights(access::rights(directory, agent.id, scope.class, scope.object)),
    });
    let shape = AccessShape {
        class: ClassShape::of(scope.class),
        object: scope.object,
        own: own.is_some(),
        grants: holds.grants.iter().copied().map(GrantShape::from).collect(),
        effect: effect.collect(),
    };
    Versioned(StatusCode::OK, AccessList::version_of(own), shape)
}

/// Whether there is such an object, and it can have a list of its own.
fn exists(directory: &Directory, scope: Scope) -> Result<(), Refusal> {
    use mailflow_core::decision::configure::Configured;
    AccessList { scope, grants: Vec::new() }.check(directory)
}

/// All default lists, and all lists of single objects.
#[utoipa::path(get, path = "/access", tag = "access",
    responses((status = 200, description = "All of them", body = Vec<AccessShape>), ForAdministrators))]
pub async fn list(by: Administrator) -> Json<Vec<AccessShape>> {
    let directory = by.admin.directory();
    let defaults = Securable::ALL.map(Scope::default_of);
    let own = directory.access.iter().map(|list| list.scope).filter(|scope| scope.object.is_some());
    Json(defaults.into_iter().chain(own).map(|scope| shown(&directory, scope).2).collect())
}

/// The default list of a class.
#[utoipa::path(get, path = "/access/{class}", tag = "access",
    params(("class" = ClassShape, Path, description = "The class", example = "ticketboxes")),
    responses((status = 200, description = "The list", body = AccessShape), ForAdministrators))]
pub async fn show_default(by: Administrator, Named(class): Named<ClassShape>) -> Versioned<AccessShape> {
    shown(&by.admin.directory(), scope(class, None))
}

/// Writes the default list of a class.
#[utoipa::path(put, path = "/access/{class}", tag = "access", request_body = AccessWish,
    params(
        ("class" = ClassShape, Path, description = "The class", example = "ticketboxes"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The list as it is now", body = AccessShape), ForAdministrators))]
pub async fn save_default(
    by: Administrator,
    seen: Seen,
    Named(class): Named<ClassShape>,
    Body(wish): Body<AccessWish>,
) -> Result<Versioned<AccessShape>, Refused> {
    save_scope(&by, &seen, scope(class, None), wish).await
}

/// The list that holds for an object.
#[utoipa::path(get, path = "/access/{class}/{object}", tag = "access",
    params(
        ("class" = ClassShape, Path, description = "The class", example = "ticketboxes"),
        ("object" = Uuid, Path, description = "The object", example = "0191f3a2-7c44-7d10-9a51-000000000013")
    ),
    responses((status = 200, description = "The list", body = AccessShape), ForAdministrators))]
pub async fn show(
    by: Administrator,
    Named((class, object)): Named<(ClassShape, Uuid)>,
) -> Result<Versioned<AccessShape>, Refused> {
    let (directory, scope) = (by.admin.directory(), scope(class, Some(object)));
    exists(&directory, scope)?;
    Ok(shown(&directory, scope))
}

/// Gives an object a list of its own, in place of the default one.
#[utoipa::path(put, path = "/access/{class}/{object}", tag = "access", request_body = AccessWish,
    params(
        ("class" = ClassShape, Path, description = "The class", example = "ticketboxes"),
        ("object" = Uuid, Path, description = "The object", example = "0191f3a2-7c44-7d10-9a51-000000000013"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 200, description = "The list as it is now", body = AccessShape), ForAdministrators))]
pub async fn save(
    by: Administrator,
    seen: Seen,
    Named((class, object)): Named<(ClassShape, Uuid)>,
    Body(wish): Body<AccessWish>,
) -> Result<Versioned<AccessShape>, Refused> {
    save_scope(&by, &seen, scope(class, Some(object)), wish).await
}

async fn save_scope(
    by: &Administrator,
    seen: &Seen,
    scope: Scope,
    wish: AccessWish,
) -> Result<Versioned<AccessShape>, Refused> {
    let grants: Vec<Grant> = wish.grants.into_iter().map(Grant::from).collect();
    by.admin.save_access(scope, Some(&grants), seen.digest()).await?;
    Ok(shown(&by.admin.directory(), scope))
}

/// Takes an object's own list away: the default list holds for it again.
#[utoipa::path(delete, path = "/access/{class}/{object}", tag = "access",
    params(
        ("class" = ClassShape, Path, description = "The class", example = "ticketboxes"),
        ("object" = Uuid, Path, description = "The object", example = "0191f3a2-7c44-7d10-9a51-000000000013"),
        ("If-Match" = Option<String>, Header, description = "The version that was seen")
    ),
    responses((status = 204, description = "It has none"), ForAdministrators))]
pub async fn remove(
    by: Administrator,
    seen: Seen,
    Named((class, object)): Named<(ClassShape, Uuid)>,
) -> Result<StatusCode, Refused> {
    by.admin.save_access(scope(class, Some(object)), None, seen.digest()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why an agent may, or may not, do something.
#[utoipa::path(get, path = "/access/why", tag = "access", params(Question),
    responses((status = 200, description = "The verdict and its reasons", body = WhyShape), ForAdministrators))]
pub async fn why(by: Administrator, Asked(asked): Asked<Question>) -> Result<Json<WhyShape>, Refused> {
    let (directory, agent) = (by.admin.directory(), asked.agent.into());
    let right = asked.right.map_or(Right::Read, Right::from);
    let why = match (asked.ticket, asked.class) {
        (Some(number), _) => access::why_ticket(&directory, agent, &by.desk.ticket(number).await?, right),
        (None, Some(class)) => {
            if asked.object.is_some() {
                exists(&directory, scope(class, asked.object))?;
            }
            access::why_object(&directory, agent, class.into(), asked.object, right)
        }
        (None, None) => return Err(Refusal::invalid("class", "name a ticket or a class of objects").into()),
    };
    Ok(Json(WhyShape { may: why.may, because: why.because }))
}

/// Who would gain or lose what if a list were saved. Nothing is saved.
#[utoipa::path(post, path = "/access/what-if", tag = "access", request_body = WhatIfWish,
    responses((status = 200, description = "The differences", body = WhatIfShape), ForAdministrators))]
pub async fn what_if(by: Administrator, Body(wish): Body<WhatIfWish>) -> Result<Json<WhatIfShape>, Refused> {
    let (directory, scope) = (by.admin.directory(), scope(wish.class, wish.object));
    exists(&directory, scope)?;
    let grants = wish.grants.map(|grants| grants.into_iter().map(Grant::from).collect::<Vec<_>>());
    let list = grants.map(|grants| AccessList::tidy(scope, &grants));
    let differences = access::what_if(&directory, scope, list.as_ref());
    Ok(Json(WhatIfShape {
        losing: access::agents_of(differences.iter().filter(|it| it.loses())),
        gaining: access::agents_of(differences.iter().filter(|it| it.gains())),
        differences: differences.into_iter().map(DifferenceShape::from).collect(),
    }))
}
