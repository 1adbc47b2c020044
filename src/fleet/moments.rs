//! A moment for each user, of which most are the same.

use super::column::{count, index};

/// Packed moments by row: the latest of them once, and those that differ. Where
/// most differ, all of them.
#[derive(Debug, Default)]
pub(super) struct Moments {
    rows: usize,
    latest: u32,
    others: Box<[(u32, u32)]>,
    all: Box<[u32]>,
}

impl Moments {
    pub(super) fn of(moments: Vec<u32>) -> Self {
        let known = moments.iter().copied().filter(|moment| *moment != UNKNOWN);
        let latest = known.max().unwrap_or(UNKNOWN);
        let differ = moments.iter().filter(|moment| **moment != latest).count();
        let packed = Self {
            rows: moments.len(),
            latest,
            ..Self::default()
        };
        if differ > moments.len() / 2 {
            return Self {
                all: moments.into_boxed_slice(),
                ..packed
            };
        }
        let rows = moments.into_iter().enumerate();
        let others = rows.filter(|(_, moment)| *moment != latest);
        Self {
            others: others.map(|(row, moment)| (count(row), moment)).collect(),
            ..packed
        }
    }

    /// The packed moment of a row; that of a row that does not exist is unknown.
    #[inline]
    pub(super) fn get(&self, row: usize) -> u32 {
        if let Some(moment) = self.all.get(row) {
            return *moment;
        }
        let place = self
            .others
            .binary_search_by_key(&row, |(row, _)| index(*row));
        match place.ok().and_then(|place| self.others.get(place)) {
            Some((_, moment)) => *moment,
            None if row < self.rows => self.latest,
            None => UNKNOWN,
        }
    }
}

const UNKNOWN: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out() {
        for moments in [
            vec![],
            vec![7],
            vec![UNKNOWN],
            vec![UNKNOWN, 5, 5, 5],
            vec![5, 9, 9, 9, 9, 1, UNKNOWN, 9],
            vec![1, 2, 3, 4, 5],
            vec![3, 3, 4, 4, UNKNOWN],
        ] {
            let packed = Moments::of(moments.clone());
            let rows = 0..moments.len();
            assert_eq!(rows.map(|row| packed.get(row)).collect::<Vec<_>>(), moments);
            assert_eq!(packed.get(moments.len()), UNKNOWN);
        }
    }
}
