//! How a sweep ended.

/// The outcome of one sweep of a cloud account; the label `outcome` of
/// `sag_exporter_sweeps_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SweepOutcome {
    /// Every collector that was due ran completely, on every instance.
    Complete,
    /// Something is missing, and the snapshot says what.
    Partial,
    /// Nothing was learned at all.
    Failed,
}

impl SweepOutcome {
    /// Every outcome, in the order of declaration.
    pub const ALL: [Self; 3] = [Self::Complete, Self::Partial, Self::Failed];

    /// The value of the label `outcome`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}
