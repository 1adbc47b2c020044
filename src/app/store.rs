//! The file in which the state is kept. All of it blocks.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};

use crate::state::{self, Damage, Header, LIMIT_BYTES, State, Writer};

/// The file of one process. While it is open, no other process that keeps to
/// the rules touches the file.
#[derive(Debug)]
pub(super) struct Store {
    file: PathBuf,
    /// Held as long as the store lives; `None` while another process has it.
    lock: Option<File>,
}

/// The state cannot be kept or read.
#[derive(Debug, thiserror::Error)]
pub(super) enum StoreError {
    #[error("{} is in use: another process keeps its state in the same file", .0.display())]
    InUse(PathBuf),
    #[error("{} cannot be locked", .file.display())]
    Lock { file: PathBuf, source: io::Error },
    #[error("{} cannot be read", .file.display())]
    Read { file: PathBuf, source: io::Error },
    #[error("{} cannot be used", .file.display())]
    Damaged { file: PathBuf, source: Damage },
    #[error("{} cannot be used: it is longer than {LIMIT_BYTES} bytes", .0.display())]
    TooLong(PathBuf),
    #[error("{} is left alone: expected a state of sag-exporter or no file", .0.display())]
    Foreign(PathBuf),
    #[error("{} was written under another key of the pseudonyms", .0.display())]
    OtherKey(PathBuf),
    #[error("{} cannot be written", .file.display())]
    Write { file: PathBuf, source: io::Error },
}

impl StoreError {
    /// Whether what is there is a state that nobody can use, or cannot even be
    /// read.
    pub(super) fn is_spoilt(&self) -> bool {
        match self {
            Self::Read { .. } | Self::Damaged { .. } | Self::TooLong(_) | Self::OtherKey(_) => true,
            Self::InUse(_) | Self::Lock { .. } | Self::Foreign(_) | Self::Write { .. } => false,
        }
    }
}

impl Store {
    /// The store of this file. Nothing is touched yet.
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, lock: None }
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    /// Keeps other processes out, unless that was done already.
    ///
    /// # Errors
    ///
    /// If another process was first, or the system does not allow it.
    pub(super) fn lock(&mut self) -> Result<(), StoreError> {
        if self.lock.is_some() {
            return Ok(());
        }
        let file = self.beside(".lock");
        let failed = |source| StoreError::Lock {
            file: file.clone(),
            source,
        };
        // The file itself is another one after each write, so it cannot hold the
        // lock. This one stays: whoever removed it would let two in.
        let lock = private()
            .create(true)
            .truncate(false)
            .open(&file)
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => self.lock = Some(lock),
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse(self.file.clone())),
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        Ok(())
    }

    /// Reads the state; `None` if there is none yet.
    ///
    /// # Errors
    ///
    /// If there is something that is not a state, or not readable.
    pub(super) fn read(&self) -> Result<Option<State>, StoreError> {
        let failed = |source| StoreError::Read {
            file: self.file.clone(),
            source,
        };
        let bytes = match read_limited(&self.file, LIMIT_BYTES + 1) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
                return Err(StoreError::Foreign(self.file.clone()));
            }
            Err(error) => return Err(failed(error)),
        };
        if u64::try_from(bytes.len()).is_ok_and(|length| length > LIMIT_BYTES) {
            return Err(StoreError::TooLong(self.file.clone()));
        }
        match state::read(&bytes) {
            Ok(state) => Ok(Some(state)),
            Err(Damage::Foreign) => Err(StoreError::Foreign(self.file.clone())),
            Err(source) => Err(StoreError::Damaged {
                file: self.file.clone(),
                source,
            }),
        }
    }

    /// Moves what is there out of the way, in place of what was moved before.
    /// Gives where it is now.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub(super) fn put_aside(&self) -> io::Result<PathBuf> {
        let aside = self.beside(".damaged");
        fs::rename(&self.file, &aside)?;
        Ok(aside)
    }

    /// Replaces the state in one step: a reader sees the old one or the new one,
    /// and so does whoever starts after a crash. Gives the number of bytes.
    ///
    /// # Errors
    ///
    /// If the lock is not held and cannot be had, something else stands where the
    /// state should, or the file system fails.
    pub(super) fn write(
        &mut self,
        header: &Header,
        content: impl FnOnce(&mut Writer<BufWriter<File>>) -> io::Result<()>,
    ) -> Result<u64, StoreError> {
        self.lock()?;
        if is_foreign(&self.file) {
            return Err(StoreError::Foreign(self.file.clone()));
        }
        let fresh = self.beside(".new");
        let written = write_whole(&fresh, header, content).and_then(|bytes| {
            fs::rename(&fresh, &self.file)?;
            sync_directory(&self.file)?;
            Ok(bytes)
        });
        written.map_err(|source| {
            // Half a file is of no use, and may fill the disk.
            let _ = fs::remove_file(&fresh);
            StoreError::Write {
                file: self.file.clone(),
                source,
            }
        })
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self
            .file
            .file_name()
            .map_or_else(OsString::new, OsString::from);
        name.push(ending);
        self.file.with_file_name(name)
    }
}

fn write_whole(
    fresh: &Path,
    header: &Header,
    content: impl FnOnce(&mut Writer<BufWriter<File>>) -> io::Result<()>,
) -> io::Result<u64> {
    // What a crash left; and whatever else stands there is not written through.
    match fs::remove_file(fresh) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let file = private().create_new(true).open(fresh)?;
    let mut writer = Writer::begin(BufWriter::with_capacity(BUFFER_BYTES, file), header)?;
    content(&mut writer)?;
    let (buffered, bytes) = writer.finish()?;
    let file = buffered
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?;
    file.sync_all()?;
    Ok(bytes)
}

/// The new name lasts only when the directory is on the disk.
fn sync_directory(file: &Path) -> io::Result<()> {
    let directory = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}

/// Whether something stands there that this program did not write.
fn is_foreign(file: &Path) -> bool {
    match read_limited(file, FIRST_BYTES) {
        Ok(bytes) => matches!(state::read(&bytes), Err(Damage::Foreign)),
        // What is not there is not foreign; the rest shows when it is written.
        Err(error) => error.kind() == io::ErrorKind::InvalidInput,
    }
}

fn read_limited(file: &Path, limit_bytes: u64) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for its writer.
    if !fs::metadata(file)?.is_file() {
        let text = "it is not a regular file";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut bytes = Vec::new();
    File::open(file)?
        .take(limit_bytes)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// For reading and writing by the owner alone.
#[cfg(unix)]
fn private() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = OpenOptions::new();
    options.read(true).write(true).mode(0o600);
    options
}

#[cfg(not(unix))]
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    options
}

/// Enough to tell a state from anything else.
const FIRST_BYTES: u64 = 64;

const BUFFER_BYTES: usize = 256 * 1024;
