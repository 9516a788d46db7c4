//! Deleting: asked once, with what uses it, and refused where something needs it.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use mailflow_core::directory::{Directory, DocumentKind};
use mailflow_core::flow::{Admin, Desk, Error};
use mailflow_core::refusal::Refusal;
use uuid::Uuid;

use super::form::sentence;
use super::{go, refusal};
use crate::web::answer::{Answer, page_with};
use crate::web::{Frame, Signed, Trouble};

/// A kind of object that can be deleted.
pub trait Deletable {
    /// Its kind.
    const KIND: DocumentKind;
    /// Where they are listed.
    const PATH: &'static str;

    /// The object's name.
    fn name(directory: &Directory, id: Uuid) -> Option<String>;

    /// The configuration, for who may delete it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`] if the agent may not.
    fn admin(desk: &Desk) -> Result<Admin, Error> {
        desk.admin()
    }

    /// What deleting does.
    fn words(directory: &Directory, id: Uuid) -> String;
}

#[derive(Template)]
#[template(path = "admin/confirm.html")]
struct Confirm {
    frame: Frame,
    path: String,
    back: String,
    words: String,
    trouble: Option<String>,
}

fn id(text: &str, kind: DocumentKind) -> Result<Uuid, Trouble> {
    Ok(text.parse().map_err(|_| Refusal::no_such(kind.word(), text))?)
}

/// Asks whether it shall be deleted.
pub async fn ask<T: Deletable>(signed: Signed, Path(text): Path<String>) -> Answer {
    confirm::<T>(&signed, id(&text, T::KIND)?, None).await
}

async fn confirm<T: Deletable>(signed: &Signed, id: Uuid, refusal: Option<Refusal>) -> Answer {
    T::admin(&signed.desk)?;
    let directory = signed.desk.directory();
    let name = T::name(&directory, id).ok_or_else(|| Refusal::no_such(T::KIND.word(), id))?;
    let frame = Frame::of(signed, T::PATH, &format!("Delete {}?", name)).await?;
    let status = if refusal.is_some() { StatusCode::CONFLICT } else { StatusCode::OK };
    let back = format!("{}/{id}", T::PATH);
    let (path, words) = (format!("{back}/delete"), T::words(&directory, id));
    let trouble = refusal.map(|refusal| sentence(&refusal.to_string()));
    page_with(status, &Confirm { frame, path, back, words, trouble })
}

/// Deletes it.
pub async fn remove<T: Deletable>(signed: Signed, Path(text): Path<String>) -> Answer {
    let id = id(&text, T::KIND)?;
    match T::admin(&signed.desk)?.remove(T::KIND, id).await {
        Ok(()) => go(&signed, T::PATH, "deleted"),
        Err(error) => match refusal(error)? {
            gone @ Refusal::NoSuch { .. } => Err(gone.into()),
            refusal => confirm::<T>(&signed, id, Some(refusal)).await,
        },
    }
}
