//! The effects as they are written in a file of rules.

use std::time::Duration;

use crate::sim::fault::Effect;
use crate::sim::fault::script::Reader;
use crate::sim::fault::yaml::{Entry, Node};
use crate::sim::quota::{Hint, Throttling};
use crate::sim::reply::{ListShape, NumberShape};

/// An effect that is written as a word.
pub(super) fn plain(reader: &mut Reader, line: usize, word: &str) -> Option<Effect> {
    let effect = match word {
        "bad_gateway" => Effect::BadGateway,
        "drop" => Effect::Drop,
        "drop_reply" => Effect::DropReply,
        "missing_operation" => Effect::MissingOperation("InvalidApi.NotFound".to_owned()),
        "denied" => Effect::Denied("NoPermission".to_owned()),
        "throttle" => Effect::Throttle(Throttling::default(), Duration::from_secs(1)),
        "hide_page_size" => Effect::HidePageSize,
        "total_as_text" => Effect::TotalAsText,
        _ => {
            let message = format!(
                "unknown effect {word:?}: expected one of {PLAIN}, or one of {ARGUED} with its argument"
            );
            reader.problem(line, message);
            return None;
        }
    };
    Some(effect)
}

/// An effect that is written as a word with an argument.
pub(super) fn with_argument(reader: &mut Reader, entry: &Entry<'_>) -> Option<Effect> {
    let node = entry.value;
    match entry.key.as_str() {
        "latency" => duration(reader, node).map(Effect::Latency),
        "drip" => duration(reader, node).map(Effect::Drip),
        "clock_skew" => skew(reader, node).map(Effect::ClockSkew),
        "truncate" => reader
            .scalar(node, "a number of bytes")
            .map(Effect::Truncate),
        "missing_operation" => reader
            .scalar(node, "an error code")
            .map(Effect::MissingOperation),
        "denied" => reader.scalar(node, "an error code").map(Effect::Denied),
        "total_off" => reader.scalar(node, "a whole number").map(Effect::TotalOff),
        "numbers" => choice(reader, node, NUMBERS).map(Effect::Numbers),
        "list" => choice(reader, node, LISTS).map(Effect::List),
        "error" => error(reader, node),
        "throttle" => throttle(reader, node),
        "churn" => churn(reader, node),
        _ => {
            reader.unknown(entry, &format!("one of {ARGUED}"));
            None
        }
    }
}

fn duration(reader: &mut Reader, node: Node<'_>) -> Option<Duration> {
    let time: humantime::Duration = reader.scalar(node, "a duration such as 2s or 500ms")?;
    Some(time.into())
}

fn skew(reader: &mut Reader, node: Node<'_>) -> Option<i64> {
    let expected = "a duration such as 20m or -20m";
    let text: String = reader.scalar(node, expected)?;
    let (sign, size) = text
        .strip_prefix('-')
        .map_or((1, text.as_str()), |size| (-1, size));
    let Ok(size) = size.parse::<humantime::Duration>() else {
        reader.problem(node.line(), format!("found {text:?}: expected {expected}"));
        return None;
    };
    i64::try_from(size.as_secs())
        .ok()
        .map(|seconds| sign * seconds)
}

fn error(reader: &mut Reader, node: Node<'_>) -> Option<Effect> {
    let mut status = 500;
    let mut code = "InternalError".to_owned();
    for entry in fields(reader, node)? {
        match entry.key.as_str() {
            "status" => status = self::status(reader, entry.value)?,
            "code" => code = reader.scalar(entry.value, "an error code")?,
            _ => {
                reader.unknown(&entry, "status or code");
                return None;
            }
        }
    }
    Some(Effect::Error { status, code })
}

fn throttle(reader: &mut Reader, node: Node<'_>) -> Option<Effect> {
    let mut throttling = Throttling::default();
    let mut wait = Duration::from_secs(1);
    for entry in fields(reader, node)? {
        match entry.key.as_str() {
            "status" => throttling.status = status(reader, entry.value)?,
            "code" => throttling.code = reader.scalar(entry.value, "an error code")?,
            "wait" => wait = duration(reader, entry.value)?,
            "hints" => throttling.hints = hints(reader, entry.value)?,
            _ => {
                reader.unknown(&entry, "status, code, wait or hints");
                return None;
            }
        }
    }
    Some(Effect::Throttle(throttling, wait))
}

fn churn(reader: &mut Reader, node: Node<'_>) -> Option<Effect> {
    let (mut delete, mut create) = (0, 0);
    for entry in fields(reader, node)? {
        let number = || "a number of users";
        match entry.key.as_str() {
            "delete" => delete = reader.scalar(entry.value, number())?,
            "create" => create = reader.scalar(entry.value, number())?,
            _ => {
                reader.unknown(&entry, "delete or create");
                return None;
            }
        }
    }
    Some(Effect::Churn { delete, create })
}

fn status(reader: &mut Reader, node: Node<'_>) -> Option<u16> {
    let expected = "an HTTP status from 400 to 599";
    let status = reader.scalar(node, expected)?;
    if !(400..600).contains(&status) {
        reader.problem(node.line(), format!("found {status}: expected {expected}"));
        return None;
    }
    Some(status)
}

fn hints(reader: &mut Reader, node: Node<'_>) -> Option<Vec<Hint>> {
    let Some(items) = node.items() else {
        reader.problem(node.line(), "expected a list of header names");
        return None;
    };
    items
        .into_iter()
        .map(|item| choice(reader, item, HINTS))
        .collect()
}

fn fields<'a>(reader: &mut Reader, node: Node<'a>) -> Option<Vec<Entry<'a>>> {
    let entries = node.entries();
    if entries.is_none() {
        reader.problem(node.line(), "expected the argument as keys and values");
    }
    entries
}

fn choice<T: Copy>(reader: &mut Reader, node: Node<'_>, choices: &[(&str, T)]) -> Option<T> {
    let names: Vec<_> = choices.iter().map(|(name, _)| *name).collect();
    let expected = format!("one of {}", names.join(", "));
    let text: String = reader.scalar(node, &expected)?;
    let found = choices.iter().find(|(name, _)| *name == text);
    if found.is_none() {
        reader.problem(node.line(), format!("found {text:?}: expected {expected}"));
    }
    found.map(|(_, choice)| *choice)
}

const PLAIN: &str = "bad_gateway, drop, drop_reply, missing_operation, denied, throttle, hide_page_size, total_as_text";

const ARGUED: &str = "latency, drip, clock_skew, truncate, error, throttle, denied, missing_operation, numbers, list, total_off, churn";

const NUMBERS: &[(&str, NumberShape)] = &[
    ("documented", NumberShape::Documented),
    ("numbers", NumberShape::Numbers),
    ("strings", NumberShape::Strings),
    ("bools", NumberShape::Bools),
];

const LISTS: &[(&str, ListShape)] = &[
    ("documented", ListShape::Documented),
    ("single", ListShape::Single),
    ("array_of_lists", ListShape::ArrayOfLists),
    ("array_of_wrapped", ListShape::ArrayOfWrapped),
    ("bare", ListShape::Bare),
    ("empty_object", ListShape::EmptyObject),
    ("null", ListShape::Null),
    ("absent", ListShape::Absent),
];

const HINTS: &[(&str, Hint)] = &[
    ("x-acs-retry-after", Hint::AcsRetryAfter),
    ("x-ratelimit-user-api", Hint::RateLimitUserApi),
    ("x-ratelimit-user", Hint::RateLimitUser),
    ("retry-after", Hint::RetryAfter),
];
