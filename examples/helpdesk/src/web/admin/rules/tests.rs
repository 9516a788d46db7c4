//! The rules' pages, as a browser without script uses them.

use mailflow_core::id::RuleId;
use mailflow_core::rule::{Rule, RuleSet, Syntax, TextField};

use crate::web::testing::{Browser, Shown, Web};

fn saved(shown: &Shown) {
    assert_eq!((shown.status, shown.location()), (303, "/admin/rules?done=saved"), "{}", shown.body);
}

async fn add(admin: &Browser<'_>, fields: &[(&str, &str)]) -> Shown {
    let revision = admin.get("/admin/rules/new").await.value_of("revision");
    let mut fields = fields.to_vec();
    fields.push(("revision", &revision));
    admin.post("/admin/rules/new", &fields).await
}

/// The rule's form, filled as it is shown, with these fields in place of its own.
async fn change(admin: &Browser<'_>, path: &str, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    let shown = admin.get(path).await;
    let own = ["revision", "seen"].map(|name| (name.to_owned(), shown.value_of(name)));
    own.into_iter().chain(fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))).collect()
}

async fn send(browser: &Browser<'_>, path: &str, fields: &[(String, String)]) -> Shown {
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    browser.post(path, &fields).await
}

fn names(web: &Web) -> String {
    let directory = web.flow.directory();
    directory.rule_set.rules.iter().map(|rule: &Rule| rule.description.clone()).collect::<Vec<_>>().join(" ")
}

fn id(web: &Web, name: &str) -> String {
    let directory = web.flow.directory();
    directory.rule_set.rules.iter().find(|rule| rule.description == name).unwrap().id.to_string()
}

fn revision(web: &Web) -> String {
    web.flow.directory().rule_set.revision.to_string()
}

#[tokio::test]
async fn a_rule_keeps_every_field_of_its_form_and_comes_back_the_same() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let (sales, me) = (web.sales.id.to_string(), mailflow_core::agent::BUILT_IN_ADMINISTRATOR.to_string());
    let source = web.source.id.to_string();
    let fields = [
        ("description", "Refunds"),
        ("enabled", "yes"),
        ("to", "support@example.com\n@shop.example"),
        ("from", "*@one.example"),
        ("sources", source.as_str()),
        ("text", "money"),
        ("text_subject", "/refund|money back/\ninvoice"),
        ("text_body", ""),
        ("attachments", "*.pdf\nimage/*\nscan* image/png"),
        ("size_at_least", "10"),
        ("contact", "known"),
        ("contact", me.as_str()),
        ("properties", "city = Ber*"),
        ("authentication", "SPF fail"),
        ("spam", "flagged"),
        ("spam_score", "5.5"),
        ("time", "Mon Fri 08:30-17:00 +01:00"),
        ("then_ticketbox", sales.as_str()),
        ("then_owner", me.as_str()),
        ("then_priority", "high"),
        ("new_ticket", "yes"),
        ("forward_to", "boss@other.example"),
    ];
    saved(&add(&admin, &fields).await);
    let rule = web.flow.directory().rule_set.rules[0].clone();
    assert_eq!((rule.text.len(), rule.attachments.len(), rule.contact.len(), rule.spam.len()), (3, 3, 3, 2));
    let subject: Vec<_> = rule.text.iter().filter(|text| text.within == [TextField::Subject]).collect();
    assert_eq!((subject[0].pattern.as_str(), subject[0].syntax), ("refund|money back", Syntax::Expression));
    assert_eq!((subject[1].pattern.as_str(), subject[1].syntax), ("invoice", Syntax::Words));
    assert_eq!(rule.then.ticketbox, Some(web.sales.id));
    let list = admin.get("/admin/rules").await.body;
    assert!(list.contains("To “Sales”, owned by Administrator, high priority"), "{list}");

    // Saved again as the form shows it, nothing changes.
    let path = format!("/admin/rules/{}", rule.id);
    let same = change(&admin, &path, &fields).await;
    saved(&send(&admin, &path, &same).await);
    assert_eq!(web.flow.directory().rule_set.rules[0], rule);
    assert_eq!(web.flow.directory().rule_set.revision, 2);
}

#[tokio::test]
async fn rules_are_moved_switched_and_deleted_each_as_one_edit() {
    let web = Web::open().await;
    let admin = web.admin().await;
    for name in ["First", "Second", "Third"] {
        saved(&add(&admin, &[("description", name), ("enabled", "yes"), ("from", "@one.example")]).await);
    }
    let act = async |name: &str, act: &str| {
        let path = format!("/admin/rules/{}/{act}", id(&web, name));
        admin.post(&path, &[("revision", &revision(&web))]).await.location().to_owned()
    };
    assert_eq!(act("Third", "up").await, "/admin/rules?done=moved");
    assert_eq!(names(&web), "First Third Second");
    let audit = admin.get("/audit?activity=configuration").await.body;
    assert!(audit.contains("rules › Third › place") && audit.contains("<del>3</del>"), "{audit}");
    act("First", "down").await;
    assert_eq!(names(&web), "Third First Second");
    act("First", "switch").await;
    assert!(admin.get("/admin/rules").await.body.contains("Switched off: it is not tried."));
    act("First", "delete").await;
    assert_eq!(names(&web), "Third Second");
    assert_eq!(web.flow.directory().rule_set.revision, 7);

    // By drag or key: before another one, or to the end.
    let (second, third) = (id(&web, "Second"), id(&web, "Third"));
    admin.post("/admin/rules/move", &[("revision", "7"), ("rule", &second), ("before", &third)]).await;
    assert_eq!(names(&web), "Second Third");
    admin.post("/admin/rules/move", &[("revision", "8"), ("rule", &second), ("before", "")]).await;
    assert_eq!(names(&web), "Third Second");
    let late = admin.post("/admin/rules/move", &[("revision", "8"), ("rule", &third), ("before", "")]).await;
    assert_eq!((late.status, names(&web)), (409, "Third Second".to_owned()));
    assert!(late.body.contains("Administrator changed the rules"), "{}", late.body);
}

#[tokio::test]
async fn many_rules_stand_on_pages_and_are_found_by_words_and_moved_to_a_place() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let rule = |n: u8| Rule::new(RuleId::from_bytes([n; 16]), &format!("Rule of {n}"));
    let before = web.flow.directory().rule_set.clone();
    web.flow.admin().save_rules(&RuleSet { rules: (1..=250).map(rule).collect(), ..before }).await.unwrap();
    let shown = async |query: &str| {
        let body = admin.get(&format!("/admin/rules{query}")).await.body;
        let places = body.split("<span class=\"place\">").skip(1);
        let places: Vec<usize> = places.map(|it| it.split_once('.').unwrap().0.parse().unwrap()).collect();
        (body, places)
    };
    let (first, places) = shown("").await;
    assert_eq!(places, (1..=100).collect::<Vec<_>>());
    // What is dragged to the end of the page stands before the first rule of the next one.
    assert!(first.contains(&format!("data-after=\"{}\"", id(&web, "Rule of 101"))), "{first}");
    assert!(first.contains("page=2\">Later rules") && !first.contains("Earlier rules"), "{first}");
    assert_eq!(shown("?page=2").await.1, (101..=200).collect::<Vec<_>>());
    let (last, places) = shown("?page=9").await;
    assert_eq!(places, (201..=250).collect::<Vec<_>>());
    assert!(last.contains("page=2\">Earlier rules") && last.contains("data-after=\"\""), "{last}");
    let (found, places) = shown("?find=21+rUle").await;
    assert_eq!(places, [21, 121, 210, 211, 212, 213, 214, 215, 216, 217, 218, 219, 221]);
    assert!(
        !found.contains("class=\"handle") && !found.contains("/up\""),
        "only the list of all has an order to change"
    );
    assert!(shown("?find=nothing").await.0.contains("No rule has these words."));

    let to = async |name: &str, place: &str| {
        let path = format!("/admin/rules/{}/to", id(&web, name));
        let shown = admin.post(&path, &[("revision", &revision(&web)), ("place", place)]).await;
        shown.location().split('#').next().unwrap().to_owned()
    };
    let place = |name: &str| {
        let directory = web.flow.directory();
        directory.rule_set.rules.iter().position(|rule| rule.description == name).unwrap() + 1
    };
    assert_eq!(to("Rule of 217", "3").await, "/admin/rules?done=moved");
    assert_eq!([place("Rule of 217"), place("Rule of 3"), place("Rule of 218")], [3, 4, 218]);
    assert_eq!(to("Rule of 217", "150").await, "/admin/rules?page=2&done=moved");
    assert_eq!([place("Rule of 217"), place("Rule of 3"), place("Rule of 218")], [150, 3, 218]);
    for (typed, lands) in [("0", 1), ("999", 250), ("x", 250)] {
        to("Rule of 217", typed).await;
        assert_eq!(place("Rule of 217"), lands, "{typed}");
    }
}

#[tokio::test]
async fn a_wrong_expression_is_shown_at_its_field_with_a_caret() {
    let web = Web::open().await;
    let admin = web.admin().await;
    saved(&add(&admin, &[("description", "Fine")]).await);
    let fields = [("description", "Bad"), ("text_subject", "fine\n/äb(c|d/"), ("from", "a@one.example")];
    let bad = add(&admin, &fields).await;
    assert_eq!(bad.status, 422);
    assert!(bad.body.contains("Not saved.") && bad.body.contains("value=\"Bad\""), "{}", bad.body);
    assert!(bad.body.contains("Rule 2 `Bad`: `äb(c|d` is not an expression: unclosed group, at character 3."));
    assert!(bad.body.contains("<pre class=\"pointed\">äb(c|d\n  ^</pre>"), "{}", bad.body);
    assert_eq!(names(&web), "Fine");
}

#[tokio::test]
async fn of_two_administrators_at_once_the_second_is_told_and_keeps_his_edit() {
    let web = Web::open().await;
    let admin = web.admin().await;
    for name in ["First", "Second"] {
        saved(&add(&admin, &[("description", name), ("enabled", "yes"), ("from", "@one.example")]).await);
    }
    let grace = web.add_agent("grace").await;
    let agent = web.flow.directory().agents[&grace].clone();
    web.flow.admin().save(&mailflow_core::agent::Agent { administrator: true, ..agent }).await.unwrap();
    let grace = web.browser(grace).await;
    let path = format!("/admin/rules/{}", id(&web, "First"));
    let hers = [("description", "First"), ("enabled", "yes"), ("from", "@hers.example")];
    let his = [("description", "Mine"), ("enabled", "yes"), ("from", "@one.example")];
    let (hers, his) = (change(&grace, &path, &hers).await, change(&admin, &path, &his).await);
    saved(&send(&grace, &path, &hers).await);
    let told = send(&admin, &path, &his).await;
    assert_eq!(told.status, 422);
    assert!(told.body.contains("grace the agent changed the rules"), "{}", told.body);
    assert!(told.body.contains("<td>@hers.example</td><td>@one.example</td>"), "{}", told.body);
    assert!(told.body.contains("value=\"Mine\""), "his edit is still there: {}", told.body);
    assert_eq!(web.flow.directory().rule_set.rules[0].from, ["@hers.example"], "hers is not undone");

    // Another rule was changed: that is said, too. Saving what he has seen goes through, and hers stays.
    let other = format!("/admin/rules/{}", id(&web, "Second"));
    let again: Vec<(String, String)> = [("description", "Second"), ("from", "@his.example")]
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .chain([
            ("revision".to_owned(), "2".to_owned()),
            ("seen".to_owned(), admin.get(&other).await.value_of("seen")),
        ])
        .collect();
    let told = send(&admin, &other, &again).await;
    assert!(told.status == 422 && told.body.contains("This rule itself is as you opened it."), "{}", told.body);
    let mut now = again.clone();
    now[2].1 = told.value_of("revision");
    saved(&send(&admin, &other, &now).await);
    let rules = web.flow.directory().rule_set.rules.clone();
    assert_eq!((&rules[0].from[0], &rules[1].from[0]), (&"@hers.example".to_owned(), &"@his.example".to_owned()));

    // One that was deleted meanwhile is not lost either.
    let late = change(&admin, &other, &[("description", "Second"), ("from", "@his.example")]).await;
    grace.post(&format!("{other}/delete"), &[("revision", &revision(&web))]).await;
    let told = send(&admin, &other, &late).await;
    assert!(told.status == 422 && told.body.contains("This rule was deleted."), "{}", told.body);
    assert!(told.body.contains("@his.example") && told.body.contains("action=\"/admin/rules/new\""), "{}", told.body);
}

#[tokio::test]
async fn the_list_warns_of_rules_that_cannot_do_what_they_say() {
    let web = Web::open().await;
    let admin = web.admin().await;
    saved(&add(&admin, &[("description", "All of one"), ("enabled", "yes"), ("from", "@one.example")]).await);
    saved(&add(&admin, &[("description", "Ada"), ("enabled", "yes"), ("from", "ada@one.example")]).await);
    saved(&add(&admin, &[("description", "Never"), ("enabled", "yes"), ("to", "ada at example.com")]).await);
    let list = admin.get("/admin/rules").await.body;
    assert!(list.contains("Never wins: rule 1 `All of one` takes all its mail before it."), "{list}");
    assert!(list.contains("Never matches: `ada at example.com` is not what an address looks like."), "{list}");
    let form = admin.get(&format!("/admin/rules/{}", id(&web, "Ada"))).await.body;
    assert!(form.contains("This rule never wins: rule 1"), "{form}");
}

#[tokio::test]
async fn the_list_says_how_much_mail_each_rule_placed_lately() {
    let web = Web::open().await;
    let admin = web.admin().await;
    for (name, words) in [("Orders", "order"), ("Offers", "offer"), ("Nothing", "nothing")] {
        saved(&add(&admin, &[("description", name), ("enabled", "yes"), ("text_subject", words)]).await);
    }
    web.receive(&MAIL.replace("Order 17", "Offer 1")).await;
    web.later(std::time::Duration::from_secs(31 * 24 * 60 * 60));
    for number in 1..=2 {
        web.receive(&MAIL.replace("ada@", &format!("ada{number}@"))).await;
    }
    web.receive(&MAIL.replace("Order 17 is", "Offer 2 is")).await;
    // A session does not last that long.
    let list = web.admin().await.get("/admin/rules").await.body;
    let hits: Vec<&str> = list.split("hits\">").skip(1).map(|rest| rest.split('<').next().unwrap()).collect();
    assert_eq!(hits, ["2 mails in 30 days", "1 mail in 30 days", "No mail in 30 days"], "{list}");
}

const MAIL: &str =
    "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Order 17 is late\n\nPlease <b>help</b>.\n";

#[tokio::test]
async fn a_rule_is_tried_as_it_stands_in_the_form_on_a_pasted_mail() {
    let web = Web::open().await;
    let admin = web.admin().await;
    saved(&add(&admin, &[("description", "Invoices"), ("enabled", "yes"), ("text_subject", "invoice")]).await);
    let sales = web.sales.id.to_string();
    let fields = [
        ("description", "Orders"),
        ("enabled", "yes"),
        ("text_subject", r"/order (?<order>\d+)/"),
        ("then_ticketbox", &sales),
        ("then_priority", "high"),
        ("try_mail", MAIL),
    ];
    let tried = admin.post("/admin/rules/new/try", &fields).await;
    assert_eq!(tried.status, 200, "{}", tried.body);
    for words in [
        "A new ticket would go to “Sales”: high priority, owned by nobody.",
        "Rule 2 `Orders` matched.",
        "<mark>Order 17</mark> is late",
        "<dt>order</dt><dd>17</dd>",
        "does not match: the words are not there",
    ] {
        assert!(tried.body.contains(words), "{words} in {}", tried.body);
    }
    assert_eq!(names(&web), "Invoices", "nothing is saved");
    assert!(tried.body.contains("value=\"Orders\""), "the form keeps what was typed");
    let wrong = admin.post("/admin/rules/new/try", &[("text_subject", "/(/"), ("try_mail", MAIL)]).await;
    assert!(wrong.status == 422 && wrong.body.contains("class=\"pointed\""), "{}", wrong.body);
    let nothing = admin.post("/admin/rules/new/try", &[("description", "x")]).await;
    assert!(nothing.body.contains("enter a ticket’s number") || nothing.body.contains("or paste a mail"));
}

#[tokio::test]
async fn rules_are_tried_on_a_mail_that_is_here() {
    let web = Web::open().await;
    let admin = web.admin().await;
    web.receive(MAIL).await;
    saved(
        &add(&admin, &[("description", "Orders"), ("enabled", "yes"), ("text_headers", "/^subject: .*late/")]).await,
    );
    let conversation = web.desk().conversation(1).await.unwrap();
    let message = conversation.messages().next().unwrap().id;
    for of in ["1", "%231", &message.to_string()] {
        let tried = admin.get(&format!("/admin/rules/try?of={of}")).await.body;
        assert!(tried.contains("Rule 1 `Orders` matched."), "{of}: {tried}");
        assert!(tried.contains("A mail of ticket #1, “Order 17 is late”."), "{tried}");
        assert!(tried.contains("<mark>Subject: Order 17 is late</mark>"), "{tried}");
    }
    let none = admin.get("/admin/rules/try?of=99").await;
    assert!(none.status == 422 && none.body.contains("there is no ticket #99"), "{}", none.body);
}

#[tokio::test]
async fn a_file_is_compared_before_it_is_saved() {
    let web = Web::open().await;
    let admin = web.admin().await;
    for name in ["First", "Second", "Third"] {
        saved(&add(&admin, &[("description", name), ("enabled", "yes"), ("from", "@one.example")]).await);
    }
    let exported = admin.get("/admin/rules/file/rules.toml").await;
    assert!(exported.header("content-disposition").contains("rules.toml"));
    let same = admin.post("/admin/rules/file", &[("text", &exported.body)]).await;
    assert!(
        same.body.contains("The file changes nothing") && !same.body.contains("Save these rules"),
        "{}",
        same.body
    );

    let first = id(&web, "First");
    let text = r#"
        [default]
        ticketbox = "Sales"
        [[rule]]
        description = "Third"
        from = ["@one.example"]
        [[rule]]
        description = "First"
        from = ["@two.example"]
        [rule.then]
        priority = "high"
        [[rule]]
        description = "Fourth"
    "#;
    let shown = admin.post("/admin/rules/file", &[("text", text)]).await;
    let words = [
        "Rule 2 “First” is changed",
        "Rule 3 “Fourth” is new",
        "Rule 2 “Second” is deleted",
        "default rule is changed",
    ];
    for words in words {
        assert!(shown.body.contains(words), "{words} in {}", shown.body);
    }
    assert!(shown.body.contains("− from = [&#34;@one.example&#34;]"), "{}", shown.body);
    assert!(shown.body.contains("+ from = [&#34;@two.example&#34;]"), "{}", shown.body);
    assert_eq!(names(&web), "First Second Third", "nothing is saved yet");
    let seen = shown.value_of("revision");

    // Somebody else is faster: told, and shown what it changes now.
    admin.post(&format!("/admin/rules/{first}/switch"), &[("revision", &seen)]).await;
    let late = admin.post("/admin/rules/file/save", &[("text", text), ("revision", &seen)]).await;
    assert!(late.status == 422 && late.body.contains("Administrator changed the rules"), "{}", late.body);
    assert_eq!(names(&web), "First Second Third");
    let seen = late.value_of("revision");
    saved(&admin.post("/admin/rules/file/save", &[("text", text), ("revision", &seen)]).await);
    assert_eq!(names(&web), "Third First Fourth");
    assert_eq!(id(&web, "First"), first, "it is still the same rule");
    assert_eq!(web.flow.directory().rule_set.default.ticketbox, Some(web.sales.id));

    let wrong = admin.post("/admin/rules/file", &[("text", "[[rule]]\ndescription = 3\n")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("[[rule]]"), "what was pasted stays: {}", wrong.body);
}
