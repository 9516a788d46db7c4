//! For whoever writes a mailflow backend or embeds mailflow: mail [servers] in this process that can be told to
//! misbehave.

#[cfg(feature = "servers")]
pub mod servers;
