//! Signing in, staying and being sent away, through the real server and its real binary.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use mailflow_tests::binary::mailflow;
use mailflow_tests::desk_server::{DeskServer, read_to_end, read_until};

fn field<'a>(page: &'a str, name: &str) -> &'a str {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap()
}

#[tokio::test]
async fn a_session_that_is_ended_is_dead_and_so_is_its_live_stream() {
    let mut server = DeskServer::start(&[]).await;
    let (here, there) = (server.sign_in().await, server.sign_in().await);
    assert_ne!(here, there, "each session has a secret of its own");
    let mut stream = server.send("GET", "/live", &[("Cookie", &there)], "").await;
    read_until(&mut stream, "event: beat").await;
    let list = server.get("/sessions", &here).await.body;
    let other = field(&list, "session").to_owned();
    let ended = server.post("/sessions/end", &here, &format!("session={other}")).await;
    assert_eq!(ended.status, 303, "{ended:?}");
    assert_eq!(server.get("/tickets/mine", &there).await.status, 303, "it opens nothing any more");
    read_to_end(&mut stream).await;
    assert_eq!(server.get("/tickets/mine", &here).await.status, 200);
    assert_eq!(server.get("/live", "mailflow_session=nothing").await.status, 303);
    assert!(server.runs());
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions_and_their_streams() {
    let server = DeskServer::start(&[]).await;
    let (here, there) = (server.sign_in().await, server.sign_in().await);
    let mut stream = server.send("GET", "/live", &[("Cookie", &there)], "").await;
    read_until(&mut stream, "event: beat").await;
    let form = format!("old={}&new=a+better+password", server.password);
    let changed = server.post("/security/password", &here, &form).await;
    assert_eq!(changed.header("location"), "/security?did=password", "{changed:?}");
    read_to_end(&mut stream).await;
    assert_eq!(server.get("/tickets/mine", &there).await.status, 303);
    assert_eq!(server.get("/tickets/mine", &here).await.status, 200);
    let old = server.post("/sign-in", "", &format!("user=admin&password={}", server.password)).await;
    assert_eq!((old.status, old.cookie().as_str()), (401, ""));
    let new = server.post("/sign-in", "", "user=admin&password=a+better+password").await;
    assert_eq!(new.status, 303);
}

#[tokio::test]
async fn forms_of_other_sites_do_nothing_whatever_cookie_the_browser_sends() {
    let server = DeskServer::start(&[]).await;
    let cookie = server.sign_in().await;
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let own = ("Cookie", cookie.as_str());
    for other in [
        vec![own, kind, ("Sec-Fetch-Site", "cross-site")],
        vec![own, kind, ("Sec-Fetch-Site", "same-site")],
        vec![own, kind, ("Origin", "https://evil.example")],
        vec![own, kind, ("Origin", "null")],
        vec![own, kind],
    ] {
        for path in ["/sign-out", "/sessions/end-others", "/security/password", "/preferences", "/admin/settings"] {
            let refused = server.ask("POST", path, &other, "name=x").await;
            assert_eq!(refused.status, 403, "{path} {other:?}: {refused:?}");
        }
    }
    assert_eq!(server.get("/tickets/mine", &cookie).await.status, 200, "still signed in");
    for path in ["/sign-out", "/sessions/end-others", "/security/password"] {
        assert_eq!(server.get(path, &cookie).await.status, 405, "{path} is no page to be led to");
    }
    assert_eq!(server.post("/sign-out", &cookie, "").await.status, 303, "control: our own form does it");
    assert_eq!(server.get("/tickets/mine", &cookie).await.status, 303);
}

#[tokio::test]
async fn what_an_administrator_ends_is_dead_and_so_are_its_live_streams() {
    let server = DeskServer::start(&[]).await;
    let admin = server.sign_in().await;
    let own = [("Cookie", admin.as_str()), ("Content-Type", "application/json"), ("Sec-Fetch-Site", "same-origin")];
    let wish = |more: (&str, serde_json::Value)| {
        let mut wish = serde_json::json!({ "user_name": "bob", "name": "Bob", "password": "bob has a long one" });
        wish[more.0] = more.1;
        wish.to_string()
    };
    let made = server.ask("POST", "/api/v1/agents", &own, &wish(("active", true.into()))).await;
    assert_eq!(made.status, 201, "{made:?}");
    let made: serde_json::Value = serde_json::from_str(&made.body).unwrap();
    let path = format!("/api/v1/agents/{}", made["id"].as_str().unwrap());
    let bob = || async {
        let entered = server.post("/sign-in", "", "user=bob&password=bob+has+a+long+one").await;
        assert_eq!(entered.status, 303, "{entered:?}");
        entered.cookie()
    };
    let listening = |cookie: String| {
        let server = &server;
        async move {
            let mut stream = server.send("GET", "/live", &[("Cookie", &cookie)], "").await;
            read_until(&mut stream, "event: beat").await;
            stream
        }
    };
    // The sessions are ended one by one, all of an agent, by a new password, by a place, and with the agent.
    for way in ["one", "all", "password", "place", "agent"] {
        let cookie = bob().await;
        let mut stream = listening(cookie.clone()).await;
        let ended = match way {
            "one" => {
                let list = server.get("/admin/sessions", &admin).await.body;
                // Bob has no other; that of the administrator is marked as this one, and has no button.
                let session = field(&list, "session").to_owned();
                server.post("/admin/sessions/end", &admin, &format!("session={session}")).await
            }
            "all" => server.ask("DELETE", &format!("{path}/sessions"), &own, "").await,
            "password" => server.ask("PUT", &path, &own, &wish(("active", true.into()))).await,
            "place" => {
                server.ask("PUT", &path, &own, &wish(("ip_ranges", serde_json::json!(["192.0.2.0/24"])))).await
            }
            _ => server.ask("PUT", &path, &own, &wish(("active", false.into()))).await,
        };
        assert!(ended.status < 400, "{way}: {ended:?}");
        read_to_end(&mut stream).await;
        assert_eq!(server.get("/tickets/mine", &cookie).await.status, 303, "{way}");
        if way == "place" {
            let refused = server.post("/sign-in", "", "user=bob&password=bob+has+a+long+one").await;
            assert!(refused.status == 403 && refused.body.contains("127.0.0.1"), "{refused:?}");
            let again = server.ask("PUT", &path, &own, &wish(("active", true.into()))).await;
            assert_eq!(again.status, 200, "{again:?}");
        }
    }
    let refused = server.post("/sign-in", "", "user=bob&password=bob+has+a+long+one").await;
    assert_eq!((refused.status, refused.cookie().as_str()), (401, ""), "no session for who is not active");
    assert_eq!(server.get("/tickets/mine", &admin).await.status, 200, "control: the administrator stays");
}

#[tokio::test]
async fn who_signs_out_is_out_and_so_is_the_live_stream() {
    let server = DeskServer::start(&[]).await;
    let (here, there) = (server.sign_in().await, server.sign_in().await);
    let mut stream = server.send("GET", "/live", &[("Cookie", &here)], "").await;
    read_until(&mut stream, "event: beat").await;
    let out = server.post("/sign-out", &here, "").await;
    assert!(out.status == 303 && out.header("set-cookie").contains("Max-Age=0"), "{out:?}");
    read_to_end(&mut stream).await;
    assert_eq!(server.get("/tickets/mine", &here).await.status, 303);
    assert_eq!(server.get("/tickets/mine", &there).await.status, 200, "control: another session of the same agent");
}

#[tokio::test]
async fn programs_of_other_sites_do_nothing_with_the_cookie_of_a_browser() {
    let server = DeskServer::start(&[]).await;
    let cookie = server.sign_in().await;
    let kind = ("Content-Type", "application/json");
    for (method, path) in [("PUT", "/api/v1/me"), ("DELETE", "/api/v1/sessions"), ("POST", "/api/v1/agents")] {
        for from in [("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example"), ("Accept", "*/*")] {
            let refused = server.ask(method, path, &[("Cookie", &cookie), kind, from], "{}").await;
            assert_eq!(refused.status, 403, "{method} {path} {from:?}: {refused:?}");
        }
        let ours = [("Cookie", cookie.as_str()), kind, ("Sec-Fetch-Site", "same-origin")];
        let control = server.ask(method, path, &ours, "{}").await;
        assert_ne!(control.status, 403, "control: {method} {path}: {control:?}");
    }
}

#[tokio::test]
async fn who_is_not_known_is_told_the_same_as_who_mistyped_the_password() {
    let server = DeskServer::start(&[]).await;
    let try_in = |user: &'static str| {
        let server = &server;
        async move { server.post("/sign-in", "", &format!("user={user}&password=wrong+password")).await }
    };
    let (known, unknown) = (try_in("admin").await, try_in("nobody").await);
    let bare = |page: &str| page.replace("value=\"admin\"", "").replace("value=\"nobody\"", "");
    assert_eq!((known.status, bare(&known.body)), (unknown.status, bare(&unknown.body)));
    assert_eq!(known.status, 401);
    assert_eq!((known.cookie(), unknown.cookie()), (String::new(), String::new()));
}

#[tokio::test]
async fn the_command_line_opens_what_was_shut_too_tightly() {
    let mut server = DeskServer::start(&["--proxy", "127.0.0.1"]).await;
    let cookie = server.sign_in().await;
    let away = [("Cookie", cookie.as_str()), ("X-Forwarded-For", "198.51.100.9"), ("X-Forwarded-Proto", "https")];
    let page = server.ask("GET", "/admin/settings", &away, "").await;
    let form = format!(
        "version={}&name=Desk&first_ticket_number=1&host=example.com&automatic_per_hour=500&force_https=yes\
         &ip_ranges=198.51.100.0%2F24",
        field(&page.body, "version")
    );
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    let headers: Vec<_> = away.into_iter().chain([kind, ("Sec-Fetch-Site", "same-origin")]).collect();
    let saved = server.ask("POST", "/admin/settings", &headers, &form).await;
    assert_eq!(saved.status, 303, "{saved:?}");
    let plain = server.get("/tickets/mine", &cookie).await;
    assert_eq!(plain.status, 308);
    assert!(plain.header("location").starts_with("https://127.0.0.1/"), "{plain:?}");
    let protected = ("X-Forwarded-Proto", "https");
    let elsewhere = server.ask("GET", "/tickets/mine", &[("Cookie", &cookie), protected], "").await;
    assert_eq!(elsewhere.status, 303, "not from there");
    let there = server.ask("GET", "/tickets/mine", &away, "").await;
    assert!(there.status == 200 && !there.header("strict-transport-security").is_empty(), "{there:?}");

    server.stop().await;
    let file = server.file.to_str().unwrap();
    for command in ["allow-all", "allow-http"] {
        let done = mailflow(["settings", command, "--db", file]);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }
    server.start_again(&["--proxy", "127.0.0.1"]).await;
    assert_eq!(server.get("/tickets/mine", &cookie).await.status, 200);
}

#[tokio::test]
async fn the_command_line_takes_a_lost_second_factor_away() {
    let mut server = DeskServer::start(&[]).await;
    let kind = ("Content-Type", "application/json");
    let wish = format!("{{\"user_name\":\"admin\",\"password\":\"{}\"}}", server.password);
    let begun = server.ask("POST", "/api/v1/session", &[kind], &wish).await;
    assert_eq!(begun.status, 201, "{begun:?}");
    let token: serde_json::Value = serde_json::from_str(&begun.body).unwrap();
    let bearer = format!("Bearer {}", token["token"].as_str().unwrap());
    let own = [("Authorization", bearer.as_str()), kind];
    let password = server.password.clone();
    let ask = |body: serde_json::Value| {
        let (server, own) = (&server, &own);
        async move { server.ask("POST", "/api/v1/me/second-factor", own, &body.to_string()).await }
    };
    let offer = ask(serde_json::json!({ "password": password })).await;
    let offer: serde_json::Value = serde_json::from_str(&offer.body).unwrap();
    let secret = helpdesk::auth::totp::secret_of(offer["secret"].as_str().unwrap()).unwrap();
    let now = mailflow_core::time::Clock::now(&mailflow_core::time::SystemClock).as_millis();
    let code = helpdesk::auth::totp::code_at(&secret, u64::try_from(now).unwrap() / 30_000);
    let on = ask(serde_json::json!({ "password": password, "sealed": offer["sealed"], "code": code })).await;
    assert_eq!(on.status, 200, "{on:?}");
    let refused = server.ask("POST", "/api/v1/session", &[kind], &wish).await;
    assert!(refused.status == 401 && refused.body.contains("code_needed"), "{refused:?}");
    let recovery: serde_json::Value = serde_json::from_str(&on.body).unwrap();
    let with_code =
        serde_json::json!({ "user_name": "admin", "password": password, "code": recovery["recovery"][0] });
    let entered = server.ask("POST", "/api/v1/session", &[kind], &with_code.to_string()).await;
    assert_eq!(entered.status, 201, "{entered:?}");

    server.stop().await;
    let done = mailflow(["agent", "totp-off", "--db", server.file.to_str().unwrap(), "admin"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    server.start_again(&[]).await;
    assert_eq!(server.ask("POST", "/api/v1/session", &[kind], &wish).await.status, 201);
}
