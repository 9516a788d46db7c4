//! From a connection to a mailbox: greeting, TLS, sign-in, abilities.

use data_encoding::{BASE64, HEXLOWER};
use mailflow_core::source::Tls;
use mailflow_core::transport::{TransportError, TransportErrorKind};
use md5::{Digest, Md5};

use super::command::Command;
use super::conversation::{Answer, Word};
use super::link::{Link, refused, said};
use super::listing::Abilities;
use crate::steps::Steps;
use crate::wire::Peer;

/// Whom to sign in as.
pub(super) struct Login {
    pub(super) user: String,
    pub(super) password: String,
    pub(super) apop: bool,
}

impl Login {
    const DOING: &str = "at sign-in";
    /// The longest line that a command may be (RFC 2449 section 4).
    const MAX_LINE: usize = 255;

    /// Name and password become parts of command lines, so they cannot hold line ends.
    pub(super) fn check(&self) -> Result<(), TransportError> {
        let unfit = |text: &str| text.contains(['\r', '\n', '\0']);
        if unfit(&self.user) || unfit(&self.password) || self.user.is_empty() {
            return Err(TransportError::new(
                TransportErrorKind::Setup,
                "user name or password is empty or holds a line end; enter them again",
            ));
        }
        Ok(())
    }

    async fn sign_in(
        &self,
        link: &mut Link,
        greeting: &Answer,
        abilities: &Abilities,
    ) -> Result<&'static str, TransportError> {
        let timestamp = if self.apop { timestamp(&greeting.text) } else { None };
        let (answer, how) = if let Some(timestamp) = timestamp {
            let proof = proof(timestamp, &self.password);
            (link.say(&Command::Apop(self.user.clone(), proof), Self::DOING).await?, "APOP")
        } else if abilities.sasl_plain {
            (self.plain(link).await?, "SASL PLAIN")
        } else {
            let answer = link.say(&Command::User(self.user.clone()), Self::DOING).await?;
            match answer.word {
                Word::Yes => (link.say(&Command::Pass(self.password.clone()), Self::DOING).await?, "USER and PASS"),
                _ => (answer, "USER"),
            }
        };
        if answer.word == Word::Yes {
            return Ok(how);
        }
        let failure = refused(&answer, Self::DOING);
        if failure.kind() == TransportErrorKind::Temporary {
            return Err(failure);
        }
        let words =
            format!("the server does not accept user `{}` with this password ({how}): {}", self.user, said(&answer));
        Err(TransportError::new(TransportErrorKind::Login, words))
    }

    /// With the first response in the command where it fits, else after the server's `+` (RFC 5034 section 4).
    async fn plain(&self, link: &mut Link) -> Result<Answer, TransportError> {
        let command = Command::AuthPlain(self.user.clone(), self.password.clone());
        let response = BASE64.encode(format!("\0{}\0{}", self.user, self.password).as_bytes());
        let answer = if command.line().len() <= Self::MAX_LINE {
            link.say(&command, Self::DOING).await?
        } else {
            link.say(&Command::AuthPlainLater, Self::DOING).await?
        };
        if answer.word == Word::GoOn { link.go_on(&response, Self::DOING).await } else { Ok(answer) }
    }
}

/// Connects and signs in.
pub(super) async fn enter(
    peer: &Peer,
    login: &Login,
    steps: &mut Steps,
) -> Result<(Link, Abilities), TransportError> {
    login.check()?;
    let mut link = Link::new(peer.connect(steps).await?);
    let greeting = link.answer("before its greeting").await?;
    if greeting.word != Word::Yes {
        return Err(refused(&greeting, "the connection"));
    }
    if peer.tls() == Tls::Upgrade {
        let answer = link.say(&Command::Stls, "at STLS").await?;
        if answer.word != Word::Yes {
            let words = format!("the server does not offer STLS: {}; choose another protection", said(&answer));
            return Err(TransportError::new(TransportErrorKind::Tls, words));
        }
        link = Link::after_tls(peer.protect(link.into_stream()?, steps).await?);
    }
    let before = abilities(&mut link).await?;
    let how = login.sign_in(&mut link, &greeting, &before).await?;
    steps.worked("sign in", format!("`{}` by {how}", login.user));
    // Some servers say only now all that they can do (RFC 2449 section 5).
    let after = abilities(&mut link).await?;
    Ok((link, Abilities { pipelining: before.pipelining || after.pipelining, ..after }))
}

/// A server that does not know CAPA can nothing beyond RFC 1939.
async fn abilities(link: &mut Link) -> Result<Abilities, TransportError> {
    let answer = link.say(&Command::Capa, "at CAPA").await?;
    Ok(if answer.word == Word::Yes { Abilities::read(&answer.body) } else { Abilities::default() })
}

/// The timestamp in a greeting, by which a server offers APOP (RFC 1939 section 7).
fn timestamp(greeting: &str) -> Option<&str> {
    let from = greeting.find('<')?;
    let to = greeting.get(from..)?.find('>')?;
    greeting.get(from..=from + to).filter(|timestamp| timestamp.contains('@'))
}

fn proof(timestamp: &str, password: &str) -> String {
    HEXLOWER.encode(&Md5::new().chain_update(timestamp).chain_update(password).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_rfc_1939() {
        let greeting = "POP3 server ready <1896.697170952@dbc.mtview.ca.us>";
        let timestamp = timestamp(greeting).unwrap();
        assert_eq!(proof(timestamp, "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
        assert_eq!(super::timestamp("ready <soon>"), None);
        assert_eq!(super::timestamp("ready > now <"), None);
    }
}
