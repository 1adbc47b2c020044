//! The kinds of events.

/// What an event is about; the field `kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A session was seen to start.
    SessionStarted,
    /// A session was seen to end.
    SessionEnded,
    /// A rule found an anomaly.
    AnomalyRaised,
    /// An anomaly is over.
    AnomalyCleared,
    /// A client account appeared.
    AccountCreated,
    /// A client account disappeared.
    AccountRemoved,
    /// A client account may log in again.
    AccountEnabled,
    /// A client account may no longer log in.
    AccountDisabled,
    /// Another bandwidth is allotted to a client account.
    BandwidthChanged,
}

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::SessionStarted,
        Self::SessionEnded,
        Self::AnomalyRaised,
        Self::AnomalyCleared,
        Self::AccountCreated,
        Self::AccountRemoved,
        Self::AccountEnabled,
        Self::AccountDisabled,
        Self::BandwidthChanged,
    ];

    /// The word for it, in events, labels and the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SessionStarted => "session_started",
            Self::SessionEnded => "session_ended",
            Self::AnomalyRaised => "anomaly_raised",
            Self::AnomalyCleared => "anomaly_cleared",
            Self::AccountCreated => "account_created",
            Self::AccountRemoved => "account_removed",
            Self::AccountEnabled => "account_enabled",
            Self::AccountDisabled => "account_disabled",
            Self::BandwidthChanged => "bandwidth_changed",
        }
    }
}

/// Some of the kinds; all of them by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kinds(u16);

impl Kinds {
    /// Every kind.
    pub const ALL: Self = Self(u16::MAX);

    /// Whether the kind is among them.
    pub fn contains(self, kind: Kind) -> bool {
        self.0 & bit(kind) != 0
    }

    /// Those that are among both.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl FromIterator<Kind> for Kinds {
    fn from_iter<T: IntoIterator<Item = Kind>>(kinds: T) -> Self {
        Self(kinds.into_iter().fold(0, |bits, kind| bits | bit(kind)))
    }
}

impl Default for Kinds {
    fn default() -> Self {
        Self::ALL
    }
}

fn bit(kind: Kind) -> u16 {
    1 << kind as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_a_set() {
        let sessions = Kinds::from_iter([Kind::SessionStarted, Kind::SessionEnded]);
        for kind in Kind::ALL {
            assert!(Kinds::ALL.contains(kind));
            let expected = kind.as_str().starts_with("session");
            assert_eq!(sessions.contains(kind), expected, "{kind:?}");
            let ended = Kinds::from_iter([Kind::SessionEnded, Kind::BandwidthChanged]);
            let both = sessions.and(ended);
            assert_eq!(both.contains(kind), kind == Kind::SessionEnded, "{kind:?}");
        }
    }
}
