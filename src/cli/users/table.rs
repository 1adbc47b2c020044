//! Text in columns, and what a terminal must not be told.

use unicode_width::UnicodeWidthStr as _;

use crate::cli::output::{Colour, Paint};

/// A table with a heading.
pub(super) struct Table {
    headings: Vec<(&'static str, Align)>,
    rows: Vec<Vec<Cell>>,
}

/// On which side of its column a text stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Right,
}

/// One text of a table.
pub(super) struct Cell {
    text: String,
    colour: Option<Colour>,
}

impl Cell {
    /// A text that came from outside.
    pub(super) fn new(text: &str) -> Self {
        Self {
            text: harmless(text),
            colour: None,
        }
    }

    /// A number or the like; what is not known has a mark of its own.
    pub(super) fn known<T: ToString>(value: Option<T>) -> Self {
        match value {
            Some(value) => Self::new(&value.to_string()),
            None => Self::new(UNKNOWN).colour(Colour::Faint),
        }
    }

    pub(super) fn colour(self, colour: Colour) -> Self {
        Self {
            colour: Some(colour),
            ..self
        }
    }

    fn padded(&self, width: usize, align: Align, paint: Paint) -> String {
        let gap = " ".repeat(width.saturating_sub(self.text.width()));
        let text = match self.colour {
            Some(colour) => paint.paint(colour, &self.text),
            None => self.text.clone(),
        };
        match align {
            Align::Left => text + &gap,
            Align::Right => gap + &text,
        }
    }
}

impl Table {
    pub(super) fn new(headings: impl Into<Vec<(&'static str, Align)>>) -> Self {
        Self {
            headings: headings.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row with a cell for each heading.
    pub(super) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    pub(super) fn render(&self, paint: Paint) -> String {
        let headings = self.headings.iter();
        let headings: Vec<Cell> = headings
            .map(|(text, _)| Cell::new(text).colour(Colour::Strong))
            .collect();
        let widths: Vec<usize> = (0..self.headings.len())
            .map(|column| {
                let cells = std::iter::once(&headings).chain(&self.rows);
                let widths = cells.filter_map(|row| Some(row.get(column)?.text.width()));
                widths.max().unwrap_or(0)
            })
            .collect();
        let mut text = String::new();
        for row in std::iter::once(&headings).chain(&self.rows) {
            let columns = row.iter().zip(&widths).zip(&self.headings);
            let padded: Vec<String> = columns
                .map(|((cell, width), (_, align))| cell.padded(*width, *align, paint))
                .collect();
            text.push_str(padded.join("  ").trim_end());
            text.push('\n');
        }
        text
    }
}

/// The same text for a terminal: whatever would move the cursor, change a colour,
/// turn the direction of the line or not be seen is spelled out, so that no name
/// can pass for another or for a part of the table.
pub(super) fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // They are escaped in a literal only because it has quotes.
            '"' | '\'' => out.push(c),
            _ => out.extend(c.escape_debug()),
        }
    }
    out
}

/// Yes or no, for people.
pub(super) fn yes_no(value: bool) -> &'static str {
    if value { "yes" } else { "no" }
}

/// What stands for a value that is not known.
pub(super) const UNKNOWN: &str = "-";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_obeys_is_spelled_out() {
        for (text, expected) in [
            ("wei.zhang@example.com", "wei.zhang@example.com"),
            ("o'neil \"x\"", "o'neil \"x\""),
            ("é 张", "é 张"),
            ("\x1b[31mred", "\\u{1b}[31mred"),
            ("a\r\nb\tc", "a\\r\\nb\\tc"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("abc\u{202e}def", "abc\\u{202e}def"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
            ("a\\u{202e}", "a\\\\u{202e}"),
            ("\u{2028}\u{feff}", "\\u{2028}\\u{feff}"),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn columns_line_up_whatever_is_in_them() {
        let mut table = Table::new([("USER", Align::Left), ("KBPS", Align::Right)]);
        table.row([Cell::new("张伟"), Cell::known(Some(20_000))]);
        table.row([Cell::new("bob"), Cell::known::<u32>(None)]);
        let expected = "USER   KBPS\n张伟  20000\nbob       -\n";
        assert_eq!(table.render(Paint::None), expected);
        let coloured = table.render(Paint::Colours);
        assert!(coloured.contains("\x1b[1mUSER\x1b[0m"), "{coloured:?}");
        assert!(coloured.contains("    \x1b[2m-\x1b[0m\n"), "{coloured:?}");
    }
}
