//! Text that goes into a page.

use std::fmt;

/// A text that is written with everything escaped that could mean something in
/// an element or in a quoted attribute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['&', '<', '>', '"', '\'']) {
            let mut chars = piece.chars();
            let Some(entity) = chars.next_back().and_then(entity) else {
                f.write_str(piece)?;
                continue;
            };
            f.write_str(chars.as_str())?;
            f.write_str(entity)?;
        }
        Ok(())
    }
}

fn entity(c: char) -> Option<&'static str> {
    match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\'' => Some("&#39;"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_text() {
        for (text, expected) in [
            ("", ""),
            ("plain é", "plain é"),
            ("<b>", "&lt;b&gt;"),
            ("a&&b'\"", "a&amp;&amp;b&#39;&quot;"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }
}
