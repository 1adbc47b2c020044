//! Which representation a client gets (RFC 9110, section 12).
//!
//! Pure functions over the text of the header fields. What cannot be
//! understood is skipped: a client with an odd header still gets an answer.

mod coding;
mod format;
mod list;

use hyper::header::{HeaderMap, HeaderName};

pub use self::coding::{Coding, choose_coding};
pub use self::format::{choose_format, content_type};
pub use crate::catalog::Format;

/// The lines of a header field as one list; `None` if there are none.
pub fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    if !headers.contains_key(name) {
        return None;
    }
    let lines = headers.get_all(name).iter();
    let lines: Vec<&str> = lines.filter_map(|line| line.to_str().ok()).collect();
    Some(lines.join(","))
}
