//! Single values in every form in which they come; what is garbled is `None`.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::Value;

/// A whole number, also as a numeric string or a boolean.
pub(super) fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => {
            let text = text.trim();
            text.parse().ok().or_else(|| whole(text.parse().ok()?))
        }
        Value::Bool(flag) => Some(u64::from(*flag)),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// Yes or no: 1 or 0 in any form, or the words.
pub(super) fn flag(value: &Value) -> Option<bool> {
    if let Value::String(text) = value {
        match text.trim() {
            word if word.eq_ignore_ascii_case("true") => return Some(true),
            word if word.eq_ignore_ascii_case("false") => return Some(false),
            _ => {}
        }
    }
    match number(value)? {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

/// A moment, in seconds or, if the number is that large, in milliseconds. Zero
/// stands for a time that the cloud does not know.
pub(super) fn timestamp(value: &Value) -> Option<Timestamp> {
    let number = i64::try_from(number(value)?).ok()?;
    match number {
        0 => None,
        1..=LAST_SECOND => Timestamp::from_second(number).ok(),
        _ => Timestamp::from_millisecond(number).ok(),
    }
}

/// An address; the unspecified one (`0.0.0.0`) stands for none.
pub(super) fn address(value: &Value) -> Option<IpAddr> {
    let address: IpAddr = value.as_str()?.trim().parse().ok()?;
    (!address.is_unspecified()).then_some(address)
}

/// A text that says something, of a length that a person would write.
pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?.trim();
    (1..=TEXT_LIMIT_BYTES)
        .contains(&text.len())
        .then(|| text.to_owned())
}

/// A name as it stands; one made of digits may come as a number.
pub(super) fn name(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.as_u64()?.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A bandwidth in Mbit/s (`10`, `"10M"`, `"50 M"`, `"50 Mbps"`) in bytes per
/// second.
pub(super) fn megabits_as_bytes(value: &Value) -> Option<u64> {
    let megabits = match value {
        Value::String(text) => text
            .trim()
            .trim_end_matches(UNIT_LETTERS)
            .trim()
            .parse()
            .ok(),
        other => number(other),
    };
    megabits?.checked_mul(BYTES_PER_MEGABIT)
}

/// A float that is a whole number in the range in which floats are exact.
fn whole(number: f64) -> Option<u64> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the range is checked, and the fraction is zero"
    )]
    (number.fract() == 0.0 && (0.0..=EXACT_FLOAT).contains(&number)).then_some(number as u64)
}

/// Numbers up to here (the year 5138) are seconds, those above milliseconds.
const LAST_SECOND: i64 = 100_000_000_000;

const BYTES_PER_MEGABIT: u64 = 125_000;

/// 2 to the power of 53.
const EXACT_FLOAT: f64 = 9_007_199_254_740_992.0;

const TEXT_LIMIT_BYTES: usize = 1024;

/// The letters of `M`, `Mb`, `Mbps`, `Mbit/s`.
const UNIT_LETTERS: [char; 9] = ['M', 'm', 'b', 'B', 'p', 's', 'i', 't', '/'];

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_come_in_every_form() {
        for (value, expected) in [
            (json!(2000), Some(2000)),
            (json!("2000"), Some(2000)),
            (json!(" 7 "), Some(7)),
            (json!(7.0), Some(7)),
            (json!("7.0"), Some(7)),
            (json!(true), Some(1)),
            (json!(false), Some(0)),
            (json!(u64::MAX), Some(u64::MAX)),
            (json!(-1), None),
            (json!(1.5), None),
            (json!(1e300), None),
            (json!("NaN"), None),
            (json!("inf"), None),
            (json!(""), None),
            (json!("12 apples"), None),
            (json!(null), None),
            (json!([1]), None),
            (json!({"n": 1}), None),
        ] {
            assert_eq!(number(&value), expected, "{value}");
        }
    }

    #[test]
    fn flags_are_numbers_or_words() {
        for (value, expected) in [
            (json!(1), Some(true)),
            (json!("0"), Some(false)),
            (json!(true), Some(true)),
            (json!("True"), Some(true)),
            (json!("false"), Some(false)),
            (json!(2), None),
            (json!("yes"), None),
        ] {
            assert_eq!(flag(&value), expected, "{value}");
        }
    }

    #[test]
    fn times_are_seconds_or_milliseconds() {
        let at = |second| Some(Timestamp::from_second(second).unwrap());
        for (value, expected) in [
            (json!(1_559_125_519), at(1_559_125_519)),
            (json!("1559125519"), at(1_559_125_519)),
            (json!(1_559_125_519_000_u64), at(1_559_125_519)),
            (json!("1559125519000"), at(1_559_125_519)),
            (json!(100_000_000_000_u64), at(100_000_000_000)),
            (json!(100_000_000_001_000_u64), at(100_000_000_001)),
            (json!(0), None),
            (json!(u64::MAX), None),
            (json!(i64::MAX), None),
            (json!("2019-05-29"), None),
        ] {
            assert_eq!(timestamp(&value), expected, "{value}");
        }
    }

    #[test]
    fn instance_bandwidths_are_megabits_in_words() {
        for (value, expected) in [
            (json!("10M"), Some(1_250_000)),
            (json!("50 M"), Some(6_250_000)),
            (json!("50 Mbps"), Some(6_250_000)),
            (json!("50"), Some(6_250_000)),
            (json!(50), Some(6_250_000)),
            (json!("1G"), None),
            (json!("M"), None),
            (json!(""), None),
            (json!("-5M"), None),
            (json!(u64::MAX), None),
        ] {
            assert_eq!(megabits_as_bytes(&value), expected, "{value}");
        }
    }

    #[test]
    fn addresses_are_addresses_or_unknown() {
        for (value, expected) in [
            (json!("10.10.10.1"), Some("10.10.10.1")),
            (json!(" 2001:db8::1 "), Some("2001:db8::1")),
            (json!("10.**.**.**"), None),
            (json!("0.0.0.0"), None),
            (json!(""), None),
            (json!(null), None),
            (json!(10), None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(address(&value), expected, "{value}");
        }
    }
}
