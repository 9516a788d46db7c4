//! What goes in comes out.

use mailflow_core::message::Message;

use super::*;
use crate::store::samples::*;

pub async fn every_kind_of_record_comes_back_as_it_went_in(place: Arc<dyn Place>) {
    let store = open(&place).await;
    store.keep_body(BODY.to_vec()).await.expect("a body can be kept");
    insert(&*store, one_of_each(1).into_iter().chain([settings()])).await;
    for record in one_of_each(1).into_iter().chain([settings()]) {
        assert_eq!(load(&*store, &record.key()).await.record, Some(record));
    }
}

pub async fn text_comes_back_as_it_went_in(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let planes: String =
        ['a', 'ä', '\u{7f}', 'ß', 'ſ', '日', '\u{fffd}', '\u{ffff}', '😀', '\u{10ffff}'].iter().collect();
    let texts = [
        "",
        " ",
        "trailing  ",
        "\ttab\n\nline\r\n",
        "UPPER lower",
        "NUL \0 inside\0",
        "e\u{301} is not é",
        "\u{feff}BOM",
        "\u{202e}gnp",
        "'; DROP TABLE tickets; --",
        "%_\\\"",
        planes.as_str(),
    ];
    for (number, text) in (1..).zip(texts) {
        let mut message = message(number, 1, text);
        message.subject = text.to_owned();
        let mut contact = contact(number, text);
        contact.notes = text.to_owned();
        contact.properties = [(text.to_owned(), text.to_owned())].into();
        insert(&*store, [message.clone().into(), contact.clone().into(), note(number, 1, text).into()]).await;
        assert_eq!(get(&*store, &Key::Message(message.id)).await, Some(message));
        assert_eq!(get(&*store, &Key::Contact(contact.id)).await, Some(contact));
        assert_eq!(get(&*store, &Key::Note(note_id(number))).await, Some(note(number, 1, text)));
    }
}

pub async fn a_long_text_comes_back_whole(place: Arc<dyn Place>) {
    let store = open(&place).await;
    let text: String = (0..200_000).map(|nth| format!("word{nth} ")).collect();
    insert(&*store, [message(1, 1, &text).into()]).await;
    let loaded: Option<Message> = get(&*store, &Key::Message(message_id(1))).await;
    assert!(loaded.is_some_and(|it| it.text == text), "a text of {} bytes was changed", text.len());
}
