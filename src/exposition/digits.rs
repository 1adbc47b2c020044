//! Decimal digits without a detour through memory.
//!
//! A formatter that writes digit by digit into a buffer makes the copy that
//! follows wait until the small writes have reached the cache, which costs more
//! than all else in a line. Here the digits come about in registers.

/// The decimal digits of a number, the first one in the lowest byte.
///
/// The two halves are kept apart, since the compiler would read neighbours at
/// once right after they were written one by one, for which a processor waits.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub(super) struct Digits {
    first: u64,
    length: usize,
    second: u64,
}

impl Digits {
    /// The digit of the number 0.
    pub(super) const ZERO: Self = Self {
        first: ZEROS,
        second: 0,
        length: 1,
    };

    /// The digits of a number below 10^16, which every value is that the cloud
    /// has a use for; `None` for a greater number.
    #[inline(always)]
    pub(super) fn of(value: u64) -> Option<Self> {
        if value < 10 {
            return Some(Self {
                first: value | ZEROS,
                second: 0,
                length: 1,
            });
        }
        if value < GROUP {
            return Some(Self::short(value));
        }
        let (high, low) = (value / GROUP, value % GROUP);
        if high >= GROUP {
            return None;
        }
        let start = Self::short(high);
        let rest = eight(low) | ZEROS;
        let bits = 8 * u32::try_from(start.length).ok()?;
        Some(Self {
            first: start.first | rest.unbounded_shl(bits),
            second: rest.unbounded_shr(64 - bits),
            length: start.length + 8,
        })
    }

    /// How many digits there are: at most 16.
    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.length
    }

    /// Writes the digits, and anything behind them.
    #[inline(always)]
    pub(super) fn put(&self, to: &mut [u8; 16]) {
        let (first, second) = to.split_at_mut(8);
        first.copy_from_slice(&self.first.to_le_bytes());
        second.copy_from_slice(&self.second.to_le_bytes());
    }

    /// The digits of a number of 1 to 10^8 - 1, and zero bytes behind them.
    #[inline(always)]
    fn short(value: u64) -> Self {
        let digits = eight(value);
        let zeros = digits.trailing_zeros() / 8;
        Self {
            first: (digits | ZEROS).unbounded_shr(8 * zeros),
            second: 0,
            length: 8_usize.saturating_sub(zeros as usize),
        }
    }
}

/// The eight digits of a number below 10^8 as the values of bytes, the first
/// one in the lowest byte. Each step halves the groups in all lanes at once:
/// the product with the rounded reciprocal is exact for the numbers that a lane
/// can hold and never reaches the next lane, so that nothing wraps.
#[inline(always)]
fn eight(number: u64) -> u64 {
    let fours = (number / 10_000) | (number % 10_000) << 32;
    let hundreds = (fours.wrapping_mul(10_486) >> 20) & 0x0000_007f_0000_007f;
    let twos = hundreds | fours.wrapping_sub(hundreds.wrapping_mul(100)) << 16;
    let tens = (twos.wrapping_mul(103) >> 10) & 0x000f_000f_000f_000f;
    tens | twos.wrapping_sub(tens.wrapping_mul(10)) << 8
}

const GROUP: u64 = 100_000_000;
const ZEROS: u64 = u64::from_le_bytes([b'0'; 8]);

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: u64) {
        let seen = Digits::of(value).map(|digits| {
            let mut to = [0; 16];
            digits.put(&mut to);
            String::from_utf8(to[..digits.len()].to_vec()).unwrap()
        });
        let expected = (value < GROUP * GROUP).then(|| value.to_string());
        assert_eq!(seen, expected);
    }

    #[test]
    fn every_number_of_a_lane_is_exact() {
        for number in 0..10_000 {
            check(number);
            check(number * 10_000);
            check(number * GROUP + 9_999 - number);
        }
    }

    #[test]
    fn numbers_of_every_length_are_exact() {
        for power in 0..20 {
            let value = 10_u64.pow(power);
            for value in [value - 1, value, value + 1, value.saturating_mul(7)] {
                check(value);
            }
        }
        check(u64::from(u32::MAX) * GROUP);
        check(u64::MAX);
    }

    proptest::proptest! {
        #[test]
        fn any_number_is_exact(value: u64, shift in 0_u32..64) {
            check(value >> shift);
        }
    }
}
