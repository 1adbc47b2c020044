//! Units: the API speaks Kbit/s, the metrics speak bytes per second.

/// A bandwidth as the API reports it for users, in Kbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Kbps(pub u32);

impl Kbps {
    /// The same bandwidth in bytes per second.
    pub fn bytes_per_second(self) -> u64 {
        u64::from(self.0) * 125
    }
}

/// A bandwidth that ModifySmartAccessGatewayClientUser accepts: 1 to 20000
/// Kbit/s.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BandwidthSetting(u32);

/// The bandwidth is not one that can be set.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("bandwidth {found} is out of range: expected 1 to 20000 Kbit/s")]
pub struct OutOfRange {
    found: u64,
}

impl BandwidthSetting {
    /// Checks the range.
    ///
    /// # Errors
    ///
    /// Names the value and the range.
    pub fn new(kbps: u64) -> Result<Self, OutOfRange> {
        match u32::try_from(kbps) {
            Ok(value @ 1..=20_000) => Ok(Self(value)),
            _ => Err(OutOfRange { found: kbps }),
        }
    }

    /// The value in Kbit/s.
    pub fn kbps(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobits_become_bytes() {
        assert_eq!(Kbps(2000).bytes_per_second(), 250_000);
        assert_eq!(Kbps(u32::MAX).bytes_per_second(), 536_870_911_875);
    }

    #[test]
    fn a_setting_stays_in_range() {
        for (kbps, valid) in [
            (0, false),
            (1, true),
            (20_000, true),
            (20_001, false),
            (u64::MAX, false),
        ] {
            assert_eq!(BandwidthSetting::new(kbps).is_ok(), valid, "{kbps}");
        }
    }
}
