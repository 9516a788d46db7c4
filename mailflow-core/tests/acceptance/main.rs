//! The acceptance cases that core decides, as small stories: a customer writes, an agent answers, a server fails.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]
mod approving;
mod cluster;
mod configuring;
mod holding;
mod killed;
mod machines;
mod office;
mod once;
mod one_moment;
mod people;
mod rules;
mod running;
mod sending;
mod threading;
mod trying;
