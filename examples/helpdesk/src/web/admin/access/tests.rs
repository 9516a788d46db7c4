//! The pages of groups and access, as a browser without script uses them.

use mailflow_core::access::{Grant, Grantee, Rights, Scope, Securable};
use mailflow_core::approval::Approver;
use mailflow_core::group::{EVERYONE, Group};
use mailflow_core::id::GroupId;

use crate::web::testing::Web;

const MAIL: &str = "From: Ada <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt smokes.\n";

/// Everyone may this with objects of a class that have no list of their own.
async fn lower(web: &Web, class: Securable, rights: Rights) {
    let grants = [Grant { to: Grantee::Group(EVERYONE), rights }];
    web.flow.admin().save_access(Scope::default_of(class), Some(&grants), None).await.unwrap();
}

#[tokio::test]
async fn a_group_is_made_used_and_deleted_when_nothing_uses_it() {
    let web = Web::open().await;
    let (alan, admin) = (web.add_agent("alan").await, web.admin().await);
    let empty = admin.get("/admin/groups").await.body;
    assert!(empty.contains("There are only the two groups yet"), "{empty}");
    assert!(empty.contains("All agents, always") && empty.contains("2 members"), "{empty}");
    let fields = [("name", "Second line"), ("members", &alan.to_string()), ("escalation", "yes"), ("signature", "2")];
    assert_eq!(admin.post("/admin/groups/new", &fields).await.location(), "/admin/groups?done=saved");
    let group: Group = web.flow.directory().groups.values().next().unwrap().clone();
    assert!(group.escalation && group.members.contains(&alan) && group.signature == "2");
    let taken = admin.post("/admin/groups/new", &[("name", "EVERYONE")]).await;
    assert!(taken.status == 422 && taken.body.contains("there is a group `EVERYONE` already"), "{}", taken.body);

    let grants = [Grant { to: Grantee::Group(group.id), rights: Rights::READ }];
    let scope = Scope::one(Securable::Ticketboxes, web.sales.id.into());
    web.flow.admin().save_access(scope, Some(&grants), None).await.unwrap();
    let mut agent = web.flow.directory().agents[&alan].clone();
    agent.approval = Some(Approver::Group(group.id));
    web.flow.admin().save(&agent).await.unwrap();
    let used = "Used by the access to ticketbox “Sales”; the approval of “alan the agent”";
    assert!(admin.get("/admin/groups").await.body.contains(used));
    let delete = format!("/admin/groups/{}/delete", group.id);
    let refused = admin.post(&delete, &[]).await;
    assert!(
        refused.status == 409 && refused.body.contains("still used by the access to ticketbox"),
        "{}",
        refused.body
    );

    web.flow.admin().save_access(scope, None, None).await.unwrap();
    agent.approval = None;
    web.flow.admin().save(&agent).await.unwrap();
    assert_eq!(admin.post(&delete, &[]).await.location(), "/admin/groups?done=deleted");
    let built_in = admin.get(&format!("/admin/groups/{EVERYONE}")).await;
    assert!(
        built_in.body.contains("comes with every desk") && !built_in.body.contains(">Save<"),
        "{}",
        built_in.body
    );
}

#[tokio::test]
async fn what_a_list_would_change_is_told_before_it_is_saved() {
    let web = Web::open().await;
    let (alan, grace) = (web.add_agent("alan").await, web.add_agent("grace").await);
    web.receive(MAIL).await;
    let (admin, agent) = (web.admin().await, web.browser(alan).await);
    let path = format!("/admin/access/ticketboxes/{}", web.support.id);
    assert!(admin.get(&format!("/admin/ticketboxes/{}", web.support.id)).await.body.contains(&path));
    let shown = admin.get(&path).await;
    assert!(shown.body.contains("The default list holds for it"), "{}", shown.body);
    assert!(shown.body.contains("everything <span class=\"quiet\">through everyone</span>"), "{}", shown.body);
    let (version, everyone) = (shown.value_of("version"), format!("group-{EVERYONE}"));
    let (alan_key, grace_key) = (format!("agent-{alan}"), format!("agent-{grace}"));
    let tick = format!("{grace_key}-right");
    let wish = [
        ("version", &*version),
        (&everyone, "none"),
        (&alan_key, "none"),
        (&grace_key, "single"),
        (&tick, "read"),
        (&tick, "edit"),
        ("end", "yes"),
    ];
    let act = |act: &'static str| [wish.as_slice(), &[("act", act)]].concat();

    let tried = admin.post(&path, &act("try")).await;
    assert!(tried.body.contains("2 agents lose something, nobody gains anything."), "{}", tried.body);
    assert!(tried.body.contains("<strong>grace the agent</strong>") && tried.body.contains("read, edit then"));
    assert!(agent.get("/ticket/1").await.status == 200, "nothing is saved yet");

    assert_eq!(admin.post(&path, &act("save")).await.location(), format!("{path}?done=saved"));
    assert_eq!(agent.get("/ticket/1").await.status, 404);
    assert_eq!(web.browser(grace).await.get("/ticket/1").await.status, 200);
    let late = admin.post(&path, &act("save")).await;
    assert!(late.status == 422 && late.body.contains("changed by somebody else"), "{}", late.body);

    let why = admin.get(&format!("/admin/access/why?agent={alan}&right=read&ticket=1")).await.body;
    assert!(
        why.contains("alan the agent may not read ticket #1.") && why.contains("its own list grants read"),
        "{why}"
    );
    let back = admin.get(&format!("{path}/default")).await;
    assert!(back.body.contains("Nobody loses anything, 2 agents gain something."), "{}", back.body);
    let version = back.value_of("version");
    assert_eq!(admin.post(&format!("{path}/default"), &[("version", &version)]).await.status, 303);
    assert_eq!(agent.get("/ticket/1").await.status, 200);
}

#[tokio::test]
async fn a_form_that_came_incomplete_takes_nothing_away() {
    let web = Web::open().await;
    web.add_agent("alan").await;
    let admin = web.admin().await;
    let version = admin.get("/admin/access/ticketboxes").await.value_of("version");
    let (everyone, before) = (format!("group-{EVERYONE}"), web.flow.directory().access.clone());
    let cut = admin.post("/admin/access/ticketboxes", &[("version", &version), (&everyone, "none")]).await;
    assert_eq!(cut.status, 422, "{}", cut.body);
    assert_eq!(web.flow.directory().access, before);
    // Who had no row keeps what he has.
    let only_end = [("version", &*version), ("end", "yes"), ("act", "save")];
    assert_eq!(admin.post("/admin/access/ticketboxes", &only_end).await.status, 303);
    let list = web.flow.directory().access.get(&Scope::default_of(Securable::Ticketboxes)).unwrap().clone();
    assert_eq!(list.grants, [Grant { to: Grantee::Group(EVERYONE), rights: Rights::FULL }]);
}

#[tokio::test]
async fn what_is_allowed_or_denied_has_no_single_rights() {
    let web = Web::open().await;
    let admin = web.admin().await;
    let shown = admin.get("/admin/access/auto_open").await.body;
    assert!(shown.contains(">Allow</option>") && !shown.contains("Single rights"), "{shown}");
    for path in ["/admin/access/cats", "/admin/access/contacts/0191f3a2-7c44-7d10-9a51-000000000013"] {
        assert_eq!(admin.get(path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn with_list_alone_tickets_move_in_and_nothing_in_the_ticketbox_is_shown() {
    let web = Web::open().await;
    let alan = web.add_agent("alan").await;
    web.receive(MAIL).await;
    web.receive(&MAIL.replace("Printer", "Scanner").replace("support@", "sales@")).await;
    lower(&web, Securable::Agents, Rights::NONE).await;
    let grants = [Grant { to: Grantee::Group(EVERYONE), rights: Rights::LIST }];
    let scope = Scope::one(Securable::Ticketboxes, web.sales.id.into());
    web.flow.admin().save_access(scope, Some(&grants), None).await.unwrap();
    let agent = web.browser(alan).await;
    let (sales, box_) = (web.sales.id.to_string(), format!("/box/{}", web.sales.id));
    let page = agent.get(&box_).await;
    assert!(page.status == 200 && page.body.contains("and not look into it"), "{}", page.body);
    assert!(!page.body.contains("Scanner") && !page.body.contains("<span class=\"name\">Sales"), "not in the menu");
    assert!(agent.get("/ticket/1").await.body.contains(&format!("<option value=\"{sales}\"")));
    let moved = agent.post("/ticket/1/change", &[("ticketbox", &sales), ("back", "/tickets/open")]).await;
    assert_eq!(moved.status, 303, "{}", moved.body);
    assert_eq!(agent.get("/ticket/1").await.status, 404);
    for path in ["/tickets/open", "/search?q=smokes", &box_] {
        let shown = agent.get(path).await.body;
        assert!(!shown.contains("href=\"/ticket/"), "{path}: {shown}");
    }
    // Without even that it is not there.
    web.flow.admin().save_access(scope, Some(&[]), None).await.unwrap();
    let (gone, never) = (agent.get(&box_).await, agent.get("/box/0191f3a2-7c44-7d10-9a51-000000000099").await);
    assert_eq!((gone.status, never.status), (404, 404));
    let same = |body: &str, id: &str| body.replace(id, "X");
    assert_eq!(same(&gone.body, &sales), same(&never.body, "0191f3a2-7c44-7d10-9a51-000000000099"));
}

#[tokio::test]
async fn menus_offer_only_what_the_agent_may_list() {
    let web = Web::open().await;
    let (alan, grace) = (web.add_agent("alan").await, web.add_agent("grace").await);
    web.receive(MAIL).await;
    lower(&web, Securable::Agents, Rights::NONE).await;
    let scope = Scope::one(Securable::Ticketboxes, web.sales.id.into());
    web.flow.admin().save_access(scope, Some(&[]), None).await.unwrap();
    let agent = web.browser(alan).await;
    for path in ["/ticket/1", "/tickets/open"] {
        let shown = agent.get(path).await.body;
        assert!(shown.contains(&alan.to_string()) || path != "/ticket/1", "{shown}");
        assert!(!shown.contains(&grace.to_string()), "{path}: {shown}");
        assert!(!shown.contains(&web.sales.id.to_string()), "{path}: {shown}");
    }
    for (field, id) in [("owner", grace.to_string()), ("ticketbox", web.sales.id.to_string())] {
        assert_eq!(agent.post("/ticket/1/change", &[(field, &id)]).await.status, 404, "{field}");
    }
    assert_eq!(agent.post("/ticket/1/change", &[("owner", "me")]).await.status, 303);
}

#[tokio::test]
async fn words_and_signatures_are_for_whoever_has_the_right() {
    let web = Web::open().await;
    let alan = web.add_agent("alan").await;
    let agent = web.browser(alan).await;
    let made = agent.post("/responses/new", &[("name", "Got it"), ("text", "We got it.")]).await;
    assert_eq!(made.location(), "/responses?done=saved", "{}", made.body);
    let id = web.flow.directory().responses.values().next().unwrap().id;
    let (path, delete) = (format!("/responses/{id}"), format!("/responses/{id}/delete"));
    lower(&web, Securable::Responses, Rights::READ).await;
    let read = agent.get(&path).await;
    assert!(read.body.contains("We got it.") && !read.body.contains(">Save<"), "{}", read.body);
    assert_eq!(agent.post(&path, &[("name", "X"), ("text", "Y")]).await.status, 403);
    assert_eq!((agent.get(&delete).await.status, agent.post(&delete, &[]).await.status), (403, 403));
    lower(&web, Securable::Responses, Rights::NONE).await;
    assert_eq!(agent.get("/responses").await.status, 403);
    assert!(!agent.get("/tickets/mine").await.body.contains("href=\"/responses\""));

    let group = Group::new(web.desk().new_id::<GroupId>(), "Second line");
    web.flow.admin().save(&group).await.unwrap();
    let path = format!("/groups/{}", group.id);
    let version = agent.get(&path).await.value_of("version");
    let signed = agent.post(&path, &[("signature", "Bye"), ("version", &version)]).await;
    assert_eq!(signed.location(), "/groups?done=saved", "{}", signed.body);
    assert_eq!(web.flow.directory().groups[&group.id].signature, "Bye");
    lower(&web, Securable::Groups, Rights::NONE).await;
    assert_eq!(agent.get(&path).await.status, 404);
    lower(&web, Securable::Contacts, Rights::NONE).await;
    web.receive(MAIL).await;
    let shown = agent.get("/ticket/1").await.body;
    assert!(shown.contains("ada@one.example") && !shown.contains("/contact/"), "{shown}");
    assert_eq!(agent.get("/contacts").await.status, 403);
}
