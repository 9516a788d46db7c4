//! TLS to a PostgreSQL whose certificate is of an authority of our own.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use mailflow_core::store::{Page, Query, Store as _, StoreError};
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::{Cluster, is_there};
use mailflow_test::servers::Authority;
use tempfile::NamedTempFile;

async fn open(url: &str) -> Result<(), StoreError> {
    let store = PostgresStore::open(url, Options::default()).await?;
    store.find(&Query::LastNumber, &Page::first(1)).await?;
    Ok(())
}

/// What is said, with its causes.
fn words(error: &StoreError) -> String {
    mailflow_core::flow::words(error)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_talked_to_only_with_a_certificate_of_who_is_trusted_for_the_name_that_was_asked_for() {
    if !is_there() {
        return;
    }
    let (authority, stranger) = (Authority::for_names(&["localhost"]).unwrap(), Authority::for_names(&[]).unwrap());
    let cluster = Cluster::start_with_tls(authority.server_certificate_pem(), authority.server_key_pem());
    let [trusted, strange] = [&authority, &stranger].map(|it| {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), it.pem()).unwrap();
        file
    });
    let roots = |file: &NamedTempFile| file.path().display().to_string();
    let url = |host: &str, mode: &str, file: &NamedTempFile| {
        cluster.url(host, &format!("sslmode={mode}&sslrootcert={}", roots(file)))
    };

    open(&url("localhost", "verify-full", &trusted)).await.unwrap();
    open(&url("127.0.0.1", "verify-ca", &trusted)).await.unwrap();
    open(&cluster.url("127.0.0.1", "sslmode=require")).await.unwrap();
    for (url, cause) in [
        (url("127.0.0.1", "verify-full", &trusted), "not valid for name"),
        (url("localhost", "verify-full", &strange), "invalid peer certificate"),
        (url("localhost", "verify-ca", &strange), "invalid peer certificate"),
        (cluster.url("localhost", "sslmode=verify-full"), ""),
    ] {
        let error = open(&url).await.unwrap_err();
        let said = words(&error);
        assert!(
            error.is_unusable() && said.contains("check its certificate and `sslmode` in the URL"),
            "{url}: {said}"
        );
        assert!(said.contains(cause), "{url}: {said}");
    }
}

#[tokio::test]
async fn a_server_without_tls_is_not_talked_to_if_it_was_asked_for() {
    if !is_there() {
        return;
    }
    // A server that says `N` to whoever asks for TLS.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut asked = [0; 8];
            let _ = stream.read_exact(&mut asked).await;
            let _ = stream.write_all(b"N").await;
        }
    });
    let error = open(&format!("postgres://ada@127.0.0.1:{port}/desk?sslmode=require")).await.unwrap_err();
    assert!(error.is_unusable(), "{}", words(&error));
    assert!(words(&error).contains("check its certificate and `sslmode`"), "{}", words(&error));
}
