//! The lines of both formats. They differ in what describes a family, and in
//! the bounds of buckets; a sample of a gauge or a counter is the same in both.
//!
//! This module knows how a line is spelled and nothing of what it says.

use super::page::Page;
use crate::catalog::{Family, Format};

/// Appends the `# HELP` and `# TYPE` lines of a family. The catalogue has no
/// description that would have to be escaped.
pub(super) fn header(page: &mut Page<'_>, family: &Family, format: Format) {
    let name = format.described_name(family.name);
    for part in ["# HELP ", name, " ", family.help, "\n"] {
        page.append(part.as_bytes());
    }
    for part in ["# TYPE ", name, " ", family.kind.as_str(), "\n"] {
        page.append(part.as_bytes());
    }
}

/// Appends one sample.
pub(super) fn sample<'a>(
    page: &mut Page<'_>,
    family: &Family,
    suffix: &str,
    labels: impl Iterator<Item = (&'a str, &'a str)>,
    value: u64,
) {
    page.append(family.name.as_bytes());
    page.append(suffix.as_bytes());
    let mut before: &[u8] = b"{";
    for (name, text) in labels {
        page.append(before);
        page.append(name.as_bytes());
        page.append(b"=\"");
        escape(page, text);
        before = b"\",";
    }
    if before != b"{" {
        page.append(b"\"}");
    }
    page.append(b" ");
    number(page, value);
    page.append(b"\n");
}

/// Appends a number.
pub(super) fn number(page: &mut Page<'_>, value: u64) {
    page.append(itoa::Buffer::new().format(value).as_bytes());
}

/// The beginning of the lines of a family and an instance, up to the name of
/// the user. What follows it is the name and `"} `.
pub(super) fn user_prefix(family: &Family, sag_id: &str) -> Vec<u8> {
    [family.name, "{sag_id=\"", sag_id, "\",user=\""]
        .concat()
        .into_bytes()
}

/// Appends the value of a label, with backslashes before what would end it.
pub(super) fn escape(page: &mut Page<'_>, text: &str) {
    let mut rest = text;
    while let Some((before, special)) = rest
        .find(['\\', '"', '\n'])
        .and_then(|place| rest.split_at_checked(place))
    {
        page.append(before.as_bytes());
        let mut characters = special.chars();
        page.append(match characters.next() {
            Some('\n') => b"\\n",
            Some('"') => b"\\\"",
            _ => b"\\\\",
        });
        rest = characters.as_str();
    }
    page.append(rest.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("a\"b", "a\\\"b"),
            ("\\", "\\\\"),
            ("\n\\\"é}", "\\n\\\\\\\"é}"),
            ("黒\"", "黒\\\""),
        ] {
            let mut out = Vec::new();
            let mut page = Page::over(&mut out);
            escape(&mut page, text);
            page.finish();
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
