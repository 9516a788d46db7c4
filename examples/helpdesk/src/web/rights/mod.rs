//! Who may ask for what: every route by every role, and that nobody learns of what he may not see.

mod outgrown;
mod table;
mod twins;
mod who;
mod world;
