//! [`Keys`]: the keys that a provider signs with (JSON Web Key Set, RFC 7517), and the ways of signing that count.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384,
    RSA_PSS_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};
use data_encoding::BASE64URL_NOPAD;
use serde_json::Value;

/// The most keys of a provider that are looked at.
const MOST: usize = 100;

/// The keys of a provider.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Key>);

#[derive(Debug, Clone)]
struct Key {
    id: Option<String>,
    algorithm: Option<String>,
    value: KeyValue,
}

#[derive(Debug, Clone)]
enum KeyValue {
    Rsa {
        n: Vec<u8>,
        e: Vec<u8>,
    },
    /// A point, uncompressed, on P-256 (32 bytes each) or P-384 (48).
    Curve {
        bytes: usize,
        point: Vec<u8>,
    },
    Ed25519(Vec<u8>),
}

/// A way of signing that counts. All are of two keys, one of which only the provider has: whoever knows the client secret
/// (`HS256`) is not the provider, and `none` is nobody.
#[derive(Debug, Clone, Copy)]
pub enum Algorithm {
    Rsa(&'static RsaParameters),
    Curve(usize),
    EdDsa,
}

impl Algorithm {
    /// The way with this name (RFC 7518 section 3.1, RFC 8037 section 3.1), if it counts.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Self::Rsa(&RSA_PKCS1_2048_8192_SHA512),
            "PS256" => Self::Rsa(&RSA_PSS_2048_8192_SHA256),
            "PS384" => Self::Rsa(&RSA_PSS_2048_8192_SHA384),
            "PS512" => Self::Rsa(&RSA_PSS_2048_8192_SHA512),
            "ES256" => Self::Curve(32),
            "ES384" => Self::Curve(48),
            "EdDSA" => Self::EdDsa,
            _ => return None,
        })
    }
}

impl Keys {
    /// The keys in a set; those that cannot sign, or not in a way that we know, are left out. `None` if it is no set.
    pub fn read(said: &Value) -> Option<Self> {
        let keys = said.get("keys")?.as_array()?;
        Some(Self(keys.iter().take(MOST).filter_map(Key::read).collect()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Their ids, for people.
    pub fn names(&self) -> String {
        let named = self.0.iter().map(|key| format!("`{}` ({})", key.id.as_deref().unwrap_or("?"), key.kind()));
        named.collect::<Vec<_>>().join(", ")
    }

    /// Whether one of the keys with this id made this signature; `None` if there is no such key.
    pub fn verify(&self, id: Option<&str>, named: &str, way: Algorithm, signed: (&[u8], &[u8])) -> Option<bool> {
        let fits = |key: &&Key| {
            (id.is_none() || key.id.as_deref() == id)
                && key.algorithm.as_deref().is_none_or(|only| only == named)
                && key.fits(way)
        };
        let mut fitting = self.0.iter().filter(fits).peekable();
        fitting.peek()?;
        Some(fitting.any(|key| key.verify(way, signed)))
    }
}

impl Key {
    fn read(said: &Value) -> Option<Self> {
        let text = |name: &str| said.get(name).and_then(Value::as_str);
        let number = |name: &str| BASE64URL_NOPAD.decode(text(name)?.trim_end_matches('=').as_bytes()).ok();
        if text("use").is_some_and(|purpose| purpose != "sig") {
            return None;
        }
        let value = match (text("kty")?, text("crv")) {
            ("RSA", _) => KeyValue::Rsa { n: trimmed(&number("n")?).to_vec(), e: trimmed(&number("e")?).to_vec() },
            ("EC", Some("P-256")) => curve(32, &number("x")?, &number("y")?)?,
            ("EC", Some("P-384")) => curve(48, &number("x")?, &number("y")?)?,
            ("OKP", Some("Ed25519")) => KeyValue::Ed25519(number("x")?),
            _ => return None,
        };
        Some(Self { id: text("kid").map(str::to_owned), algorithm: text("alg").map(str::to_owned), value })
    }

    const fn kind(&self) -> &'static str {
        match self.value {
            KeyValue::Rsa { .. } => "RSA",
            KeyValue::Curve { bytes: 32, .. } => "P-256",
            KeyValue::Curve { .. } => "P-384",
            KeyValue::Ed25519(_) => "Ed25519",
        }
    }

    fn fits(&self, way: Algorithm) -> bool {
        match (&self.value, way) {
            (KeyValue::Rsa { .. }, Algorithm::Rsa(_)) | (KeyValue::Ed25519(_), Algorithm::EdDsa) => true,
            (KeyValue::Curve { bytes, .. }, Algorithm::Curve(wanted)) => *bytes == wanted,
            _ => false,
        }
    }

    fn verify(&self, way: Algorithm, (message, signature): (&[u8], &[u8])) -> bool {
        let plain = |way: &'static dyn VerificationAlgorithm, key: &[u8]| {
            UnparsedPublicKey::new(way, key).verify(message, signature).is_ok()
        };
        match (&self.value, way) {
            (KeyValue::Rsa { n, e }, Algorithm::Rsa(way)) => {
                RsaPublicKeyComponents { n, e }.verify(way, message, signature).is_ok()
            }
            (KeyValue::Curve { bytes: 32, point }, Algorithm::Curve(32)) => plain(&ECDSA_P256_SHA256_FIXED, point),
            (KeyValue::Curve { bytes: 48, point }, Algorithm::Curve(48)) => plain(&ECDSA_P384_SHA384_FIXED, point),
            (KeyValue::Ed25519(key), Algorithm::EdDsa) => plain(&ED25519, key),
            _ => false,
        }
    }
}

/// A number without zeros before it, which some providers write.
fn trimmed(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn curve(bytes: usize, x: &[u8], y: &[u8]) -> Option<KeyValue> {
    let mut point = vec![4];
    for part in [trimmed(x), trimmed(y)] {
        point.extend(std::iter::repeat_n(0, bytes.checked_sub(part.len())?));
        point.extend_from_slice(part);
    }
    Some(KeyValue::Curve { bytes, point })
}
