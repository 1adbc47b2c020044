//! The hot core: the lines of one family, one for each user of an instance.
//!
//! A line is a beginning that is the same for all users, the name, and a tail
//! with the value, which is often that of the line before. Each of the three is
//! copied in a step of a fixed size that reaches over its end, and the next one
//! is put where it really ended: such copies are a few instructions, while a
//! copy of an exact length is a call. Lines for which this cannot be done are
//! written exactly, and the two ways give the same bytes.

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
            let missing_bytes = enough.saturating_sub(page.len());
            let end = users
                .rows()
                .min(start + self.rows_for(users, missing_bytes));
            let mut block = Block {
                names: users.labels(),
                prefix: &self.prefix,
                room_bytes: self.room_for(users, start..end),
                page,
            };
            give_column(self.column, users, start..end, &mut block);
            start = end;
            // Only now, so that every call comes further.
            if page.len() >= enough {
                break;
            }
        }
        (start < users.rows()).then_some(start)
    }

    /// About how many rows fill so many bytes, if all of them have a line and a
    /// name of the usual length.
    fn rows_for(&self, users: Users<'_>, bytes: usize) -> usize {
        let name_bytes = users.labels().text().len() / users.rows().max(1);
        let rows = bytes / (self.prefix.len() + name_bytes + TAIL_BYTES);
        rows.clamp(LEAST_ROWS, MOST_ROWS)
    }

    /// The room for the lines of these rows if every row has one, and for the
    /// steps that reach over the end of the last one.
    fn room_for(&self, users: Users<'_>, rows: Range<usize>) -> usize {
        let first = users.labels().place(rows.start);
        let last = users.labels().place(rows.end.saturating_sub(1));
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
        UserColumn::MonthTraffic => to.dense(rows, |row| users.month_traffic_bytes(row)),
        UserColumn::TrafficAllowance => {
            to.dense(rows, |row| users.allowance_remaining_bytes(row));
        }
        UserColumn::OldestSessionStart => to.sparse(online, |o| o.oldest_start_seconds()),
        UserColumn::NewestSessionStart => to.sparse(online, |o| o.newest_start_seconds()),
    }
}

/// What takes the values of a column, those that are known.
trait Sink {
    /// A column in which most rows have a value.
    fn dense(&mut self, rows: Range<usize>, value: impl FnMut(usize) -> Option<u64>);

    /// A column in which only users that are online have a value.
    fn sparse<'o>(
        &mut self,
        online: impl Iterator<Item = Online<'o>>,
        value: impl Fn(Online<'o>) -> Option<u32>,
    );
}

/// Only counts.
struct Count(usize);

impl Sink for Count {
    fn dense(&mut self, rows: Range<usize>, value: impl FnMut(usize) -> Option<u64>) {
        self.0 += rows.filter_map(value).count();
    }

    fn sparse<'o>(
        &mut self,
        online: impl Iterator<Item = Online<'o>>,
        value: impl Fn(Online<'o>) -> Option<u32>,
    ) {
        self.0 += online.filter_map(value).count();
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
    fn dense(&mut self, rows: Range<usize>, mut value: impl FnMut(usize) -> Option<u64>) {
        let places = self.names.places(rows.clone());
        self.write(rows.zip(places).filter_map(|(row, place)| {
            let value = value(row)?;
            Some(Sample { place, value })
        }));
    }

    fn sparse<'o>(
        &mut self,
        online: impl Iterator<Item = Online<'o>>,
        value: impl Fn(Online<'o>) -> Option<u32>,
    ) {
        let names = self.names;
        self.write(online.filter_map(|online| {
            let value = u64::from(value(online)?);
            let place = names.place(online.row);
            Some(Sample { place, value })
        }));
    }
}

impl Block<'_, '_, '_> {
    /// Writes a line for each sample: in steps where possible, exactly where
    /// not.
    fn write(&mut self, mut samples: impl Iterator<Item = Sample>) {
        loop {
            let left = match self.prefix.len() {
                _ if !self.names.is_plain() => samples.next(),
                0..=96 => self.write_steps::<96>(&mut samples),
                97..=128 => self.write_steps::<128>(&mut samples),
                _ => samples.next(),
            };
            let Some(sample) = left else { return };
            self.write_exactly(&sample);
        }
    }

    /// Writes lines in steps, and gives the first sample for which this cannot
    /// be done.
    fn write_steps<const PREFIX: usize>(
        &mut self,
        samples: &mut impl Iterator<Item = Sample>,
    ) -> Option<Sample> {
        let mut steps = Steps::<PREFIX>::new(self.prefix, self.names.text());
        let room = self.page.room(self.room_bytes);
        let mut at = 0;
        let left = samples.find(|sample| match steps.put(room, at, sample) {
            Some(end) => {
                at = end;
                false
            }
            None => true,
        });
        self.page.advance(at);
        left
    }

    #[cold]
    fn write_exactly(&mut self, sample: &Sample) {
        let name = self.names.text().get(sample.place.clone());
        self.page.append(self.prefix);
        text::escape(self.page, name.unwrap_or_default());
        self.page.append(b"\"} ");
        text::number(self.page, sample.value);
        self.page.append(b"\n");
    }
}

/// The value of a user, and where its name is.
struct Sample {
    place: Range<usize>,
    value: u64,
}

/// Writes lines in steps. The prefix is filled up to the size of its step.
struct Steps<'a, const PREFIX: usize> {
    prefix: [u8; PREFIX],
    prefix_length: usize,
    names: &'a [u8],
    /// The value of the last line; many are the same.
    value: u64,
    digits: Digits,
}

impl<'a, const PREFIX: usize> Steps<'a, PREFIX> {
    fn new(prefix: &[u8], names: &'a str) -> Self {
        let mut padded = [0; PREFIX];
        for (to, from) in padded.iter_mut().zip(prefix) {
            *to = *from;
        }
        Self {
            prefix: padded,
            prefix_length: prefix.len(),
            names: names.as_bytes(),
            value: 0,
            digits: Digits::ZERO,
        }
    }

    /// Writes a line at a place of the room and gives its end. `None` if the
    /// name is longer than a step or lies at the end of the text, if the value
    /// is too great, or if the room ends. Always inlined: a call costs as much
    /// as the line.
    #[inline(always)]
    fn put(&mut self, room: &mut [u8], at: usize, sample: &Sample) -> Option<usize> {
        let length = sample.place.len();
        if length > STEP {
            return None;
        }
        if self.value != sample.value {
            self.digits = Digits::of(sample.value)?;
            self.value = sample.value;
        }
        let name = self
            .names
            .get(sample.place.start..)?
            .first_chunk::<STEP>()?;
        let line = room.get_mut(at..)?;
        *line.first_chunk_mut()? = self.prefix;
        let rest = line.get_mut(self.prefix_length..)?;
        *rest.first_chunk_mut()? = *name;
        let tail = rest.get_mut(length..)?.first_chunk_mut::<TAIL_BYTES>()?;
        *tail.first_chunk_mut()? = *BEFORE_VALUE;
        self.digits.put(tail.get_mut(3..)?.first_chunk_mut()?);
        *tail.get_mut(self.digits.len() + 3)? = b'\n';
        Some(at + self.prefix_length + length + self.digits.len() + 4)
    }
}

/// What stands between a name and a value, filled up to a size that one
/// instruction writes.
const BEFORE_VALUE: &[u8; 4] = b"\"} 0";

/// Names up to this length are copied in one step. Almost all are shorter.
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
