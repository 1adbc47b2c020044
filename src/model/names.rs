//! Names: of cloud accounts, regions, instances and users.
//!
//! Each is shared text, cheap to clone, and checked when it is made.

use std::fmt;
use std::sync::Arc;

/// Why a text is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found:?} is not a valid {what}: expected {expected}")]
pub struct NameError {
    what: &'static str,
    found: String,
    expected: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $what:literal, $expected:literal, $valid:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks the text and takes a copy of it.
            ///
            /// # Errors
            ///
            /// Names the text and what was expected of it.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(text.into()));
                }
                Err(NameError { what: $what, found: excerpt(text), expected: $expected })
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, f)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

name!(
    /// The name that the configuration gives to a cloud account; the label
    /// `account`.
    AccountName,
    "account name",
    "1 to 128 characters without control characters",
    |text| printable(text, 128)
);

name!(
    /// A region of the cloud, such as `cn-shanghai`. It becomes part of a host
    /// name, so nothing but lower-case letters, digits and hyphens is allowed.
    Region,
    "region",
    "1 to 40 lower-case letters, digits and hyphens, such as cn-shanghai",
    |text| {
        (1..=40).contains(&text.len())
            && !text.starts_with('-')
            && !text.ends_with('-')
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    }
);

name!(
    /// The id of a SAG APP instance, such as `sag-abc123` (the API's
    /// `SmartAGId`); the label `sag_id`, unique across regions and accounts.
    SagId,
    "instance id",
    "1 to 128 letters, digits, hyphens, underscores and dots, such as sag-abc123",
    |text| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    }
);

name!(
    /// The name of a user, unique within one instance only. The cloud's rules
    /// have changed over time, so anything printable is accepted.
    UserName,
    "user name",
    "1 to 256 characters without control characters",
    |text| printable(text, 256)
);

fn printable(text: &str, limit_chars: usize) -> bool {
    (1..=limit_chars).contains(&text.chars().count()) && !text.chars().any(char::is_control)
}

/// The beginning of a text that is quoted in an error.
fn excerpt(text: &str) -> String {
    const LIMIT_CHARS: usize = 60;
    let mut short: String = text.chars().take(LIMIT_CHARS).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked() {
        for (region, valid) in [
            ("cn-shanghai", true),
            ("", false),
            ("evil.example/", false),
            ("-cn", false),
            ("CN", false),
        ] {
            assert_eq!(Region::parse(region).is_ok(), valid, "{region}");
        }
        assert!(UserName::parse("a b+c~*@x.com/é").is_ok());
        assert!(UserName::parse("tab\there").is_err());
        assert!(SagId::parse("sag-1\"}").is_err());
    }

    #[test]
    fn an_error_names_the_text_and_the_expectation() {
        let error = SagId::parse(&"x y".repeat(100)).unwrap_err().to_string();
        assert!(
            error.contains("is not a valid instance id: expected 1 to 128 letters"),
            "{error}"
        );
        assert!(error.len() < 250, "{error}");
    }
}
