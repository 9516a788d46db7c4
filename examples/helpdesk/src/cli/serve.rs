//! `mailflow serve` and `mailflow demo`: the desk as it runs.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::Exit;

#[derive(Debug, Args)]
pub struct ServeArguments {
    /// The desk's file; it is made if it does not exist.
    #[arg(long, value_name = "FILE")]
    db: PathBuf,
    /// Where the pages are.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the pages are.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

pub async fn serve(arguments: ServeArguments) -> Result<(), Exit> {
    let _ = (arguments.db, arguments.listen);
    Ok(())
}

pub async fn demo(arguments: DemoArguments) -> Result<(), Exit> {
    let _ = arguments.listen;
    Ok(())
}
