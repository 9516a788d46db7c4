//! `mailflow demo`: a whole desk with sample mail, with nothing to set up.

use std::future::Future;
use std::net::SocketAddr;
use std::task::Poll;

use clap::Args;
use mailflow_core::flow::words;
use serde_json::json;

use super::serve::{bind, told_to_stop};
use super::{Exit, SHAPE, exit, print, say};
use crate::demo::{Demo, DemoError, Pace};
use crate::web::{self, WebConfig};

/// What `mailflow demo` is told.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Where the pages are; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// All mail is there at once, and customers answer at once.
    #[arg(long)]
    fast: bool,
    /// Print address, user and password as JSON.
    #[arg(long)]
    json: bool,
    /// What is told of the work, to stderr: error, warn, info, debug, trace or off.
    #[arg(long, value_name = "LEVEL", default_value = "warn")]
    log: String,
}

/// Runs the demo until it is told to stop; nothing of it is left then.
pub async fn demo(arguments: DemoArguments) -> Result<(), Exit> {
    super::log::begin(&arguments.log)?;
    // Asked once before anything is made: from here on Ctrl-C no longer ends the program with its folder left behind.
    let mut stop = std::pin::pin!(told_to_stop());
    std::future::poll_fn(|context| Poll::Ready(stop.as_mut().poll(context).is_ready())).await;
    let listener = bind(arguments.listen).await?;
    let address = format!("http://{}/", listener.local_addr()?);
    let pace = if arguments.fast { Pace::Fast } else { Pace::Natural };
    let demo = Demo::open(pace).await?;
    let (user, password) = (demo.user(), demo.password());
    if arguments.json {
        print(&json!({ "v": SHAPE, "address": address, "user": user, "password": password }).to_string())?;
    } else {
        print(&format!("address   {address}\nuser      {user}\npassword  {password}"))?;
    }
    let others = demo.others().join("`, `");
    say(&format!("open the address and sign in; `{others}` are agents with the same password"));
    if pace == Pace::Natural {
        say("mail arrives over the next minute; whomever you answer writes back after some seconds");
    }
    say(&format!("everything is in {}; Ctrl-C ends the demo and removes it", demo.folder().display()));

    let config = WebConfig { network: Some(demo.opened().network.clone()), ..WebConfig::default() };
    let served = tokio::select! {
        served = web::serve(demo.opened().flow.clone(), config, listener, stop) => served,
        never = demo.live() => match never {},
    };
    let folder = demo.folder().to_owned();
    demo.remove().map_err(|error| Exit::new(exit::FAILED, format!("`{}`: {error}", folder.display())))?;
    say(&format!("the demo is over; {} is removed", folder.display()));
    served.map_err(|error| Exit::new(exit::FAILED, words(&error)))
}

impl From<DemoError> for Exit {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Setup(error) => error.into(),
            DemoError::Flow(error) => error.into(),
            DemoError::Io(_) => Self::new(exit::FAILED, words(&error)),
        }
    }
}
