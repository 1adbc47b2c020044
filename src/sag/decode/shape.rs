//! The shapes of replies: one object, and in it a list in some wrapping.

use serde_json::{Map, Value};

use super::field;
use crate::sag::types::{Listed, Page};

/// Why a body is not the reply that was expected. Nothing of the body is quoted,
/// since it may hold e-mail addresses.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    /// The body is larger than any honest reply.
    #[error("reply of {found} bytes is too long: expected at most {BODY_LIMIT_BYTES}")]
    TooLong {
        /// The size of the body.
        found: usize,
    },
    /// The body is not JSON.
    #[error("reply is not valid JSON")]
    NotJson(#[from] serde_json::Error),
    /// The body is JSON, but no object.
    #[error("reply is {found}: expected an object")]
    NotAnObject {
        /// What it is instead.
        found: &'static str,
    },
    /// The body reports an error although the status did not.
    #[error("reply carries an error code instead of an answer")]
    ErrorInside,
    /// The body holds neither the list nor a request id, so it is not a reply of
    /// this API.
    #[error("reply is not one of the API: expected a RequestId")]
    Foreign,
    /// The list is there, but it is not a list in any known wrapping.
    #[error("{list} is in no known form: expected a list")]
    NotAList {
        /// The name of the field.
        list: &'static str,
    },
    /// The list is longer than any honest one.
    #[error("{list} has {found} entries: expected at most {ENTRIES_LIMIT}")]
    TooMany {
        /// The name of the field.
        list: &'static str,
        /// How many entries there are.
        found: usize,
    },
    /// Entries cannot be read, and the rest is of no use without them.
    #[error("{entries} entries of {list} cannot be read")]
    Unreadable {
        /// The name of the field.
        list: &'static str,
        /// How many they are.
        entries: usize,
    },
}

/// Where a list is found in a reply, and how its entries are told from their
/// wrapping.
#[derive(Debug)]
pub(super) struct Shape {
    /// The field of the reply.
    pub(super) outer: &'static str,
    /// The field inside it, in most wrappings.
    pub(super) inner: &'static str,
    /// Fields of which an entry has at least one.
    pub(super) keys: &'static [&'static str],
}

/// A reply that is an object.
#[derive(Debug)]
pub(super) struct Reply(Map<String, Value>);

impl Reply {
    pub(super) fn parse(body: &[u8]) -> Result<Self, DecodeError> {
        if body.len() > BODY_LIMIT_BYTES {
            return Err(DecodeError::TooLong { found: body.len() });
        }
        // The parser itself refuses more than 128 levels of nesting.
        match serde_json::from_slice(body)? {
            Value::Object(fields) => Ok(Self(fields)),
            other => Err(DecodeError::NotAnObject {
                found: kind_of(&other),
            }),
        }
    }

    /// The fields of a reply without a list.
    pub(super) fn fields(&self) -> Result<&Map<String, Value>, DecodeError> {
        self.check_origin().map(|()| &self.0)
    }

    pub(super) fn page<T>(
        &self,
        shape: &Shape,
        read: impl Fn(&Map<String, Value>) -> Option<T>,
    ) -> Result<Page<T>, DecodeError> {
        let listed = self.list(shape, read)?;
        Ok(Page {
            total: self.0.get("TotalCount").and_then(field::number),
            size: self.0.get("PageSize").and_then(field::number),
            entries: listed.entries,
            unreadable: listed.unreadable,
        })
    }

    pub(super) fn list<T>(
        &self,
        shape: &Shape,
        read: impl Fn(&Map<String, Value>) -> Option<T>,
    ) -> Result<Listed<T>, DecodeError> {
        let found = self.entries(shape)?;
        let entries: Vec<T> = found
            .iter()
            .filter_map(|entry| read(entry.as_object()?))
            .collect();
        Ok(Listed {
            unreadable: found.len() - entries.len(),
            entries,
        })
    }

    fn entries(&self, shape: &Shape) -> Result<Vec<&Value>, DecodeError> {
        let Some(list) = self.0.get(shape.outer) else {
            // An absent list is an empty one, if this is an answer at all.
            return self.check_origin().map(|()| Vec::new());
        };
        let found = unwrapped(list, shape).ok_or(DecodeError::NotAList { list: shape.outer })?;
        if found.len() > ENTRIES_LIMIT {
            return Err(DecodeError::TooMany {
                list: shape.outer,
                found: found.len(),
            });
        }
        Ok(found)
    }

    /// Every reply of the API has a request id; what has none came from a proxy.
    fn check_origin(&self) -> Result<(), DecodeError> {
        let code = self.0.get("Code").and_then(Value::as_str);
        if code.is_some_and(|code| !SUCCESS_CODES.contains(&code)) {
            return Err(DecodeError::ErrorInside);
        }
        if !self.0.contains_key("RequestId") {
            return Err(DecodeError::Foreign);
        }
        Ok(())
    }
}

/// The entries of a list, out of any wrapping; `None` if it is no list.
fn unwrapped<'a>(list: &'a Value, shape: &Shape) -> Option<Vec<&'a Value>> {
    match list {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => {
            let mut entries = Vec::with_capacity(items.len());
            for item in items {
                match item.get(shape.inner) {
                    Some(inner) => entries.extend(inside(inner)?),
                    None => entries.push(item),
                }
            }
            Some(entries)
        }
        Value::Object(fields) => match fields.get(shape.inner) {
            Some(inner) => inside(inner),
            None if fields.is_empty() => Some(Vec::new()),
            None if shape.keys.iter().any(|key| fields.contains_key(*key)) => Some(vec![list]),
            None => None,
        },
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn inside(inner: &Value) -> Option<Vec<&Value>> {
    match inner {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => Some(items.iter().collect()),
        Value::Object(fields) if fields.is_empty() => Some(Vec::new()),
        Value::Object(_) => Some(vec![inner]),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// What gateways of the cloud write into a reply that reports no error.
const SUCCESS_CODES: [&str; 4] = ["200", "OK", "Success", "success"];

/// A page of 100 users has about 30 kB.
const BODY_LIMIT_BYTES: usize = 4 << 20;

/// A page has at most 100 entries, and nobody has thousands of sessions.
const ENTRIES_LIMIT: usize = 10_000;
