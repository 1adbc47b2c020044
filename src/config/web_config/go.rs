//! Values as the toolkit's YAML library reads them, which is written in Go.

use std::time::Duration;

use crate::config::decode::{Checked, Cursor};
use crate::config::node::Value;
use crate::config::scalars::{excerpt, text};

/// Whether nothing is written there.
pub(super) fn is_null(at: &Cursor<'_>) -> bool {
    matches!(at.node.value, Value::Null)
}

/// Text, or `None` if it is left blank, which is the same as leaving it out.
pub(super) fn blank_or_text<'a>(at: &Cursor<'a>) -> Checked<Option<&'a str>> {
    if is_null(at) {
        return Ok(None);
    }
    let found = text(at, "text")?;
    Ok(Some(found).filter(|found| !found.is_empty()))
}

/// One of the words of YAML 1.1.
pub(super) fn boolean(at: &Cursor<'_>) -> Checked<bool> {
    match text(at, "true or false")? {
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => {
            Ok(true)
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            Ok(false)
        }
        found => at.refuse(format!(
            "{:?} is unknown: expected true or false",
            excerpt(found)
        )),
    }
}

/// A duration such as `1.5s` or `1m30s`, or 0. Go takes a number without a
/// unit for nanoseconds, which nobody means.
pub(super) fn duration(at: &Cursor<'_>) -> Checked<Duration> {
    let found = text(at, "a duration such as 1s or 100ms")?;
    parse_duration(found).map_or_else(
        || {
            at.refuse(format!(
                "{:?} is not a duration: expected 0, or numbers with units, such as 1s or 100ms",
                excerpt(found)
            ))
        },
        Ok,
    )
}

fn parse_duration(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    loop {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, after) = rest.split_at_checked(end)?;
        let (unit_seconds, after) = unit(after)?;
        let number: f64 = number.parse().ok()?;
        total = total.checked_add(Duration::try_from_secs_f64(number * unit_seconds).ok()?)?;
        if after.is_empty() {
            return Some(total);
        }
        rest = after;
    }
}

/// The unit at the start of the text in seconds, and what follows it.
fn unit(text: &str) -> Option<(f64, &str)> {
    // Those of two letters first: `m` is the beginning of `ms`.
    [
        ("ns", 1e-9),
        ("us", 1e-6),
        ("µs", 1e-6),
        ("μs", 1e-6),
        ("ms", 1e-3),
        ("s", 1.0),
        ("m", 60.0),
        ("h", 3600.0),
    ]
    .into_iter()
    .find_map(|(name, seconds)| Some((seconds, text.strip_prefix(name)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_those_of_go() {
        let micros = |micros| Some(Duration::from_micros(micros));
        for (text, expected) in [
            ("0", micros(0)),
            ("0s", micros(0)),
            ("1s", micros(1_000_000)),
            ("1.5s", micros(1_500_000)),
            ("1m30s", micros(90_000_000)),
            ("2h45m", micros(9_900_000_000)),
            ("100ms", micros(100_000)),
            ("7us", micros(7)),
            ("7µs", micros(7)),
            ("+1s", micros(1_000_000)),
            ("1", None),
            ("-1s", None),
            ("1d", None),
            ("1 s", None),
            ("s", None),
            (".s", None),
            ("1.2.3s", None),
            ("", None),
            ("1s2", None),
            ("99999999999999999999999h", None),
        ] {
            assert_eq!(parse_duration(text), expected, "{text:?}");
        }
    }
}
