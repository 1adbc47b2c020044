//! The hot core: the lines of one family, one for each user of an instance.
//!
//! A line is the same beginning for all users, then the name, then a tail with
//! the value, which is often the one of the line before. Copying each of the
//! three in steps of a fixed size, over the end, and putting the next piece
//! where the right one ended, costs a third of what copying exact lengths does.

use std::ops::Range;

use super::digits::Digits;
use super::families::UserColumn;
use super::page::Page;
use super::text;
use crate::catalog::Family;
use crate::fleet::{InstanceSnapshot, Names, Online, Users};
use crate::model::{Kbps, UserState};

/// The lines of one family and the users of one instance.
pub(super) struct UserLines<'a> {
    users: Option<Users<'a>>,
    column: UserColumn,
    prefix: Vec<u8>,
}

impl<'a> UserLines<'a> {
    pub(super) fn new(family: &Family, instance: &'a InstanceSnapshot, column: UserColumn) -> Self {
        Self {
            users: instance.users(),
            column,
            prefix: text::user_prefix(family, instance.sag_id().as_str()),
        }
    }

    /// Appends the lines from `row` on until the page holds enough. Gives the
    /// row to go on with, or `None` at the end.
    pub(super) fn write(&self, row: usize, page: &mut Page<'_>, enough: usize) -> Option<usize> {
        let users = self.users?;
        let mut start = row;
        while start < users.rows() {
            let missing = enough.checked_sub(page.len()).filter(|bytes| *bytes > 0);
            let Some(missing_bytes) = missing else {
                return Some(start);
            };
            let end = users
                .rows()
                .min(start + self.rows_for(users, missing_bytes));
            let mut block = Block {
                names: users.names(),
                prefix: &self.prefix,
                room_bytes: self.room_for(users, start..end),
                page,
            };
            give_column(self.column, users, start..end, &mut block);
            start = end;
        }
        None
    }

    /// About how many rows fill so many bytes, if all of them have a line and a
    /// name of the usual length.
    fn rows_for(&self, users: Users<'_>, bytes: usize) -> usize {
        let name_bytes = users.names().text().len() / users.rows().max(1);
        let rows = bytes / (self.prefix.len() + name_bytes + TAIL_BYTES);
        rows.clamp(LEAST_ROWS, MOST_ROWS)
    }

    /// The room for the lines of these rows if every row has one, and for the
    /// steps that reach over the end of the last one.
    fn room_for(&self, users: Users<'_>, rows: Range<usize>) -> usize {
        let first = users.names().place(rows.start);
        let last = users.names().place(rows.end.saturating_sub(1));
        let name_bytes = last.end.saturating_sub(first.start);
        rows.len() * (self.prefix.len() + TAIL_BYTES) + name_bytes + SLACK_BYTES
    }
}

/// How many lines the users of an instance have in this column.
pub(super) fn count(column: UserColumn, users: Users<'_>) -> usize {
    let mut count = Count(0);
    give_column(column, users, 0..users.rows(), &mut count);
    count.0
}

fn give_column(column: UserColumn, users: Users<'_>, rows: Range<usize>, to: &mut impl Sink) {
    let online = users.online(rows.clone());
    match column {
        UserColumn::Enabled => to.dense(rows, |row| {
            Some(u64::from(users.state(row)? == UserState::Enabled))
        }),
        UserColumn::StaticIp => to.dense(rows, |row| users.static_ip(row).map(u64::from)),
        UserColumn::OnlineClients => {
            let mut online = online.peekable();
            to.dense(rows, |row| {
                let clients = online.next_if(|o| o.row == row).map_or(0, |o| o.clients);
                users.is_observed(row).then_some(u64::from(clients))
            });
        }
        UserColumn::Bandwidth => to.dense(rows, |row| {
            let bandwidth = users.bandwidth(row);
            bandwidth.map(Kbps::bytes_per_second)
        }),
        UserColumn::AccelerationBandwidth => to.dense(rows, |row| {
            let bandwidth = users.acceleration_bandwidth(row);
            bandwidth.map(Kbps::bytes_per_second)
        }),
        UserColumn::LastOnline => {
            to.dense(rows, |row| users.last_online_seconds(row).map(u64::from));
        }
        UserColumn::OldestSessionStart => to.sparse(online, |o| o.oldest_start_seconds()),
        UserColumn::NewestSessionStart => to.sparse(online, |o| o.newest_start_seconds()),
    }
}

/// What takes the values of a column, those that are known.
trait Sink: Sized {
    /// Takes rows, each with its value.
    fn take(&mut self, samples: impl Iterator<Item = (usize, u64)>);

    fn dense(&mut self, rows: Range<usize>, mut value: impl FnMut(usize) -> Option<u64>) {
        self.take(rows.filter_map(|row| Some((row, value(row)?))));
    }

    fn sparse<'o>(
        &mut self,
        online: impl Iterator<Item = Online<'o>>,
        value: impl Fn(Online<'o>) -> Option<u32>,
    ) {
        self.take(online.filter_map(|online| Some((online.row, u64::from(value(online)?)))));
    }
}

/// Only counts.
struct Count(usize);

impl Sink for Count {
    fn take(&mut self, samples: impl Iterator<Item = (usize, u64)>) {
        self.0 += samples.count();
    }
}

/// The lines of some rows, and the page they go to.
struct Block<'p, 'v, 'a> {
    names: &'a Names,
    prefix: &'a [u8],
    room_bytes: usize,
    page: &'p mut Page<'v>,
}

impl Sink for Block<'_, '_, '_> {
    /// Writes a line for each row and value: in steps where possible, exactly
    /// where not.
    fn take(&mut self, mut samples: impl Iterator<Item = (usize, u64)>) {
        loop {
            let left = match self.prefix.len() {
                0..=96 => self.write_steps::<96>(&mut samples),
                97..=128 => self.write_steps::<128>(&mut samples),
                _ => samples.next(),
            };
            let Some((row, value)) = left else { return };
            self.write_exactly(row, value);
        }
    }
}

impl Block<'_, '_, '_> {
    /// Writes lines in steps, and gives the first sample for which this cannot
    /// be done.
    fn write_steps<const PREFIX: usize>(
        &mut self,
        samples: &mut impl Iterator<Item = (usize, u64)>,
    ) -> Option<(usize, u64)> {
        let mut prefix = [0; PREFIX];
        prefix
            .get_mut(..self.prefix.len())?
            .copy_from_slice(self.prefix);
        let line = Line {
            prefix,
            prefix_length: self.prefix.len(),
            text: self.names.text().as_bytes(),
        };
        let room = self.page.room(self.room_bytes);
        let mut at = 0;
        let mut last = (0, Digits::of(0)?);
        let mut left = None;
        for (row, value) in samples {
            if last.0 != value {
                match Digits::of(value) {
                    Some(d) => last = (value, d),
                    None => {
                        left = Some((row, value));
                        break;
                    }
                }
            }
            let Some(to) = room.get_mut(at..) else {
                left = Some((row, value));
                break;
            };
            let Some(length) = line.put(to, self.names.place(row), &last.1) else {
                left = Some((row, value));
                break;
            };
            at += length;
        }
        self.page.advance(at);
        left
    }

    #[cold]
    fn write_exactly(&mut self, row: usize, value: u64) {
        self.page.append(self.prefix);
        text::escape(self.page, self.names.get(row).unwrap_or_default());
        self.page.append(b"\"} ");
        text::number(self.page, value);
        self.page.append(b"\n");
    }
}

struct Line<'a, const PREFIX: usize> {
    prefix: [u8; PREFIX],
    prefix_length: usize,
    text: &'a [u8],
}

impl<const PREFIX: usize> Line<'_, PREFIX> {
    #[inline(always)]
    fn put(&self, to: &mut [u8], place: Range<usize>, digits: &Digits) -> Option<usize> {
        let length = place.len();
        let name = self.text.get(place.start..)?.first_chunk::<STEP>()?;
        if length > STEP {
            return None;
        }
        *to.first_chunk_mut()? = self.prefix;
        let to = to.get_mut(self.prefix_length..)?;
        *to.first_chunk_mut()? = *name;
        let to = to.get_mut(length..)?.first_chunk_mut::<TAIL_BYTES>()?;
        *to.first_chunk_mut()? = *BEFORE_VALUE;
        digits.put(to.get_mut(3..)?.first_chunk_mut()?);
        *to.get_mut(digits.len() + 3)? = b'\n';
        Some(self.prefix_length + length + digits.len() + 4)
    }
}

const BEFORE_VALUE: &[u8; 4] = b"\"} 0";

/// Copies are made in steps of so many bytes. Most names and every tail fit
/// into one, most prefixes into three.
const STEP: usize = 32;

/// The longest tail: `"} `, 20 digits, a line feed.
const TAIL_BYTES: usize = 24;

/// No step reaches further than this over the end of a line.
const SLACK_BYTES: usize = 256;

/// The rows that are written before the writer looks again whether it has
/// enough: so many that beginning anew does not matter, and so few that they
/// stay in the cache.
const LEAST_ROWS: usize = 16;
const MOST_ROWS: usize = 1024;
