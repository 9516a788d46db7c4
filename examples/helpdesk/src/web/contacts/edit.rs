//! Changing what is known of a contact, and making new ones.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::access::{Right, Securable};
use mailflow_core::contact::Contact;
use mailflow_core::flow::Error;
use mailflow_core::id::AgentId;
use mailflow_core::mail::Address;
use mailflow_core::text::{many_lines, one_line};

use super::{CardPage, card, id};
use crate::web::answer::{Answer, page, page_with, redirect};
use crate::web::{Fields, Frame, Signed, Trouble};

/// What a contact's form shows.
pub struct ContactForm {
    pub name: String,
    /// One a line.
    pub addresses: String,
    /// One a line.
    pub phones: String,
    pub notes: String,
    /// Value, name, and whether it is chosen.
    pub owners: Vec<(String, String, bool)>,
}

impl ContactForm {
    /// The form with what is known of a contact.
    pub fn of(signed: &Signed, contact: &Contact) -> Self {
        let addresses: Vec<String> = contact.addresses.iter().map(ToString::to_string).collect();
        Self {
            name: contact.name.clone(),
            addresses: addresses.join("\n"),
            phones: contact.phones.join("\n"),
            notes: contact.notes.clone(),
            owners: owners(signed, contact.owner),
        }
    }

    /// The form as it was sent, to be mended.
    fn again(signed: &Signed, fields: &Fields) -> Self {
        let text = |name: &str| fields.one(name).replace("\r\n", "\n");
        Self {
            name: text("name"),
            addresses: text("addresses"),
            phones: text("phones"),
            notes: text("notes"),
            owners: owners(signed, fields.one("owner").parse().ok()),
        }
    }
}

fn owners(signed: &Signed, chosen: Option<AgentId>) -> Vec<(String, String, bool)> {
    let directory = signed.desk.directory();
    let mut owners = vec![(String::new(), "nobody".to_owned(), chosen.is_none())];
    let mut known = signed.desk.agents();
    known.retain(|it| it.active || chosen == Some(it.id));
    if let Some(owner) = chosen.and_then(|id| directory.agents.get(&id))
        && known.iter().all(|it| it.id != owner.id)
    {
        known.push(owner.clone());
    }
    owners.extend(known.into_iter().map(|it| (it.id.to_string(), it.name, chosen == Some(it.id))));
    owners
}

/// The contact as a form describes it.
fn read(contact: Contact, fields: &Fields) -> Result<Contact, String> {
    let mut addresses: Vec<Address> = Vec::new();
    for line in fields.one("addresses").split(['\n', ',', ';']).map(str::trim).filter(|line| !line.is_empty()) {
        let address = Address::new(line).map_err(|error| format!("{error}."))?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let phones = fields.one("phones").lines().map(|line| one_line(line, 100)).filter(|line| !line.is_empty());
    Ok(Contact {
        name: one_line(fields.one("name"), 200),
        addresses,
        phones: phones.collect(),
        owner: fields.one("owner").parse().ok(),
        notes: many_lines(fields.one("notes"), 20_000),
        ..contact
    })
}

/// Changes a contact.
pub async fn save(signed: Signed, Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    signed.desk.need(Securable::Contacts, None, Right::Edit)?;
    let known = signed.desk.contact(id(&name)?).await?;
    let trouble = match read(known.clone(), &fields) {
        Ok(contact) => match signed.desk.save_contact(&contact).await {
            Ok(id) => return Ok(redirect(&signed.base.path(&format!("/contact/{id}")))),
            Err(Error::Refused(refusal)) => Trouble::from(refusal).what,
            Err(error) => return Err(error.into()),
        },
        Err(trouble) => trouble,
    };
    let card = card(&signed, &known, ContactForm::again(&signed, &fields), Some(trouble)).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &card)
}

fn nobody(signed: &Signed) -> Contact {
    Contact {
        id: signed.desk.new_id(),
        name: String::new(),
        addresses: Vec::new(),
        phones: Vec::new(),
        owner: None,
        notes: String::new(),
        properties: std::collections::BTreeMap::new(),
        created: signed.desk.now(),
    }
}

async fn blank_card(signed: &Signed, form: ContactForm, trouble: Option<String>) -> Result<CardPage, Trouble> {
    Ok(CardPage {
        frame: Frame::of(signed, "/contacts", "New contact").await?,
        path: signed.base.path("/contacts/new"),
        known: false,
        edits: true,
        form,
        tickets: Vec::new(),
        more: false,
        trouble,
    })
}

/// An empty form.
pub async fn blank(signed: Signed) -> Answer {
    signed.desk.need(Securable::Contacts, None, Right::Edit)?;
    let form = ContactForm::of(&signed, &nobody(&signed));
    page(&blank_card(&signed, form, None).await?)
}

/// Makes a contact.
pub async fn make(signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    signed.desk.need(Securable::Contacts, None, Right::Edit)?;
    let trouble = match read(nobody(&signed), &fields) {
        Ok(contact) => match signed.desk.save_contact(&contact).await {
            Ok(id) => return Ok(redirect(&signed.base.path(&format!("/contact/{id}")))),
            Err(Error::Refused(refusal)) => Trouble::from(refusal).what,
            Err(error) => return Err(error.into()),
        },
        Err(trouble) => trouble,
    };
    let card = blank_card(&signed, ContactForm::again(&signed, &fields), Some(trouble)).await?;
    page_with(StatusCode::UNPROCESSABLE_ENTITY, &card)
}
