//! What programs do with the API.

use axum::body::Body;
use axum::http::{Request, header};
use mailflow_core::decision::ticket::TicketWish;
use mailflow_core::source::SourceAccess;
use mailflow_core::transport::Verdict;
use serde_json::{Value, json};

use super::fixture::{Fixture, PASSWORD, id};

#[tokio::test]
async fn a_program_signs_in_answers_a_ticket_and_signs_out() {
    let fixture = Fixture::open().await;
    let wrong = json!({ "user_name": "admin", "password": "wrong horse" });
    assert_eq!(fixture.ask(None, "POST", "/session", Some(&wrong)).await.status, 401);
    let right = json!({ "user_name": "Admin", "password": PASSWORD });
    let begun = fixture.ask(None, "POST", "/session", Some(&right)).await.json();
    let token = begun["token"].as_str().unwrap();
    assert_eq!(begun["agent"]["user_name"], "admin");

    let list = fixture.ask(Some(token), "GET", "/tickets?state=open&limit=10", None).await.json();
    assert_eq!(list["rows"][1]["subject"], "Help");
    let ticket = fixture.ask(Some(token), "GET", "/tickets/1", None).await.json();
    let texts: Vec<_> = ticket["parts"].as_array().unwrap().iter().filter(|part| part["kind"] == "message").collect();
    assert_eq!(texts[0]["text"].as_str().unwrap().trim(), "It is broken.");
    assert_eq!(texts[0]["from"]["address"], "ada@one.example");

    // A file that was sent before, one that is in the request.
    let file = Request::post("/files?filename=plan.txt")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "text/plain")
        .body(Body::from("the plan"))
        .unwrap();
    let file = fixture.send(file).await.json();
    let here = json!({ "filename": "b.bin", "content_base64": "AAEC" });
    let reply = json!({
        "text": "Here it is.", "attachments": [file, here], "revision": ticket["ticket"]["revision"],
        "cc": [{ "name": "Carl", "address": "carl@one.example" }], "close": true,
    });
    let sent = fixture.ask(Some(token), "POST", "/tickets/1/replies", Some(&reply)).await;
    assert_eq!(sent.status, 202, "{}", sent.json());
    let message = sent.json()["message"].as_str().unwrap().to_owned();
    fixture.flow.deliver().await.unwrap();
    let (envelope, bytes) = fixture.outside.sent().pop().unwrap();
    assert_eq!(envelope.recipients().len(), 2);
    let raw = fixture.ask(Some(token), "GET", &format!("/messages/{message}/raw"), None).await;
    assert_eq!(raw.bytes, bytes);
    assert_eq!(raw.headers[header::CONTENT_TYPE], "message/rfc822");
    let ticket = fixture.ask(Some(token), "GET", "/tickets/1", None).await.json();
    assert_eq!(ticket["ticket"]["state"], "closed");
    let delivery = ticket["deliveries"].as_array().unwrap().iter().find(|it| it["message"] == message.as_str());
    assert_eq!(delivery.unwrap()["state"], "sent");

    assert_eq!(fixture.ask(Some(token), "DELETE", "/session", None).await.status, 204);
    assert_eq!(fixture.ask(Some(token), "GET", "/session", None).await.status, 401);
}

#[tokio::test]
async fn an_answer_to_a_ticket_that_changed_meanwhile_is_stopped_and_says_the_new_revision() {
    let fixture = Fixture::open().await;
    let seen = fixture.admin("GET", "/tickets/1", None).await.json()["ticket"]["revision"].clone();
    fixture
        .receive("From: ada@one.example\nTo: support@example.com\nSubject: Re: Help\nIn-Reply-To: <1@one.example>\nMessage-ID: <2@one.example>\n\nIt works again.\n")
        .await;
    let reply = json!({ "text": "Sending a technician.", "revision": seen });
    let stopped = fixture.admin("POST", "/tickets/1/replies", Some(reply.clone())).await;
    assert_eq!((stopped.status, stopped.error().as_str()), (409, "ticket_changed"));
    assert!(stopped.json()["what"].as_str().unwrap().contains("It works again."));
    let again = json!({ "text": "Good!", "revision": stopped.json()["revision"] });
    assert_eq!(fixture.admin("POST", "/tickets/1/replies", Some(again)).await.status, 202);
}

#[tokio::test]
async fn an_answer_with_the_same_message_id_is_sent_once() {
    let fixture = Fixture::open().await;
    let reply = json!({ "text": "Once.", "message": "0191f3a2-7c44-7d10-9a51-000000000055" });
    for _ in 0..2 {
        assert_eq!(fixture.admin("POST", "/tickets/1/replies", Some(reply.clone())).await.status, 202);
    }
    fixture.flow.deliver().await.unwrap();
    assert_eq!(fixture.outside.sent().len(), 1);
}

#[tokio::test]
async fn each_change_of_a_ticket_is_made() {
    let fixture = Fixture::open().await;
    let change = async |body| {
        let answer = fixture.admin("POST", "/tickets/1/changes", Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.json());
        answer.json()
    };
    assert_eq!(change(json!({ "change": "close" })).await["state"], "closed");
    assert_eq!(change(json!({ "change": "reopen" })).await["state"], "open");
    assert_eq!(change(json!({ "change": "take" })).await["owner"], "00000000-0000-0000-0000-000000000001");
    assert_eq!(change(json!({ "change": "assign", "agent": null })).await["owner"], json!(null));
    let alan = "0191f3a2-7c44-7d10-9a51-000000000015";
    assert_eq!(change(json!({ "change": "assign", "agent": alan })).await["owner"], alan);
    let unassigned = "00000000-0000-0000-0000-000000000002";
    assert_eq!(change(json!({ "change": "move", "ticketbox": unassigned })).await["ticketbox"], unassigned);
    assert_eq!(change(json!({ "change": "prioritise", "priority": "urgent" })).await["priority"], "urgent");
    let complaint = "0191f3a2-7c44-7d10-9a51-000000000014";
    assert_eq!(change(json!({ "change": "categorise", "category": complaint })).await["category"], complaint);
    assert!(change(json!({ "change": "trash" })).await["trashed"].is_i64());
    assert_eq!(change(json!({ "change": "restore" })).await["trashed"], json!(null));
    let in_use = fixture.admin("DELETE", &format!("/categories/{complaint}"), None).await;
    assert_eq!((in_use.status, in_use.error().as_str()), (409, "in_use"));
}

#[tokio::test]
async fn lists_come_in_parts_that_together_are_the_list() {
    let fixture = Fixture::open().await;
    for number in 3..=8 {
        let mail = format!(
            "From: p{number}@one.example\nTo: support@example.com\nSubject: Matter {number}\nMessage-ID: <m{number}@one.example>\n\nWords.\n"
        );
        fixture.receive(&mail).await;
    }
    let (mut numbers, mut path) = (Vec::new(), "/tickets?limit=3".to_owned());
    loop {
        let part = fixture.admin("GET", &path, None).await.json();
        numbers.extend(part["rows"].as_array().unwrap().iter().map(|row| row["number"].as_u64().unwrap()));
        match part["next"].as_str() {
            Some(next) => path = format!("/tickets?limit=3&after={next}"),
            None => break,
        }
    }
    assert_eq!(numbers, [8, 7, 6, 5, 4, 3, 2, 1]);
    let found = fixture.admin("GET", "/search?words=broken&state=open", None).await.json();
    assert_eq!(found["rows"][0]["ticket"]["number"], 1);
    let contacts = fixture.admin("GET", "/contacts?words=p3", None).await.json();
    assert_eq!(contacts["rows"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_mail_server_password_is_sealed_never_given_back_and_stays_when_it_is_left_away() {
    let fixture = Fixture::open().await;
    let access = json!({
        "kind": "pop3", "user": "sales", "password": "hush hush",
        "server": { "host": "127.0.0.1", "port": 1, "tls": "none" },
    });
    let made = fixture.admin("POST", "/sources", Some(json!({ "name": "Sales", "access": access }))).await;
    assert_eq!(made.status, 201, "{}", made.json());
    let path = format!("/sources/{}", made.json()["id"].as_str().unwrap());
    let sealed = |fixture: &Fixture| {
        let directory = fixture.flow.directory();
        let source = directory.sources.values().find(|source| source.name.starts_with("Sales")).unwrap().clone();
        let SourceAccess::Pop3 { password, .. } = source.access else { panic!("{source:?}") };
        password.as_str().to_owned()
    };
    let first = sealed(&fixture);
    assert!(!first.contains("hush") && !String::from_utf8_lossy(&made.bytes).contains("hush"));
    let without = json!({ "kind": "pop3", "user": "sales2", "server": access["server"] });
    let wish = json!({ "name": "Sales box", "access": without, "enabled": false });
    let saved = fixture.admin("PUT", &path, Some(wish.clone())).await;
    assert_eq!(saved.json()["access"]["user"], "sales2");
    assert_eq!(sealed(&fixture), first);
    assert!(saved.json()["pinned_to"].is_null());
    // Only one server of several does it, until that is said no more.
    for pin in [json!("second"), json!(null)] {
        let pinned = json!({ "name": "Sales box", "access": without, "enabled": false, "pinned_to": pin });
        assert_eq!(fixture.admin("PUT", &path, Some(pinned)).await.json()["pinned_to"], pin);
        let directory = fixture.flow.directory();
        let source = directory.sources.values().find(|source| source.name == "Sales box").unwrap();
        assert_eq!(source.pinned_to.as_deref(), pin.as_str());
    }
    // A new one without a password is refused.
    let refused = fixture.admin("POST", "/sources", Some(json!({ "name": "Other", "access": without }))).await;
    assert_eq!((refused.status, refused.error().as_str()), (422, "invalid"));
    // Nobody listens there: the trial says at which step it failed.
    let check = fixture.admin("POST", &format!("{path}/test"), None).await.json();
    assert_eq!(check["worked"], false);
    assert_eq!(check["steps"].as_array().unwrap().last().unwrap()["name"], "connect", "{check}");
}

#[tokio::test]
async fn a_change_at_an_old_version_is_refused() {
    let fixture = Fixture::open().await;
    let path = "/categories/0191f3a2-7c44-7d10-9a51-000000000014";
    let tag = fixture.admin("GET", path, None).await.tag().to_owned();
    let put = async |name: &str, tag: &str| {
        let request = Request::put(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", fixture.administrator))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, tag)
            .body(Body::from(json!({ "name": name }).to_string()));
        fixture.send(request.unwrap()).await
    };
    let first = put("First", &tag).await;
    assert_eq!(first.status, 200);
    let late = put("Late", &tag).await;
    assert_eq!((late.status, late.error().as_str()), (412, "outdated"));
    assert_eq!(put("Then", first.tag()).await.status, 200);
    assert_eq!(put("Nonsense", "\"what\"").await.status, 412);
}

#[tokio::test]
async fn a_new_password_ends_the_sessions_of_its_agent() {
    let fixture = Fixture::open().await;
    let wish = json!({ "user_name": "alan", "name": "Alan", "password": "a new long one" });
    let path = "/agents/0191f3a2-7c44-7d10-9a51-000000000015";
    assert_eq!(fixture.ask(Some(&fixture.agent), "GET", "/session", None).await.status, 200);
    let saved = fixture.admin("PUT", path, Some(wish)).await;
    assert_eq!(saved.json()["has_password"], true);
    assert_eq!(fixture.ask(Some(&fixture.agent), "GET", "/session", None).await.status, 401);
    let short = json!({ "user_name": "alan", "name": "Alan", "password": "short" });
    assert_eq!(fixture.admin("PUT", path, Some(short)).await.status, 422);
    let demoted = json!({ "user_name": "admin", "name": "Administrator", "administrator": false });
    let refused = fixture.admin("PUT", "/agents/00000000-0000-0000-0000-000000000001", Some(demoted)).await;
    assert_eq!((refused.status, refused.error().as_str()), (409, "built_in"));
}

#[tokio::test]
async fn a_mail_that_failed_is_corrected_and_sent() {
    let fixture = Fixture::open().await;
    let health = fixture.admin("GET", "/health", None).await.json();
    assert_eq!(health["failures"].as_array().unwrap().len(), 2);
    let embedded = "00000000-0000-0000-0000-000000000003";
    let failures = fixture.admin("GET", &format!("/destinations/{embedded}/failures"), None).await.json();
    let failed = &failures["rows"][0];
    assert_eq!((&failed["state"], &failed["recipients"][0]["state"]), (&json!("failed"), &json!("failed")));
    let path = format!("/outgoing/{}/recipient", failed["id"].as_str().unwrap());
    let correction = json!({ "from": "ada@one.example", "to": "ada@right.example" });
    assert_eq!(fixture.admin("POST", &path, Some(correction)).await.status, 202);
    fixture.flow.deliver().await.unwrap();
    let (envelope, _) = fixture.outside.sent().pop().unwrap();
    assert_eq!(envelope.recipients()[0].as_str(), "ada@right.example");
    // Once more it fails, and all are tried again.
    let ticket = fixture.desk().ticket(1).await.unwrap();
    fixture.desk().change(ticket.id, TicketWish::Reopen).await.unwrap();
    fixture.outside.answer_next(Ok(Verdict::Refused));
    fixture.admin("POST", "/tickets/1/replies", Some(json!({ "text": "Again." }))).await;
    fixture.flow.deliver().await.unwrap();
    let retried = fixture.admin("POST", &format!("/destinations/{embedded}/failures/retry"), None).await.json();
    assert_eq!(retried["mails"], 1);
}

#[tokio::test]
async fn a_message_says_why_it_is_here_and_the_document_says_how() {
    use mailflow_core::rule::{Rule, RuleSet, Syntax, TextField, TextPattern};

    let fixture = Fixture::open().await;
    let pattern = TextPattern {
        within: vec![TextField::Subject],
        pattern: r"order (?<order>\d+)".to_owned(),
        syntax: Syntax::Expression,
    };
    let rule = |number: u8| Rule::new(id(number), "a rule");
    let rules = vec![
        Rule { to: vec!["nobody@example.com".to_owned()], ..rule(31) },
        Rule { enabled: false, ..rule(32) },
        Rule { text: vec![pattern], ..rule(33) },
    ];
    let before = fixture.flow.directory().rule_set.clone();
    fixture.flow.admin().save_rules(&RuleSet { rules, ..before }).await.unwrap();
    fixture
        .receive(
            "From: eve@one.example\nTo: support@example.com\nSubject: Order 17\nMessage-ID: <31@one.example>\n\nx\n",
        )
        .await;
    let number =
        fixture.desk().tickets(&Default::default(), &mailflow_core::store::Page::first(1)).await.unwrap().rows[0]
            .number;
    let answer = fixture.admin("GET", &format!("/tickets/{number}"), None).await.json();
    assert_eq!(answer["ticket"]["fields"], json!({ "order": "17" }));
    let explanation =
        &answer["parts"].as_array().unwrap().iter().find(|it| it["kind"] == "message").unwrap()["explanation"];
    assert_eq!((&explanation["placed_by"], &explanation["rule"]), (&json!("rule"), &json!(id::<uuid::Uuid>(33))));
    assert_eq!(
        explanation["tried"]["rules"],
        json!([
            { "rule": 1, "what": "failed", "field": "to" },
            { "rule": 2, "what": "disabled", "field": null },
            { "rule": 3, "what": "matched", "field": null },
        ])
    );
    assert_eq!(explanation["done"], json!(["filled order"]));
    let document = serde_json::to_value(crate::api::document()).unwrap();
    let schema = json!({ "$ref": "#/components/schemas/ConversationShape" });
    assert_eq!(super::schema::faults(&document, &schema, &answer), [""; 0]);
}

#[tokio::test]
async fn health_says_when_automatic_mail_is_stopped() {
    let fixture = Fixture::open().await;
    let health = fixture.admin("GET", "/health", None).await.json();
    assert_eq!(
        health["automatic"],
        json!({ "within_an_hour": 0, "most": 500, "stopped": false, "stopped_until": null })
    );
    let settings =
        json!({ "name": "Desk", "first_ticket_number": 1, "host": "example.com", "automatic_per_hour": 0 });
    assert_eq!(fixture.admin("PUT", "/settings", Some(settings)).await.status, 200);
    let health = fixture.admin("GET", "/health", None).await.json();
    assert_eq!(
        health["automatic"],
        json!({ "within_an_hour": 0, "most": 0, "stopped": true, "stopped_until": null })
    );
    let silent = json!({ "name": "Desk", "first_ticket_number": 1, "host": "example.com" });
    let kept = fixture.admin("PUT", "/settings", Some(silent)).await.json();
    assert_eq!(kept["automatic_per_hour"], 0, "what is not said stays");
}

#[tokio::test]
async fn rules_keep_what_the_api_does_not_know() {
    let fixture = Fixture::open().await;
    let rules = fixture.admin("GET", "/rules", None).await;
    let kept: mailflow_core::rule::RuleSet = serde_json::from_value(rules.json()).unwrap();
    assert_eq!(kept, fixture.flow.directory().rule_set);
    let bad = json!({
        "rules": [{ "id": id::<uuid::Uuid>(20), "description": "x", "enabled": true, "text": [{ "pattern": "(" }] }],
        "default": { "prefer_contact_owner": false, "prefer_matching_address": true },
    });
    let refused = fixture.admin("PUT", "/rules", Some(bad)).await;
    assert_eq!((refused.status, refused.error().as_str()), (422, "invalid"));
}

#[tokio::test]
async fn rules_are_saved_over_those_that_were_seen_only() {
    let fixture = Fixture::open().await;
    let first = fixture.admin("GET", "/rules", None).await;
    let (tag, revision) = (first.tag().to_owned(), first.json()["revision"].as_u64().unwrap());
    let rule = |number: u8, name: &str| json!({ "id": id::<uuid::Uuid>(number), "description": name, "enabled": true, "from": ["@one.example"] });
    let mut wish = first.json();
    wish["rules"] = json!([rule(20, "one"), rule(21, "two")]);
    let saved = fixture.admin("PUT", "/rules", Some(wish.clone())).await;
    assert_eq!((saved.status, saved.json()["revision"].as_u64()), (200, Some(revision + 1)));
    // The same body once more begins with the old revision; so does the old version.
    let late = fixture.admin("PUT", "/rules", Some(wish.clone())).await;
    assert_eq!((late.status, late.error().as_str()), (409, "rules_changed"));
    wish["revision"] = serde_json::Value::Null;
    let request = |tag: &str| {
        Request::builder()
            .method("PUT")
            .uri("/rules")
            .header(header::AUTHORIZATION, format!("Bearer {}", fixture.administrator))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::IF_MATCH, tag)
            .body(Body::from(wish.to_string()))
            .unwrap()
    };
    assert_eq!(fixture.send(request(&tag)).await.error(), "outdated");
    assert_eq!(fixture.send(request(saved.tag())).await.status, 200);

    let warnings = fixture.admin("GET", "/rules/warnings", None).await.json();
    assert_eq!((&warnings[0]["rule"], &warnings[0]["kind"]), (&json!(2), &json!("hidden")), "{warnings}");
    let hits = fixture.admin("GET", "/rules/hits", None).await.json();
    assert_eq!(hits.as_array().unwrap().len(), 2, "{hits}");
}

#[tokio::test]
async fn a_draft_is_replayed_and_nothing_is_changed() {
    let fixture = Fixture::open().await;
    fixture.receive("From: ada@one.example\nTo: support@example.com\nSubject: order 17\n\nWords.\n").await;
    let before = fixture.flow.directory().rule_set.clone();
    let mut changes = fixture.flow.watch();
    let toml =
        "[[rule]]\ndescription = \"Orders\"\ntext = [{ pattern = \"order 17\" }]\nthen = { priority = \"urgent\" }\n";
    let replayed = fixture.admin("POST", "/rules/replay", Some(json!({ "toml": toml, "days": 1 }))).await;
    assert_eq!(replayed.status, 200, "{}", replayed.json());
    let replayed = replayed.json();
    assert_eq!((&replayed["moved"], &replayed["moves"][0]["rule"]), (&json!(1), &json!(1)), "{replayed}");
    assert_eq!(replayed["examples"][0]["subject"], "order 17");
    assert_eq!(fixture.flow.directory().rule_set, before);
    assert!(changes.try_recv().is_err(), "nothing was written");
    let wrong = fixture.admin("POST", "/rules/replay", Some(json!({ "toml": "[[rule]]" }))).await;
    assert_eq!((wrong.status, wrong.error().as_str()), (422, "invalid"));
}

#[tokio::test]
async fn what_is_tried_out_and_hurried_stands_in_the_audit_once() {
    let fixture = Fixture::open().await;
    let (source, destination): (uuid::Uuid, uuid::Uuid) = (id(11), id(12));
    let told = async || -> Vec<Value> {
        let listed = fixture.admin("GET", "/audit?activity=configuration", None).await.json();
        let rows = listed["rows"].as_array().unwrap().iter().filter(|it| it["by"] == "agent").cloned();
        rows.map(|it| json!([it["name"], it["deed"]])).collect()
    };
    let before = told().await.len();
    for (path, status) in [
        (format!("/sources/{source}/test"), 200),
        (format!("/sources/{source}/check"), 202),
        (format!("/destinations/{destination}/test"), 200),
        (format!("/destinations/{destination}/send"), 202),
        // Nothing is set up: there is nothing to try out.
        ("/settings/oidc/test".to_owned(), 200),
    ] {
        assert_eq!(fixture.admin("POST", &path, None).await.status, status, "{path}");
        assert_eq!(fixture.ask(Some(&fixture.agent), "POST", &path, None).await.status, 403, "{path}");
    }
    let told = told().await;
    assert_eq!(told.len() - before, 4, "{told:#?}");
    assert!(told.contains(&json!(["Support mailbox", "hurried"])), "{told:#?}");
    assert!(told.contains(&json!(["Second server", "hurried"])), "{told:#?}");
    let tried =
        |name: &str| told.iter().filter(|it| it[0] == name && !it[1]["tried_out"]["trouble"].is_null()).count();
    assert_eq!((tried("Support mailbox"), tried("Second server")), (1, 1), "{told:#?}");
}
