//! For whoever writes a mailflow backend: the rules that every [`Store`](mailflow_core::store::Store) must pass, and
//! mail servers that misbehave.

#[cfg(feature = "store")]
pub mod store;
