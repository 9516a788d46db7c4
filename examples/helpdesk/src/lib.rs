//! A whole helpdesk on the web, made of mailflow: pages, REST API and the tools of the `mailflow` command.

pub mod api;
pub mod auth;
pub mod cli;
pub mod database;
pub mod demo;
pub mod inspect;
mod passwords;
pub mod replayed;
pub mod rules_file;
pub mod servers;
pub mod setup;
pub mod web;
