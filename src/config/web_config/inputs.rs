//! The files that were read, and whether they have changed since.

use std::fmt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::read_limited;

/// Remembers what was read by its digest, so that no key stays in memory.
#[derive(Default)]
pub(super) struct Inputs(Vec<Input>);

struct Input {
    path: PathBuf,
    limit_bytes: u64,
    digest: [u8; 32],
}

type Content = Result<Zeroizing<Vec<u8>>, String>;

impl Inputs {
    /// Reads a file, or says why not.
    pub(super) fn read(&mut self, path: &Path, limit_bytes: u64) -> Content {
        let content = read_limited(path, limit_bytes);
        self.0.push(Input {
            path: path.to_owned(),
            limit_bytes,
            digest: digest(&content),
        });
        content
    }

    /// Whether one of the files reads otherwise now.
    pub(super) fn have_changed(&self) -> bool {
        self.0
            .iter()
            .any(|input| digest(&read_limited(&input.path, input.limit_bytes)) != input.digest)
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let paths = self.0.iter().map(|input| &input.path);
        f.debug_list().entries(paths).finish()
    }
}

fn digest(content: &Content) -> [u8; 32] {
    let mut digest = Sha256::new();
    match content {
        Ok(bytes) => {
            digest.update(b"content");
            digest.update(bytes.as_slice());
        }
        Err(text) => {
            digest.update(b"failure");
            digest.update(text.as_bytes());
        }
    }
    digest.finalize().into()
}
