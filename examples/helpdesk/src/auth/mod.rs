//! Who is there: passwords (argon2id) and sessions.

mod password;
mod session;

pub use password::{hash, new_password, verify};
<<<<<<< HEAD
pub use session::{COOKIE, SignIn, cookie, ended_cookie, has_cookie, secret_of, token_of};
=======
pub use session::{COOKIE, SignIn, cookie, end_sessions, ended_cookie, secret_of, token_of};
>>>>>>> 73b4611 (REST API: tickets, answers, contacts, configuration and deliveries, documented where they stand)
