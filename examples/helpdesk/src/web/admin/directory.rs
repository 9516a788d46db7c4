//! The directory server that knows agents' passwords (LDAP, Active Directory).

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use mailflow_core::decision::trial::Trial;
use mailflow_core::directory::DocumentKind;
use mailflow_core::directory::Documented;
use mailflow_core::ldap::{Ldap, LdapFind};
use mailflow_core::refusal::Refusal;
use mailflow_core::settings::Settings;

use super::form::{Button, Field, Form, Kind, Section, switch as on};
use super::{Asked, go, refusal, seen, tried_out};
use crate::auth;
use crate::passwords;
use crate::web::answer::Answer;
use crate::web::{App, Fields, Frame, Signed, Trouble};

const HERE: &str = "/admin/directory";
const TITLE: &str = "Directory server";

fn section(values: &Fields) -> Section {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let mut section = Section::new(
        "Directory server (LDAP, Active Directory)",
        vec![
            field(
                "ldap_url",
                "Address",
                Kind::Line,
                "ldaps://ldap.example.com, or ldap://… with StartTLS. Empty for none.",
            ),
            field(
                "ldap_start_tls",
                "StartTLS",
                Kind::Switch,
                "Protects an ldap:// connection before anything is said.",
            ),
            field(
                "ldap_certificate",
                "Trusted certificate",
                Kind::Lines(3),
                "Only for a server with an authority of its own: its certificate as PEM. Otherwise leave it empty.",
            ),
            field(
                "ldap_template",
                "Name of an agent’s entry",
                Kind::Line,
                "With {user} for the user name: uid={user},ou=people,dc=example,dc=com. Empty to search instead.",
            ),
            field("ldap_base", "Search below", Kind::Line, "Such as ou=people,dc=example,dc=com."),
            field("ldap_filter", "Search for", Kind::Line, "Such as (uid={user}) or (sAMAccountName={user})."),
            field("ldap_account", "As", Kind::Line, "The entry that the desk itself signs in with to search."),
            field("ldap_password", "Its password", Kind::Password, "Leave it empty to keep the one that is there."),
        ],
    );
    section.help =
        "Agents whose password is kept there sign in with it. The desk only ever asks; nothing is copied or \
                    changed there."
            .to_owned();
    section
}

fn trial(values: &Fields) -> Section {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let mut section = Section::new(
        "Try it with somebody",
        vec![
            field(
                "test_user",
                "User name",
                Kind::Line,
                "Somebody in the directory. Empty to look at the connection only.",
            ),
            field(
                "test_password",
                "Password",
                Kind::Password,
                "To see whether the server takes it. Empty to see only what it knows of the user name.",
            ),
        ],
    );
    section.help =
        "Test tries out what stands in the fields above, saved or not. These two are never saved.".to_owned();
    section
}

fn form(values: &Fields, before: Option<&Ldap>) -> Form {
    let sections = vec![section(values), trial(values)];
    let mut form = Form::new(HERE.to_owned(), ("/admin", "Overview"), sections);
    form.buttons.push(Button { label: "Test", path: format!("{HERE}/test") });
    form.hidden.push(("version", values.one("version").to_owned()));
    if before.is_none() {
        form.intro =
            "No directory server is set up: all agents sign in with passwords of this desk, or through single \
                      sign-on."
                .to_owned();
    }
    let url = values.one("ldap_url");
    if url.starts_with("ldap://") && values.one("ldap_start_tls").is_empty() {
        let warning = "The connection to the directory server is not protected: passwords can be read on the way.";
        form.warnings.push(warning.to_owned());
    }
    form
}

async fn frame(signed: &Signed) -> Result<Frame, Trouble> {
    Frame::of(signed, HERE, TITLE).await
}

/// The directory server.
pub async fn show(signed: Signed, Query(asked): Query<Asked>) -> Answer {
    let settings = signed.desk.directory().settings.clone();
    let mut values = Fields::default();
    if let Some(ldap) = &settings.ldap {
        values.add("ldap_url", ldap.url.clone());
        values.add("ldap_start_tls", on(ldap.start_tls).to_owned());
        values.add("ldap_certificate", ldap.trusted_certificate.clone().unwrap_or_default());
        match &ldap.find {
            LdapFind::Template(template) => values.add("ldap_template", template.clone()),
            LdapFind::Search { base, filter, account, .. } => {
                values.add("ldap_base", base.clone());
                values.add("ldap_filter", filter.clone());
                values.add("ldap_account", account.clone());
            }
        }
    }
    values.add("version", settings.version().to_string());
    let mut form = form(&values, settings.ldap.as_ref());
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Settings, uuid::Uuid::nil()).await?;
    form.page(frame(&signed).await?)
}

fn read(app: &App, values: &Fields, before: Option<&Ldap>) -> Result<Option<Ldap>, Refusal> {
    let text = |name| values.one(name).trim().to_owned();
    let url = text("ldap_url");
    if url.is_empty() {
        return Ok(None);
    }
    let certificate = text("ldap_certificate");
    let find = match text("ldap_template") {
        template if !template.is_empty() => LdapFind::Template(template),
        _ => LdapFind::Search {
            base: text("ldap_base"),
            filter: text("ldap_filter"),
            account: text("ldap_account"),
            password: passwords::of_ldap(app.config.network.as_ref(), Some(values.one("ldap_password")), before)?,
        },
    };
    let trusted_certificate = (!certificate.is_empty()).then(|| format!("{certificate}\n"));
    Ok(Some(Ldap { url, start_tls: values.has("ldap_start_tls"), trusted_certificate, find }))
}

/// Saves it.
pub async fn save(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = signed.desk.directory().settings.clone();
    let saved = match read(&app, &values, before.ldap.as_ref()) {
        Ok(ldap) => {
            let settings = Settings { ldap, ..before.clone() };
            signed.desk.admin()?.save_over(&settings, seen(&values)).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values, before.ldap.as_ref());
            let refusal = match refusal(error)? {
                Refusal::Invalid { field: "password", problem } => Refusal::invalid("ldap_password", problem),
                other => other,
            };
            form.refuse(&refusal);
            form.page(frame(&signed).await?)
        }
    }
}

/// Tries out what stands in the fields, saved or not.
pub async fn test(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let settings = signed.desk.directory().settings.clone();
    let mut form = form(&values, settings.ldap.as_ref());
    match read(&app, &values, settings.ldap.as_ref()) {
        Err(refusal) => form.refuse(&refusal),
        Ok(None) => form.refuse(&Refusal::invalid("ldap_url", "enter the address of the server")),
        Ok(Some(ldap)) => {
            let trial = (values.one("test_user"), values.one("test_password"));
            let check = auth::ldap::test(&ldap, app.config.network.as_ref(), trial).await;
            tried_out(&signed, Trial::DirectoryServer, &check).await?;
            form.check = Some(check);
        }
    }
    form.page(frame(&signed).await?)
}
