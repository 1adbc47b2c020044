//! How fast calls may be made: token bucket, backoff, phase.
//!
//! Synchronous and clock-free: time and chance are arguments. Who waits, and
//! how, is for others to know.

mod rate;

pub use self::rate::{Rate, RateError};
