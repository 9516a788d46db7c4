//! For whoever writes a mailflow backend or embeds mailflow: the rules that every store must pass, and mail servers in
//! this process that can be told to misbehave.

#[cfg(feature = "mssql")]
pub mod mssql;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(feature = "servers")]
pub mod servers;
#[cfg(feature = "store")]
pub mod store;
