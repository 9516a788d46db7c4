//! A server that is too old for the database: every route that only reads answers as ever, and none that would write
//! says that it did.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::table::{Case, cases};
use super::who::ask;
use super::world::{Role, Watch, World, browser};
use crate::web::testing::{ADMIN_PASSWORD, Shown, Web};

/// Who has everything to do, and who wrote the answer that can be pulled back.
const ROLES: [Role; 2] = [Role::Administrator, Role::Owner];

/// What comes back where nothing is wrong, and how much was written for it.
async fn healthy(world: &World, shared: &Web, role: Role, case: &Case) -> (Shown, usize) {
    if case.method == "GET" {
        return (ask(&browser(world, shared, role).await, case).await, 0);
    }
    let (web, watch) = world.watched_copy().await;
    let browser = browser(world, &web, role).await;
    watch.commits.store(0, Ordering::SeqCst);
    let shown = ask(&browser, case).await;
    (shown, watch.commits.load(Ordering::SeqCst))
}

/// A copy of the desk in which these have signed in before a newer program came.
async fn outgrown(world: &World) -> (Web, Arc<Watch>) {
    let (web, watch) = world.watched_copy().await;
    for role in ROLES {
        browser(world, &web, role).await;
    }
    watch.outgrown.store(true, Ordering::SeqCst);
    (web, watch)
}

fn says_so(shown: &Shown, case: &Case) -> bool {
    let words = if case.path.starts_with("/api/") { "server_outdated" } else { "newer shape than this server knows" };
    shown.status == 503 && shown.header("retry-after") == "60" && shown.body.contains(words)
}

#[tokio::test]
async fn a_server_that_is_too_old_for_the_database_shows_everything_and_never_says_that_it_wrote() {
    let world = World::make().await;
    let (shared, (old, _)) = (world.copy().await, outgrown(&world).await);
    let (mut refused, mut shown_as_ever, mut wrong) = (0, 0, Vec::new());
    for role in ROLES {
        for case in cases(&world, &shared) {
            let (before, commits) = healthy(&world, &shared, role, &case).await;
            assert!(!says_so(&before, &case), "the control: where nothing is wrong, nobody says so");
            // Signing out ends the session there too: whoever does something has a copy of his own.
            let alone = if case.method == "GET" { None } else { Some(outgrown(&world).await.0) };
            let now = ask(&browser(&world, alone.as_ref().unwrap_or(&old), role).await, &case).await;
            let fits = if commits > 0 { says_so(&now, &case) } else { now.status == before.status };
            refused += usize::from(commits > 0);
            shown_as_ever += usize::from(commits == 0 && before.status == 200);
            if !fits {
                let (method, path, now, before) = (case.method, &case.path, now.status, before.status);
                wrong.push(format!("{role:?} {method} {path}: {now}, else {before} and {commits} commits"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(refused > 60 && shown_as_ever > 100, "{refused} refused, {shown_as_ever} shown");
}

#[tokio::test]
async fn words_that_a_server_that_is_too_old_cannot_save_stay_in_the_composer() {
    let world = World::make().await;
    let (old, watch) = outgrown(&world).await;
    let owner = browser(&world, &old, Role::Owner).await;
    let page = owner.get("/ticket/1?compose=reply").await;
    assert_eq!(page.status, 200);
    let (message, revision) = (page.value_of("message"), page.value_of("revision"));
    let fields = |action: &'static str| {
        let (message, revision) = (message.as_str(), revision.as_str());
        [
            ("message", message),
            ("revision", revision),
            ("to", "ada@one.example"),
            ("text", "Use sand."),
            ("action", action),
        ]
        .map(|(name, value)| (name, None, value))
    };
    for (action, kept) in [
        ("send", "<textarea id=\"text\" name=\"text\" rows=\"9\" autofocus data-words>Use sand.</textarea>"),
        ("save", ">Use sand.</textarea>"),
        ("note", ">Use sand.</textarea>"),
    ] {
        let shown = owner.post_files("/ticket/1/composer", &fields(action)).await;
        assert_eq!((shown.status, shown.header("retry-after")), (503, "60"), "{action}");
        assert!(
            shown.body.contains(kept) && shown.body.contains("Nothing was sent; your words are below."),
            "{}",
            shown.body
        );
        assert!(shown.body.contains("If there is another server, do it there"), "{}", shown.body);
    }
    // What was sent to the later version is taken.
    watch.outgrown.store(false, Ordering::SeqCst);
    let sent = owner.post_files("/ticket/1/composer", &fields("send")).await;
    assert_eq!(sent.status, 303, "{}", sent.body);
}

#[tokio::test]
async fn a_server_that_is_too_old_lets_nobody_in_and_everybody_out() {
    let world = World::make().await;
    let (old, watch) = outgrown(&world).await;
    let password = [("user", "admin"), ("password", ADMIN_PASSWORD)];
    let refused = old.stranger().post("/sign-in", &password).await;
    assert!(refused.status == 503 && refused.body.contains("newer shape"), "{}", refused.body);
    // Who is in stays in, however long nobody could write down that he was seen.
    let admin = browser(&world, &old, Role::Administrator).await;
    old.later(Duration::from_secs(3 * 60 * 60));
    assert_eq!(admin.get("/tickets/open").await.status, 200);
    assert_eq!(admin.post("/sign-out", &[]).await.status, 303);
    assert_eq!(admin.get("/tickets/open").await.status, 303, "the session is over");
    watch.outgrown.store(false, Ordering::SeqCst);
    assert_eq!(old.stranger().post("/sign-in", &password).await.status, 303);
}
