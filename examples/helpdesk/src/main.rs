//! `mailflow`: the helpdesk on the web, and its tools.

use std::process::ExitCode;

fn main() -> ExitCode {
    helpdesk::cli::main()
}
