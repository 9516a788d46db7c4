//! [`ObjectList`]: one list for every kind of object of the configuration.

use askama::Template;
use axum::response::Response;

use crate::web::answer::page;
use crate::web::{Frame, Trouble};

/// How something stands, beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It works.
    Good,
    /// Nothing to say.
    Quiet,
    /// Somebody has to look.
    Bad,
}

impl Tone {
    /// The class for it.
    pub const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Quiet => "quiet",
            Self::Bad => "bad",
        }
    }
}

/// A button that does something at once.
#[derive(Debug)]
pub struct Act {
    /// What it says.
    pub label: &'static str,
    /// Where it posts to, without the base.
    pub path: String,
}

/// An object.
#[derive(Debug)]
pub struct Row {
    /// Its name.
    pub name: String,
    /// Where it is edited, without the base.
    pub path: String,
    /// What it is, in a line.
    pub what: String,
    /// How it stands, in words.
    pub state: String,
    /// How that is.
    pub tone: Tone,
    /// What uses it, in words; empty for nothing to say.
    pub uses: String,
    /// A link to more: path and words.
    pub more: Option<(String, String)>,
    /// What can be done with it here.
    pub acts: Vec<Act>,
}

/// The objects of a kind.
#[derive(Debug)]
pub struct ObjectList {
    /// What they are for.
    pub intro: String,
    /// Where a new one is made, and what that is called.
    pub new: Option<(String, &'static str)>,
    /// What is said if there are none.
    pub empty: String,
    /// The objects.
    pub rows: Vec<Row>,
    /// Whether their order means something.
    pub ordered: bool,
    /// What was just done.
    pub done: Option<&'static str>,
}

impl ObjectList {
    /// The page.
    ///
    /// # Errors
    /// [`Trouble`] if it cannot be made.
    pub fn page(self, frame: Frame) -> Result<Response, Trouble> {
        page(&ListPage { frame, list: self })
    }
}

#[derive(Template)]
#[template(path = "admin/list.html")]
struct ListPage {
    frame: Frame,
    list: ObjectList,
}
