//! The writer: goes through a snapshot and stops wherever it is told to.

use std::sync::Arc;

use super::families::{FAMILIES, Samples, Source};
use super::lines::UserLines;
use super::page::Page;
use super::text;
use super::{Options, UserLabels};
use crate::catalog::Family;
use crate::fleet::{InstanceSnapshot, Snapshot};

/// Writes the exposition of a snapshot piece by piece.
///
/// The pieces one after the other are the whole text; each ends with a whole
/// line. Nothing but the snapshot itself is kept in memory between two pieces.
#[derive(Debug)]
pub struct Writer {
    snapshot: Arc<Snapshot>,
    options: Options,
    cursor: Cursor,
}

impl Writer {
    /// A writer that stands at the beginning.
    pub fn new(snapshot: Arc<Snapshot>, options: Options) -> Self {
        Self {
            snapshot,
            options,
            cursor: Cursor::default(),
        }
    }

    /// Appends lines until `out` holds at least `enough` bytes; it will hold at
    /// most a few kilobytes more. Gives `false` once nothing is left to write.
    pub fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        let mut page = Page::behind(out);
        let more = self
            .cursor
            .fill(&self.snapshot, self.options, &mut page, enough);
        page.finish();
        more
    }
}

/// How far the writing has come. The order is family, instance, user.
#[derive(Debug, Default)]
pub(super) struct Cursor {
    family: usize,
    instance: usize,
    row: usize,
    is_header_written: bool,
}

impl Cursor {
    pub(super) fn fill(
        &mut self,
        snapshot: &Snapshot,
        options: Options,
        page: &mut Page<'_>,
        enough: usize,
    ) -> bool {
        while let Some((family, source)) = FAMILIES.get(self.family) {
            if page.len() >= enough {
                return true;
            }
            match snapshot.instances().get(self.instance) {
                Some(instance) if is_published(*source, options) => {
                    self.step(family, *source, instance, page, enough);
                }
                _ => self.next_family(),
            }
        }
        false
    }

    /// Writes the lines of one family and one instance, or as many of them as
    /// it takes to have enough.
    fn step(
        &mut self,
        family: &Family,
        source: Source,
        instance: &InstanceSnapshot,
        page: &mut Page<'_>,
        enough: usize,
    ) {
        let start = page.len();
        if !self.is_header_written {
            text::header(page, family);
        }
        let before = page.len();
        let next_row = match source {
            Source::Instance(write) => {
                let sag_id = instance.sag_id().as_str();
                write(
                    instance,
                    &mut Samples {
                        page,
                        family,
                        sag_id,
                    },
                );
                None
            }
            Source::User(column) => {
                UserLines::new(family, instance, column).write(self.row, page, enough)
            }
        };
        if page.len() == before {
            // A family without a sample has no header either.
            page.take_back(start);
        } else {
            self.is_header_written = true;
        }
        self.instance += usize::from(next_row.is_none());
        self.row = next_row.unwrap_or(0);
    }

    fn next_family(&mut self) {
        let family = self.family + 1;
        *self = Self {
            family,
            is_header_written: self.is_header_written && goes_on(family),
            ..Self::default()
        };
    }
}

/// Whether the table goes on with the family of the entry before.
fn goes_on(entry: usize) -> bool {
    let name = |entry: usize| FAMILIES.get(entry).map(|(family, _)| family.name);
    entry.checked_sub(1).and_then(name) == name(entry)
}

fn is_published(source: Source, options: Options) -> bool {
    match (source, options.user_labels) {
        (Source::Instance(_), _) | (Source::User(_), UserLabels::Plain) => true,
        (Source::User(_), UserLabels::None) => false,
    }
}
