//! From documents to mail: sealed passwords, TCP, folders.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod common;

use std::fs;
use std::sync::Arc;

use common::{ENOUGH, PASSWORD, USER, collect, envelope, mailbox, whole};
use mailflow_core::destination::{Destination, DestinationAccess, SmtpLogin};
use mailflow_core::id::{DestinationId, SourceId};
use mailflow_core::secret::Sealed;
use mailflow_core::source::{MailServer, Source, SourceAccess, Tls};
use mailflow_core::transport::{Content, MailSource, MailTransport, TransportErrorKind};
use mailflow_test::servers::SmtpServer;
use mailflow_transport::Connectors;
use mailflow_transport::folder::{FolderSource, FolderTransport};
use mailflow_transport::seal::{KeyFile, SealError, destination_context, source_context};

const MAIL: &[u8] = b"Subject: hello\r\n\r\nx\r\n";

fn local(port: u16) -> MailServer {
    MailServer { host: "127.0.0.1".to_owned(), port, tls: Tls::None, trusted_certificate: None }
}

fn source(key: &KeyFile, port: u16) -> Source {
    let id = SourceId::from_bytes([1; 16]);
    let password = key.seal(PASSWORD, &source_context(id)).unwrap();
    let access = SourceAccess::Pop3 { server: local(port), user: USER.to_owned(), password, apop: false };
    Source::new(id, "support", access)
}

fn destination(key: &KeyFile, port: u16) -> Destination {
    let id = DestinationId::from_bytes([2; 16]);
    let password = key.seal(PASSWORD, &destination_context(id)).unwrap();
    let login = Some(SmtpLogin { user: USER.to_owned(), password });
    Destination::new(id, "out", DestinationAccess::Smtp { server: local(port), login })
}

#[tokio::test]
async fn documents_lead_to_the_servers_they_name() {
    let folder = tempfile::tempdir().unwrap();
    let key = Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap());
    let connectors = Connectors::new(Arc::clone(&key)).with_hello("desk.example");
    let (mailboxes, pop3) = mailbox(&[MAIL]);
    let smtp = SmtpServer::delivering_to(mailboxes.clone()).with_login(USER, PASSWORD);
    let (pop3_at, smtp_at) = (pop3.start().await.unwrap(), smtp.start().await.unwrap());
    let (source, destination) = (source(&key, pop3_at.port()), destination(&key, smtp_at.port()));

    let check = connectors.check_source(&source).await;
    assert!(check.worked() && check.to_string().contains("1 mail,"), "{check}");
    assert!(connectors.check_destination(&destination).await.worked());

    let transport = connectors.transport(&destination).unwrap().unwrap();
    transport.send(&envelope(&["support@example.com"]), MAIL).await.unwrap();
    let mut kept = Vec::new();
    collect(&*connectors.source(&source).unwrap().unwrap(), ENOUGH, &mut kept).await.unwrap();
    assert_eq!(whole(&kept), [MAIL, MAIL]);
    assert!(mailboxes.mails(USER).is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told_from_a_name_that_is_not_there() {
    let folder = tempfile::tempdir().unwrap();
    let key = Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap());
    let connectors = Connectors::new(Arc::clone(&key));
    let port = SmtpServer::new().start().await.unwrap().port();
    let check = connectors.check_destination(&destination(&key, port)).await;
    assert_eq!(check.failure.unwrap().kind(), TransportErrorKind::Connection);
    let mut nowhere = source(&key, 110);
    if let SourceAccess::Pop3 { server, .. } = &mut nowhere.access {
        server.host = "nowhere.invalid".to_owned();
    }
    assert_eq!(connectors.check_source(&nowhere).await.failure.unwrap().kind(), TransportErrorKind::Name);
}

#[test]
fn a_seal_opens_with_its_key_for_its_record_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let key = KeyFile::open_or_create(&path).unwrap();
    let sealed = key.seal("hunter2 ü", "source 1").unwrap();
    assert!(!sealed.as_str().contains("hunter2"));
    assert_ne!(sealed, key.seal("hunter2 ü", "source 1").unwrap());
    let again = KeyFile::open_or_create(&path).unwrap();
    assert_eq!(again.open(&sealed, "source 1").unwrap(), "hunter2 ü");
    assert!(matches!(again.open(&sealed, "source 2"), Err(SealError::Broken)));
    let other = KeyFile::open_or_create(folder.path().join("other")).unwrap();
    let failure = other.open(&sealed, "source 1").unwrap_err();
    assert!(matches!(failure, SealError::WrongKey { .. }));
    assert!(failure.to_string().contains(&key.mark()) && failure.to_string().contains(&other.mark()));
    for broken in ["", "v1", "v1..", "v2.a.b", &format!("v1.{}.AAAA", key.mark()), &format!("{}A", sealed.as_str())] {
        assert!(key.open(&Sealed::new(broken.to_owned()), "source 1").is_err(), "{broken}");
    }
    assert_eq!(key.secret("tokens"), again.secret("tokens"));
    assert_ne!(key.secret("tokens"), key.secret("seal"));
    assert_ne!(key.secret("tokens"), other.secret("tokens"));
}

#[test]
fn a_key_file_is_private_and_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let marks: Vec<String> = std::thread::scope(|scope| {
        let make = || KeyFile::open_or_create(&path).unwrap().mark();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(marks.iter().all(|mark| *mark == marks[0]));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    fs::write(folder.path().join("nonsense"), "nonsense").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let nonsense = folder.path().join("nonsense");
        fs::set_permissions(&nonsense, fs::Permissions::from_mode(0o600)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(KeyFile::open_or_create(&path), Err(SealError::Open(_))));
    }
    assert!(matches!(KeyFile::open_or_create(folder.path().join("nonsense")), Err(SealError::NoKey(_))));
}

#[tokio::test]
async fn what_is_sent_into_a_folder_can_be_collected_from_it() {
    let folder = tempfile::tempdir().unwrap();
    let transport = FolderTransport::new(folder.path().join("out"));
    assert!(transport.check().await.worked());
    for mail in [MAIL, b"Subject: two\r\n\r\n.\r\n"] {
        transport.send(&envelope(&["alice@example.com"]), mail).await.unwrap();
    }
    let envelope = fs::read_to_string(folder.path().join("out/000001.envelope")).unwrap();
    assert_eq!(envelope, "from <support@example.com>\nto <alice@example.com>\n");
    fs::write(folder.path().join("out/note.txt"), "no mail").unwrap();

    let source = FolderSource::new(folder.path().join("out"));
    assert!(source.check().await.to_string().contains("2 mails"));
    let mut kept = Vec::new();
    collect(&source, ENOUGH, &mut kept).await.unwrap();
    assert_eq!(whole(&kept), [MAIL, b"Subject: two\r\n\r\n.\r\n"]);
    assert_eq!(kept[0].waiting.uid.as_ref().unwrap().as_str(), "000001.eml");
    assert!(source.open().await.unwrap().list().await.unwrap().is_empty());
    assert!(folder.path().join("out/note.txt").exists());
    assert_eq!(FolderSource::new("/nowhere/at/all").open().await.err().unwrap().kind(), TransportErrorKind::Setup);
}

#[tokio::test]
async fn a_large_file_gives_its_headers_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.eml"), MAIL).unwrap();
    let mut kept = Vec::new();
    collect(&FolderSource::new(folder.path()), 5, &mut kept).await.unwrap();
    assert_eq!(kept[0].content, Content::HeadersOnly(b"Subject: hello\r\n\r\n".to_vec()));
    assert!(folder.path().join("a.eml").exists());
}
