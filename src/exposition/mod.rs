//! From a snapshot to the bytes that a scrape reads.
//!
//! The writer goes over the columns of the snapshot in the order of the
//! catalogue; it does not know how values came about, and it keeps nothing of
//! its own. It can stop after any line and go on later, so that no large text
//! ever exists as a whole. A value that is not known has no line, and a family
//! without lines has no header.
//!
//! A user has at most one line in a family, whatever number of sessions it has,
//! and in that of the addresses at most one for each address, so no two series
//! are ever equal.

mod addresses;
mod digits;
mod families;
mod lines;
mod options;
mod page;
mod text;
mod writer;

use std::sync::Arc;

use self::families::{FAMILIES, Source, UserColumn};
pub use self::options::{Options, UserLabels};
use self::page::Page;
pub use self::writer::Writer;
use self::writer::{Cursor, Scope};
use crate::catalog::Format;
use crate::fleet::{Snapshot, Users};

/// A snapshot, and what is published of it.
#[derive(Debug, Clone)]
pub struct Exposition {
    snapshot: Arc<Snapshot>,
    options: Options,
    chosen_labels: UserLabels,
    is_limited: bool,
}

impl Exposition {
    /// Decides what is published. That takes a look at every user: call it once
    /// for each snapshot.
    pub fn new(snapshot: Arc<Snapshot>, mut options: Options) -> Self {
        let is_limited = exceeds_limit(&snapshot, options);
        let chosen_labels = options.user_labels;
        if is_limited {
            options.user_labels = UserLabels::None;
        }
        Self {
            snapshot,
            options,
            chosen_labels,
            is_limited,
        }
    }

    /// How the operator wants users to be named, whether or not their series
    /// are left out.
    pub fn user_labels(&self) -> UserLabels {
        self.chosen_labels
    }

    /// What is known of the fleet.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether the series of users are left out because there would be more
    /// than [`Options::user_series_limit`].
    pub fn is_limited(&self) -> bool {
        self.is_limited
    }

    /// A writer of all instances.
    pub fn writer(&self, format: Format) -> Writer {
        let instances = 0..self.snapshot.instances().len();
        self.writer_over(Scope { instances, format })
    }

    /// A writer of this instance only; `None` if there is none.
    pub fn writer_of(&self, sag_id: &str, format: Format) -> Option<Writer> {
        let instances = self.snapshot.instances();
        let place = instances
            .binary_search_by(|instance| instance.sag_id().as_str().cmp(sag_id))
            .ok()?;
        let instances = place..place + 1;
        Some(self.writer_over(Scope { instances, format }))
    }

    fn writer_over(&self, scope: Scope) -> Writer {
        Writer::over(Arc::clone(&self.snapshot), self.options, scope)
    }
}

/// Writes the whole snapshot in the text format in place of what `out` held. Its
/// memory is used again.
pub fn render(snapshot: &Snapshot, mut options: Options, out: &mut Vec<u8>) {
    if exceeds_limit(snapshot, options) {
        options.user_labels = UserLabels::None;
    }
    let scope = Scope {
        instances: 0..snapshot.instances().len(),
        format: Format::Text,
    };
    let mut page = Page::over(out);
    Cursor::new(&scope).fill(snapshot, options, &scope, &mut page, usize::MAX);
    page.finish();
}

/// Whether users have more series than the limit allows. They are counted only
/// if the number of users leaves that open.
fn exceeds_limit(snapshot: &Snapshot, options: Options) -> bool {
    let limit = usize::try_from(options.user_series_limit).unwrap_or(usize::MAX);
    let users = || snapshot.instances().iter().filter_map(|i| i.users());
    if options.user_labels == UserLabels::None {
        return false;
    }
    let addresses = match options.user_info {
        true => users().map(addresses::count).sum(),
        false => 0,
    };
    let most = users().map(|users| users.rows() * user_columns().count());
    if addresses + most.sum::<usize>() <= limit {
        return false;
    }
    let series = |users: Users<'_>| -> usize {
        let counts = user_columns().map(|column| lines::count(column, users));
        counts.sum()
    };
    addresses + users().map(series).sum::<usize>() > limit
}

fn user_columns() -> impl Iterator<Item = UserColumn> {
    FAMILIES.iter().filter_map(|(_, source)| match source {
        Source::Instance(_) | Source::Addresses => None,
        Source::User(column) => Some(*column),
    })
}
