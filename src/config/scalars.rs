//! Decoders of single values. The rooms' own types check the ranges; here is
//! only the way from text to them.

use std::fmt::Display;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::decode::{Checked, Cursor};
use super::node::Value;

/// Text of any kind; a plain number is taken as it was written.
pub(super) fn text<'a>(at: &Cursor<'a>, expected: &str) -> Checked<&'a str> {
    match &at.node.value {
        Value::Scalar { text, .. } => Ok(text),
        _ => at.refuse_kind(expected),
    }
}

/// A value of a type that checks itself.
pub(super) fn parsed<T, E: Display>(
    expected: &str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> impl Fn(&Cursor<'_>) -> Checked<T> {
    move |at| parse(text(at, expected)?).or_else(|error| at.refuse(error.to_string()))
}

/// One word of several. `None` marks a word that later versions understand.
pub(super) fn choice<T: Copy>(
    words: &'static [(&'static str, Option<T>)],
) -> impl Fn(&Cursor<'_>) -> Checked<T> {
    move |at| {
        let supported: Vec<&str> = words
            .iter()
            .filter(|(_, value)| value.is_some())
            .map(|(word, _)| *word)
            .collect();
        let expected = either(&supported);
        let found = text(at, &expected)?;
        match words.iter().find(|(word, _)| *word == found) {
            Some((_, Some(value))) => Ok(*value),
            Some((word, None)) => at.refuse(format!(
                "{word} is known but not supported by this version: expected {expected}"
            )),
            None => at.refuse(format!(
                "{:?} is unknown: expected {expected}",
                excerpt(found)
            )),
        }
    }
}

/// `a, b or c`.
fn either(words: &[&str]) -> String {
    match words {
        [first @ .., before, last] => [first, &[&format!("{before} or {last}")]]
            .concat()
            .join(", "),
        _ => words.concat(),
    }
}

/// A number that a type of its own checks; text in quotes is no number.
pub(super) fn number<T, N: std::str::FromStr, E: Display>(
    expected: &'static str,
    check: impl Fn(N) -> Result<T, E>,
) -> impl Fn(&Cursor<'_>) -> Checked<T> {
    move |at| {
        let Value::Scalar { text, plain } = &at.node.value else {
            return at.refuse_kind(expected);
        };
        if !plain {
            return at.refuse(format!(
                "found text in quotes: expected a number, {expected}"
            ));
        }
        let Ok(number) = text.parse() else {
            return at.refuse(format!("found {:?}: expected {expected}", excerpt(text)));
        };
        check(number).or_else(|error| at.refuse(error.to_string()))
    }
}

/// A whole number of a range.
pub(super) fn whole(
    what: &'static str,
    expected: &'static str,
    minimum: u32,
    maximum: u32,
) -> impl Fn(&Cursor<'_>) -> Checked<u32> {
    number(expected, move |found: u64| match u32::try_from(found) {
        Ok(value) if (minimum..=maximum).contains(&value) => Ok(value),
        _ => Err(format!("{found} is not {what}: expected {expected}")),
    })
}

/// A whole number of a range that starts at 1.
pub(super) fn count(
    what: &'static str,
    expected: &'static str,
    maximum: u32,
) -> impl Fn(&Cursor<'_>) -> Checked<NonZeroU32> {
    let whole = whole(what, expected, 1, maximum);
    move |at| {
        let value = whole(at)?;
        // The range starts at 1, so the alternative is never taken.
        Ok(NonZeroU32::new(value).unwrap_or(NonZeroU32::MIN))
    }
}

/// A duration as humantime writes it, such as `90s` or `1h 30m`.
pub(super) fn duration(
    minimum: Duration,
    maximum: Duration,
) -> impl Fn(&Cursor<'_>) -> Checked<Duration> {
    move |at| {
        let range = format!(
            "{} to {}",
            humantime::format_duration(minimum),
            humantime::format_duration(maximum)
        );
        let found = text(at, "a duration such as 60s or 5m")?;
        let Ok(duration) = humantime::parse_duration(found) else {
            return at.refuse(format!(
                "{:?} is not a duration: expected a number with a unit, such as 60s or 5m",
                excerpt(found)
            ));
        };
        if !(minimum..=maximum).contains(&duration) {
            return at.refuse(format!(
                "{:?} is out of range: expected {range}",
                excerpt(found)
            ));
        }
        Ok(duration)
    }
}

/// The path of a file; a relative one starts at `base`.
pub(super) fn path(at: &Cursor<'_>, base: &Path) -> Checked<PathBuf> {
    const EXPECTED: &str = "the path of a file";
    let found = text(at, EXPECTED)?;
    if found.is_empty() || found.contains('\0') {
        return at.refuse(format!("no path: expected {EXPECTED}"));
    }
    Ok(base.join(found))
}

/// The beginning of a text that is quoted in an error.
pub(super) fn excerpt(text: &str) -> String {
    const LIMIT_CHARS: usize = 40;
    let mut short: String = text.chars().take(LIMIT_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The words of a key that is either so or not.
pub(super) const TRUTH: &[(&str, Option<bool>)] = &[("true", Some(true)), ("false", Some(false))];
