//! The `mailflow` command. What it finds goes to stdout, what it says to stderr.

mod agent;
mod cluster;
mod demo;
mod desk;
mod exit;
mod explained;
mod ingest;
mod log;
mod mails;
mod migrate_store;
mod progress;
mod replay;
mod route;
mod serve;
mod settings;
mod source;
mod ticket;

use std::io::{IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;

/// The version of the shapes that `--json` prints.
const SHAPE: u32 = 1;

/// The shared inbox: mail becomes tickets, agents answer.
#[derive(Debug, Parser)]
#[command(
    name = "mailflow",
    version,
    arg_required_else_help = true,
    after_help = "Examples:\n  \
    mailflow demo                  a desk with sample mail, nothing to set up\n  \
    mailflow serve --db desk.db    your own desk, with its pages\n  \
    mailflow ingest --db desk.db --address support@example.com inbox.mbox\n\nExit codes:\n  \
    0 done, 1 failed, 2 wrong usage, 3 not found, 4 not allowed, 5 in use or changed meanwhile,\n  \
    6 partly done, 7 a check found problems, 75 try again later, 130 interrupted"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a whole desk with sample mail that arrives over a minute; nothing is kept.
    Demo(demo::DemoArguments),
    /// Run the desk: pages, REST API, collecting, routing and sending.
    Serve(serve::ServeArguments),
    /// Print what mailflow reads in a mail, as one JSON object.
    Inspect {
        /// The mail; `-` reads stdin.
        file: PathBuf,
    },
    /// Take mails into a desk: .eml files, folders of them, mbox files, Maildirs, `-` for stdin.
    Ingest(ingest::IngestArguments),
    /// Say where a mail would go, and why; nothing is kept or sent.
    Route(route::RouteArguments),
    /// Compare draft rules with the rules as they are, over stored mail; nothing is changed.
    Replay(replay::ReplayArguments),
    /// Look at tickets and answer them.
    #[command(subcommand)]
    Ticket(ticket::TicketCommand),
    /// Look at sources, and try them out.
    #[command(subcommand)]
    Source(source::SourceCommand),
    /// Look at agents, and give them passwords.
    #[command(subcommand)]
    Agent(agent::AgentCommand),
    /// Look at servers that work on one desk together, and make one give away its tasks.
    #[command(subcommand)]
    Cluster(cluster::ClusterCommand),
    /// Take a desk into another database (SQLite, PostgreSQL, SQL Server): all of it, compared at the end.
    MigrateStore(migrate_store::MigrateArguments),
    /// Print all records of a desk, one JSON object a line, the same for every kind of database.
    Dump {
        #[command(flatten)]
        desk: desk::DeskArguments,
    },
    /// Open doors that were shut too tightly.
    #[command(subcommand)]
    Settings(settings::SettingsCommand),
}

/// Runs the command that the program was called with.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version go to stdout and are no failure.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { exit::USAGE } else { 0 });
        }
    };
    match run(arguments.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(exit) => {
            if !exit.words.is_empty() {
                say(&format!("mailflow: {}", exit.words));
            }
            ExitCode::from(exit.code)
        }
    }
}

fn run(command: Command) -> Result<(), Exit> {
    if let Command::Inspect { file } = &command {
        return inspect(file);
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        match command {
            Command::Demo(arguments) => demo::demo(arguments).await,
            Command::Serve(arguments) => serve::serve(arguments).await,
            Command::Inspect { file } => inspect(&file),
            Command::Ingest(arguments) => ingest::ingest(arguments).await,
            Command::Route(arguments) => route::route(arguments).await,
            Command::Replay(arguments) => replay::replay(arguments).await,
            Command::Ticket(command) => ticket::ticket(command).await,
            Command::Source(command) => source::source(command).await,
            Command::Agent(command) => agent::agent(command).await,
            Command::Cluster(command) => cluster::cluster(command).await,
            Command::MigrateStore(arguments) => migrate_store::migrate_store(arguments).await,
            Command::Dump { desk } => migrate_store::print_dump(&desk).await,
            Command::Settings(command) => settings::settings(command).await,
        }
    });
    // What still reads a file or a socket is not waited for.
    runtime.shutdown_background();
    ended
}

fn inspect(file: &Path) -> Result<(), Exit> {
    print(&json(&crate::inspect::report(&read_mail(file)?))?)
}

/// The bytes of a mail; `-` reads stdin.
fn read_mail(file: &Path) -> Result<Vec<u8>, Exit> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(file).map_err(|error| Exit::new(exit::NOT_FOUND, format!("`{}`: {error}", file.display())))
}

/// A value as one line of JSON.
fn json(value: &impl serde::Serialize) -> Result<String, Exit> {
    serde_json::to_string(value).map_err(|error| Exit::new(exit::FAILED, error.to_string()))
}

/// Data, to stdout. Whoever does not read it any more ends the command quietly.
fn print(line: &str) -> Result<(), Exit> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").map_err(|error| match error.kind() {
        std::io::ErrorKind::BrokenPipe => Exit::new(0, ""),
        _ => error.into(),
    })
}

/// Talk, to stderr.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// Whether somebody watches stderr.
fn watched() -> bool {
    std::io::stderr().is_terminal()
}
