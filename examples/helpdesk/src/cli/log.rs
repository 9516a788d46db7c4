//! What the program tells of its work while it runs, to stderr, a line each.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::{Exit, exit};

/// What is told if nobody asks for more or less.
pub const USUAL: &str = "info";

/// Begins to tell. `filter` is a level (`error`, `warn`, `info`, `debug`, `trace`, `off`), or levels of parts such as
/// `warn,mailflow_core::flow=debug`.
pub fn begin(filter: &str) -> Result<(), Exit> {
    let wrong = |error: ParseError| {
        Exit::new(exit::USAGE, format!("--log: `{filter}`: {error}; say error, warn, info, debug, trace or off"))
    };
    let filter = filter.parse::<EnvFilter>().map_err(wrong)?;
    let told = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // Whoever calls the command as a library may have a subscriber of his own: it stays.
    let _ = told.try_init();
    Ok(())
}
