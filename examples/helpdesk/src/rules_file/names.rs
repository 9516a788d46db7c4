//! [`Names`]: what stands in a file of rules by name, and its id.

use std::collections::BTreeMap;

use mailflow_core::directory::Directory;

use super::RulesFileError;

/// The names of a directory.
pub struct Names(BTreeMap<(&'static str, String), uuid::Uuid>, BTreeMap<uuid::Uuid, String>);

impl Names {
    pub fn of(directory: &Directory) -> Self {
        let mut names = Self(BTreeMap::new(), BTreeMap::new());
        let mut put = |what: &'static str, name: &str, id: uuid::Uuid| {
            names.0.insert((what, name.trim().to_lowercase()), id);
            names.1.insert(id, name.to_owned());
        };
        directory.ticketboxes.values().for_each(|it| put("ticketbox", &it.name, it.id.into()));
        directory.agents.values().for_each(|it| put("agent", &it.user_name, it.id.into()));
        directory.categories.values().for_each(|it| put("category", &it.name, it.id.into()));
        directory.sources.values().for_each(|it| put("source", &it.name, it.id.into()));
        directory.responses.values().for_each(|it| put("response", &it.name, it.id.into()));
        names
    }

    pub fn id<T: From<uuid::Uuid>>(&self, place: &str, what: &'static str, name: &str) -> Result<T, RulesFileError> {
        let found = self.0.get(&(what, name.trim().to_lowercase()));
        let none = || RulesFileError::NoSuch { place: place.to_owned(), what, name: name.to_owned() };
        found.copied().map(T::from).ok_or_else(none)
    }

    pub fn maybe<T: From<uuid::Uuid>>(
        &self,
        place: &str,
        what: &'static str,
        name: Option<&String>,
    ) -> Result<Option<T>, RulesFileError> {
        name.map(|name| self.id(place, what, name)).transpose()
    }

    /// The name of what has an id; the id itself if it is gone.
    pub fn name(&self, id: impl Into<uuid::Uuid>) -> String {
        let id = id.into();
        self.1.get(&id).cloned().unwrap_or_else(|| id.to_string())
    }
}
