//! Passwords, kept as argon2id hashes (RFC 9106) in PHC form.

use std::sync::atomic::{AtomicU64, Ordering};

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use mailflow_core::agent::{Agent, SignInWay};
use mailflow_core::refusal::Refusal;

use super::SignIn;

/// The fewest characters of a password.
pub const SHORTEST: usize = 10;
/// The most bytes of a password: longer ones only cost time.
const LONGEST: usize = 1024;

/// The hash that is kept of a password. Takes some tens of milliseconds and 19 MiB by design: not for an async task.
///
/// # Errors
/// [`Refusal::Invalid`] if the password is too short or too long.
pub fn hash(password: &str) -> Result<String, Refusal> {
    if password.chars().count() < SHORTEST {
        return Err(Refusal::invalid("password", format!("it is too short; at least {SHORTEST} characters")));
    }
    if password.len() > LONGEST {
        return Err(Refusal::invalid("password", format!("it is too long; at most {LONGEST} bytes")));
    }
    let hash: Result<PasswordHash, _> = Argon2::default().hash_password(password.as_bytes());
    // Salt and parameters are the library's own; only randomness or memory can be missing.
    hash.map(|hash| hash.to_string())
        .map_err(|error| Refusal::invalid("password", format!("it cannot be hashed: {error}")))
}

/// Whether a password is the one that this hash was made of. Without a hash, or with one that cannot be read, the same
/// work is done, so that nobody can tell from the time which user names exist. `hashes` counts that work. Not for an
/// async task.
#[must_use]
pub fn verify(password: &str, hash: Option<&str>, hashes: &AtomicU64) -> bool {
    /// The hash of a password that nobody has.
    const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bWFpbGZsb3ctbm9ib2R5$\
                           n0bY0dyn0bY0dyn0bY0dyn0bY0dyn0bY0dyn0bY0dyk";
    let known = hash.and_then(|hash| PasswordHash::new(hash).ok());
    let somebodys = known.is_some();
    let password = password.as_bytes().get(..LONGEST.min(password.len())).unwrap_or_default();
    let Some(known) = known.or_else(|| PasswordHash::new(NOBODYS).ok()) else { return false };
    hashes.fetch_add(1, Ordering::Relaxed);
    Argon2::default().verify_password(password, &known).is_ok() && somebodys
}

/// The hash of an agent's new password, if he knows the old one.
///
/// # Errors
/// [`Refusal::Invalid`] if the old one is wrong or the new one does not do, [`Refusal::SignInPaused`] after too many
/// wrong ones.
pub async fn change_password(sign_in: &SignIn, agent: &Agent, old: &str, new: &str) -> Result<String, Refusal> {
    if agent.sign_in != SignInWay::Password {
        return Err(Refusal::invalid("new", "your password is not kept here; change it where it is"));
    }
    if !sign_in.confirm(agent, old).await? {
        return Err(Refusal::invalid("old", "the password is wrong"));
    }
    if old == new {
        return Err(Refusal::invalid("new", "it is the one that you have"));
    }
    let new = new.to_owned();
    let hashed = tokio::task::spawn_blocking(move || hash(&new)).await;
    hashed.unwrap_or_else(|error| Err(Refusal::invalid("new", error.to_string())))
}

/// A new random password of 20 characters that are easy to tell apart: about 98 bits.
#[must_use]
pub fn new_password() -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut bytes = [0u8; 20];
    // Without randomness there is no password that could be given away.
    if getrandom::fill(&mut bytes).is_err() {
        return String::new();
    }
    bytes.iter().map(|byte| char::from(ALPHABET.get(usize::from(byte % 32)).copied().unwrap_or(b'x'))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_alone() {
        let password = new_password();
        assert_eq!(password.len(), 20);
        let hashed = hash(&password).unwrap();
        assert!(hashed.starts_with("$argon2id$v=19$"));
        assert!(!hashed.contains(&password));
        let hashes = AtomicU64::new(0);
        assert!(verify(&password, Some(&hashed), &hashes));
        assert!(!verify("another password", Some(&hashed), &hashes));
        assert!(!verify(&password, None, &hashes));
        assert!(hash("short").is_err());
    }

    #[test]
    fn the_hash_of_nobody_costs_as_much_as_any() {
        let hashes = AtomicU64::new(0);
        assert!(!verify("whatever it is", None, &hashes));
        assert!(!verify("whatever it is", Some("not a hash"), &hashes));
        assert!(!verify("whatever it is", Some(&hash("correct horse").unwrap()), &hashes));
        assert_eq!(hashes.into_inner(), 3);
    }
}
