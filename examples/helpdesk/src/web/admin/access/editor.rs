//! The editor of a list: a grid, what it comes to, and what would change before it is saved.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::access::{self, AccessList, Difference, Scope};
use mailflow_core::digest::Digest;
use mailflow_core::directory::{Directory, DocumentKind};
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::grid::{self, GridRow};
use super::{HERE, guards, holds, object_name, objects, path_of, rights_words, scope};
use crate::web::admin::form::sentence;
use crate::web::admin::{Asked, go, refusal, seen};
use crate::web::answer::{Answer, page, page_with};
use crate::web::{Fields, Frame, Signed};

/// The most differences that are listed one by one.
const LISTED: usize = 200;

/// What a change would mean.
#[derive(Debug)]
pub struct WhatIf {
    /// How many lose and gain, in words.
    pub words: String,
    /// The differences.
    pub rows: Vec<Changed>,
    /// Whether there are more than are listed.
    pub more: bool,
    /// Whether the differences are about several objects.
    pub several: bool,
}

/// What one agent would gain or lose.
#[derive(Debug)]
pub struct Changed {
    /// The agent.
    pub agent: String,
    /// The object.
    pub object: String,
    /// What he may now.
    pub before: String,
    /// What he might then.
    pub after: String,
    /// `loses`, `gains`, or both.
    pub verb: &'static str,
}

#[derive(Template)]
#[template(path = "admin/access/editor.html")]
struct Editor {
    frame: Frame,
    path: String,
    back: (String, String),
    intro: String,
    guards: &'static str,
    has_own: bool,
    allow_or_deny: bool,
    version: String,
    rows: Vec<GridRow>,
    adds_nothing: Vec<String>,
    what_if: Option<WhatIf>,
    trouble: Option<String>,
    done: Option<&'static str>,
    /// Objects with their own lists or without: path, name, whether it has one.
    objects: Vec<(String, String, bool)>,
    /// Whether there could be such objects.
    has_objects: bool,
    /// What was done to it lately.
    trail: Option<crate::web::trail::Trail>,
}

impl WhatIf {
    /// What it would mean to save a list, or to take it away.
    pub fn of(directory: &Directory, scope: Scope, wish: Option<&AccessList>) -> Self {
        let differences = access::what_if(directory, scope, wish);
        let people = |number: usize, one: &str, many: &str| match number {
            0 => format!("nobody {one} anything"),
            1 => format!("1 agent {one} something"),
            number => format!("{number} agents {many} something"),
        };
        let losing = access::agents_of(differences.iter().filter(|it| it.loses()));
        let gaining = access::agents_of(differences.iter().filter(|it| it.gains()));
        let words = match differences.is_empty() {
            true => "Nobody gains or loses anything.".to_owned(),
            false => sentence(&format!("{}, {}", people(losing, "loses", "lose"), people(gaining, "gains", "gain"))),
        };
        let rows = differences.iter().take(LISTED).map(|it| Changed::of(directory, it)).collect();
        Self { words, rows, more: differences.len() > LISTED, several: scope.object.is_none() }
    }
}

impl Changed {
    fn of(directory: &Directory, it: &Difference) -> Self {
        let name = |object: Uuid| object_name(directory, it.class, object).unwrap_or_default();
        Self {
            agent: directory.agents.get(&it.agent).map(|agent| agent.name.clone()).unwrap_or_default(),
            object: it.object.map_or_else(|| it.class.words().to_owned(), name),
            before: rights_words(it.before, it.class),
            after: rights_words(it.after, it.class),
            verb: match (it.loses(), it.gains()) {
                (true, true) => "loses and gains",
                (true, false) => "loses",
                _ => "gains",
            },
        }
    }
}

/// What the page shows beside the list itself.
#[derive(Default)]
struct Beside {
    what_if: Option<WhatIf>,
    trouble: Option<String>,
    done: Option<&'static str>,
    /// The version that the form was filled from; none for the one that is kept.
    version: Option<Digest>,
}

async fn editor(signed: &Signed, list: AccessList, beside: Beside) -> Answer {
    let (directory, scope) = (signed.desk.directory(), list.scope);
    let own = directory.access.get(&scope);
    let changed = access::changed(&directory, scope, Some(&list));
    let (title, intro, back) = match scope.object {
        None => (
            format!("Access to {}", scope.class.words()),
            "The default list: it holds for all that have no list of their own.".to_owned(),
            (HERE.to_owned(), "Access".to_owned()),
        ),
        Some(object) => (
            format!("Access to {} {}", scope.class.one(), object_name(&directory, scope.class, object)?),
            match own {
                Some(_) => "It has a list of its own, in place of the default one.".to_owned(),
                None => {
                    "The default list holds for it, as you see it here. What you save becomes a list of its own, \
                         in place of the default one."
                        .to_owned()
                }
            },
            (path_of(Scope::default_of(scope.class)), sentence(scope.class.words()).trim_end_matches('.').to_owned()),
        ),
    };
    let of_class = |(id, name): (Uuid, String)| {
        let scope = Scope::one(scope.class, id);
        (path_of(scope), name, directory.access.get(&scope).is_some())
    };
    let objects = match scope.object {
        None => objects(&directory, scope.class).into_iter().map(of_class).collect(),
        Some(_) => Vec::new(),
    };
    let status = if beside.trouble.is_some() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let trail = crate::web::trail::of(signed, DocumentKind::Access, scope.document_id()).await?;
    page_with(
        status,
        &Editor {
            frame: Frame::of(signed, HERE, &title).await?,
            path: path_of(scope),
            back,
            intro,
            guards: guards(scope.class),
            has_own: scope.object.is_some() && own.is_some(),
            allow_or_deny: scope.class.is_allow_or_deny(),
            version: beside.version.unwrap_or_else(|| AccessList::version_of(own)).to_string(),
            rows: grid::rows(&changed, &list),
            adds_nothing: grid::adds_nothing(&directory, &list),
            what_if: beside.what_if,
            trouble: beside.trouble,
            done: beside.done,
            objects,
            has_objects: scope.object.is_none() && scope.class.has_custom_lists(),
            trail,
        },
    )
}

async fn show(signed: &Signed, class: &str, object: Option<&str>, asked: &Asked) -> Answer {
    let directory = signed.desk.directory();
    let scope = scope(&directory, class, object)?;
    editor(signed, holds(&directory, scope), Beside { done: asked.done(), ..Beside::default() }).await
}

async fn save(signed: &Signed, class: &str, object: Option<&str>, (headers, body): (HeaderMap, Bytes)) -> Answer {
    let (directory, fields) = (signed.desk.directory(), Fields::of_form(&headers, &body)?);
    let scope = scope(&directory, class, object)?;
    let version = Some(seen(&fields));
    let list = grid::read(&directory, &holds(&directory, scope), &fields)?;
    if fields.one("act") == "try" {
        let what_if = Some(WhatIf::of(&directory, scope, Some(&list)));
        return editor(signed, list, Beside { what_if, version, ..Beside::default() }).await;
    }
    match signed.desk.admin()?.save_access(scope, Some(&list.grants), version).await {
        Ok(()) => go(signed, &path_of(scope), "saved"),
        Err(error) => {
            let trouble = Some(sentence(&refusal(error)?.to_string()));
            editor(signed, list, Beside { trouble, version, ..Beside::default() }).await
        }
    }
}

/// The default list of a class.
pub async fn of_class(signed: Signed, Path(class): Path<String>, Query(asked): Query<Asked>) -> Answer {
    show(&signed, &class, None, &asked).await
}

/// The list of an object.
pub async fn of_object(
    signed: Signed,
    Path((class, object)): Path<(String, String)>,
    Query(asked): Query<Asked>,
) -> Answer {
    show(&signed, &class, Some(&object), &asked).await
}

/// Saves the default list of a class, or says what that would mean.
pub async fn save_class(signed: Signed, Path(class): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    save(&signed, &class, None, (headers, body)).await
}

/// Saves the list of an object, or says what that would mean.
pub async fn save_object(
    signed: Signed,
    Path((class, object)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    save(&signed, &class, Some(&object), (headers, body)).await
}

#[derive(Template)]
#[template(path = "admin/access/default.html")]
struct BackToDefault {
    frame: Frame,
    path: String,
    version: String,
    what_if: WhatIf,
    trouble: Option<String>,
}

async fn confirm(signed: &Signed, scope: Scope, trouble: Option<Refusal>) -> Answer {
    let directory = signed.desk.directory();
    let own = directory.access.get(&scope);
    own.ok_or_else(|| Refusal::no_such("access list", scope.object.unwrap_or_default()))?;
    let title = format!("Back to the default list of {}?", scope.class.words());
    let shown = BackToDefault {
        frame: Frame::of(signed, HERE, &title).await?,
        path: path_of(scope),
        version: AccessList::version_of(own).to_string(),
        what_if: WhatIf::of(&directory, scope, None),
        trouble: trouble.map(|it| sentence(&it.to_string())),
    };
    if shown.trouble.is_some() { page_with(StatusCode::CONFLICT, &shown) } else { page(&shown) }
}

/// Asks whether the default list shall hold for an object again.
pub async fn ask_default(signed: Signed, Path((class, object)): Path<(String, String)>) -> Answer {
    let scope = scope(&signed.desk.directory(), &class, Some(&object))?;
    confirm(&signed, scope, None).await
}

/// Takes an object's own list away: the default one holds for it again.
pub async fn back_to_default(
    signed: Signed,
    Path((class, object)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let scope = scope(&signed.desk.directory(), &class, Some(&object))?;
    match signed.desk.admin()?.save_access(scope, None, Some(seen(&fields))).await {
        Ok(()) => go(&signed, &path_of(scope), "saved"),
        Err(error) => confirm(&signed, scope, Some(refusal(error)?)).await,
    }
}
