//! [`Form`]: one form for every object of the configuration. A page says which fields there are, with a sentence of
//! help each; what was typed stays when something does not do.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use mailflow_core::ip_range::{InvalidIpRange, IpRange};
use mailflow_core::refusal::Refusal;
use mailflow_transport::Check;

use crate::web::answer::page_with;
use crate::web::trail::Trail;
use crate::web::{Fields, Frame, Trouble};

/// A field of a form.
#[derive(Debug)]
pub struct Field {
    /// Its name in the form and in a refusal.
    pub name: &'static str,
    /// What it is called.
    pub label: String,
    /// What it does, in a sentence; with the default, if there is one.
    pub help: String,
    /// What stands in it.
    pub value: String,
    /// What is wrong with it.
    pub trouble: Option<String>,
    /// The line in which it is wrong, and below it a caret where.
    pub pointed: Option<String>,
    /// How it is entered.
    pub kind: Kind,
}

/// How a field is entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A line.
    Line,
    /// A number with a unit.
    Number(&'static str),
    /// A line that is not shown.
    Password,
    /// So many lines.
    Lines(u8),
    /// Yes or no.
    Switch,
    /// One of these: value and name.
    Choice(Vec<(String, String)>),
    /// Some of these: value, name, whether it is chosen.
    Several(Vec<(String, String, bool)>),
}

/// Fields that belong together.
#[derive(Debug)]
pub struct Section {
    /// What they are about.
    pub heading: &'static str,
    /// What there is to know about them all.
    pub help: String,
    /// The fields.
    pub fields: Vec<Field>,
}

/// A button beside *Save*.
#[derive(Debug)]
pub struct Button {
    /// What it says.
    pub label: &'static str,
    /// Where it sends the form.
    pub path: String,
}

/// A form with everything around it.
#[derive(Debug)]
pub struct Form {
    /// Where it goes, without the base.
    pub path: String,
    /// Where to go back to: path and name.
    pub back: (&'static str, &'static str),
    /// What it is about.
    pub intro: String,
    /// What the page says first: dangers that are set.
    pub warnings: Vec<String>,
    /// Names and values that nobody edits.
    pub hidden: Vec<(&'static str, String)>,
    /// The fields.
    pub sections: Vec<Section>,
    /// What does not do, if it concerns no single field.
    pub trouble: Option<String>,
    /// What a trial found.
    pub check: Option<Check>,
    /// More that stands above the fields, as HTML.
    pub shown: String,
    /// What the first button says.
    pub save: &'static str,
    /// Buttons beside it.
    pub buttons: Vec<Button>,
    /// Where it can be deleted.
    pub delete: Option<String>,
    /// Whether it is only looked at.
    pub read_only: bool,
    /// Other pages about the same object: path without the base, and words.
    pub links: Vec<(String, String)>,
    /// What was just done.
    pub done: Option<&'static str>,
    /// What was done to it lately, and what uses it.
    pub trail: Option<Trail>,
}

impl Field {
    /// A field that holds what `values` has under its name.
    pub fn new(name: &'static str, label: &str, kind: Kind, values: &Fields, help: &str) -> Self {
        let value = values.one(name).to_owned();
        Self { name, label: label.to_owned(), help: help.to_owned(), value, trouble: None, pointed: None, kind }
    }

    /// Whether a switch is on.
    pub fn is_on(&self) -> bool {
        self.value == "yes"
    }
}

impl Section {
    /// Fields under a heading.
    pub fn new(heading: &'static str, fields: Vec<Field>) -> Self {
        Self { heading, help: String::new(), fields }
    }
}

impl Form {
    /// A form with these fields.
    pub fn new(path: String, back: (&'static str, &'static str), sections: Vec<Section>) -> Self {
        Self {
            path,
            back,
            intro: String::new(),
            warnings: Vec::new(),
            hidden: Vec::new(),
            sections,
            trouble: None,
            check: None,
            shown: String::new(),
            save: "Save",
            buttons: Vec::new(),
            delete: None,
            read_only: false,
            links: Vec::new(),
            done: None,
            trail: None,
        }
    }

    /// Shows why it was not saved: at the field, if it is about one.
    pub fn refuse(&mut self, refusal: &Refusal) {
        let named = match refusal {
            Refusal::Invalid { field, problem } => Some((*field, problem.clone())),
            Refusal::NameTaken { .. } => Some(("name", refusal.to_string())),
            _ => None,
        };
        let fields = self.sections.iter_mut().flat_map(|section| &mut section.fields);
        let mut at = named.and_then(|(name, problem)| {
            let alias = if name == "name" { "user_name" } else { name };
            fields.into_iter().find(|it| it.name == name || it.name == alias).map(|field| (field, problem))
        });
        match &mut at {
            Some((field, problem)) => field.trouble = Some(std::mem::take(problem)),
            None => self.trouble = Some(sentence(&refusal.to_string())),
        }
    }

    /// The fields that do not do.
    pub fn wrong(&self) -> impl Iterator<Item = &Field> {
        self.sections.iter().flat_map(|section| &section.fields).filter(|field| field.trouble.is_some())
    }

    /// The page.
    ///
    /// # Errors
    /// [`Trouble`] if it cannot be made.
    pub fn page(self, frame: Frame) -> Result<Response, Trouble> {
        let bad = self.trouble.is_some() || self.wrong().next().is_some();
        let status = if bad { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
        page_with(status, &FormPage { frame, form: self })
    }
}

#[derive(Template)]
#[template(path = "admin/form.html")]
struct FormPage {
    frame: Frame,
    form: Form,
}

/// Words that begin small, as a sentence.
pub fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
    let stop = if words.ends_with('.') { "" } else { "." };
    format!("{first}{}{stop}", letters.as_str())
}

/// A number that was typed.
///
/// # Errors
/// [`Refusal::Invalid`] if it is none.
pub fn number<T: std::str::FromStr>(values: &Fields, name: &'static str) -> Result<T, Refusal> {
    let typed = values.one(name).trim();
    typed.parse().map_err(|_| Refusal::invalid(name, format!("`{typed}` is no number that fits here")))
}

/// An id that was chosen, or nothing.
pub fn chosen<T: std::str::FromStr>(values: &Fields, name: &str) -> Option<T> {
    values.one(name).parse().ok()
}

/// The lines of a field that say something.
pub fn lines<'a>(values: &'a Fields, name: &str) -> Vec<&'a str> {
    values.one(name).lines().map(str::trim).filter(|line| !line.is_empty()).collect()
}

/// The ranges of IP addresses in a field, one a line.
///
/// # Errors
/// [`Refusal::Invalid`] names the line that is none.
pub fn ranges(values: &Fields, name: &'static str) -> Result<Vec<IpRange>, Refusal> {
    let range = |line: &str| line.parse().map_err(|error: InvalidIpRange| Refusal::invalid(name, error.to_string()));
    lines(values, name).into_iter().map(range).collect()
}

/// Ranges as they stand in a field.
pub fn ranges_text(ranges: &[IpRange]) -> String {
    ranges.iter().map(|range| format!("{range}\n")).collect()
}

/// Choices with one for nothing before them.
pub fn or_none(none: &str, choices: impl Iterator<Item = (String, String)>) -> Kind {
    let mut all = vec![(String::new(), none.to_owned())];
    let mut named: Vec<_> = choices.collect();
    named.sort_by_key(|(_, name)| name.to_lowercase());
    all.extend(named);
    Kind::Choice(all)
}

/// `yes`, or nothing, as a switch has it.
pub const fn switch(on: bool) -> &'static str {
    if on { "yes" } else { "" }
}
