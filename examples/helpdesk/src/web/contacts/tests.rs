use crate::web::testing::Web;

const MAIL: &str = "From: Ada Lovelace <ada@one.example>\nTo: support@example.com\nSubject: Printer\n\nIt smokes.\n";

#[tokio::test]
async fn whoever_writes_is_found_while_somebody_types() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    assert!(admin.get("/contacts").await.body.contains("Ada Lovelace"));
    let typed = admin.fragment("/contacts?q=love").await;
    assert!(typed.body.contains("ada@one.example") && !typed.body.contains("<html"), "{}", typed.body);
    assert!(admin.fragment("/contacts?q=byron").await.body.contains("No contact"));
}

#[tokio::test]
async fn a_card_shows_tickets_and_is_changed_in_place() {
    let web = Web::open().await;
    let ticket = web.receive(MAIL).await;
    let admin = web.admin().await;
    let path = format!("/contact/{}", ticket.contact.unwrap());
    assert!(admin.get(&path).await.body.contains("Printer"));
    let fields =
        [("name", "Countess"), ("addresses", "ada@one.example\r\nada@two.example"), ("notes", "likes <i>maths</i>")];
    assert_eq!(admin.post(&path, &fields).await.location(), path);
    let card = admin.get(&path).await.body;
    for words in ["Countess", "ada@one.example\nada@two.example", "likes &#60;i&#62;maths"] {
        assert!(card.contains(words), "{words}: {card}");
    }
    let wrong = admin.post(&path, &[("name", "X"), ("addresses", "no address")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("no address") && wrong.body.contains("Nothing was saved"));
    assert!(admin.get(&path).await.body.contains("Countess"));
}

#[tokio::test]
async fn a_new_contact_cannot_take_anothers_address() {
    let web = Web::open().await;
    web.receive(MAIL).await;
    let admin = web.admin().await;
    let made = admin.post("/contacts/new", &[("name", "Bob"), ("addresses", "bob@one.example")]).await;
    assert!(admin.get(made.location()).await.body.contains("Bob"));
    let taken = admin.post("/contacts/new", &[("name", "Eve"), ("addresses", "ada@one.example")]).await;
    assert!(taken.status == 422 && taken.body.contains("value=\"Eve\""), "{}", taken.body);
}
