//! The fields that say where a mail server is, for sources and destinations.

use mailflow_core::refusal::Refusal;
use mailflow_core::source::{MailServer, Tls};

use super::form::{Field, Kind, number};
use crate::web::Fields;

/// What is said of a connection that is not protected.
pub const UNPROTECTED: &str = "The connection is not protected: password and mail can be read on the way. Use this for \
                               a server on the same machine only.";

/// The fields.
pub fn fields(values: &Fields, ports: &str) -> Vec<Field> {
    let tls = Kind::Choice(vec![
        ("implicit".to_owned(), "TLS from the start (recommended)".to_owned()),
        ("upgrade".to_owned(), "STARTTLS or STLS".to_owned()),
        ("none".to_owned(), "None: password and mail can be read on the way".to_owned()),
    ]);
    vec![
        Field::new(
            "host",
            "Server",
            Kind::Line,
            values,
            "Its name, as it stands in its certificate, or its IP address.",
        ),
        Field::new("port", "Port", Kind::Number(""), values, ports),
        Field::new(
            "tls",
            "Protection",
            tls,
            values,
            "Certificates are always checked. A server that does not offer \
            what is chosen here is left at once, without giving it the password.",
        ),
        Field::new(
            "certificate",
            "Trusted certificate",
            Kind::Lines(3),
            values,
            "Only for a server with an authority of \
            its own: its certificate as PEM, from -----BEGIN CERTIFICATE----- on. Otherwise leave it empty.",
        ),
    ]
}

/// The field that says which server of several works on a source or destination.
pub fn pin(values: &Fields) -> Field {
    let help = "Only where several servers work on this desk: the name of the one that does this as long as it is alive. \
                Empty for whichever.";
    Field::new("pinned_to", "Pinned to the server", Kind::Line, values, help)
}

/// The server that stands in that field.
pub fn read_pin(values: &Fields) -> Option<String> {
    Some(values.one("pinned_to").trim().to_owned()).filter(|name| !name.is_empty())
}

/// Puts a server into the fields.
pub fn fill(values: &mut Fields, server: &MailServer) {
    values.add("host", server.host.clone());
    values.add("port", server.port.to_string());
    let tls = match server.tls {
        Tls::Implicit => "implicit",
        Tls::Upgrade => "upgrade",
        Tls::None => "none",
    };
    values.add("tls", tls.to_owned());
    values.add("certificate", server.trusted_certificate.clone().unwrap_or_default());
}

/// The server in the fields.
pub fn read(values: &Fields) -> Result<MailServer, Refusal> {
    let certificate = values.one("certificate").trim();
    if !certificate.is_empty() && !certificate.contains("-----BEGIN CERTIFICATE-----") {
        return Err(Refusal::invalid("certificate", "it begins with -----BEGIN CERTIFICATE-----"));
    }
    Ok(MailServer {
        host: values.one("host").trim().to_owned(),
        port: number(values, "port")?,
        tls: match values.one("tls") {
            "upgrade" => Tls::Upgrade,
            "none" => Tls::None,
            _ => Tls::Implicit,
        },
        trusted_certificate: (!certificate.is_empty()).then(|| format!("{certificate}\n")),
    })
}
