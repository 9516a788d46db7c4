//! Ticket categories.

use axum::body::Bytes;
use axum::extract::{Path, Query};
use axum::http::HeaderMap;
use mailflow_core::access::Securable;
use mailflow_core::category::Category;
use mailflow_core::directory::{Directory, DocumentKind, Documented};
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::form::{Field, Form, Kind, Section};
use super::list::{ObjectList, Row, Tone};
use super::remove::Deletable;
use super::{Asked, access, go, refusal, seen, words};
use crate::web::answer::Answer;
use crate::web::{Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/categories";

/// Categories, to be deleted.
pub struct Categories;

impl Deletable for Categories {
    const KIND: DocumentKind = DocumentKind::Category;
    const PATH: &'static str = HERE;

    fn name(directory: &Directory, id: Uuid) -> Option<String> {
        directory.categories.get(&id.into()).map(|it| it.name.clone())
    }

    fn words(_: &Directory, _: Uuid) -> String {
        "Only a category that no ticket and no rule has can be deleted.".to_owned()
    }
}

/// All categories.
pub async fn list(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let directory = signed.desk.directory();
    let row = |it: &Category| {
        let rules = directory.rule_set.rules.iter().filter(|rule| rule.then.category == Some(it.id)).count();
        Row {
            name: it.name.clone(),
            path: format!("{HERE}/{}", it.id),
            what: String::new(),
            state: String::new(),
            tone: Tone::Quiet,
            uses: if rules == 0 {
                String::new()
            } else {
                format!("Used by {}", words::count(rules, "rule", "rules"))
            },
            more: None,
            acts: Vec::new(),
        }
    };
    let mut rows: Vec<Row> = directory.categories.values().map(row).collect();
    rows.sort_by_key(|row| row.name.to_lowercase());
    let list = ObjectList {
        intro: "A second way to sort tickets, beside the ticketbox: “Complaint”, “Refund”.".to_owned(),
        new: Some((format!("{HERE}/new"), "Add a category")),
        empty: "Tickets have no categories yet.".to_owned(),
        rows,
        ordered: false,
        done: asked.done(),
    };
    list.page(Frame::of(&signed, HERE, "Categories").await?)
}

fn form(values: &Fields, before: Option<&Category>) -> Form {
    let name = Field::new("name", "Name", Kind::Line, values, "As agents see it.");
    let path = before.map_or(format!("{HERE}/new"), |before| format!("{HERE}/{}", before.id));
    let mut form = Form::new(path, (HERE, "Categories"), vec![Section::new("Category", vec![name])]);
    form.hidden.push(("version", values.one("version").to_owned()));
    form.links.extend(before.map(|it| access::link(Securable::Categories, it.id)));
    form.delete = before.map(|before| format!("{HERE}/{}/delete", before.id));
    form
}

fn found(signed: &Signed, text: &str) -> Result<Category, Trouble> {
    let none = || Refusal::no_such("category", text);
    let id = text.parse().map_err(|_| none())?;
    Ok(signed.desk.directory().categories.get(&id).cloned().ok_or_else(none)?)
}

/// An empty form.
pub async fn new(signed: Signed) -> Answer {
    form(&Fields::default(), None).page(Frame::of(&signed, HERE, "Add a category").await?)
}

/// One category.
pub async fn show(signed: Signed, Path(text): Path<String>) -> Answer {
    let category = found(&signed, &text)?;
    let mut values = Fields::default();
    values.add("name", category.name.clone());
    values.add("version", category.version().to_string());
    let mut form = form(&values, Some(&category));
    form.trail = crate::web::trail::of(&signed, DocumentKind::Category, category.id).await?;
    form.page(Frame::of(&signed, HERE, &category.name).await?)
}

/// Makes a category.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let category = Category { id: signed.desk.new_id(), name: values.one("name").trim().to_owned() };
    match signed.desk.admin()?.save(&category).await {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, None);
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, "Add a category").await?)
        }
    }
}

/// Saves a category.
pub async fn save(signed: Signed, Path(text): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let (values, before) = (Fields::of_form(&headers, &body)?, found(&signed, &text)?);
    let category = Category { name: values.one("name").trim().to_owned(), ..before.clone() };
    match signed.desk.admin()?.save_over(&category, seen(&values)).await {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, Some(&before));
            form.refuse(&refusal(error)?);
            form.page(Frame::of(&signed, HERE, &before.name).await?)
        }
    }
}
