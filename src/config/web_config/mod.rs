//! The file of `--web.config.file`, in the format of exporter-toolkit: TLS,
//! users, headers and rate.
//!
//! The format is described in the document `docs/web-configuration.md` of the
//! project prometheus/exporter-toolkit. What the toolkit refuses is refused
//! here, at once and with lines. Where this server cannot do what the toolkit
//! can, or where the toolkit would start and then answer nobody, it is refused
//! or noted; nothing is weakened silently.

mod context;
mod file;
mod go;
mod inputs;
mod tls;

use std::path::{Path, PathBuf};

use super::decode::Cursor;
use super::node;
use super::problem::{Errors, Problem, Report};
use super::source::read_limited;
use crate::httpd::tls::Terms;
use crate::web::guard;

use self::context::Context;
use self::inputs::Inputs;

/// What the file says.
#[derive(Debug)]
pub struct WebConfig {
    /// How handshakes are made; `None` for plain HTTP.
    pub tls: Option<Terms>,
    /// Users, headers and rate.
    pub guard: guard::Settings,
    /// What is accepted, but does something else than one may think.
    pub notices: Vec<Problem>,
}

/// The file and those that it names, which can be read again when they change.
#[derive(Debug)]
pub struct Watched {
    path: PathBuf,
    inputs: Inputs,
    has_tls: bool,
}

impl Watched {
    /// Reads the file for the first time.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it, each with its line.
    pub fn open(path: PathBuf) -> Result<(Self, WebConfig), Errors> {
        let (inputs, read) = load(&path);
        let config = read?;
        let watched = Self {
            path,
            inputs,
            has_tls: config.tls.is_some(),
        };
        Ok((watched, config))
    }

    /// Reads the file again if it or a file that it names has changed; `None`
    /// if not. What is refused is refused once: another error is told only
    /// after another change.
    ///
    /// Compares contents, because times tell little: a secret may be swapped
    /// by a link, and a file may be written twice within one tick.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with it now. The open connections and those of
    /// a moment ago were promised something else, so a change between HTTP and
    /// HTTPS is refused too.
    pub fn reread(&mut self) -> Result<Option<WebConfig>, Errors> {
        if !self.inputs.have_changed() {
            return Ok(None);
        }
        let (inputs, read) = load(&self.path);
        self.inputs = inputs;
        let config = read?;
        let text = match (self.has_tls, config.tls.is_some()) {
            (true, false) => "TLS is not configured any more: restart to go back to HTTP",
            (false, true) => "TLS is configured now: restart to change from HTTP to HTTPS",
            _ => return Ok(Some(config)),
        };
        Err(Errors::one(
            self.path.display().to_string(),
            None,
            text.to_owned(),
        ))
    }
}

/// Decodes the bytes of a file. `path` names it in errors; the certificates
/// and keys that it names are read, relative ones from its directory.
///
/// # Errors
///
/// Everything that is wrong, each with its line.
pub fn parse(bytes: &[u8], path: &Path) -> Result<WebConfig, Errors> {
    decode(bytes, path, &mut Inputs::default())
}

/// What was read, and what came of it.
fn load(path: &Path) -> (Inputs, Result<WebConfig, Errors>) {
    let mut inputs = Inputs::default();
    let read = inputs
        .read(path, MAX_FILE_BYTES)
        .map_err(|text| Errors::one(path.display().to_string(), None, text))
        .and_then(|bytes| decode(&bytes, path, &mut inputs));
    (inputs, read)
}

fn decode(bytes: &[u8], path: &Path, inputs: &mut Inputs) -> Result<WebConfig, Errors> {
    let origin = || path.display().to_string();
    let text = std::str::from_utf8(bytes).map_err(|_| {
        let text = "not UTF-8: expected YAML in UTF-8".to_owned();
        Errors::one(origin(), None, text)
    })?;
    let root =
        node::parse(text).map_err(|error| Errors::one(origin(), Some(error.line), error.text))?;
    let report = Report::default();
    let context = Context::new(path.parent().unwrap_or(Path::new("")), inputs);
    let decoded = file::web_config(&Cursor::root(&root, &report), &context);
    let problems = report.take_problems();
    match decoded {
        Ok((tls, guard)) if problems.is_empty() => Ok(WebConfig {
            tls,
            guard,
            notices: context.into_notices(),
        }),
        _ => Err(Errors::new(origin(), problems)),
    }
}

/// A thousand users and two chains of certificates fit several times.
const MAX_FILE_BYTES: u64 = 1024 * 1024;
