//! What the README says compiles and runs as it stands: it is the examples' text itself.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;

/// The blocks of a kind in the README.
fn blocks(kind: &str) -> Vec<String> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let readme = fs::read_to_string(top.join("README.md")).unwrap().replace("\r\n", "\n");
    let start = format!("```{kind}\n");
    readme.split(&start).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_embed_example_of_the_readme_is_the_program_that_is_tested() {
    let program = include_str!("../../examples/src/bin/embed.rs");
    let blocks = blocks("rust");
    assert!(
        blocks.iter().any(|block| block.trim() == program.trim()),
        "none of the {} rust blocks is examples/src/bin/embed.rs",
        blocks.len()
    );
}
