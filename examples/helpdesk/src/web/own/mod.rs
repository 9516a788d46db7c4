//! An agent's own pages: how he likes his desk, his password, his second factor, his sessions.

mod preferences;
mod second_factor;
mod security;
mod sessions;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod token_tests;
mod tokens;

use super::{Table, Who};

pub use preferences::signatures;
pub use sessions::{admin_end, admin_list};
pub use tokens::{admin_end as admin_end_token, admin_list as admin_tokens, admin_make as admin_make_token};

pub(super) fn routes(table: Table) -> Table {
    table
        .get(Who::Agent, "/preferences", preferences::show)
        .post(Who::Agent, "/preferences", preferences::save)
        .get(Who::Agent, "/security", security::show)
        .post(Who::Agent, "/security/password", security::change_password)
        .post(Who::Agent, "/security/second-factor", second_factor::begin)
        .post(Who::Agent, "/security/second-factor/confirm", second_factor::confirm)
        .post(Who::Agent, "/security/second-factor/off", second_factor::switch_off)
        .get(Who::Agent, "/sessions", sessions::list)
        .get(Who::Agent, "/tokens", tokens::list)
        .post(Who::Agent, "/tokens", tokens::make)
        .post(Who::Agent, "/tokens/end", tokens::end)
        .post(Who::Agent, "/sessions/end", sessions::end)
        .post(Who::Agent, "/sessions/end-others", sessions::end_others)
}
