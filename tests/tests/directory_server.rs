//! Agents whose passwords a real slapd knows.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use helpdesk::auth::{Credentials, DeskLogin, Login as _, Verdict, ldap};
use mailflow_core::agent::{Agent, SignInWay};
use mailflow_core::flow::Mailflow;
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_core::settings::Settings;
use mailflow_core::store::MemoryStore;
use mailflow_tests::desk_server::DeskServer;
use mailflow_tests::slapd::{ACCOUNT, ACCOUNT_PASSWORD, PEOPLE, Slapd};
use mailflow_tests::web_client::encode;
use mailflow_transport::Connectors;
use mailflow_transport::seal::KeyFile;

const ADA: (&str, &str) = ("ada", "first programmer");

fn template(server: &Slapd) -> Ldap {
    Ldap {
        url: server.protected.clone(),
        start_tls: false,
        trusted_certificate: Some(server.certificate()),
        find: LdapFind::Template(format!("uid={{user}},{PEOPLE}")),
    }
}

fn key(folder: &tempfile::TempDir) -> Connectors {
    Connectors::new(Arc::new(KeyFile::open_or_create(folder.path().join("key")).unwrap()))
}

fn search(server: &Slapd, network: &Connectors) -> Ldap {
    let find = LdapFind::Search {
        base: PEOPLE.to_owned(),
        filter: "(&(objectClass=inetOrgPerson)(uid={user}))".to_owned(),
        account: ACCOUNT.to_owned(),
        password: network.key().seal(ACCOUNT_PASSWORD, ldap::ACCOUNT).unwrap(),
    };
    Ldap { find, ..template(server) }
}

async fn asks(ldap: &Ldap, network: Option<&Connectors>, user: &str, password: &str) -> Result<bool, String> {
    ldap::bind(ldap, network, user, password).await
}

#[tokio::test]
async fn the_right_password_lets_in_by_every_protection_and_way_to_find_the_entry() {
    let Some(server) = Slapd::start(&[ADA, ("grace", "30 cm of wire")]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let network = key(&folder);
    let upgraded = Ldap { url: server.plain.clone(), start_tls: true, ..template(&server) };
    let plain = Ldap { url: server.plain.clone(), trusted_certificate: None, ..template(&server) };
    for ldap in [template(&server), upgraded, plain, search(&server, &network)] {
        let asks = |user: &'static str, password: &'static str| asks(&ldap, Some(&network), user, password);
        assert_eq!(asks("ada", ADA.1).await, Ok(true), "{ldap:?}");
        assert_eq!(asks(" Ada ", ADA.1).await, Ok(true), "names are the same in upper case and with spaces around");
        assert_eq!(asks("grace", ADA.1).await, Ok(false), "the password of another one");
        assert_eq!(asks("ada", "wrong").await, Ok(false));
        assert_eq!(asks("nobody", ADA.1).await, Ok(false));
    }
}

#[tokio::test]
async fn an_empty_password_proves_nothing_though_the_server_says_yes() {
    let Some(server) = Slapd::start(&[ADA]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let network = key(&folder);
    assert!(server.lets_in(&format!("uid=ada,{PEOPLE}"), ""), "control: this server says yes");
    for ldap in [template(&server), search(&server, &network)] {
        for (user, password) in [("ada", ""), ("", ADA.1), ("", ""), ("ada\0", ADA.1), ("ada", "\0")] {
            assert_eq!(asks(&ldap, Some(&network), user, password).await, Ok(false), "`{user}` `{password}`");
        }
    }
}

#[tokio::test]
async fn a_user_name_is_a_name_and_no_part_of_a_filter_or_entry() {
    let Some(server) = Slapd::start(&[ADA]).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let network = key(&folder);
    let (found, named) = (search(&server, &network), template(&server));
    for user in [
        "*",
        "a*",
        "ada)(objectClass=*",
        "x)(|(uid=ada",
        "*)(uid=ada",
        "ada,ou=people,dc=example,dc=com",
        "ada+cn=ada",
    ] {
        assert_eq!(asks(&found, Some(&network), user, ADA.1).await, Ok(false), "found by `{user}`");
        assert_eq!(asks(&named, Some(&network), user, ADA.1).await, Ok(false), "named by `{user}`");
    }
    // Control: as part of the filter, or of the name, they would find her.
    let LdapFind::Search { base, account, password, .. } = found.find.clone() else { return };
    let filter = "(&(objectClass=inetOrgPerson)(|(uid=*)(uid={user})))".to_owned();
    let open = Ldap { find: LdapFind::Search { base, filter, account, password }, ..named.clone() };
    assert_eq!(asks(&open, Some(&network), "x", ADA.1).await, Ok(true));
    assert!(server.lets_in(&format!("uid=ada+cn=ada,{PEOPLE}").replace("+cn=ada", ""), ADA.1));
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_is_not_given_a_password() {
    let Some(server) = Slapd::start(&[ADA]).await else { return };
    for start_tls in [false, true] {
        let url = if start_tls { server.plain.clone() } else { server.protected.clone() };
        let strange = Ldap { url, start_tls, trusted_certificate: None, ..template(&server) };
        let trouble = asks(&strange, None, "ada", ADA.1).await.unwrap_err();
        assert!(trouble.contains("cannot be reached"), "{trouble}");
    }
}

#[tokio::test]
async fn agents_of_the_directory_server_sign_in_with_its_passwords_alone() {
    let Some(server) = Slapd::start(&[ADA, ("local", "of the server")]).await else { return };
    let flow = Mailflow::builder(MemoryStore::new()).build().await.unwrap();
    let ldap = Some(template(&server));
    flow.admin().save(&Settings { ldap, ..Settings::default() }).await.unwrap();
    let agent = |name: &str, sign_in| Agent {
        id: flow.admin().new_id(),
        user_name: name.to_owned(),
        password: Some(helpdesk::auth::hash("of the desk itself").unwrap()),
        administrator: false,
        built_in: false,
        sign_in,
        ..Agent::built_in_administrator()
    };
    let (ada, local) = (agent("ada", SignInWay::Ldap), agent("local", SignInWay::Password));
    flow.admin().save(&ada).await.unwrap();
    flow.admin().save(&local).await.unwrap();
    let login = DeskLogin::new(None);
    let check = |user: &str, password: &str| {
        let shown = Credentials { user_name: user.to_owned(), password: password.to_owned(), ..Default::default() };
        let (login, flow) = (&login, &flow);
        async move { login.check(flow, &shown).await }
    };
    assert_eq!(check("ada", ADA.1).await, Verdict::Agent(ada.id));
    assert_eq!(check("ada", "of the desk itself").await, Verdict::Wrong);
    assert_eq!(check("local", "of the desk itself").await, Verdict::Agent(local.id));
    assert_eq!(check("local", "of the server").await, Verdict::Wrong);
    assert_eq!(check("stranger", ADA.1).await, Verdict::Wrong);
    assert_eq!(login.hashes(), 5, "one hash each");
    drop(server);
    assert!(matches!(check("ada", ADA.1).await, Verdict::Unavailable(_)));
    assert!(matches!(check("stranger", ADA.1).await, Verdict::Unavailable(_)), "nobody can tell who is known");
    assert_eq!(check("local", "of the desk itself").await, Verdict::Agent(local.id));
}

fn form(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect::<Vec<_>>().join("&")
}

#[tokio::test]
async fn the_test_button_shows_what_the_server_knows_of_somebody_and_no_password() {
    let Some(slapd) = Slapd::start(&[ADA, ("grace", "30 cm of wire")]).await else { return };
    let server = DeskServer::start(&[]).await;
    let admin = server.sign_in().await;
    let certificate = slapd.certificate();
    let test = |more: Vec<(&'static str, &'static str)>| {
        let (server, admin) = (&server, admin.as_str());
        let mut fields = vec![
            ("ldap_url", slapd.protected.as_str()),
            ("ldap_certificate", certificate.as_str()),
            ("ldap_base", PEOPLE),
            ("ldap_filter", "(&(objectClass=inetOrgPerson)(uid={user}))"),
            ("ldap_account", ACCOUNT),
            ("ldap_password", ACCOUNT_PASSWORD),
            ("test_user", "ada"),
        ];
        fields.extend(more);
        let form = form(&fields);
        async move {
            let page = server.post("/admin/directory/test", admin, &form).await;
            for secret in [ACCOUNT_PASSWORD, ADA.1, "30 cm of wire"] {
                assert!(!page.body.contains(secret), "`{secret}` is shown: {}", page.body);
            }
            page.body
        }
    };
    let page = test(vec![("test_password", ADA.1)]).await;
    assert!(page.contains("The test worked"), "{page}");
    for words in
        ["protected by TLS", "sign in as the desk", "uid=ada,ou=people", "cn: ada", "sn: ada", "sign in as the user"]
    {
        assert!(page.contains(words), "no `{words}`: {page}");
    }
    assert!(page.contains("userPassword: ********"), "it may be read, and is not shown: {page}");
    assert!(test(vec![]).await.contains("The test worked"), "without a password of his");
    assert!(test(vec![("test_user", "")]).await.contains("The test worked"), "the connection only");

    for (more, words) in [
        (vec![("test_password", "30 cm of wire")], "does not take this password"),
        (vec![("test_user", "nobody")], "nobody below"),
        (vec![("ldap_filter", "(|(cn={user})(objectClass=inetOrgPerson))")], "2 entries below"),
        (vec![("ldap_password", "wrong")], "sign in as the desk"),
        (vec![("ldap_certificate", "")], "cannot be reached"),
        (vec![("ldap_filter", "((")], "search"),
    ] {
        let page = test(more.clone()).await;
        assert!(page.contains("The test failed") && page.contains(words), "{more:?}: no `{words}`: {page}");
    }
    let template = ("ldap_template", "uid={user},ou=people,dc=example,dc=com");
    let named = test(vec![template, ("test_password", ADA.1)]).await;
    assert!(named.contains("The test worked") && named.contains("sign in as the user"), "{named}");

    let settings = server.ask("GET", "/api/v1/settings", &[("Cookie", &admin)], "").await.body;
    assert!(settings.contains("\"ldap\":null") || !settings.contains("\"ldap\""), "nothing was saved: {settings}");
}
