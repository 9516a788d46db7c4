//! [`Mailboxes`]: where the servers' mail is.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Mailboxes in memory, each with a user, a password and an address. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Mailboxes {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    by_user: BTreeMap<String, Mailbox>,
    delivered: u64,
}

#[derive(Debug)]
struct Mailbox {
    password: String,
    address: String,
    mails: Vec<StoredMail>,
}

/// A mail in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// Its number among all mails that were ever delivered, from 1: what UIDL is made of.
    pub id: u64,
    /// Its bytes.
    pub bytes: Arc<[u8]>,
}

impl Mailboxes {
    /// No mailboxes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes an empty mailbox, or gives the one that is there another password and address.
    pub fn create(&self, user: &str, password: &str, address: &str) {
        let mut state = self.lock();
        let mails = state.by_user.remove(user).map(|mailbox| mailbox.mails).unwrap_or_default();
        let mailbox = Mailbox { password: password.to_owned(), address: address.to_lowercase(), mails };
        state.by_user.insert(user.to_owned(), mailbox);
    }

    /// Puts a mail into a user's mailbox; `false` if there is no such user.
    pub fn deliver(&self, user: &str, mail: impl AsRef<[u8]>) -> bool {
        let mut state = self.lock();
        let id = state.delivered + 1;
        let Some(mailbox) = state.by_user.get_mut(user) else { return false };
        mailbox.mails.push(StoredMail { id, bytes: mail.as_ref().into() });
        state.delivered = id;
        true
    }

    /// Puts a mail into the mailbox with an address, without regard to case and to what follows a `+`; `false` if there
    /// is none.
    pub fn deliver_to_address(&self, address: &str, mail: impl AsRef<[u8]>) -> bool {
        match self.user_of(address) {
            Some(user) => self.deliver(&user, mail),
            None => false,
        }
    }

    /// The mails in a user's mailbox, in the order in which they came.
    pub fn mails(&self, user: &str) -> Vec<StoredMail> {
        self.lock().by_user.get(user).map(|mailbox| mailbox.mails.clone()).unwrap_or_default()
    }

    /// Takes all mails out of a user's mailbox, as another mail program would.
    pub fn take(&self, user: &str) -> Vec<StoredMail> {
        self.lock().by_user.get_mut(user).map(|mailbox| std::mem::take(&mut mailbox.mails)).unwrap_or_default()
    }

    /// Whose the address is.
    pub fn user_of(&self, address: &str) -> Option<String> {
        let wanted = plain(address);
        let state = self.lock();
        state.by_user.iter().find(|(_, mailbox)| plain(&mailbox.address) == wanted).map(|(user, _)| user.clone())
    }

    /// The user's password.
    pub(super) fn password(&self, user: &str) -> Option<String> {
        self.lock().by_user.get(user).map(|mailbox| mailbox.password.clone())
    }

    pub(super) fn remove(&self, user: &str, ids: &[u64]) {
        if let Some(mailbox) = self.lock().by_user.get_mut(user) {
            mailbox.mails.retain(|mail| !ids.contains(&mail.id));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address in lower case, without what follows a `+` (RFC 5233).
fn plain(address: &str) -> String {
    let address = address.to_lowercase();
    match address.rsplit_once('@') {
        Some((local, domain)) => format!("{}@{domain}", local.split('+').next().unwrap_or(local)),
        None => address,
    }
}
