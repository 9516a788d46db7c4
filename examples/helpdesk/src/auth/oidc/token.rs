//! What makes an ID token one that is believed (OpenID Connect Core 1.0 section 3.1.3.7; RFC 8725).

use data_encoding::BASE64URL_NOPAD;
use mailflow_core::time::Timestamp;
use serde_json::{Map, Value};

use super::Fault;
use super::keys::{Algorithm, Keys};

/// By how many seconds the clocks of the provider and of the desk may differ.
const LEEWAY_S: i64 = 60;
/// The most bytes of a token.
const LONGEST: usize = 64 << 10;

/// What a token has to say.
#[derive(Debug, Clone, Copy)]
pub struct Expected<'a> {
    /// Who made it.
    pub issuer: &'a str,
    /// For whom.
    pub client_id: &'a str,
    /// In answer to what.
    pub nonce: &'a str,
    /// When it is looked at.
    pub now: Timestamp,
}

/// What a token claims, if it is believed.
///
/// # Errors
/// [`Fault`] says what is wrong with it.
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Map<String, Value>, Fault> {
    if token.len() > LONGEST {
        return Err(Fault::Malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Fault::Malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(Fault::Malformed)?;
    let bytes = |part: &str| BASE64URL_NOPAD.decode(part.as_bytes()).map_err(|_| Fault::Malformed);
    let object = |part: &str| match serde_json::from_slice(&bytes(part)?) {
        Ok(Value::Object(object)) => Ok(object),
        _ => Err(Fault::Malformed),
    };
    let header = object(header)?;
    let named = header.get("alg").and_then(Value::as_str).unwrap_or("none");
    let way = Algorithm::named(named).ok_or_else(|| Fault::Algorithm(shown(named)))?;
    // What must be understood is not (RFC 7515 section 4.1.11).
    if header.contains_key("crit") {
        return Err(Fault::Malformed);
    }
    let id = header.get("kid").and_then(Value::as_str);
    match keys.verify(id, named, way, (signed.as_bytes(), &bytes(signature)?)) {
        Some(true) => {}
        Some(false) => return Err(Fault::Signature),
        None => return Err(Fault::Key),
    }
    let claims = object(claims)?;
    whose(&claims, expected)?;
    when(&claims, expected.now)?;
    match claims.get("nonce").and_then(Value::as_str) {
        Some(nonce) if nonce == expected.nonce => {}
        _ => return Err(Fault::Nonce),
    }
    match claims.get("sub").and_then(Value::as_str) {
        Some(subject) if !subject.is_empty() => Ok(claims),
        _ => Err(Fault::Missing("sub")),
    }
}

fn whose(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Fault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    match text("iss") {
        Some(issuer) if issuer == expected.issuer => {}
        issuer => return Err(Fault::Issuer(shown(issuer.unwrap_or_default()))),
    }
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    if !audiences.contains(&expected.client_id) {
        return Err(Fault::Audience(shown(&audiences.join(" "))));
    }
    // A token for several has to say which of them it was given to.
    match text("azp") {
        Some(party) if party != expected.client_id => Err(Fault::Audience(shown(party))),
        None if audiences.len() > 1 => Err(Fault::Missing("azp")),
        _ => Ok(()),
    }
}

fn when(claims: &Map<String, Value>, now: Timestamp) -> Result<(), Fault> {
    let now = now.as_millis() / 1000;
    #[expect(clippy::cast_possible_truncation, reason = "a time that does not fit is far away all the same")]
    let second = |value: &Value| value.as_i64().or_else(|| value.as_f64().map(|it| it as i64));
    let time = |name: &str| claims.get(name).and_then(second);
    let ends = time("exp").ok_or(Fault::Missing("exp"))?;
    if ends <= now.saturating_sub(LEEWAY_S) {
        return Err(Fault::Expired(now.saturating_sub(ends)));
    }
    let made = time("iat").ok_or(Fault::Missing("iat"))?;
    let begins = time("nbf").unwrap_or(made).max(made);
    if begins > now.saturating_add(LEEWAY_S) {
        return Err(Fault::NotYet(begins.saturating_sub(now)));
    }
    Ok(())
}

/// What somebody else wrote, on one short line.
fn shown(text: &str) -> String {
    mailflow_core::text::one_line(text, 200)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_800_000_000;

    struct Signer {
        pair: EcdsaKeyPair,
        keys: Keys,
    }

    fn encoded(value: &Value) -> String {
        BASE64URL_NOPAD.encode(value.to_string().as_bytes())
    }

    impl Signer {
        fn new() -> Self {
            let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
            let point = pair.public_key().as_ref().to_vec();
            let number = |part: &[u8]| BASE64URL_NOPAD.encode(part);
            let key = json!({
                "kty": "EC", "crv": "P-256", "kid": "one", "x": number(&point[1..33]), "y": number(&point[33..]),
            });
            Self { pair, keys: Keys::read(&json!({ "keys": [key] })).unwrap() }
        }

        fn sign(&self, header: &Value, claims: &Value) -> String {
            let signed = format!("{}.{}", encoded(header), encoded(claims));
            let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
            format!("{signed}.{}", BASE64URL_NOPAD.encode(signature.as_ref()))
        }

        fn says(&self, claims: &Value) -> Result<Map<String, Value>, Fault> {
            look(&self.sign(&json!({ "alg": "ES256", "kid": "one" }), claims), &self.keys)
        }
    }

    fn look(token: &str, keys: &Keys) -> Result<Map<String, Value>, Fault> {
        let now = Timestamp::from_millis(NOW * 1000);
        check(token, keys, &Expected { issuer: "https://login.example", client_id: "desk", nonce: "n", now })
    }

    fn claims() -> Value {
        json!({ "iss": "https://login.example", "aud": "desk", "sub": "7", "nonce": "n", "iat": NOW, "exp": NOW + 300 })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut claims = claims();
        claims[name] = value;
        claims
    }

    #[test]
    fn a_token_that_says_all_that_it_has_to_is_believed() {
        let signer = Signer::new();
        for good in [
            claims(),
            with("aud", json!(["desk"])),
            with("azp", json!("desk")),
            with("exp", json!(NOW - 59)),
            with("iat", json!(NOW + 60)),
            with("exp", json!(1.8e9 + 1.5)),
        ] {
            assert_eq!(signer.says(&good).map(|it| it["sub"].clone()), Ok(json!("7")), "{good}");
        }
    }

    #[test]
    fn a_token_that_says_something_else_is_not() {
        let signer = Signer::new();
        let two = json!(["desk", "other"]);
        for (bad, fault) in [
            (with("iss", json!("https://login.example/")), Fault::Issuer("https://login.example/".to_owned())),
            (with("aud", json!("other")), Fault::Audience("other".to_owned())),
            (with("aud", json!(null)), Fault::Audience(String::new())),
            (with("aud", two.clone()), Fault::Missing("azp")),
            (with("azp", json!("other")), Fault::Audience("other".to_owned())),
            (with("exp", json!(NOW - 60)), Fault::Expired(60)),
            (with("exp", json!("soon")), Fault::Missing("exp")),
            (with("iat", json!(NOW + 61)), Fault::NotYet(61)),
            (with("iat", json!(null)), Fault::Missing("iat")),
            (with("nbf", json!(NOW + 90)), Fault::NotYet(90)),
            (with("nonce", json!("other")), Fault::Nonce),
            (with("nonce", json!(null)), Fault::Nonce),
            (with("sub", json!("")), Fault::Missing("sub")),
        ] {
            assert_eq!(signer.says(&bad), Err(fault), "{bad}");
        }
        let mut party = with("aud", two);
        party["azp"] = json!("desk");
        assert!(signer.says(&party).is_ok(), "control");
    }

    #[test]
    fn only_a_signature_of_two_keys_counts() {
        let signer = Signer::new();
        let allowed = |alg: &str| matches!(alg, "ES256");
        for alg in ["none", "None", "", "HS256", "HS512", "ES256K", "ES512", "RS1", "ES256"] {
            let token = signer.sign(&json!({ "alg": alg, "kid": "one" }), &claims());
            let found = look(&token, &signer.keys);
            if allowed(alg) {
                assert!(found.is_ok(), "control");
            } else {
                assert_eq!(found, Err(Fault::Algorithm(alg.to_owned())));
            }
        }
        let bare = format!("{}.{}.", encoded(&json!({ "alg": "none" })), encoded(&claims()));
        assert_eq!(look(&bare, &signer.keys), Err(Fault::Algorithm("none".to_owned())));
        let critical = signer.sign(&json!({ "alg": "ES256", "kid": "one", "crit": ["x"] }), &claims());
        assert_eq!(look(&critical, &signer.keys), Err(Fault::Malformed));
        // A key of another kind is no key for this way.
        for alg in ["RS256", "PS256", "ES384", "EdDSA"] {
            let token = signer.sign(&json!({ "alg": alg, "kid": "one" }), &claims());
            assert_eq!(look(&token, &signer.keys), Err(Fault::Key), "{alg}");
        }
    }

    #[test]
    fn a_signature_is_of_one_key_and_of_every_letter() {
        let (signer, other) = (Signer::new(), Signer::new());
        let header = json!({ "alg": "ES256", "kid": "one" });
        let token = signer.sign(&header, &claims());
        assert!(look(&token, &signer.keys).is_ok());
        assert_eq!(look(&token, &other.keys), Err(Fault::Signature));
        let unknown = signer.sign(&json!({ "alg": "ES256", "kid": "two" }), &claims());
        assert_eq!(look(&unknown, &signer.keys), Err(Fault::Key));
        let unnamed = signer.sign(&json!({ "alg": "ES256" }), &claims());
        assert!(look(&unnamed, &signer.keys).is_ok(), "the only key that fits");
        let signature = token.rsplit('.').next().unwrap();
        let forged = format!("{}.{}.{signature}", encoded(&header), encoded(&with("sub", json!("8"))));
        assert_eq!(look(&forged, &signer.keys), Err(Fault::Signature));
        for broken in ["", ".", "..", "a.b.c", &format!("{token}."), &format!("{token}=")] {
            assert!(look(broken, &signer.keys).is_err(), "{broken}");
        }
    }

    #[test]
    fn what_other_programs_signed_is_understood() {
        // RFC 8037 appendix A.4: a signature of Ed25519, and its key.
        let key = json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] });
        let keys = Keys::read(&key).unwrap();
        let signed = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
        let signature = "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
        let bytes = BASE64URL_NOPAD.decode(signature.as_bytes()).unwrap();
        let way = Algorithm::named("EdDSA").unwrap();
        assert_eq!(keys.verify(None, "EdDSA", way, (signed.as_bytes(), &bytes)), Some(true));
        assert_eq!(keys.verify(None, "EdDSA", way, (b"other", &bytes)), Some(false), "control");
    }
}
