//! TLS from the first byte, by STLS and by STARTTLS, and what is not accepted.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::Arc;

use common::{ENOUGH, PASSWORD, ToPop3, ToSmtp, USER, collect, envelope, mailbox, place, whole};
use mailflow_core::source::Tls;
use mailflow_core::transport::{MailSource, MailTransport, TransportError, TransportErrorKind};
use mailflow_test::servers::{Authority, Pop3Faults, Pop3Server, SmtpServer};
use mailflow_transport::pop3::Pop3Source;
use mailflow_transport::smtp::SmtpTransport;
use mailflow_transport::{Dial, Io};

const MAIL: &[u8] = b"Subject: hello\r\n\r\nx\r\n";

fn pop3(server: &Pop3Server, tls: Tls, trusted: Option<&str>) -> Pop3Source {
    Pop3Source::over(Arc::new(ToPop3(server.clone())), &place(tls, trusted), USER, PASSWORD, 60).unwrap()
}

fn smtp(server: &SmtpServer, tls: Tls, trusted: Option<&str>) -> SmtpTransport {
    let transport = SmtpTransport::over(Arc::new(ToSmtp(server.clone())), &place(tls, trusted), 60).unwrap();
    transport.with_login(USER, PASSWORD)
}

fn secured(tls: Tls, authority: &Authority) -> (Pop3Server, SmtpServer) {
    let (_, pop3) = mailbox(&[MAIL]);
    let smtp = SmtpServer::new().with_login(USER, PASSWORD);
    match tls {
        Tls::Implicit => (pop3.with_implicit_tls(authority.clone()), smtp.with_implicit_tls(authority.clone())),
        _ => (pop3.with_stls(authority.clone()), smtp.with_starttls(authority.clone())),
    }
}

#[tokio::test]
async fn mail_comes_and_goes_under_a_certificate_that_is_trusted() {
    let authority = Authority::for_names(&["localhost"]).unwrap();
    for tls in [Tls::Implicit, Tls::Upgrade] {
        let (pop3_server, smtp_server) = secured(tls, &authority);
        let mut kept = Vec::new();
        collect(&pop3(&pop3_server, tls, Some(authority.pem())), ENOUGH, &mut kept).await.unwrap();
        assert_eq!(whole(&kept), [MAIL]);
        let transport = smtp(&smtp_server, tls, Some(authority.pem()));
        transport.send(&envelope(&["alice@example.com"]), MAIL).await.unwrap();
        assert_eq!(smtp_server.accepted().len(), 1);
        assert!(transport.check().await.to_string().contains("TLSv1_3"));
    }
}

#[tokio::test]
async fn a_certificate_of_a_stranger_or_for_another_name_is_not_accepted() {
    let authority = Authority::for_names(&["localhost"]).unwrap();
    let other_name = Authority::for_names(&["elsewhere.example"]).unwrap();
    for tls in [Tls::Implicit, Tls::Upgrade] {
        for (shown, trusted) in
            [(&authority, None), (&authority, Some(other_name.pem())), (&other_name, Some(other_name.pem()))]
        {
            let (pop3_server, smtp_server) = secured(tls, shown);
            let failure = pop3(&pop3_server, tls, trusted).open().await.err().unwrap();
            assert_eq!(failure.kind(), TransportErrorKind::Tls, "{failure}");
            let sent = smtp(&smtp_server, tls, trusted).send(&envelope(&["alice@example.com"]), MAIL).await;
            let failure = sent.unwrap_err();
            assert!(failure.kind() == TransportErrorKind::Tls && !failure.may_have_sent(), "{failure}");
            assert!(!pop3_server.commands().iter().any(|word| word == "AUTH" || word == "USER"));
        }
    }
}

#[tokio::test]
async fn a_server_without_the_upgrade_is_left_before_the_password() {
    let (_, pop3_server) = mailbox(&[MAIL]);
    let failure = pop3(&pop3_server, Tls::Upgrade, None).open().await.err().unwrap();
    assert_eq!(failure.kind(), TransportErrorKind::Tls);
    assert!(!pop3_server.commands().iter().any(|word| word == "AUTH" || word == "USER"));
    let smtp_server = SmtpServer::new().with_login(USER, PASSWORD);
    let sent = smtp(&smtp_server, Tls::Upgrade, None).send(&envelope(&["alice@example.com"]), MAIL).await;
    assert_eq!(sent.unwrap_err().kind(), TransportErrorKind::Tls);
}

#[tokio::test]
async fn words_put_in_before_tls_are_found() {
    let authority = Authority::for_names(&["localhost"]).unwrap();
    let (server, _) = secured(Tls::Upgrade, &authority);
    server.misbehave(Pop3Faults { inject_before_tls: true, ..Pop3Faults::default() });
    let failure = pop3(&server, Tls::Upgrade, Some(authority.pem())).open().await.err().unwrap();
    assert_eq!(failure.kind(), TransportErrorKind::Tls, "{failure}");
}

#[tokio::test]
async fn a_certificate_that_is_none_is_a_matter_of_the_set_up() {
    for pem in ["", "nonsense", "-----BEGIN CERTIFICATE-----\n%%%\n-----END CERTIFICATE-----\n"] {
        let (_, server) = mailbox(&[]);
        let made = Pop3Source::over(Arc::new(ToPop3(server)), &place(Tls::Implicit, Some(pem)), USER, PASSWORD, 60);
        assert_eq!(made.err().unwrap().kind(), TransportErrorKind::Setup);
    }
}

struct Silent;

#[async_trait::async_trait]
impl Dial for Silent {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        // Held open for as long as the runtime lives.
        tokio::spawn(async move {
            std::future::pending::<()>().await;
            drop(theirs);
        });
        Ok(Box::new(ours))
    }
}

#[tokio::test(start_paused = true)]
async fn ac_15_a_server_that_hangs_in_tls_is_left_after_the_time_that_it_has() {
    for tls in [Tls::Implicit, Tls::Upgrade, Tls::None] {
        let source = Pop3Source::over(Arc::new(Silent), &place(tls, None), USER, PASSWORD, 60).unwrap();
        assert!(source.open().await.err().unwrap().is_transient());
        let transport = SmtpTransport::over(Arc::new(Silent), &place(tls, None), 60).unwrap();
        let failure = transport.send(&envelope(&["alice@example.com"]), MAIL).await.unwrap_err();
        assert!(failure.is_transient() && !failure.may_have_sent());
    }
}

/// Says one byte of a line that never ends, just before it would be left.
struct Dripping;

#[async_trait::async_trait]
impl Dial for Dripping {
    async fn dial(&self) -> Result<Box<dyn Io>, TransportError> {
        let (ours, mut theirs) = tokio::io::duplex(1 << 16);
        tokio::spawn(async move {
            while tokio::io::AsyncWriteExt::write_all(&mut theirs, b"2").await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_secs(59)).await;
            }
        });
        Ok(Box::new(ours))
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_says_one_byte_at_a_time_is_left() {
    let source = Pop3Source::over(Arc::new(Dripping), &place(Tls::None, None), USER, PASSWORD, 60).unwrap();
    assert!(source.open().await.err().unwrap().to_string().contains("no sign-in"));
    let transport = SmtpTransport::over(Arc::new(Dripping), &place(Tls::None, None), 60).unwrap();
    assert!(!transport.send(&envelope(&["alice@example.com"]), MAIL).await.unwrap_err().may_have_sent());
    assert!(!transport.check().await.worked());
}
