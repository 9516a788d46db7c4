//! What stories are told with: real mail servers of a provider, an office that works there, customers who write.
//!
//! This package is tests; nothing here is published.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "this package is tests: what is not as expected has to end them"
)]

pub mod attack;
pub mod await_it;
pub mod binary;
pub mod browser;
pub mod chance;
pub mod cluster;
pub mod customer;
pub mod demo;
pub mod desk_server;
pub mod glewlwyd;
pub mod kills;
pub mod office;
pub mod openid;
pub mod places;
pub mod provider;
pub mod slapd;
pub mod transcript;
pub mod web_client;
