//! The OpenID provider that says who agents are.

use axum::body::Bytes;
use axum::extract::{Query, State};
use axum::http::HeaderMap;
use mailflow_core::decision::trial::Trial;
use mailflow_core::directory::DocumentKind;
use mailflow_core::directory::Documented;
use mailflow_core::oidc::Oidc;
use mailflow_core::refusal::Refusal;
use mailflow_core::settings::Settings;

use super::form::{Button, Field, Form, Kind, Section, switch as on};
use super::{Asked, go, refusal, seen, tried_out};
use crate::auth::oidc::BUILT_IN;
use crate::passwords;
use crate::web::answer::{Answer, escape};
use crate::web::{App, Fields, Frame, Signed};

const HERE: &str = "/admin/single-sign-on";
const TITLE: &str = "Single sign-on";

fn sections(values: &Fields) -> Vec<Section> {
    let field = |name, label, kind, help| Field::new(name, label, kind, values, help);
    let provider = vec![
        field(
            "oidc_issuer",
            "Issuer",
            Kind::Line,
            "The provider’s address, exactly as it calls itself: https://login.example.com/realms/desk. Empty for none.",
        ),
        field("oidc_client_id", "Client id", Kind::Line, "What the provider calls this desk."),
        field(
            "oidc_client_secret",
            "Client secret",
            Kind::Password,
            "What the provider gave to this desk. It is kept sealed and never shown. Leave it empty to keep the one that is \
             there.",
        ),
        field(
            "oidc_no_secret",
            "The provider gave no secret",
            Kind::Switch,
            "Forgets the one that is there: the desk proves itself with PKCE alone. Default: off.",
        ),
        field(
            "oidc_scopes",
            "Scopes",
            Kind::Line,
            "What is asked for beside openid, with spaces between. Default: profile email.",
        ),
        field(
            "oidc_certificate",
            "Trusted certificate",
            Kind::Lines(3),
            "Only for a provider with an authority of its own: its certificate as PEM. Otherwise leave it empty.",
        ),
    ];
    let people = vec![
        field(
            "oidc_claim",
            "User name is the claim",
            Kind::Line,
            "Which word of the provider is the agent’s user name here. It must be one that people cannot choose for \
             themselves there. Default: preferred_username; others are email, upn or sub.",
        ),
        field(
            "oidc_make_agents",
            "Make agents of people who are not known here",
            Kind::Switch,
            "Whoever the provider signs in becomes an agent with the rights of everyone. Default: off; then an \
             administrator adds each agent and chooses single sign-on for him.",
        ),
        field(
            "oidc_label",
            "Words on the button",
            Kind::Line,
            "Stands on the sign-in page. Default: Sign in with single sign-on.",
        ),
    ];
    let mut provider = Section::new("Provider (OpenID Connect)", provider);
    provider.help =
        "The provider only says who somebody is. IP ranges, second factors of this desk and rights hold all \
                     the same, and the built-in administrator always signs in with his password."
            .to_owned();
    vec![provider, Section::new("People", people)]
}

/// The form's page, with where the provider has to send people back to.
async fn page(app: &App, signed: &Signed, headers: &HeaderMap, mut form: Form, set_up: bool) -> Answer {
    form.buttons.push(Button { label: "Test", path: format!("{HERE}/test") });
    let redirect = app.sign_in.redirect_address(&signed.base.path(""), signed.place, headers);
    let empty = if set_up { "" } else { "No provider is set up, and the sign-in page shows no button for one. " };
    form.shown = format!(
        "<p class=\"intro\">{empty}Register this desk with the provider as a web application that signs people in, with \
         this redirect address:</p><pre class=\"copy\">{}</pre>",
        escape(&redirect)
    );
    if !BUILT_IN {
        form.warnings.push("This program was built without OpenID Connect: nobody can sign in with it.".to_owned());
    }
    if redirect.starts_with("http://") && !signed.place.address.is_some_and(|it| it.is_loopback()) {
        let warning = "You are here without HTTPS. Most providers take a redirect address with https:// only; serve the \
                       desk over HTTPS first.";
        form.warnings.push(warning.to_owned());
    }
    form.page(Frame::of(signed, HERE, TITLE).await?)
}

fn form(values: &Fields) -> Form {
    let mut form = Form::new(HERE.to_owned(), ("/admin", "Overview"), sections(values));
    form.hidden.push(("version", values.one("version").to_owned()));
    form
}

fn read(app: &App, values: &Fields, before: Option<&Oidc>) -> Result<Option<Oidc>, Refusal> {
    let text = |name| values.one(name).trim().to_owned();
    let or = |name, usual: String| Some(text(name)).filter(|it| !it.is_empty()).unwrap_or(usual);
    let issuer = text("oidc_issuer");
    if issuer.is_empty() {
        return Ok(None);
    }
    let usual = Oidc::new(issuer, text("oidc_client_id"));
    let entered = Some(values.one("oidc_client_secret"));
    let client_secret = match values.has("oidc_no_secret") {
        true => None,
        false => passwords::of_oidc(app.config.network.as_ref(), entered, before).map_err(at_secret)?,
    };
    let certificate = text("oidc_certificate");
    Ok(Some(Oidc {
        client_secret,
        scopes: text("oidc_scopes"),
        claim: or("oidc_claim", usual.claim),
        label: or("oidc_label", usual.label),
        make_agents: values.has("oidc_make_agents"),
        trusted_certificate: (!certificate.is_empty()).then(|| format!("{certificate}\n")),
        ..usual
    }))
}

fn at_secret(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Invalid { problem, .. } => Refusal::invalid("oidc_client_secret", problem),
        other => other,
    }
}

/// The provider.
pub async fn show(State(app): State<App>, signed: Signed, headers: HeaderMap, Query(asked): Query<Asked>) -> Answer {
    let settings = signed.desk.directory().settings.clone();
    let set_up = settings.oidc.is_some();
    let oidc = settings.oidc.clone().unwrap_or_else(|| Oidc::new("", ""));
    let mut values = Fields::default();
    values.add("oidc_no_secret", on(set_up && oidc.client_secret.is_none()).to_owned());
    values.add("oidc_issuer", oidc.issuer);
    values.add("oidc_client_id", oidc.client_id);
    values.add("oidc_scopes", oidc.scopes);
    values.add("oidc_certificate", oidc.trusted_certificate.unwrap_or_default());
    values.add("oidc_claim", oidc.claim);
    values.add("oidc_make_agents", on(oidc.make_agents).to_owned());
    values.add("oidc_label", oidc.label);
    values.add("version", settings.version().to_string());
    let mut form = form(&values);
    form.done = asked.done();
    form.trail = crate::web::trail::of(&signed, DocumentKind::Settings, uuid::Uuid::nil()).await?;
    page(&app, &signed, &headers, form, set_up).await
}

/// Saves it.
pub async fn save(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = signed.desk.directory().settings.clone();
    let saved = match read(&app, &values, before.oidc.as_ref()) {
        Ok(oidc) => {
            let settings = Settings { oidc, ..before.clone() };
            signed.desk.admin()?.save_over(&settings, seen(&values)).await
        }
        Err(refusal) => Err(refusal.into()),
    };
    match saved {
        Ok(()) => go(&signed, HERE, "saved"),
        Err(error) => {
            let mut form = form(&values);
            form.refuse(&refusal(error)?);
            page(&app, &signed, &headers, form, before.oidc.is_some()).await
        }
    }
}

/// Tries out what stands in the fields, saved or not.
pub async fn test(State(app): State<App>, signed: Signed, headers: HeaderMap, body: Bytes) -> Answer {
    let values = Fields::of_form(&headers, &body)?;
    let before = signed.desk.directory().settings.oidc.clone();
    let mut form = form(&values);
    match read(&app, &values, before.as_ref()) {
        Err(refusal) => form.refuse(&refusal),
        Ok(None) => form.refuse(&Refusal::invalid("oidc_issuer", "enter the provider’s address")),
        Ok(Some(oidc)) => {
            let redirect = app.sign_in.redirect_address(&signed.base.path(""), signed.place, &headers);
            let check = app.sign_in.sso().test(&oidc, &redirect).await;
            tried_out(&signed, Trial::SingleSignOn, &check).await?;
            form.check = Some(check);
        }
    }
    page(&app, &signed, &headers, form, before.is_some()).await
}
