//! Text of the other side, made fit for a log line.
//!
//! The cloud's messages echo what it was sent: the string to sign after a bad
//! signature, which holds a token and addresses, or a parameter. None of that
//! may leave the process.

use std::fmt::Write as _;

use crate::signature::canonical;

/// The beginning of a text, with control characters escaped, without mail
/// addresses, without echoes of the request, and without the given secrets.
pub(super) fn excerpt(text: &str, secrets: &[&str]) -> String {
    let head: String = text.chars().take(EXAMINED_CHARS).collect();
    let known = without_secrets(head, secrets);
    let echo_free = until_echo(&known);
    let (words, cut) = shortened(&without_addresses(echo_free));
    let mut excerpt = String::with_capacity(words.len());
    for char in words.chars() {
        if char.is_control() {
            let _ = write!(excerpt, "{}", char.escape_default());
        } else {
            excerpt.push(char);
        }
    }
    if cut || echo_free.len() < known.len() || head_is_cut(text) {
        excerpt.push('…');
    }
    excerpt
}

/// The same for the first bytes of a body that is not what it should be.
pub(super) fn body_excerpt(body: &[u8], secrets: &[&str]) -> String {
    let head = body.get(..EXAMINED_CHARS).unwrap_or(body);
    excerpt(&String::from_utf8_lossy(head), secrets)
}

/// A code or an id as the cloud sends them: short, of plain characters.
/// Anything else is not shown at all.
pub(super) fn identifier(text: &str) -> Option<&str> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    let fits = (1..=IDENTIFIER_BYTES).contains(&text.len());
    (fits && text.bytes().all(plain)).then_some(text)
}

fn without_secrets(mut text: String, secrets: &[&str]) -> String {
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        let once = canonical::encode(secret);
        let twice = canonical::encode(&once);
        for form in [twice.as_str(), once.as_str(), secret] {
            text = text.replace(form, "[secret]");
        }
    }
    text
}

fn until_echo(text: &str) -> &str {
    let lower = text.to_ascii_lowercase();
    let echo = ECHOES.iter().filter_map(|echo| lower.find(echo)).min();
    echo.and_then(|at| text.get(..at))
        .map_or(text, str::trim_end)
}

/// Replaces each word that holds an at sign, plain or escaped.
fn without_addresses(text: &str) -> String {
    text.split_inclusive(BETWEEN_WORDS)
        .map(|piece| {
            let word = piece.trim_end_matches(BETWEEN_WORDS);
            if !word.contains('@') && !word.contains("%40") && !word.contains("%2540") {
                return piece.to_owned();
            }
            piece.replace(word, "[address]")
        })
        .collect()
}

fn shortened(text: &str) -> (String, bool) {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let cut = short.len() < text.len();
    (short, cut)
}

fn head_is_cut(text: &str) -> bool {
    text.chars().nth(EXAMINED_CHARS).is_some()
}

/// How much of a text is looked at.
const EXAMINED_CHARS: usize = 4096;

/// How much of a text is shown.
const SHOWN_CHARS: usize = 240;

/// The longest code that was seen has 46 bytes, a request id 36.
const IDENTIFIER_BYTES: usize = 96;

/// How the cloud begins to quote the request, in lower case.
const ECHOES: [&str; 5] = [
    "server string to sign",
    "string to sign",
    "stringtosign",
    "canonicalrequest",
    "canonical request",
];

/// Characters that no mail address holds, as far as this is concerned.
const BETWEEN_WORDS: &[char] = &[
    ' ', '\t', '\n', '\r', ',', ';', ':', '"', '\'', '(', ')', '[', ']', '{', '}', '<', '>', '=',
    '&', '?', '/', '\\',
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_must_not_leave_the_process_is_cut_out() {
        for (text, expected) in [
            (
                "The specified user is invalid.",
                "The specified user is invalid.",
            ),
            (
                "no user <a.b+c@example.com>, sorry",
                "no user <[address]>, sorry",
            ),
            ("Email=u%40example.com&x=1", "Email=[address]&x=1"),
            ("dreimal %2540 und @", "dreimal [address] und [address]"),
            (
                "two\nlines\tand \u{1b}[31m",
                "two\\nlines\\tand \\u{1b}[31m",
            ),
            (
                "Specified signature is not matched with our calculation. server string to sign is:POST&%2F&",
                "Specified signature is not matched with our calculation.…",
            ),
            ("bad. Server StringToSign is [x]", "bad. Server…"),
            ("token s3cr+t is old", "token [secret] is old"),
            (
                "token s3cr%2Bt and s3cr%252Bt",
                "token [secret] and [secret]",
            ),
            ("", ""),
        ] {
            assert_eq!(excerpt(text, &["s3cr+t", ""]), expected, "{text}");
        }
    }

    #[test]
    fn identifiers_are_short_and_plain() {
        for (text, valid) in [
            ("Throttling.User", true),
            ("7B48B4B9-1EAD-469F-B488-594DAB4B6A1A", true),
            ("", false),
            ("a b", false),
            ("me@example.com", false),
            (&"x".repeat(97), false),
        ] {
            assert_eq!(identifier(text).is_some(), valid, "{text}");
        }
    }

    #[test]
    fn long_texts_are_cut() {
        let text = "x".repeat(10_000);
        let shown = excerpt(&text, &[]);
        assert_eq!(shown, format!("{}…", "x".repeat(SHOWN_CHARS)));
        assert_eq!(body_excerpt(text.as_bytes(), &[]), shown);
    }

    proptest! {
        #[test]
        fn an_excerpt_is_bounded_and_printable(bytes in prop::collection::vec(any::<u8>(), 0..6000)) {
            let shown = body_excerpt(&bytes, &[]);
            prop_assert!(!shown.contains('@'));
            prop_assert!(!shown.contains(char::is_control));
            prop_assert!(shown.chars().count() <= SHOWN_CHARS * 8 + 1);
        }
    }
}
