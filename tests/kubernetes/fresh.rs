//! Files that are made by tests and committed.

use std::fs;
use std::path::Path;

/// Fails if a file is not what it should be, or makes it so where that is asked
/// for.
pub(crate) fn fresh(path: &Path, expected: &str) {
    if is_update() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        // Other tests read the file meanwhile: they get the old one or the new one.
        let new = path.with_extension("new");
        fs::write(&new, expected).unwrap();
        fs::rename(&new, path).unwrap();
    }
    let found = fs::read_to_string(path).unwrap_or_default();
    // Not both texts: nobody reads thousands of lines.
    let mut lines = found.lines().zip(expected.lines());
    let differs = lines.find(|(one, other)| one != other);
    assert!(
        found == expected,
        "{path:?} is not fresh: run UPDATE=1 cargo nextest run --test {}; \
         the first difference (found, expected): {differs:?}",
        env!("CARGO_CRATE_NAME")
    );
}

/// Whether files are to be made anew.
pub(crate) fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}
