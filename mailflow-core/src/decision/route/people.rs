//! Who wrote a mail, and whether he may be answered by a machine.

use super::Scene;
use crate::contact::{AddressEntry, Contact};
use crate::id::{ContactId, Mint};
use crate::mail::{Address, Mail, ReturnPath};
use crate::message::Author;
use crate::store::{Changes, Key, NotLoaded};
use crate::text;
use crate::time::Timestamp;

/// The most characters of a name that is taken from a mail.
const NAME: usize = 200;

/// The key of the contact that the mail's author is, if his address is known.
pub fn contact_key(changes: &Changes<'_>, mail: &Mail) -> Result<Option<Key>, NotLoaded> {
    let Some(address) = from(mail) else { return Ok(None) };
    let entry = changes.get::<AddressEntry>(&Key::Address(address.clone()))?;
    Ok(entry.map(|entry| Key::Contact(entry.contact)))
}

/// Says whether the author's contact has been looked at.
pub fn need_contact(changes: &Changes<'_>, mail: &Mail) -> Result<(), NotLoaded> {
    changes.need(contact_key(changes, mail)?)
}

/// The contact who wrote a mail; a new one is made. `None` for an address of ours, which never becomes a contact
/// (AC-10), and for a mail without an address that can be answered to.
pub fn author(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    mail: &Mail,
    at: Timestamp,
) -> Result<Option<ContactId>, NotLoaded> {
    let Some(address) = from(mail) else { return Ok(None) };
    let name = mail.from.as_ref().map(|from| from.name.as_str()).unwrap_or_default();
    contact(scene, changes, mint, (address, name), at)
}

/// The contact whose an address is; a new one is made. `None` for an address of ours.
pub fn contact(
    scene: &Scene<'_>,
    changes: &mut Changes<'_>,
    mint: &mut Mint,
    (address, name): (&Address, &str),
    at: Timestamp,
) -> Result<Option<ContactId>, NotLoaded> {
    if scene.directory.is_ours(address) {
        return Ok(None);
    }
    let name = text::one_line(name, NAME);
    if let Some(entry) = changes.get::<AddressEntry>(&Key::Address(address.clone()))? {
        let id = entry.contact;
        if let Some(known) = changes.get::<Contact>(&Key::Contact(id))?
            && known.name.is_empty()
            && !name.is_empty()
        {
            let named = Contact { name, ..known.clone() };
            changes.put(named);
        }
        return Ok(Some(id));
    }
    let contact = Contact {
        id: mint.id(),
        name,
        addresses: vec![address.clone()],
        phones: Vec::new(),
        owner: None,
        notes: String::new(),
        properties: std::collections::BTreeMap::new(),
        created: at,
    };
    let id = contact.id;
    changes.put(AddressEntry { address: address.clone(), contact: id });
    changes.put(contact);
    Ok(Some(id))
}

/// The author of a message, as a record says it.
pub fn author_of(contact: Option<ContactId>) -> Author {
    contact.map_or(Author::Unknown, Author::Contact)
}

/// The addresses that take part in a mail and are not ours: author, where answers go, recipients.
pub fn participants<'a>(scene: &'a Scene<'_>, mail: &'a Mail) -> impl Iterator<Item = &'a Address> {
    let others = mail.reply_to.iter().chain(&mail.to).chain(&mail.cc).map(|mailbox| &mailbox.address);
    from(mail).into_iter().chain(others).filter(|address| !scene.directory.is_ours(address))
}

/// The address in `From`.
pub fn from(mail: &Mail) -> Option<&Address> {
    mail.from.as_ref().and_then(|from| from.address.as_ref())
}

/// Why no automatic answer may be sent to a mail; `None` if one may (AC-20).
pub fn no_automatic_answer(scene: &Scene<'_>, mail: &Mail) -> Option<String> {
    if mail.bounce.is_some() {
        return Some("it is a delivery report".to_owned());
    }
    if let Some(automatic) = &mail.automatic {
        return Some(automatic.because.clone());
    }
    if mail.return_path == Some(ReturnPath::Null) {
        return Some("its envelope sender is empty".to_owned());
    }
    let Some(address) = mail.reply_to.first().map(|mailbox| &mailbox.address).or_else(|| from(mail)) else {
        return Some("there is no address to answer to".to_owned());
    };
    if scene.directory.is_ours(address) || from(mail).is_some_and(|from| scene.directory.is_ours(from)) {
        return Some("it is from an address of ours".to_owned());
    }
    None
}
