//! Where a configuration comes from, and how it is loaded.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::decode::{Checked, Cursor};
use super::problem::{Errors, Report};
use super::{Account, Config, Environment, defaults, file, narrow, node};
use crate::exposition;
use crate::model::{AccountName, Region, SagId};
use crate::openapi::{CredentialSource, Endpoint};
use crate::sweep;

/// Where a configuration comes from. Loading it again yields what is written
/// there by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, or what the flags say in its stead.
    pub origin: Origin,
    /// Only these instances; empty means all that are configured.
    pub instances: Vec<SagId>,
}

/// The file, or what the flags say in its stead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--config.file`.
    File(PathBuf),
    /// `--sag.region` and `--sag.endpoint`: one cloud account with the
    /// credential of the environment, everything else at its default.
    Flags {
        /// Where the instances are.
        region: Region,
        /// The address of the API.
        endpoint: Endpoint,
    },
}

impl Source {
    /// Reads, decodes and checks the configuration, the presence of keys in
    /// files and in the environment included. Makes no call to the cloud.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its line.
    pub fn load(&self, environment: &Environment) -> Result<Config, Errors> {
        match &self.origin {
            Origin::File(path) => {
                let config = load_file(path, environment)?;
                narrow::to_instances(config, &self.instances)
                    .map_err(|text| Errors::one(path.display().to_string(), None, text))
            }
            Origin::Flags { region, endpoint } => {
                if let Some(name) = missing(environment) {
                    let text = format!("{name} is not set in the environment: expected it there");
                    return Err(Errors::one("--sag.region".to_owned(), None, text));
                }
                self.flags(region, endpoint)
            }
        }
    }

    fn flags(&self, region: &Region, endpoint: &Endpoint) -> Result<Config, Errors> {
        let name = AccountName::parse(defaults::ACCOUNT_NAME)
            .map_err(|error| Errors::one("flags".to_owned(), None, error.to_string()))?;
        Ok(Config {
            accounts: vec![Account {
                sweep: sweep::AccountOptions {
                    name,
                    regions: vec![region.clone()],
                    instances: self.instances.clone(),
                    concurrency: defaults::CONCURRENCY,
                },
                credentials: CredentialSource::Environment,
                endpoint: endpoint.clone(),
                rate: defaults::rate(),
            }],
            sweep: sweep::Options::default(),
            exposition: exposition::Options::default(),
        })
    }
}

/// Decodes the bytes of a configuration file without any input or output.
/// `path` names the file in errors, and relative paths in it start in its
/// directory.
///
/// # Errors
///
/// Everything that is wrong, each with its line.
pub fn parse(bytes: &[u8], path: &Path) -> Result<Config, Errors> {
    let report = Report::default();
    let config = decode(bytes, path, &report);
    finish(config, path, &report)
}

fn load_file(path: &Path, environment: &Environment) -> Result<Config, Errors> {
    let report = Report::default();
    let config = match read_limited(path, MAX_FILE_BYTES) {
        Ok(bytes) => decode(&bytes, path, &report),
        Err(text) => report.refuse(None, text),
    };
    for reference in report.take_files() {
        if let Err(text) = check_secret_file(&reference.file) {
            let text = format!("{}: {text}", reference.file.display());
            report.problem(Some(reference.line), &reference.path, text);
        }
    }
    for (line, at) in report.take_from_environment() {
        if let Some(name) = missing(environment) {
            let text = format!(
                "credentials are left out, and {name} is not set in the environment: expected one \
                 of both"
            );
            report.problem(Some(line), &at, text);
        }
    }
    finish(config, path, &report)
}

/// The first variable of the access key that the environment lacks.
fn missing(environment: &Environment) -> Option<&'static str> {
    ACCESS_KEY_VARIABLES
        .into_iter()
        .find(|name| environment.get(name).is_none())
}

fn finish(config: Checked<Config>, path: &Path, report: &Report) -> Result<Config, Errors> {
    let problems = report.take_problems();
    match config {
        Ok(config) if problems.is_empty() => Ok(config),
        _ => Err(Errors::new(path.display().to_string(), problems)),
    }
}

fn decode(bytes: &[u8], path: &Path, report: &Report) -> Checked<Config> {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count();
            return report.refuse(Some(line), "not UTF-8: expected YAML in UTF-8");
        }
    };
    let root = match node::parse(text) {
        Ok(root) => root,
        Err(malformed) => return report.refuse(Some(malformed.line), malformed.text),
    };
    let base = path.parent().unwrap_or(Path::new(""));
    file::config(&Cursor::root(&root, report), base)
}

/// Whether the file can be a secret now. Its content is dropped again: whoever
/// uses it reads it anew when it changes.
fn check_secret_file(path: &Path) -> Result<(), String> {
    let bytes = read_limited(path, MAX_SECRET_BYTES)?;
    match std::str::from_utf8(&bytes) {
        Err(_) => Err("not UTF-8: expected a file with nothing but the key".to_owned()),
        Ok(text) if text.trim().is_empty() => {
            Err("empty: expected a file with nothing but the key".to_owned())
        }
        Ok(_) => Ok(()),
    }
}

/// Reads a regular file, or says why not.
pub(super) fn read_limited(path: &Path, limit_bytes: u64) -> Result<Zeroizing<Vec<u8>>, String> {
    let cannot = |error: io::Error| format!("cannot be read: {error}");
    // Opening a pipe would wait for its writer.
    if !fs::metadata(path).map_err(cannot)?.is_file() {
        return Err("not a regular file".to_owned());
    }
    let file = File::open(path).map_err(cannot)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(limit_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(cannot)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > limit_bytes) {
        return Err(format!("longer than {limit_bytes} bytes"));
    }
    Ok(bytes)
}

/// Without these the environment holds no credential.
const ACCESS_KEY_VARIABLES: [&str; 2] = [
    "ALIBABA_CLOUD_ACCESS_KEY_ID",
    "ALIBABA_CLOUD_ACCESS_KEY_SECRET",
];

/// 500 accounts with everything that may be said of them fit several times.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// An STS token has about a thousand bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
