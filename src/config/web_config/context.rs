//! What the decoders of the web configuration need beside the node.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::inputs::Inputs;
use crate::config::decode::{Checked, Cursor};
use crate::config::problem::Problem;

/// The files that are read, and what is worth a notice.
pub(super) struct Context<'a> {
    base: &'a Path,
    inputs: RefCell<&'a mut Inputs>,
    notices: RefCell<Vec<Problem>>,
}

impl<'a> Context<'a> {
    /// Relative paths start at `base`.
    pub(super) fn new(base: &'a Path, inputs: &'a mut Inputs) -> Self {
        Self {
            base,
            inputs: RefCell::new(inputs),
            notices: RefCell::default(),
        }
    }

    /// Reads the file that a node names.
    pub(super) fn read(&self, at: &Cursor<'_>, name: &str) -> Checked<Zeroizing<Vec<u8>>> {
        let path: PathBuf = self.base.join(name);
        let content = self.inputs.borrow_mut().read(&path, MAX_PEM_BYTES);
        content.or_else(|text| at.refuse(format!("{}: {text}", path.display())))
    }

    /// Notes what is accepted, but does something else than one may think.
    pub(super) fn note(&self, at: &Cursor<'_>, text: impl Into<String>) {
        self.notices.borrow_mut().push(Problem {
            line: Some(at.line),
            path: at.path.clone(),
            text: text.into(),
        });
    }

    pub(super) fn into_notices(self) -> Vec<Problem> {
        self.notices.into_inner()
    }
}

/// A chain of certificates has a few thousand bytes, a bundle of authorities a
/// few hundred thousand.
const MAX_PEM_BYTES: u64 = 1024 * 1024;
