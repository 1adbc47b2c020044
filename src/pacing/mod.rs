//! How fast calls may be made: token bucket, backoff, phase.
//!
//! Synchronous and clock-free: time and chance are arguments. Who waits, and
//! how, is for others to know.

mod backoff;
mod bucket;
mod phase;
mod rate;

pub use self::backoff::{Backoff, backoff};
pub use self::bucket::Bucket;
pub use self::phase::phase;
pub use self::rate::{Rate, RateError};
