//! Signatures V3 and V1 of the cloud's RPC API.
//!
//! Text in, text out: nothing here knows a socket, a clock or where a secret
//! comes from. Both the client and the simulator's verifier use it; the golden
//! vectors pin it from outside.

pub mod canonical;
mod hex;
pub mod v1;
pub mod v3;

pub use self::hex::{lower as hex, sha256_hex};

#[cfg(test)]
mod tests;
