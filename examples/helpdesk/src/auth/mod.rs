//! Who is there: ways to sign in, passwords (argon2id), second factors, sessions.

pub mod ldap;
mod login;
pub mod oidc;
mod password;
mod place;
mod session;
pub mod totp;

pub use login::{Credentials, DeskLogin, Login, Verdict};
pub use password::{change_password, hash, new_password};
pub use place::{Place, program};
pub use session::{
    COOKIE, Entered, Offer, SignIn, bearer_of, cookie, cookie_named, end_sessions, ended_cookie, has_cookie,
    new_api_token, secret_of, token_of,
};
