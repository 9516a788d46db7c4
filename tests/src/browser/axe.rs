//! axe-core in a page: what keeps people from using it who cannot see it well, or use no mouse.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::Page;

/// axe-core's source, as `scripts/axe` fetched it.
pub struct Axe(String);

impl Axe {
    /// Reads it; `None`, said loudly, if it is not there. Where `CI` is set that is a failure.
    pub fn find() -> Option<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../target"));
        let file = target.join("axe-core/axe.min.js");
        if let Ok(source) = std::fs::read_to_string(&file) {
            return Some(Self(source));
        }
        let in_ci = std::env::var_os("CI").is_some_and(|it| !it.is_empty() && it != "false");
        assert!(!in_ci, "there is no {}: run scripts/axe", file.display());
        eprintln!("SKIPPED: there is no {}; run scripts/axe to test the pages with axe-core", file.display());
        None
    }

    /// Brings axe-core into the page that is open. The page's policy stays as it is: this is no script of the page.
    pub async fn enter(&self, page: &Page) {
        page.value(&format!("{};true", self.0)).await;
    }

    /// What axe-core has against the page as it looks now, a line for each element. Mail in its frame is not looked at.
    pub async fn faults(&self, page: &Page) -> Vec<String> {
        let options = json!({ "iframes": false, "preload": false, "resultTypes": ["violations"] });
        let run = format!(
            "axe.run(document, {options}).then(it => it.violations.flatMap(rule => rule.nodes.map(node => \
             rule.id + ': ' + node.target.join(' ') + ' ' + node.html.slice(0, 160) + ' ' + \
             (node.any[0] ?? node.all[0] ?? node.none[0])?.message)))"
        );
        let faults = page.value(&run).await;
        let line = |fault: &Value| fault.as_str().unwrap_or_default().replace('\n', " ");
        faults.as_array().unwrap().iter().map(line).collect()
    }
}
