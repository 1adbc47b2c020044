//! Columns: a value of every user, packed.
//!
//! Each type here gives back exactly what was put in, or says that it is not
//! known.

use std::cmp::Ordering;
use std::net::{IpAddr, Ipv4Addr};
use std::ops::Range;

use jiff::Timestamp;

/// Names in ascending order, in one piece of text.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Names {
    text: Box<str>,
    ends: Box<[u32]>,
    plain: bool,
}

impl Names {
    /// How many names there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name in this row.
    #[inline]
    pub fn get(&self, row: usize) -> Option<&str> {
        if row >= self.len() {
            return None;
        }
        self.text.get(self.place(row))
    }

    /// The row of a name.
    pub fn find(&self, name: &str) -> Option<usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.get(middle)?.cmp(name) {
                Ordering::Less => low = middle + 1,
                Ordering::Greater => high = middle,
                Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// The names one after the other, without a gap.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where in [`Names::text`] the name of this row is.
    #[inline]
    pub fn place(&self, row: usize) -> Range<usize> {
        rows_of(&self.ends, row)
    }

    /// The places of the names of these rows, one after the other.
    pub fn places(&self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let mut start = self.place(rows.start).start;
        let ends = self.ends.get(rows).unwrap_or_default();
        ends.iter().map(move |end| {
            let place = start..index(*end);
            start = place.end;
            place
        })
    }

    /// Whether no name holds a quotation mark, a backslash or a line feed, so
    /// that writers need not look for them name by name.
    pub fn is_plain(&self) -> bool {
        self.plain
    }
}

/// Names in the making.
#[derive(Debug, Default)]
pub(super) struct NamesBuilder {
    text: String,
    ends: Vec<u32>,
}

impl NamesBuilder {
    /// Appends a name, which has to be greater than the last one if
    /// [`Names::find`] is to find it. Gives `false` and appends nothing once there are [`MAX_USERS`].
    pub(super) fn push(&mut self, name: &str) -> bool {
        let Ok(end) = u32::try_from(self.text.len() + name.len()) else {
            return false;
        };
        if self.ends.len() >= MAX_USERS {
            return false;
        }
        self.text.push_str(name);
        self.ends.push(end);
        true
    }

    pub(super) fn finish(self) -> Names {
        Names {
            plain: !self.text.contains(['"', '\\', '\n']),
            text: self.text.into_boxed_str(),
            ends: self.ends.into_boxed_slice(),
        }
    }
}

/// Addresses: four bytes each, and a side table for the rare other ones.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    v4: Box<[u32]>,
    other: Box<[(u32, IpAddr)]>,
}

impl Addresses {
    #[inline]
    pub(super) fn get(&self, row: usize) -> Option<IpAddr> {
        match *self.v4.get(row)? {
            UNKNOWN_ADDRESS => None,
            OTHER_ADDRESS => {
                let at = self
                    .other
                    .binary_search_by_key(&row, |(row, _)| index(*row))
                    .ok()?;
                self.other.get(at).map(|(_, address)| *address)
            }
            bits => Some(IpAddr::V4(Ipv4Addr::from_bits(bits))),
        }
    }
}

/// Addresses in the making.
#[derive(Debug, Default)]
pub(super) struct AddressesBuilder {
    v4: Vec<u32>,
    other: Vec<(u32, IpAddr)>,
}

impl AddressesBuilder {
    pub(super) fn push(&mut self, address: Option<IpAddr>) {
        let packed = match address {
            None => UNKNOWN_ADDRESS,
            Some(IpAddr::V4(v4)) if !is_reserved(v4.to_bits()) => v4.to_bits(),
            Some(other) => {
                self.other.push((count(self.v4.len()), other));
                OTHER_ADDRESS
            }
        };
        self.v4.push(packed);
    }

    pub(super) fn finish(self) -> Addresses {
        Addresses {
            v4: self.v4.into_boxed_slice(),
            other: self.other.into_boxed_slice(),
        }
    }
}

/// A moment as whole seconds since 1970, or [`UNKNOWN_MOMENT`] for one that is
/// not known or lies outside the years 1970 to 2106, which no true observation
/// does.
pub(super) fn pack_moment(moment: Option<Timestamp>) -> u32 {
    moment
        .and_then(|moment| u32::try_from(moment.as_second()).ok())
        .unwrap_or(UNKNOWN_MOMENT)
}

/// The seconds behind a packed moment.
#[inline]
pub(super) fn moment_seconds(packed: u32) -> Option<u32> {
    (packed != UNKNOWN_MOMENT).then_some(packed)
}

/// The moment that was packed, to the second.
pub(super) fn unpack_moment(packed: u32) -> Option<Timestamp> {
    Timestamp::from_second(i64::from(moment_seconds(packed)?)).ok()
}

/// The rows that `ends` gives to entry `at` of a column of lists.
#[inline]
pub(super) fn rows_of(ends: &[u32], at: usize) -> Range<usize> {
    let start = at.checked_sub(1).and_then(|before| ends.get(before));
    let end = ends.get(at);
    index(start.copied().unwrap_or(0))..index(end.copied().unwrap_or(0))
}

/// A packed number as an index. Platforms with 16-bit addresses do not run
/// this program.
#[inline]
pub(super) fn index(packed: u32) -> usize {
    packed as usize
}

/// A length as a packed number. The columns that are counted with it stop at
/// [`MAX_USERS`] rows or come from one body of limited length, so it is never
/// cut off in practice.
pub(super) fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn is_reserved(bits: u32) -> bool {
    matches!(bits, UNKNOWN_ADDRESS | OTHER_ADDRESS)
}

/// No more users than this are kept for one instance; the cloud allows 2,000.
/// The longest name has 256 characters of up to four bytes, so four million of
/// them still fit in the 32 bits of an offset.
pub(super) const MAX_USERS: usize = 4_000_000;

/// `0.0.0.0`, which is nobody's address, stands for none; if the cloud ever
/// sends it, the side table holds it.
const UNKNOWN_ADDRESS: u32 = 0;

/// `255.255.255.255`, which is nobody's address, points to the side table.
const OTHER_ADDRESS: u32 = u32::MAX;

const UNKNOWN_MOMENT: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_and_given_back() {
        let mut builder = NamesBuilder::default();
        let given = ["a", "a\"b", "bob", "zoë", "黒"];
        for name in given {
            assert!(builder.push(name));
        }
        let names = builder.finish();
        assert!(!names.is_plain());
        assert_eq!(names.len(), given.len());
        for (row, name) in given.into_iter().enumerate() {
            assert_eq!(names.get(row), Some(name));
            assert_eq!(names.find(name), Some(row));
        }
        assert_eq!(names.get(given.len()), None);
        for absent in ["", "aa", "zz", "黒黒"] {
            assert_eq!(names.find(absent), None, "{absent}");
        }
        assert_eq!(Names::default().find("a"), None);
    }

    #[test]
    fn addresses_of_every_kind_are_given_back() {
        let given = [
            None,
            Some("10.0.0.1"),
            Some("0.0.0.0"),
            Some("fd00::1"),
            Some("255.255.255.255"),
            Some("::ffff:1.2.3.4"),
        ]
        .map(|text| text.map(|text| text.parse::<IpAddr>().unwrap()));
        let mut builder = AddressesBuilder::default();
        for address in given {
            builder.push(address);
        }
        let addresses = builder.finish();
        for (row, address) in given.into_iter().enumerate() {
            assert_eq!(addresses.get(row), address, "row {row}");
        }
        assert_eq!(addresses.get(given.len()), None);
    }

    #[test]
    fn moments_outside_the_packed_range_are_unknown() {
        for (second, expected) in [
            (0, Some(0)),
            (1_700_000_000, Some(1_700_000_000)),
            (-1, None),
            (i64::from(u32::MAX), None),
            (i64::from(u32::MAX) + 1, None),
        ] {
            let moment = Timestamp::from_second(second).unwrap();
            let unpacked = unpack_moment(pack_moment(Some(moment)));
            assert_eq!(unpacked.map(Timestamp::as_second), expected, "{second}");
        }
        assert_eq!(unpack_moment(pack_moment(None)), None);
    }
}
