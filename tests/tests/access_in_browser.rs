//! The access editor in a real browser: a grid is changed, what that would mean is looked at, it is saved, and another
//! agent has lost sight of the tickets. Pictures of each step are in `target/screenshots`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use mailflow_tests::browser::{Browser, Look, Page};
use mailflow_tests::demo::Demo;

async fn sign_in(page: &Page, demo: &Demo, user: &str, password: &str) {
    page.open(&demo.address).await;
    page.fill("input[name=user]", user).await;
    page.fill("input[name=password]", password).await;
    page.and_load(page.click("form button.primary")).await;
}

/// Takes pictures of a page, and checks that it fits its screen.
async fn look(page: &Page, name: &str) {
    page.pictures(name).await;
    for look in [Look::DESK, Look::PHONE] {
        page.look(look).await;
        assert!(page.too_wide().await <= 0, "{name} is too wide");
    }
    page.look(Look::DESK).await;
}

#[tokio::test]
async fn access_is_lowered_in_the_grid_and_another_agent_loses_sight() {
    let Some(browser) = Browser::start().await else { return };
    let demo = Demo::start().await;
    let (admin, grace) = (browser.page().await, browser.page().await);
    sign_in(&admin, &demo, &demo.user, &demo.password).await;
    let at = |path: &str| format!("{}{path}", demo.address);

    // An agent, and a group with her in it.
    admin.open(&at("admin/agents/new")).await;
    admin.fill("input[name=user_name]", "grace").await;
    admin.fill("input[name=name]", "Grace Hopper").await;
    admin.and_load(admin.click("form.edit button.primary")).await;
    let password = admin.text(".secret code").await;
    admin.open(&at("admin/groups")).await;
    look(&admin, "access-1-groups").await;
    admin.open(&at("admin/groups/new")).await;
    admin.fill("input[name=name]", "Second line").await;
    look(&admin, "access-2-group").await;
    admin.and_load(admin.click("form.edit button.primary")).await;
    sign_in(&grace, &demo, "grace", &password).await;
    grace.open(&at("tickets/unowned")).await;
    grace.until_there("li.ticket").await;

    // The grid: a preset ticks its rights, and a tick chooses the preset.
    admin.open(&at("admin/access")).await;
    look(&admin, "access-3-classes").await;
    admin.open(&at("admin/access/ticketboxes")).await;
    look(&admin, "access-4-grid").await;
    let everyone = "table.rights select[name^=group]";
    let row = format!("document.querySelector('{everyone}').closest('tr')");
    let set = |value: &str| {
        format!(
            "(() => {{ const it = document.querySelector('{everyone}'); it.value = '{value}'; \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
        )
    };
    admin.value(&set("none")).await;
    assert_eq!(admin.value(&format!("{row}.querySelectorAll('input:checked').length")).await, 0);
    admin.click(everyone).await;
    admin.value(&format!("{row}.querySelector('input[value=list]').click()")).await;
    assert_eq!(admin.value(&format!("document.querySelector('{everyone}').value")).await, "list");
    admin.value(&format!("{row}.querySelector('input[value=edit]').click()")).await;
    assert_eq!(admin.value(&format!("document.querySelector('{everyone}').value")).await, "single");
    admin.value(&set("list")).await;

    // What if, and save.
    admin.and_load(admin.click("button[value=try]")).await;
    let what_if = admin.text("#what-if").await;
    assert!(what_if.contains("lose") && what_if.contains("Grace Hopper"), "{what_if}");
    look(&admin, "access-5-what-if").await;
    grace.open(&at("tickets/unowned")).await;
    assert!(grace.count("li.ticket").await > 0, "nothing is saved yet");
    admin.and_load(admin.click("button[value=save]")).await;
    assert_eq!(admin.text("p.done").await.trim(), "Saved.");
    look(&admin, "access-6-saved").await;
    grace.open(&at("tickets/unowned")).await;
    assert_eq!(grace.count("li.ticket").await, 0);
    grace.pictures("access-7-nothing-seen").await;

    // Why.
    admin.open(&at("admin/access/why")).await;
    let choose = "(() => { const it = document.querySelector('select[name=agent]'); \
                  it.value = [...it.options].find(it => it.text === 'Grace Hopper').value; })()";
    admin.value(choose).await;
    admin.and_load(admin.click("form.stack button.primary")).await;
    let answer = admin.text("#answer").await;
    assert!(answer.contains("Grace Hopper may not read ticketboxes"), "{answer}");
    look(&admin, "access-8-why").await;
    assert_eq!(admin.errors(), Vec::<String>::new());
    demo.end().await;
}
