//! Stories for every store: whoever has one runs them on it, with a `fresh_store` beside this module. Core runs them on
//! the memory store, `tests/tests/stories` on all others.
mod approving;
mod configuring;
mod forwarding;
mod holding;
mod killed;
mod machines;
pub mod office;
mod once;
mod one_moment;
mod opening;
mod people;
mod rules;
mod running;
mod sending;
mod threading;
mod trail;
mod trying;
