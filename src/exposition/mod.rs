//! From a snapshot to the bytes that a scrape reads.
//!
//! Bytes are made once for each snapshot, not once for each scrape. The writer
//! goes over the columns of the snapshot in the order of the catalogue; it does
//! not know how values came about, and it keeps nothing of its own. A value
//! that is not known has no line, and a family without lines has no header.
//!
//! A user has at most one line in a family, whatever number of sessions it has,
//! so no two series are ever equal.

mod digits;
mod families;
mod lines;
mod options;
mod page;
mod text;
mod writer;

use std::sync::Arc;

use bytes::Bytes;

pub use self::options::{Options, UserLabels};
use self::page::Page;
use self::writer::Cursor;
pub use self::writer::Writer;
use crate::fleet::Snapshot;

/// A snapshot with its text: what is published, and swapped as one.
#[derive(Debug, Clone)]
pub struct Exposition {
    /// What is known of the fleet.
    pub snapshot: Arc<Snapshot>,
    /// All of it in the text format, version 0.0.4.
    pub text: Bytes,
}

impl Exposition {
    /// Writes the text of a snapshot.
    pub fn new(snapshot: Arc<Snapshot>, options: Options) -> Self {
        let mut text = Vec::new();
        render(&snapshot, options, &mut text);
        text.shrink_to_fit();
        Self {
            snapshot,
            text: text.into(),
        }
    }
}

/// Writes the whole text of a snapshot in place of what `out` held. Its memory
/// is used again.
pub fn render(snapshot: &Snapshot, options: Options, out: &mut Vec<u8>) {
    let mut page = Page::over(out);
    Cursor::default().fill(snapshot, options, &mut page, usize::MAX);
    page.finish();
}
