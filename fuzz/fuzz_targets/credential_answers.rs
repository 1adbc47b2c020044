//! What services and programs hand credentials out in.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sag_exporter::openapi::credentials::formats::{expiration, external, metadata, sts};

fuzz_target!(|bytes: &[u8]| {
    let grants = [external::parse(bytes), metadata::parse(bytes), sts::parse(bytes)];
    for error in grants.into_iter().filter_map(Result::err) {
        assert!(!error.to_string().is_empty());
    }
    let _ = metadata::role_name(bytes);
    let _ = metadata::token(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = expiration::parse(text);
    }
});
