//! Access by the API, as programs see it.

use serde_json::{Value, json};

use super::fixture::Fixture;

const SUPPORT: &str = "0191f3a2-7c44-7d10-9a51-000000000013";
const UNASSIGNED: &str = "00000000-0000-0000-0000-000000000002";
const ALAN: &str = "0191f3a2-7c44-7d10-9a51-000000000015";

fn numbers(list: &Value) -> Vec<u64> {
    let number = |row: &Value| row["number"].as_u64().or_else(|| row["ticket"]["number"].as_u64()).unwrap();
    list["rows"].as_array().unwrap().iter().map(number).collect()
}

#[tokio::test]
async fn who_may_only_list_a_ticketbox_moves_a_ticket_there_and_sees_it_no_more() {
    let fixture = Fixture::open().await;
    let alan = async |method: &str, path: &str, body: Option<Value>| {
        fixture.ask(Some(&fixture.agent), method, path, body.as_ref()).await
    };
    for change in [json!({ "change": "assign", "agent": null }), json!({ "change": "move", "ticketbox": UNASSIGNED })]
    {
        assert_eq!(fixture.admin("POST", "/tickets/1/changes", Some(change)).await.status, 200);
    }
    let list = json!({ "grants": [{ "to": { "agent": ALAN }, "rights": ["list"] }] });
    let saved = fixture.admin("PUT", &format!("/access/ticketboxes/{SUPPORT}"), Some(list)).await;
    assert_eq!(saved.status, 200, "{}", saved.json());

    assert_eq!(alan("GET", &format!("/ticketboxes/{SUPPORT}"), None).await.status, 200, "he may list it");
    assert_eq!(alan("GET", "/tickets/1", None).await.status, 200);
    let found = alan("GET", "/search?words=broken", None).await.json();
    assert!(numbers(&found).contains(&1), "{found}");

    let into = json!({ "change": "move", "ticketbox": SUPPORT });
    assert_eq!(alan("POST", "/tickets/1/changes", Some(into)).await.status, 200);
    for path in [
        "/tickets".to_owned(),
        format!("/tickets?ticketbox={SUPPORT}"),
        "/search?words=broken".to_owned(),
        "/tickets?limit=1".to_owned(),
    ] {
        let rows = alan("GET", &path, None).await.json();
        assert!(!numbers(&rows).contains(&1), "{path}: {rows}");
    }
    let gone = alan("GET", "/tickets/1", None).await;
    let never = alan("GET", "/tickets/4711", None).await;
    assert_eq!((gone.status, gone.error()), (404, never.error()));
    let note = json!({ "text": "Still there?" });
    assert_eq!(alan("POST", "/tickets/1/notes", Some(note)).await.status, 404);
    let back = json!({ "change": "move", "ticketbox": UNASSIGNED });
    assert_eq!(alan("POST", "/tickets/1/changes", Some(back)).await.status, 404, "nor does he take it out again");
    assert_eq!(fixture.admin("GET", "/tickets/1", None).await.json()["ticket"]["ticketbox"], SUPPORT);
}
