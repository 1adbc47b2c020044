//! The writer: goes through a snapshot and stops wherever it is told to.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use super::addresses;
use super::families::{FAMILIES, Samples, Source};
use super::lines::UserLines;
use super::page::Page;
use super::text;
use super::{Exposition, Options, UserLabels};
use crate::catalog::Format;
use crate::fleet::{InstanceSnapshot, Snapshot};

/// Writes the exposition of a snapshot piece by piece.
///
/// The pieces one after the other are the whole text, without what ends it in
/// its format; each ends with a whole line. Nothing but the snapshot itself is
/// kept in memory between two pieces.
#[derive(Debug)]
pub struct Writer {
    snapshot: Arc<Snapshot>,
    options: Options,
    scope: Scope,
    cursor: Cursor,
}

impl Writer {
    /// A writer of all instances in the text format.
    pub fn new(snapshot: Arc<Snapshot>, options: Options) -> Self {
        Exposition::new(snapshot, options).writer(Format::Text)
    }

    pub(super) fn over(snapshot: Arc<Snapshot>, options: Options, scope: Scope) -> Self {
        Self {
            snapshot,
            options,
            cursor: Cursor::new(&scope),
            scope,
        }
    }

    /// Appends lines until `out` holds at least `enough` bytes; it will hold at
    /// most a few kilobytes more. Gives `false` once nothing is left to write.
    pub fn fill(&mut self, out: &mut Vec<u8>, enough: usize) -> bool {
        let mut page = Page::behind(out);
        let more = self
            .cursor
            .fill(&self.snapshot, self.options, &self.scope, &mut page, enough);
        page.finish();
        more
    }

    /// Hands over one frame after another, all in the same memory.
    pub fn for_each_frame(mut self, mut take: impl FnMut(&[u8])) {
        let mut frame = Vec::with_capacity(FRAME_ROOM_BYTES);
        while self.fill(&mut frame, FRAME_BYTES) {
            take(&frame);
            frame.clear();
        }
        take(&frame);
    }
}

/// Frames of about 64 KiB: each is made when it is asked for, in well under a
/// millisecond.
impl Iterator for Writer {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let mut frame = Vec::with_capacity(FRAME_ROOM_BYTES);
        self.fill(&mut frame, FRAME_BYTES);
        // A slow reader holds on to its frames for long.
        frame.shrink_to_fit();
        (!frame.is_empty()).then(|| frame.into())
    }
}

/// What is written, and how.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    /// The instances by their places in the snapshot.
    pub(super) instances: Range<usize>,
    pub(super) format: Format,
}

/// How far the writing has come. The order is family, instance, user.
#[derive(Debug)]
pub(super) struct Cursor {
    family: usize,
    instance: usize,
    row: usize,
    is_header_written: bool,
}

impl Cursor {
    /// At the beginning.
    pub(super) fn new(scope: &Scope) -> Self {
        Self {
            family: 0,
            instance: scope.instances.start,
            row: 0,
            is_header_written: false,
        }
    }

    pub(super) fn fill(
        &mut self,
        snapshot: &Snapshot,
        options: Options,
        scope: &Scope,
        page: &mut Page<'_>,
        enough: usize,
    ) -> bool {
        let instances = snapshot.instances().get(..scope.instances.end);
        let instances = instances.unwrap_or_default();
        while let Some((family, source)) = FAMILIES.get(self.family) {
            if page.len() >= enough {
                return true;
            }
            match instances.get(self.instance) {
                Some(instance) if is_published(*source, options) => {
                    let samples = Samples {
                        page,
                        family,
                        format: scope.format,
                        sag_id: instance.sag_id().as_str(),
                    };
                    self.step(*source, instance, samples, enough);
                }
                _ => {
                    let family = self.family + 1;
                    *self = Self {
                        family,
                        is_header_written: self.is_header_written && goes_on(family),
                        ..Self::new(scope)
                    };
                }
            }
        }
        false
    }

    /// Writes the lines of one family and one instance, or as many of them as
    /// it takes to have enough.
    fn step(
        &mut self,
        source: Source,
        instance: &InstanceSnapshot,
        mut samples: Samples<'_, '_>,
        enough: usize,
    ) {
        let start = samples.page.len();
        if !self.is_header_written {
            text::header(samples.page, samples.family, samples.format);
        }
        let before = samples.page.len();
        let next_row = match source {
            Source::Instance(write) => {
                write(instance, &mut samples);
                None
            }
            Source::User(column) => {
                let lines = UserLines::new(samples.family, instance, column);
                lines.write(self.row, samples.page, enough)
            }
            Source::Addresses => {
                let family = samples.family;
                addresses::write(family, instance, self.row, samples.page, enough)
            }
        };
        if samples.page.len() == before {
            // A family without a sample has no header either.
            samples.page.take_back(start);
        } else {
            self.is_header_written = true;
        }
        self.instance += usize::from(next_row.is_none());
        self.row = next_row.unwrap_or(0);
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
        (Source::Addresses, UserLabels::Plain) => options.user_info,
        (Source::User(_) | Source::Addresses, UserLabels::None) => false,
    }
}

/// Large enough that frames cost little, small enough for the cache.
const FRAME_BYTES: usize = 64 * 1024;

/// A frame and what it may reach beyond its size, so that it never grows.
const FRAME_ROOM_BYTES: usize = FRAME_BYTES + 40 * 1024;
