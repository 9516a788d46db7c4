//! Setting up a second factor, and switching it off.

use askama::Template;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use mailflow_core::decision::own::OwnWish;
use mailflow_core::flow::Error;
use mailflow_core::refusal::Refusal;

use super::security::{self, HERE};
use crate::auth::Offer;
use crate::web::answer::{Answer, page, page_with, redirect};
use crate::web::{App, Fields, Frame, Signed};

#[derive(Template)]
#[template(path = "own/second_factor.html")]
struct OfferPage {
    frame: Frame,
    offer: Offer,
    /// The secret in groups of four.
    grouped: String,
    wrong: bool,
}

#[derive(Template)]
#[template(path = "own/recovery.html")]
struct RecoveryPage {
    frame: Frame,
    codes: Vec<String>,
}

async fn offer_page(signed: &Signed, offer: Offer, wrong: bool) -> Answer {
    let letters: Vec<char> = offer.secret.chars().collect();
    let grouped = letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join(" ");
    let status = if wrong { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    let frame = Frame::of(signed, HERE, "Set up a second factor").await?;
    page_with(status, &OfferPage { frame, offer, grouped, wrong })
}

/// Shows a new secret, if the password is right.
pub async fn begin(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    match confirmed(&app, &signed, &fields).await {
        Ok(()) => offer_page(&signed, app.sign_in.offer(&signed.agent)?, false).await,
        Err(refusal) => security::page(&signed, None, Some(refusal)).await,
    }
}

/// Takes the secret, once a code of it was shown.
pub async fn confirm(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    let sealed = fields.one("sealed");
    match app.sign_in.accept(&signed.agent, sealed, fields.one("code")).await {
        Ok(codes) => {
            signed.desk.end_other_sessions(signed.session).await?;
            page(&RecoveryPage { frame: Frame::of(&signed, HERE, "Recovery codes").await?, codes })
        }
        Err(Error::Refused(Refusal::Code)) => {
            offer_page(&signed, app.sign_in.offered(&signed.agent, sealed)?, true).await
        }
        Err(Error::Refused(refusal)) => security::page(&signed, None, Some(refusal)).await,
        Err(error) => Err(error.into()),
    }
}

/// Switches it off, if the password is right.
pub async fn switch_off(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let fields = Fields::of_form(&headers, &body)?;
    match confirmed(&app, &signed, &fields).await {
        Ok(()) => {
            signed.desk.change_own(&OwnWish::SecondFactor(None)).await?;
            Ok(redirect(&signed.base.path(&format!("{HERE}?did=off"))))
        }
        Err(refusal) => security::page(&signed, None, Some(refusal)).await,
    }
}

async fn confirmed(app: &App, signed: &Signed, fields: &Fields) -> Result<(), Refusal> {
    match app.sign_in.confirm(&signed.agent, fields.one("password")).await? {
        true => Ok(()),
        false => Err(Refusal::invalid("password", "the password is wrong")),
    }
}
