//! Chance that can be asked for again.

/// A point in a tree of random numbers: a child depends on nothing but its
/// parent and its word, so any leaf can be drawn at any time, in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Seed(u64);

impl Seed {
    pub(crate) fn new(number: u64) -> Self {
        Self(number).child(0)
    }

    /// The child with this word.
    pub(crate) fn child(self, word: u64) -> Self {
        let mut mixed = self.0 ^ word.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Self(mixed ^ (mixed >> 31))
    }

    /// The number itself.
    pub(crate) fn number(self) -> u64 {
        self.0
    }

    /// A number from 0 up to, not including, `limit`; 0 where `limit` is 0.
    pub(crate) fn below(self, limit: u64) -> u64 {
        self.0.checked_rem(limit).unwrap_or(0)
    }

    /// A number from 0 up to, not including, `limit`; 0 where `limit` is not
    /// positive.
    pub(crate) fn below_signed(self, limit: i64) -> i64 {
        let limit = u64::try_from(limit).unwrap_or(0);
        self.below(limit).cast_signed()
    }

    /// True in so many cases out of 1,000.
    pub(crate) fn chance(self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of the choices.
    pub(crate) fn pick<T: Copy>(self, choices: &[T]) -> Option<T> {
        let index = usize::try_from(self.below(choices.len() as u64)).ok()?;
        choices.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_are_repeatable_and_spread_out() {
        let seed = Seed::new(7);
        assert_eq!(seed.child(3), Seed::new(7).child(3));
        assert_ne!(seed.child(3), seed.child(4));
        assert_ne!(seed, Seed::new(8));
        let hits = (0..10_000).filter(|&n| seed.child(n).chance(250)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert_eq!(seed.below(0), 0);
        assert_eq!(seed.below_signed(-5), 0);
        assert_eq!(seed.pick::<u8>(&[]), None);
    }
}
