//! `mailflow`: the helpdesk on the web, and its tools.

fn main() {}
