//! The web configuration: any bytes are a configuration or an error that can be
//! shown.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sag_exporter::config::web_config;

fuzz_target!(|bytes: &[u8]| {
    // The files that it names are sought in a folder that does not exist.
    match web_config::parse(bytes, Path::new("nowhere/web.yml")) {
        Ok(config) => assert!(!format!("{config:?}").is_empty()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
});
