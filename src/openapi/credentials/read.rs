//! Small files, read whole within a limit, and what tells that they changed.

use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use zeroize::Zeroizing;

use super::reason::Reason;

/// The content of a file, and a way to notice that it became another.
pub(super) async fn file(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Witness), Reason> {
    let bytes = limited(path).await.map_err(|source| Reason::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let witness = Witness {
        path: path.to_owned(),
        digest: Sha256::digest(&*bytes).into(),
    };
    Ok((bytes, witness))
}

/// What a file held when it was read. By its content, because a rotation can
/// leave size and time as they were.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Witness {
    path: PathBuf,
    digest: [u8; 32],
}

impl Witness {
    /// Whether the file holds something else by now, or cannot be read.
    pub(super) async fn changed(&self) -> bool {
        match file(&self.path).await {
            Ok((_, now)) => now != *self,
            Err(_) => true,
        }
    }
}

async fn limited(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Opening a pipe would wait for its writer.
    if !tokio::fs::metadata(path).await?.is_file() {
        return Err(io::Error::other("expected a regular file"));
    }
    let file = File::open(path).await?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(LIMIT_BYTES + 1).read_to_end(&mut bytes).await?;
    let fits = u64::try_from(bytes.len()).is_ok_and(|length| length <= LIMIT_BYTES);
    fits.then_some(bytes)
        .ok_or_else(|| io::Error::other("expected at most 1 MiB"))
}

/// A CLI configuration of a hundred profiles has about 100 kB.
const LIMIT_BYTES: u64 = 1 << 20;
