//! Codes that a device makes anew every 30 seconds (TOTP, RFC 6238, with HMAC-SHA-1, six digits: what every device knows),
//! and recovery codes that stand in for it.

use hmac::{Hmac, KeyInit, Mac};
use mailflow_core::digest::Digest;
use mailflow_core::id::AgentId;
use mailflow_core::refusal::Refusal;
use mailflow_core::time::Timestamp;
use sha1::Sha1;

/// How long a code is the current one, in milliseconds.
const STEP_MS: u64 = 30_000;
/// How many recovery codes there are.
const RECOVERY: usize = 10;
/// Letters that are not mistaken for each other.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A new secret: 160 random bits (RFC 4226 section 4).
///
/// # Errors
/// [`Refusal::Invalid`] if the system gives no random numbers.
pub fn new_secret() -> Result<Vec<u8>, Refusal> {
    random::<20>().map(|bytes| bytes.to_vec())
}

/// A secret as people type it into a device, and back.
pub fn text_of(secret: &[u8]) -> String {
    data_encoding::BASE32_NOPAD.encode(secret)
}

/// The secret in a text of [`text_of`].
pub fn secret_of(text: &str) -> Option<Vec<u8>> {
    data_encoding::BASE32_NOPAD.decode(text.as_bytes()).ok()
}

/// What a device reads as a link or picture.
pub fn link(secret: &[u8], desk: &str, user_name: &str) -> String {
    let part = |text: &str| crate::web::encode(text);
    format!("otpauth://totp/{}:{}?secret={}&issuer={}", part(desk), part(user_name), text_of(secret), part(desk))
}

/// The code of a step (RFC 4226 section 5.3).
pub fn code_at(secret: &[u8], step: u64) -> String {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length (RFC 2104 section 3)")]
    let mac = <Hmac<Sha1> as KeyInit>::new_from_slice(secret).expect("a key of any length");
    let hash = mac.chain_update(step.to_be_bytes()).finalize().into_bytes();
    let offset = usize::from(hash.last().copied().unwrap_or_default() & 0x0f);
    let word = hash.get(offset..offset + 4).and_then(|word| word.try_into().ok()).map_or(0, u32::from_be_bytes);
    format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
}

/// The step whose code was typed: the one of now, or the one before or after it. That it was not used before is for
/// whoever begins the session to see.
pub fn step_of(secret: &[u8], typed: &str, now: Timestamp) -> Option<u64> {
    let typed: String = typed.chars().filter(|it| !it.is_whitespace()).collect();
    let now = u64::try_from(now.as_millis()).unwrap_or(0) / STEP_MS;
    let steps = [now, now.saturating_sub(1), now.saturating_add(1)];
    // All three are compared, each to its end.
    let same = |code: &str| {
        let different = code.bytes().zip(typed.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b));
        different == 0 && code.len() == typed.len()
    };
    let right: Vec<u64> = steps.into_iter().filter(|step| same(&code_at(secret, *step))).collect();
    right.first().copied()
}

/// New recovery codes, 80 random bits each, as they are shown once.
///
/// # Errors
/// [`Refusal::Invalid`] if the system gives no random numbers.
pub fn recovery_codes() -> Result<Vec<String>, Refusal> {
    let code = |_| {
        let letter = |byte: u8| char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'x'));
        let letters: Vec<char> = random::<16>()?.into_iter().map(letter).collect();
        Ok(letters.chunks(4).map(|part| part.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
    };
    (0..RECOVERY).map(code).collect()
}

/// What the desk keeps of a recovery code, however it was typed.
pub fn recovery_digest(agent: AgentId, typed: &str) -> Digest {
    let letters: String = typed.chars().filter(char::is_ascii_alphanumeric).collect();
    Digest::of_parts([b"recovery code".as_slice(), agent.as_bytes(), letters.to_ascii_lowercase().as_bytes()])
}

/// What the secret of an agent is sealed for.
pub fn context(agent: AgentId) -> String {
    format!("agent {agent} second factor")
}

fn random<const N: usize>() -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| Refusal::invalid("code", format!("no randomness: {error}")))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"12345678901234567890";

    #[test]
    fn codes_are_those_of_the_standards() {
        // RFC 4226 appendix D; RFC 6238 appendix B, its last six digits.
        let counted =
            ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
        for (step, code) in (0_u64..).zip(counted) {
            assert_eq!(code_at(SECRET, step), code);
        }
        for (second, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            assert_eq!(code_at(SECRET, second / 30), code);
        }
    }

    #[test]
    fn a_code_is_right_for_one_step_before_and_after_its_own() {
        let at = |second: i64| step_of(SECRET, "081804", Timestamp::from_millis(second * 1000));
        let step = 1_111_111_109 / 30;
        let begins = i64::try_from(step).unwrap() * 30;
        assert_eq!(at(begins), Some(step));
        assert_eq!((at(begins - 30), at(begins + 59)), (Some(step), Some(step)));
        assert_eq!((at(begins - 31), at(begins + 60)), (None, None));
        let wrong = |typed| step_of(SECRET, typed, Timestamp::from_millis(begins * 1000));
        assert_eq!(wrong("081 804"), Some(step), "as devices show it");
        assert_eq!((wrong(""), wrong("08180"), wrong("0818041"), wrong("081805")), (None, None, None, None));
    }

    #[test]
    fn a_recovery_code_is_the_same_however_it_is_typed() {
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.len(), RECOVERY);
        let agent = AgentId::from_bytes([1; 16]);
        let code = &codes[0];
        assert_eq!(code.len(), 19, "{code}");
        let digest = recovery_digest(agent, code);
        assert_eq!(digest, recovery_digest(agent, &code.to_uppercase().replace('-', " ")));
        assert_ne!(digest, recovery_digest(agent, &codes[1]));
        assert_ne!(digest, recovery_digest(AgentId::from_bytes([2; 16]), code));
    }

    #[test]
    fn a_secret_can_be_typed_and_comes_back() {
        let secret = new_secret().unwrap();
        assert_eq!(secret_of(&text_of(&secret)), Some(secret.clone()));
        let link = link(&secret, "Our desk", "grace");
        assert!(link.starts_with("otpauth://totp/Our%20desk:grace?secret=") && link.ends_with("&issuer=Our%20desk"));
    }
}
