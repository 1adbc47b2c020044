//! What all sections are put together from.

use std::fmt::{self, Display, Write as _};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock;
use crate::web::html::Escaped;

/// A moment as its age, with the exact time behind it. The script counts on
/// from there in the same words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ago {
    pub(super) at: Timestamp,
    pub(super) now: Timestamp,
}

impl Display for Ago {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Fractions of a second are of no interest to people.
        let at = self.at.round(jiff::Unit::Second).unwrap_or(self.at);
        let age = Age(clock::between(self.at, self.now).as_secs());
        write!(f, "<time datetime=\"{at}\" title=\"{at}\">{age} ago</time>")
    }
}

/// Seconds in the largest unit that says enough.
struct Age(u64);

impl Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            seconds @ 0..60 => write!(f, "{seconds} s"),
            seconds @ 60..3_600 => write!(f, "{} min", seconds / 60),
            seconds @ 3_600..172_800 => write!(f, "{} h", seconds / 3_600),
            seconds => write!(f, "{} d", seconds / 86_400),
        }
    }
}

/// A number, or that it is not known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(pub(super) Option<u64>);

impl Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(count) => count.fmt(f),
            None => f.write_str("unknown"),
        }
    }
}

/// A span of time as the configuration spells it.
pub(super) fn span(duration: Duration) -> impl Display {
    humantime::format_duration(duration)
}

/// The first names of a list, escaped, and how many more there are.
#[derive(Debug)]
pub(super) struct Names<'a>(pub(super) Vec<&'a str>);

impl Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.0.iter().take(LIMIT_NAMES).enumerate() {
            let before = if place == 0 { "" } else { ", " };
            write!(f, "{before}{}", Escaped(name))?;
        }
        match self.0.len().saturating_sub(LIMIT_NAMES) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}

/// A table that becomes a list of cards where the screen is narrow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table(pub(super) &'static [Column]);

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    /// Words.
    Text(&'static str),
    /// Numbers, one below the other.
    Number(&'static str),
}

impl Table {
    /// Begins it. The caption is for those who hear the page.
    pub(super) fn begin(self, caption: &str, out: &mut String) -> fmt::Result {
        // Where rows are drawn as cards, browsers forget that it is a table.
        write!(
            out,
            "<table role=\"table\">\n<caption>{}</caption>\n\
             <thead role=\"rowgroup\"><tr role=\"row\">",
            Escaped(caption)
        )?;
        for column in self.0 {
            let (title, class) = (column.title(), column.class());
            write!(
                out,
                "<th role=\"columnheader\" scope=\"col\"{class}>{title}</th>"
            )?;
        }
        out.write_str("</tr></thead>\n<tbody role=\"rowgroup\">\n")
    }

    /// A row. The key tells it from the other rows of the table; the cells are
    /// written as they are.
    pub(super) fn row(self, key: &str, cells: &[&dyn Display], out: &mut String) -> fmt::Result {
        write!(out, "<tr role=\"row\" data-key=\"{}\">", Escaped(key))?;
        for (place, (column, cell)) in self.0.iter().zip(cells).enumerate() {
            let (title, class) = (column.title(), column.class());
            match place {
                0 => write!(
                    out,
                    "<th role=\"rowheader\" scope=\"row\"{class}>{cell}</th>"
                )?,
                _ => write!(
                    out,
                    "<td role=\"cell\" data-label=\"{title}\"{class}>{cell}</td>"
                )?,
            }
        }
        out.write_str("</tr>\n")
    }

    /// Ends it, and says how many rows were left out and where all of them are.
    pub(super) fn end(self, more: usize, whole: &str, out: &mut String) -> fmt::Result {
        out.write_str("</tbody>\n</table>\n")?;
        match more {
            0 => Ok(()),
            more => writeln!(out, "<p class=\"more\">And {more} more; {whole}.</p>"),
        }
    }
}

impl Column {
    fn title(self) -> &'static str {
        match self {
            Self::Text(title) | Self::Number(title) => title,
        }
    }

    fn class(self) -> &'static str {
        match self {
            Self::Text(_) => "",
            Self::Number(_) => " class=\"number\"",
        }
    }
}

const LIMIT_NAMES: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_in_the_largest_unit_that_says_enough() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (3_599, "59 min"),
            (3_600, "1 h"),
            (172_799, "47 h"),
            (172_800, "2 d"),
            (86_400 * 400, "400 d"),
        ] {
            assert_eq!(Age(seconds).to_string(), expected);
        }
        let ago = |at, now| {
            let [at, now] = [at, now].map(|ms| Timestamp::from_millisecond(ms).unwrap());
            Ago { at, now }.to_string()
        };
        let time = |text: &str| {
            let at = "1970-01-01T00:00:02Z";
            format!("<time datetime=\"{at}\" title=\"{at}\">{text} ago</time>")
        };
        assert_eq!(ago(1_700, 62_000), time("1 min"));
        assert_eq!(ago(1_700, 0), time("0 s"), "a clock that went backwards");
    }

    #[test]
    fn long_lists_are_cut_short() {
        let names = |count| Names(vec!["<a>"; count]).to_string();
        assert_eq!(names(0), "");
        assert_eq!(names(2), "&lt;a&gt;, &lt;a&gt;");
        assert!(names(12).ends_with("&lt;a&gt; and 2 more"));
    }
}
