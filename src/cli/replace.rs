//! A file that is there whole, or as it was before.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::exit::Failure;

/// A file that can be replaced.
#[derive(Debug)]
pub(super) struct Replaceable {
    /// Never a link: what it points to is replaced.
    path: PathBuf,
    directory: PathBuf,
    name: OsString,
}

impl Replaceable {
    /// Looks, before any work is done, whether there is a place for the file.
    ///
    /// # Errors
    ///
    /// If its directory does not exist, or something else than a file has its
    /// name: a device would be replaced by a file.
    pub(super) fn new(path: &Path) -> Result<Self, Failure> {
        let refuse = |text: String| Failure::usage(format!("{}: {text}", path.display()));
        let path = match fs::canonicalize(path) {
            Ok(existing) if !existing.is_file() => {
                return Err(refuse("not a regular file".to_owned()));
            }
            Ok(existing) => existing,
            Err(_) => path.to_owned(),
        };
        let name = path.file_name();
        let name = name.ok_or_else(|| refuse("expected the name of a file".to_owned()))?;
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        if !directory.is_dir() {
            let text = format!("{} is not a directory", directory.display());
            return Err(refuse(text));
        }
        Ok(Self {
            name: name.to_owned(),
            directory,
            path,
        })
    }

    /// Puts new content in its place, readable by everybody. Whoever reads the
    /// file meanwhile sees the old content or the new one, even if the machine
    /// stops.
    ///
    /// # Errors
    ///
    /// If that is not possible; the old content is still there then.
    pub(super) fn replace(&self, content: &[u8]) -> Result<(), Failure> {
        let replaced = self.try_replace(content);
        replaced.map_err(|source| {
            let path = self.path.display();
            Failure::run(format!("{path} cannot be replaced: {source}"))
        })
    }

    fn try_replace(&self, content: &[u8]) -> io::Result<()> {
        let draft = Draft(self.draft_path());
        let mut options = OpenOptions::new();
        let options = options.write(true).create_new(true).mode(MODE);
        let mut file = options.open(&draft.0)?;
        // The mode above is less what the umask takes away.
        file.set_permissions(Permissions::from_mode(MODE))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft.0, &self.path)?;
        File::open(&self.directory)?.sync_all()
    }

    /// In the same directory, since a rename does not leave its file system. The
    /// name ends otherwise than the file's, so that nobody takes it for one.
    fn draft_path(&self) -> PathBuf {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(format!(".{:016x}.tmp", rand::random::<u64>()));
        self.directory.join(name)
    }
}

/// Removed when it is dropped, if it still has its name.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // There is nothing to be done about a file that cannot be removed.
        let _ = fs::remove_file(&self.0);
    }
}

/// The collector that reads the file runs as somebody else.
const MODE: u32 = 0o644;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_is_replaced_and_nothing_else_is_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sag.prom");
        for content in ["one\n", "two and more\n", ""] {
            let file = Replaceable::new(&path).unwrap();
            file.replace(content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o644);
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_a_link_points_to_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        Replaceable::new(&link).unwrap().replace(b"new").unwrap();
        assert_eq!(fs::read_to_string(&file).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn only_a_file_in_a_directory_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let check = |path: &Path, expected: &str| {
            let refused = Replaceable::new(path).unwrap_err().to_string();
            assert!(refused.contains(expected), "{refused}");
        };
        check(dir.path(), "not a regular file");
        check(Path::new("/dev/null"), "not a regular file");
        check(&dir.path().join("no/such.prom"), "is not a directory");
        check(Path::new("/"), "not a regular file");
        check(Path::new(""), "expected the name of a file");
    }

    #[test]
    fn a_failure_leaves_the_old_content() {
        let dir = tempfile::tempdir().unwrap();
        let inner = dir.path().join("inner");
        fs::create_dir(&inner).unwrap();
        let path = inner.join("sag.prom");
        let file = Replaceable::new(&path).unwrap();
        fs::remove_dir(&inner).unwrap();
        let error = file.replace(b"x").unwrap_err().to_string();
        assert!(error.contains("sag.prom cannot be replaced"), "{error}");
    }
}
