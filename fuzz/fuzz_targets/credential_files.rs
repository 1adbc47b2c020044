//! The files that credentials stand in: the profiles of the command line tool
//! and the credentials file.

#![no_main]

use libfuzzer_sys::fuzz_target;
use sag_exporter::openapi::credentials::formats::{CliConfig, Ini};

fuzz_target!(|bytes: &[u8]| {
    match CliConfig::parse(bytes) {
        Ok(config) => drop(config.current().map(str::len)),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    match Ini::parse(bytes) {
        Ok(ini) => drop(ini.has("default")),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
