//! The configuration file: any bytes are a configuration or an error that can
//! be shown.

#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use sag_exporter::config;

fuzz_target!(|bytes: &[u8]| {
    match config::parse(bytes, Path::new("c.yml")) {
        Ok(config) => assert!(!config.accounts.is_empty()),
        Err(errors) => assert!(!errors.to_string().is_empty()),
    }
});
