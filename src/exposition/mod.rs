//! From a snapshot to the bytes that a scrape reads.

mod options;

pub use self::options::{Options, UserLabels};
