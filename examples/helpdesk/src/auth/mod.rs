//! Who is there: passwords (argon2id) and sessions.

mod password;
mod place;
mod session;

pub use password::{hash, new_password, verify};
pub use place::{Place, program};
pub use session::{COOKIE, SignIn, cookie, end_sessions, ended_cookie, has_cookie, secret_of, token_of};
