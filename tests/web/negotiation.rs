//! Whatever a client says in `Accept` and `Accept-Encoding`, it gets a
//! representation that it may have asked for, or none. The fuzz target
//! `negotiation` asks the same of more bytes.

use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use sag_exporter::web::negotiate::{Coding, Format, choose_coding, choose_format, field};

/// Words of the grammar, so that chance comes deep into it.
const WORDS: [&[u8]; 24] = [
    b"gzip",
    b"x-gzip",
    b"identity",
    b"br",
    b"*",
    b"*/*",
    b"text/plain",
    b"text/*",
    b"application/openmetrics-text",
    b"application/*",
    b";version=0.0.4",
    b";version=1.0.0",
    b";version=\"1.0.0\"",
    b";charset=utf-8",
    b";escaping=allow-utf-8",
    b";q=0",
    b";q=1.000",
    b";q=0.5",
    b";q=",
    b",",
    b", ",
    b"; ",
    b"\\",
    b"\xff",
];

proptest! {
    #[test]
    fn any_bytes_are_understood_or_skipped(lines in vec(vec(any::<u8>(), 0..60), 0..4)) {
        check(&lines);
    }

    #[test]
    fn any_words_are_understood_or_skipped(
        lines in vec(vec(select(&WORDS[..]), 0..20).prop_map(|words| words.concat()), 0..4)
    ) {
        check(&lines);
    }
}

fn check(lines: &[Vec<u8>]) {
    let mut headers = HeaderMap::new();
    for line in lines
        .iter()
        .filter_map(|line| HeaderValue::from_bytes(line).ok())
    {
        headers.append(ACCEPT, line);
    }
    let text = field(&headers, &ACCEPT);
    assert_eq!(text.is_some(), !headers.is_empty());
    let lower = text.as_deref().unwrap_or_default().to_ascii_lowercase();
    let says = |word| lower.contains(word) || lower.contains('*');
    let gzip = choose_coding(text.as_deref()) == Some(Coding::Gzip);
    assert!(!gzip || says("gzip"), "{lower:?}");
    let format = choose_format(text.as_deref(), Format::Text, &[Format::OpenMetrics]);
    let open = format == Format::OpenMetrics;
    assert!(!open || says("application/"), "{lower:?}");
}
