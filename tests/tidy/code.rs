//! Source code without what is written in comments and strings, so that rules
//! about code do not stumble over text.

/// The code of one file.
pub(crate) struct Code {
    /// The same length and the same lines as the source, with comments, strings
    /// and characters blanked out.
    text: String,
    /// The first line of the tests at the bottom of the file.
    tests_from_line: Option<usize>,
}

impl Code {
    pub(crate) fn new(source: &str) -> Self {
        let text = blank(source);
        let tests_from_line = tests_line(&text);
        Self {
            text,
            tests_from_line,
        }
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Whether the line, counted from 1, belongs to the tests of the file.
    pub(crate) fn is_test_line(&self, line: usize) -> bool {
        self.tests_from_line.is_some_and(|first| line >= first)
    }

    /// The offsets at which `word` stands, not as the end of a longer name.
    pub(crate) fn find(&self, word: &str) -> Vec<usize> {
        self.text
            .match_indices(word)
            .map(|(offset, _)| offset)
            .filter(|offset| {
                let before = self.text.get(..*offset).unwrap_or_default();
                !before.ends_with(is_identifier)
            })
            .collect()
    }

    pub(crate) fn after(&self, offset: usize) -> &str {
        self.text.get(offset..).unwrap_or_default()
    }

    pub(crate) fn line_at(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or_default();
        1 + before.matches('\n').count()
    }
}

pub(crate) fn is_identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// The line of a `#[cfg(test)]` that a module follows.
fn tests_line(text: &str) -> Option<usize> {
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        let next = lines.peek().map_or("", |(_, next)| next.trim_start());
        if line.trim() == "#[cfg(test)]" && next.starts_with("mod ") && next.ends_with('{') {
            return Some(number);
        }
    }
    None
}

/// Replaces every character of a comment, a string or a character literal by
/// spaces of the same length; line ends stay.
fn blank(source: &str) -> String {
    let mut out = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let taken = length_of_text(rest, out.ends_with(is_identifier));
        let Some(taken) = taken else {
            out.push(next);
            rest = &rest[next.len_utf8()..];
            continue;
        };
        let (text, after) = rest.split_at(taken);
        for c in text.chars() {
            if c == '\n' {
                out.push('\n');
            } else {
                out.extend(std::iter::repeat_n(' ', c.len_utf8()));
            }
        }
        rest = after;
    }
    out
}

/// How many bytes of text start here; `None` where code goes on.
fn length_of_text(rest: &str, after_identifier: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(rest.len(), |end| end + 2));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    if rest.starts_with('r') && !after_identifier {
        return raw_string(rest);
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    None
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (offset, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return offset + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest[1..].bytes().take_while(|b| *b == b'#').count();
    if !rest[1 + hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let body = hashes + 2;
    Some(
        rest[body..]
            .find(&end)
            .map_or(rest.len(), |at| body + at + end.len()),
    )
}

/// A character literal; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest.chars().skip(1);
    let first = inside.next()?;
    (first == '\\' || inside.next() == Some('\'')).then(|| quoted(rest, '\''))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_blanked_and_code_stays() {
        for (source, expected) in [
            ("a // b\nc", "a     \nc"),
            ("a /* b\n */ c", "a     \n    c"),
            (r#"f("a\"b", c)"#, "f(      , c)"),
            (r##"f(r#"a"b"#, c)"##, "f(        , c)"),
            ("for<'a> 'x' '\\'' b", "for<'a>          b"),
            ("bar\"x\"", "bar   "),
            ("\"é\"", "    "),
            ("\"open", "     "),
        ] {
            assert_eq!(blank(source), expected, "{source}");
        }
    }
}
