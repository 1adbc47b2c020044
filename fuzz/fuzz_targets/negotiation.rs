//! `Accept` and `Accept-Encoding`, of one or more lines: whatever a client says,
//! it gets a representation that it may have asked for, or none.

#![no_main]

use hyper::header::{ACCEPT, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use sag_exporter::web::negotiate::{Coding, Format, choose_coding, choose_format, field};

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    let lines = bytes.split(|byte| *byte == b'\n');
    for line in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        headers.append(ACCEPT, line);
    }
    let text = field(&headers, &ACCEPT);
    let says = |word: &str| {
        text.as_ref()
            .is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    if choose_coding(text.as_deref()) == Some(Coding::Gzip) {
        assert!(says("gzip") || says("*"));
    }
    if choose_format(text.as_deref(), Format::Text, &[Format::OpenMetrics]) == Format::OpenMetrics {
        assert!(says("application/") || says("*"));
    }
});
