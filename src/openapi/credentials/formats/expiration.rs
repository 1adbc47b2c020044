//! When a credential ends, as STS and the metadata service write it.

use jiff::Timestamp;

/// The end, if the text is one: `YYYY-MM-DDTHH:MM:SSZ`, nothing else.
pub fn parse(text: &str) -> Option<Timestamp> {
    let shape = text.bytes().map(|byte| match byte {
        b'0'..=b'9' => b'0',
        other => other,
    });
    if !shape.eq(*b"0000-00-00T00:00:00Z") {
        return None;
    }
    text.parse().ok()
}

/// The form, for messages.
pub(in crate::openapi::credentials) const FORM: &str = "a time in UTC such as 2026-01-31T23:59:59Z";
