//! When to call what.

mod options;

pub use self::options::{AccountOptions, Options, PageSize, PageSizeError, SessionsMode};
