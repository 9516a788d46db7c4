//! [`Connectors`] are the network of a flow.

use mailflow_core::destination::Destination;
use mailflow_core::source::Source;
use mailflow_core::transport::{MailSource, MailTransport, Network, TransportError, TransportErrorKind};

use crate::Connectors;

impl Network for Connectors {
    fn source(&self, source: &Source) -> Result<Box<dyn MailSource>, TransportError> {
        Self::source(self, source)?.ok_or_else(|| brought("source", &source.name))
    }

    fn transport(&self, destination: &Destination) -> Result<Box<dyn MailTransport>, TransportError> {
        Self::transport(self, destination)?.ok_or_else(|| brought("destination", &destination.name))
    }
}

fn brought(what: &str, name: &str) -> TransportError {
    let doing = format!("{what} `{name}` is served by the program that embeds mailflow, and this program does not");
    TransportError::new(TransportErrorKind::Setup, doing)
}
