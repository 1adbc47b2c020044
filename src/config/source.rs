//! Where a configuration comes from, and how it is loaded.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::decode::{Checked, Cursor};
use super::problem::{Errors, Report};
use super::{Account, Config, Problem, PseudonymKey, defaults, file, narrow, node};
use crate::delivery::{self, SigningKey};
use crate::exposition;
use crate::fleet::Pseudonyms;
use crate::model::{AccountName, Region, SagId};
use crate::openapi::{CredentialSource, Endpoint};
use crate::rules;
use crate::secret::Secret;
use crate::sweep::{self, Shard};

/// Where a configuration comes from. Loading it again yields what is written
/// there by then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The file, or what the flags say in its stead.
    pub origin: Origin,
    /// Only these instances; empty means all that are configured.
    pub instances: Vec<SagId>,
    /// Which of them belong to this process.
    pub shard: Shard,
}

/// The file, or what the flags say in its stead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `--config.file`.
    File(PathBuf),
    /// `--sag.region` and `--sag.endpoint`: one cloud account with the
    /// credential of the default chain, everything else at its default.
    Flags {
        /// Where the instances are.
        region: Region,
        /// The address of the API.
        endpoint: Endpoint,
    },
}

/// A configuration that is good.
#[derive(Debug)]
pub struct Loaded {
    /// What is in force from now on.
    pub config: Config,
    /// What an operator should hear all the same.
    pub warnings: Vec<Problem>,
    /// The pseudonyms of the users, if a key is given and used or asked for.
    pub pseudonyms: Option<Pseudonyms>,
}

impl Source {
    /// Reads, decodes and checks the configuration, the presence of keys in
    /// files included. Makes no call to the cloud; whether the default chain
    /// yields a credential shows only when one is needed.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its line.
    pub fn load(&self) -> Result<Loaded, Errors> {
        let mut loaded = self.load_whole()?;
        loaded.config.sweep.shard = self.shard;
        Ok(loaded)
    }

    fn load_whole(&self) -> Result<Loaded, Errors> {
        match &self.origin {
            Origin::File(path) => {
                let loaded = load_file(path)?;
                let config = narrow::to_instances(loaded.config, &self.instances)
                    .map_err(|text| Errors::one(path.display().to_string(), None, text))?;
                Ok(Loaded { config, ..loaded })
            }
            Origin::Flags { region, endpoint } => Ok(Loaded {
                config: self.flags(region, endpoint)?,
                warnings: Vec::new(),
                pseudonyms: None,
            }),
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
                credentials: CredentialSource::Chain,
                endpoint: endpoint.clone(),
                rate: defaults::rate(),
            }],
            sweep: sweep::Options::default(),
            exposition: exposition::Options::default(),
            pseudonyms: PseudonymKey::default(),
            rules: rules::Options::default(),
            events: delivery::Options::default(),
            state: None,
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

fn load_file(path: &Path) -> Result<Loaded, Errors> {
    let report = Report::default();
    let config = match read_limited(path, MAX_FILE_BYTES) {
        Ok(bytes) => decode(&bytes, path, &report),
        Err(text) => report.refuse(None, text),
    };
    let mut warnings = Vec::new();
    for reference in report.take_files() {
        if let Err(text) = check_secret_file(&reference.file) {
            let text = format!("{}: {text}", reference.file.display());
            report.problem(Some(reference.line), &reference.path, text);
        } else if is_readable_by_others(&reference.file) {
            warnings.push(Problem {
                line: Some(reference.line),
                path: reference.path,
                text: others_can_read(&reference.file),
            });
        }
    }
    if report.holds_inline_secret() && is_readable_by_others(path) {
        warnings.push(Problem {
            line: None,
            path: String::new(),
            text: format!(
                "{}: others can read this file, which holds a key: expected mode 0600 or 0400",
                path.display()
            ),
        });
    }
    let pseudonyms = match &config {
        Ok(config) if config.pseudonyms.in_use => pseudonyms(&config.pseudonyms, &report),
        _ => None,
    };
    if let Ok(config) = &config {
        check_signing_keys(&config.events, &report);
    }
    let config = finish(config, path, &report)?;
    warnings.extend(open_pseudonym_key(&config.pseudonyms));
    Ok(Loaded {
        config,
        warnings,
        pseudonyms,
    })
}

/// What is to be said of a pseudonym key that others can read.
fn open_pseudonym_key(key: &PseudonymKey) -> Option<Problem> {
    let file = key.file.as_ref()?;
    is_readable_by_others(file).then(|| Problem {
        line: None,
        path: "labels.pseudonym_key_file".to_owned(),
        text: others_can_read(file),
    })
}

fn others_can_read(key: &Path) -> String {
    let file = key.display();
    format!("{file}: others can read this key: expected mode 0600 or 0400")
}

fn pseudonyms(key: &PseudonymKey, report: &Report) -> Option<Pseudonyms> {
    let file = key.file.as_ref()?;
    match key.read(file) {
        Ok(pseudonyms) => Some(pseudonyms),
        Err(text) => {
            let text = format!("{}: {text}", file.display());
            report.problem(None, "labels.pseudonym_key_file", text);
            None
        }
    }
}

/// Whether what is in the files of keys can be keys. Those that cannot be read
/// were reported already.
fn check_signing_keys(events: &delivery::Options, report: &Report) {
    for (index, hook) in events.webhooks.iter().enumerate() {
        let file = &hook.secret_file;
        let Ok(bytes) = read_limited(file, MAX_SECRET_BYTES) else {
            continue;
        };
        let key = std::str::from_utf8(&bytes).map(SigningKey::parse);
        if let Ok(Err(error)) = key {
            let text = format!("{}: {error}", file.display());
            report.problem(None, &format!("events.webhooks[{index}].secret_file"), text);
        }
    }
}

impl PseudonymKey {
    /// Reads the key and takes it in.
    ///
    /// # Errors
    ///
    /// What is wrong with it, or that there is none.
    pub fn load(&self) -> Result<Pseudonyms, String> {
        let expected = "labels.pseudonym_key_file is not given: expected the key of the pseudonyms";
        let file = self.file.as_ref().ok_or(expected)?;
        self.read(file)
            .map_err(|text| format!("{}: {text}", file.display()))
    }

    fn read(&self, file: &Path) -> Result<Pseudonyms, String> {
        let bytes = read_limited(file, MAX_SECRET_BYTES)?;
        let text = std::str::from_utf8(&bytes).map_err(|_| KEY_EXPECTED.to_owned())?;
        let key = text.trim();
        if key.len() < LEAST_KEY_BYTES {
            return Err(format!(
                "shorter than {LEAST_KEY_BYTES} characters: {KEY_EXPECTED}"
            ));
        }
        Ok(Pseudonyms::new(&Secret::new(key)))
    }
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

/// Whether anyone who is neither the owner nor in the group may read the file.
/// The group is left out: volumes of Kubernetes and systemd grant access by it.
#[cfg(unix)]
fn is_readable_by_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &Path) -> bool {
    false
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

const KEY_EXPECTED: &str = "expected random text such as `openssl rand -hex 32` prints";

/// What can be guessed is no key.
const LEAST_KEY_BYTES: usize = 16;

/// 500 accounts with everything that may be said of them fit several times.
const MAX_FILE_BYTES: u64 = 4 * 1024 * 1024;

/// An STS token has about a thousand bytes.
const MAX_SECRET_BYTES: u64 = 64 * 1024;
