//! Which agent a provider speaks of.

use mailflow_core::agent::{Agent, SignInWay};
use mailflow_core::flow::{Error, Mailflow};
use mailflow_core::id::AgentId;
use mailflow_core::mail::Address;
use mailflow_core::oidc::Oidc;
use mailflow_core::refusal::Refusal;
use serde_json::{Map, Value};

use super::Trouble;

/// The user name in what the provider claims; `None` if it is not there.
///
/// # Errors
/// [`Trouble::NoName`] if it is there, and counts for nothing.
pub fn user_name(oidc: &Oidc, claims: &Map<String, Value>) -> Result<Option<String>, Trouble> {
    let no_name = || Trouble::NoName(oidc.claim.clone());
    let Some(claim) = claims.get(&oidc.claim) else { return Ok(None) };
    let name = claim.as_str().map(str::trim).ok_or_else(no_name)?;
    if name.is_empty() || name.chars().count() > 200 || name.contains(char::is_control) {
        return Err(no_name());
    }
    // Anybody may write any address into some providers' profiles.
    if oidc.claim == "email" && claims.get("email_verified").is_some_and(|it| it != true && it != "true") {
        return Err(Trouble::NoName("email_verified".to_owned()));
    }
    Ok(Some(name.to_owned()))
}

/// The agent with this user name, if the provider may speak for him. Whoever is not known becomes one, if the settings
/// say so.
///
/// # Errors
/// [`Trouble::Nobody`]
pub async fn agent(
    flow: &Mailflow,
    oidc: &Oidc,
    name: &str,
    claims: &Map<String, Value>,
) -> Result<AgentId, Trouble> {
    let known = || flow.directory().agent_named(name).map(|agent| (agent.id, agent.sign_in, agent.active));
    if known().is_none() && oidc.make_agents {
        match flow.admin().save(&new_agent(flow, name, claims)).await {
            // Somebody else was quicker, perhaps he himself.
            Ok(()) | Err(Error::Refused(Refusal::NameTaken { .. })) => {}
            Err(Error::Refused(refusal)) => return Err(refusal.into()),
            Err(error) => return Err(Trouble::Setup(mailflow_core::flow::words(&error))),
        }
    }
    match known() {
        Some((id, SignInWay::Oidc, true)) => Ok(id),
        _ => Err(Trouble::Nobody(mailflow_core::text::one_line(name, 200))),
    }
}

fn new_agent(flow: &Mailflow, name: &str, claims: &Map<String, Value>) -> Agent {
    let text = |claim: &str| claims.get(claim).and_then(Value::as_str).map(str::trim).filter(|it| !it.is_empty());
    let called = text("name").map_or_else(|| name.to_owned(), |it| mailflow_core::text::one_line(it, 200));
    Agent {
        id: flow.admin().new_id(),
        user_name: name.to_owned(),
        name: called,
        address: text("email").and_then(|email| Address::new(email).ok()),
        administrator: false,
        built_in: false,
        sign_in: SignInWay::Oidc,
        ..Agent::built_in_administrator()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn name(claim: &str, claims: Value) -> Result<Option<String>, Trouble> {
        let oidc = Oidc { claim: claim.to_owned(), ..Oidc::new("https://login.example", "desk") };
        user_name(&oidc, claims.as_object().unwrap())
    }

    #[test]
    fn a_user_name_is_a_line_of_text_in_the_claim_of_the_settings() {
        assert_eq!(name("preferred_username", json!({ "preferred_username": " ada " })), Ok(Some("ada".to_owned())));
        assert_eq!(name("preferred_username", json!({ "sub": "7" })), Ok(None));
        for nonsense in [json!(""), json!(7), json!("a\nb"), json!(["ada"]), json!("x".repeat(201))] {
            assert!(name("upn", json!({ "upn": nonsense })).is_err(), "{nonsense}");
        }
    }

    #[test]
    fn an_address_that_the_provider_did_not_verify_is_no_user_name() {
        let claims = |verified: Value| json!({ "email": "ada@example.com", "email_verified": verified });
        assert!(name("email", claims(json!(false))).is_err());
        assert!(name("email", claims(json!(null))).is_err());
        assert_eq!(name("email", claims(json!(true))), Ok(Some("ada@example.com".to_owned())));
        assert!(name("email", json!({ "email": "ada@example.com" })).is_ok(), "a provider that says nothing of it");
    }
}
