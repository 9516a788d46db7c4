//! `mailflow serve`: the desk as it runs.

use std::net::SocketAddr;

use clap::Args;
use mailflow_core::flow::words;
use mailflow_core::ip_range::IpRange;
use tokio::net::TcpListener;

use super::desk::DeskArguments;
use super::{Exit, exit, print, say};
use crate::setup;
use crate::web::{self, WebConfig};

#[derive(Debug, Args)]
pub struct ServeArguments {
    #[command(flatten)]
    desk: DeskArguments,
    /// Name of this server where several work on one database of PostgreSQL or SQL Server; one that is started again keeps its name.
    /// Without it: the machine's name and the port.
    #[arg(long, value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    server: Option<String>,
    /// Where the pages are.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// What a proxy in front takes off the path, such as /helpdesk.
    #[arg(long, value_name = "PATH", default_value = "")]
    prefix: String,
    /// Origin that browsers see, such as https://desk.example.com, if a proxy in front changes it; with https, the
    /// session's cookie goes over TLS only.
    #[arg(long, value_name = "URL")]
    origin: Option<String>,
    /// Proxy in front, whose word is believed about who asks and whether that was over HTTPS: an IP address or a range
    /// such as 10.0.0.0/8; may be given several times.
    #[arg(long = "proxy", value_name = "RANGE")]
    proxies: Vec<IpRange>,
    /// What is told of the work, to stderr: error, warn, info, debug, trace, off, or levels of parts such as
    /// warn,mailflow_core::flow=debug.
    #[arg(long, value_name = "LEVEL", default_value = super::log::USUAL)]
    log: String,
}

/// Runs a desk until it is told to stop.
pub async fn serve(arguments: ServeArguments) -> Result<(), Exit> {
    // From here on: who stops it while it still begins is heard as well.
    let mut told_to_stop = Box::pin(told_to_stop());
    super::log::begin(&arguments.log)?;
    let listener = bind(arguments.listen).await?;
    let usual = usual_name(listener.local_addr()?);
    let opened = tokio::select! {
        opened = arguments.desk.open_for_server(arguments.server, &usual) => opened?,
        () = &mut told_to_stop => return Ok(()),
    };
    if let Some(password) = setup::first_password(&opened.flow).await? {
        say("the password of `admin`, printed this once:");
        print(&password)?;
    }
    say(&format!("the desk is at http://{}{}/", listener.local_addr()?, arguments.prefix));
    let origin = arguments.origin.map(|it| it.trim_end_matches('/').to_owned());
    let config = WebConfig {
        proxy_prefix: arguments.prefix.trim_end_matches('/').to_owned(),
        secure_cookie: origin.as_deref().is_some_and(|it| it.starts_with("https://")),
        origins: origin.into_iter().collect(),
        proxies: arguments.proxies,
        login: None,
        network: Some(opened.network),
        stopping: None,
    };
    let served = web::serve(opened.flow, config, listener, told_to_stop).await;
    served.map_err(|error| Exit::new(exit::FAILED, words(&error)))
}

/// The machine's name and the port.
fn usual_name(address: SocketAddr) -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let machine = kernel.or_else(|| std::env::var("COMPUTERNAME").ok());
    let machine = machine.map(|name| mailflow_core::text::one_line(name.trim(), 200)).filter(|name| !name.is_empty());
    format!("{}:{}", machine.as_deref().unwrap_or("server"), address.port())
}

/// Takes the port for the pages.
pub async fn bind(listen: SocketAddr) -> Result<TcpListener, Exit> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            Exit::new(exit::BUSY, format!("`{listen}` is in use; choose another with --listen"))
        }
        _ => Exit::new(exit::FAILED, format!("`{listen}`: {error}")),
    })
}

/// Ready when somebody presses Ctrl-C or the system asks the program to end, from the call on, not from when it is waited
/// for.
pub fn told_to_stop() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        [SignalKind::interrupt(), SignalKind::terminate()].map(signal)
    };
    async move {
        #[cfg(unix)]
        match signals {
            [Ok(mut interrupt), Ok(mut terminate)] => tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            },
            // Without handlers the system ends the program itself.
            _ => std::future::pending().await,
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        say("stopping; what was begun is finished");
    }
}
