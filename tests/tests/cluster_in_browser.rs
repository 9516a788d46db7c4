//! Servers on one database as people see them: the real binary, a real browser. Pictures are in `target/screenshots`.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::sync::Arc;

use helpdesk::setup;
use mailflow_core::agent::BUILT_IN_ADMINISTRATOR;
use mailflow_core::decision::reply::Reply;
use mailflow_core::flow::{Filter, Mailflow};
use mailflow_core::lease::Task;
use mailflow_core::mail::Keyring;
use mailflow_core::store::Page as Part;
use mailflow_store_postgres::{Options, PostgresStore};
use mailflow_test::postgres::{Cluster, Database, is_there};
use mailflow_tests::await_it;
use mailflow_tests::binary;
use mailflow_tests::browser::{Browser, Look, Page};
use mailflow_tests::chance::{Chance, seed};
use mailflow_tests::cluster::set_up;
use mailflow_tests::desk_server::DeskServer;
use mailflow_tests::kills::servers::{Servers, token};
use mailflow_transport::seal::KeyFile;
use tempfile::TempDir;

/// A desk on PostgreSQL with a mailbox and a way out, and what agents do outside of any browser.
struct House {
    office: Mailflow,
    mail: Servers,
    /// The password of `admin`.
    password: String,
    key: PathBuf,
    url: String,
    _folder: TempDir,
}

impl House {
    async fn on(database: &Database) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = Arc::new(KeyFile::open_or_create(&path).unwrap());
        let url = database.url();
        let store = PostgresStore::open(&url, Options::default()).await.unwrap();
        let keyring = Keyring::new(1, key.secret("thread tokens 1"));
        let office = Mailflow::builder(store).keyring(keyring).build().await.unwrap();
        let mail = Servers::start().await;
        set_up(&office, &mail, &key).await;
        let password = setup::first_password(&office).await.unwrap().unwrap();
        Self { office, mail, password, key: path, url, _folder: folder }
    }

    async fn serve(&self, name: &str) -> DeskServer {
        DeskServer::start_on(&self.url, &["--server", name, "--key", self.key.to_str().unwrap()]).await
    }

    async fn sign_in(&self, page: &Page, server: &DeskServer) {
        page.open(&format!("http://{}/", server.address)).await;
        page.fill("input[name=user]", "admin").await;
        page.fill("input[name=password]", &self.password).await;
        page.and_load(page.click("form button.primary")).await;
    }

    /// What `mailflow cluster …` prints, to stdout and stderr.
    fn cluster(&self, words: &[&str]) -> (Option<i32>, String) {
        let key = self.key.to_str().unwrap();
        let (command, names) = words.split_first().unwrap();
        let arguments = ["cluster", command, "--db", &self.url, "--key", key];
        let output = binary::mailflow(arguments.iter().chain(names));
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    }

    /// The names of the servers that are alive and do something, and how many tasks are done by one that is alive.
    async fn at_work(&self) -> (Vec<String>, usize) {
        let cluster = self.office.cluster().await.unwrap();
        let holder = |lease: &mailflow_core::lease::Lease| {
            let holder = lease.holder?;
            let server = cluster.servers.iter().find(|it| it.id == holder.server && it.run == holder.run)?;
            server.is_alive(cluster.now).then(|| server.name.clone())
        };
        let mut names: Vec<String> = cluster.leases.iter().filter_map(holder).collect();
        let tasks = names.len();
        names.sort();
        names.dedup();
        (names, tasks)
    }

    /// Waits until all three tasks are done, by none but these.
    async fn until_done_by(&self, names: &[&str]) {
        await_it::until(&format!("all tasks to be with {names:?}"), || async {
            let (at_work, tasks) = self.at_work().await;
            (tasks == 3 && at_work.iter().all(|it| names.contains(&it.as_str()))).then_some(())
        })
        .await;
    }
}

/// Waits until a page says something, however long that takes.
async fn says(page: &Page, words: &str) {
    await_it::until(&format!("the page to say {words:?}"), || async {
        page.text("body").await.contains(words).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_sees_that_the_database_is_away_and_everything_goes_on_by_itself() {
    if !is_there() {
        return;
    }
    let Some(browser) = Browser::start().await else { return };
    let cluster = tokio::task::spawn_blocking(Cluster::start).await.unwrap();
    let database = cluster.database();
    let house = House::on(&database).await;
    let server = house.serve("one").await;
    let page = browser.page().await;
    house.sign_in(&page, &server).await;
    page.open(&format!("http://{}/tickets/open", server.address)).await;
    page.value("window.stayed = true").await;
    let mut chance = Chance::new(seed());

    // Mail is being collected while the database crashes, and more comes while it is away.
    (1..=20).for_each(|number| house.mail.deliver(number, &mut chance));
    let before = house.mail.connections();
    house.mail.connected_after(before).await;
    let mut cluster = tokio::task::spawn_blocking(move || {
        let mut cluster = cluster;
        cluster.crash();
        cluster
    })
    .await
    .unwrap();
    says(&page, "Reconnecting").await;
    page.pictures("database-away").await;
    house.mail.deliver(21, &mut chance);
    let cluster = tokio::task::spawn_blocking(move || {
        cluster.start_again();
        cluster
    })
    .await
    .unwrap();

    // Nobody does anything: the mail comes in, and the page is live again and knows that it has missed something.
    let desk = house.office.desk(BUILT_IN_ADMINISTRATOR);
    let tickets = || async { desk.tickets(&Filter::default(), &Part::first(100)).await.ok().map(|it| it.rows) };
    await_it::until("all mail to become tickets", || async { (tickets().await?.len() >= 21).then_some(()) }).await;
    await_it::until("the page to be live again", || async {
        let text = page.text("body").await;
        (!text.contains("Reconnecting") && text.contains("changed")).then_some(())
    })
    .await;
    assert_eq!(page.value("window.stayed").await, true, "the page was never left");
    page.pictures("database-back").await;
    let tickets = tickets().await.unwrap();
    let mut subjects: Vec<String> = tickets.iter().map(|it| it.subject.clone()).collect();
    subjects.sort();
    assert_eq!(subjects, (1..=21).map(token).collect::<Vec<_>>(), "each mail is one ticket");
    assert_eq!(house.mail.waiting(), 0);
    desk.reply(tickets.first().unwrap().id, Reply::text("We are on it.")).await.unwrap();
    await_it::until("the answer to arrive", || async { (house.mail.accepted().len() == 1).then_some(()) }).await;
    page.open(&format!("http://{}/tickets/open", server.address)).await;
    assert_eq!(page.count("li.ticket").await, 21);
    house.mail.deliver(22, &mut chance);
    says(&page, "1 new or changed").await;
    drop((server, desk, house));
    drop(database);
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_of_servers_shows_who_does_what_when_one_is_killed_and_one_is_drained() {
    if !is_there() {
        return;
    }
    let Some(browser) = Browser::start().await else { return };
    let database = Database::fresh();
    let house = House::on(&database).await;
    let mut servers = [house.serve("anna").await, house.serve("bert").await, house.serve("carl").await];
    house.until_done_by(&["anna", "bert", "carl"]).await;
    let cluster = house.office.cluster().await.unwrap();
    let router = cluster.leases.iter().find(|it| it.task == Task::Router).unwrap();
    let holder = router.holder.unwrap().server;
    let killed = cluster.servers.iter().find(|it| it.id == holder).unwrap().name.clone();
    let left: Vec<&str> = ["anna", "bert", "carl"].into_iter().filter(|it| *it != killed).collect();
    let (code, said) = house.cluster(&["forget", &killed]);
    assert!(code == Some(2) && said.contains("it is alive; stop its program first"), "{said}");

    let nth = ["anna", "bert", "carl"].iter().position(|it| *it == killed).unwrap();
    servers[nth].kill().await;
    house.until_done_by(&left).await;
    let (code, said) = house.cluster(&["status", "--history"]);
    eprintln!("{said}");
    assert_eq!(code, Some(0));
    let says_of = |name: &str, words: &str| said.lines().any(|it| it.starts_with(name) && it.contains(words));
    assert!(says_of(&killed, "gone") && left.iter().all(|it| says_of(it, "alive")), "{said}");
    let history = format!("    {killed} for ");
    assert!(said.lines().any(|it| it.starts_with(&history) && it.ends_with(": it was gone")), "{said}");

    let page = browser.page().await;
    let other = &servers[(nth + 1) % 3];
    house.sign_in(&page, other).await;
    let here = format!("http://{}/admin/servers", other.address);
    page.open(&here).await;
    let shown = page.text("main").await;
    assert!(shown.contains("Gone, last seen") && shown.contains("The database answers in"), "{shown}");
    page.click("ol.tasks details summary").await;
    says(&page, "it was gone, another one took over").await;
    page.pictures("servers").await;
    for look in [Look::PHONE, Look::DESK] {
        page.look(look).await;
        assert_eq!(page.too_wide().await, 0, "{look:?}");
    }

    // Forgotten, and what it did is remembered without its name.
    page.and_load(page.click(&format!("button[aria-label='Forget {killed}']"))).await;
    assert_eq!(page.count("ol.servers > li").await, 2);
    page.and_load(page.click(&format!("button[aria-label='Drain {}']", left[0]))).await;
    house.until_done_by(&left[1..]).await;
    page.open(&here).await;
    says(&page, "Drained: it has no tasks and takes none").await;
    page.pictures("servers-drained").await;
    let (code, said) = house.cluster(&["drain", left[0], "--undo"]);
    assert!(code == Some(0) && said.contains("takes tasks again"), "{said}");

    // The command waits until nothing is left.
    let (code, said) = house.cluster(&["drain", left[1]]);
    assert!(code == Some(0) && said.contains("has no tasks and takes none"), "{said}");
    let now = house.office.cluster().await.unwrap();
    let drained = now.servers.iter().find(|it| it.name == left[1]).unwrap();
    assert!(now.leases.iter().all(|it| it.holder.is_none_or(|holder| holder.server != drained.id)), "{now:?}");
    for server in &mut servers {
        if server.runs() {
            server.stop().await;
        }
    }
    drop((servers, house));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_older_than_the_database_says_so_and_keeps_what_somebody_writes() {
    if !is_there() {
        return;
    }
    let Some(browser) = Browser::start().await else { return };
    let database = Database::fresh();
    let house = House::on(&database).await;
    let servers = [house.serve("anna").await, house.serve("bert").await];
    house.until_done_by(&["anna", "bert"]).await;
    house.mail.deliver(1, &mut Chance::new(seed()));
    let desk = house.office.desk(BUILT_IN_ADMINISTRATOR);
    await_it::until("the mail to become a ticket", || async {
        (desk.tickets(&Filter::default(), &Part::first(9)).await.ok()?.rows.len() == 1).then_some(())
    })
    .await;
    let page = browser.page().await;
    house.sign_in(&page, &servers[0]).await;
    let ticket = format!("http://{}/ticket/1?compose=reply", servers[0].address);
    page.open(&ticket).await;

    // A later version has been there. Nothing is done any more, and nothing of what is written is lost.
    database.sql("INSERT INTO mailflow_migrations SELECT 99, digest FROM mailflow_migrations WHERE number = 1");
    await_it::until("nobody to do anything", || async { house.at_work().await.0.is_empty().then_some(()) }).await;
    page.fill("#text", "We are on it.").await;
    says(&page, "Saved in this browser only; the desk can only be read from here just now").await;
    page.and_load(page.click("button[value=send]")).await;
    says(&page, "The database was brought to a newer shape than this server knows").await;
    says(&page, "Nothing was sent; your words are below").await;
    assert_eq!(page.value("document.querySelector('#text').value").await, "We are on it.");
    page.pictures("older-than-the-database-composer").await;
    let main = format!("http://{}/admin/servers", servers[0].address);
    page.open(&main).await;
    says(&page, "This server is too old: it takes no tasks and changes nothing").await;
    page.pictures("older-than-the-database").await;
    for look in
        [Look::PHONE, Look { width: 1440, height: 900, dark: false }, Look { width: 1440, height: 900, dark: true }]
    {
        page.look(look).await;
        assert_eq!(page.too_wide().await, 0, "{look:?}");
        page.picture(&format!("older-than-the-database-{}{}", look.width, if look.dark { "-dark" } else { "" }))
            .await;
    }
    let log = page.errors();
    assert!(log.iter().all(|it| it.contains("503")), "{log:?}");
    assert!(desk.conversation(1).await.unwrap().outgoing.is_empty());

    // As if this server were the later version now: it goes on when somebody says so.
    database.sql("DELETE FROM mailflow_migrations WHERE number = 99");
    await_it::until("the server to see that", || async {
        page.open(&main).await;
        (!page.text("body").await.contains("too old")).then_some(())
    })
    .await;
    let (code, said) = house.cluster(&["drain", "anna", "--undo"]);
    assert!(code == Some(0) && said.contains("takes tasks again"), "{said}");
    house.until_done_by(&["anna"]).await;
    page.open(&ticket).await;
    page.fill("#text", "We are on it.").await;
    page.and_load(page.click("button[value=send]")).await;
    await_it::until("the answer to arrive", || async { (house.mail.accepted().len() == 1).then_some(()) }).await;
    drop((servers, desk, house));
}
