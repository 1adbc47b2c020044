//! The rules by which anomalies are found.

/// A rule; the label `rule`. What each means stands in `docs/rules.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A disabled account is online.
    DisabledOnline,
    /// More sessions at once than the policy allows.
    ConcurrentSessions,
    /// A session that lasts longer than the policy allows.
    LongSession,
    /// Sessions of one user start again and again.
    Flapping,
    /// Most sessions of an instance ended at once.
    MassDisconnect,
    /// Users share a tunnel address.
    DuplicateIp,
    /// A user with a static address comes from another one.
    StaticIpMismatch,
    /// The bandwidth of an account is not the one of the policy.
    BandwidthDrift,
    /// An enabled account was not online for longer than the policy allows.
    Dormant,
    /// The clocks of the cloud and of the exporter disagree.
    ClockSkew,
}

impl Rule {
    /// Every rule, in the order of declaration.
    pub const ALL: [Self; 10] = [
        Self::DisabledOnline,
        Self::ConcurrentSessions,
        Self::LongSession,
        Self::Flapping,
        Self::MassDisconnect,
        Self::DuplicateIp,
        Self::StaticIpMismatch,
        Self::BandwidthDrift,
        Self::Dormant,
        Self::ClockSkew,
    ];

    /// Whether it judges by sessions. The others judge by the account list.
    pub fn is_about_sessions(self) -> bool {
        self != Self::BandwidthDrift
    }

    /// The value of the label `rule`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DisabledOnline => "disabled_online",
            Self::ConcurrentSessions => "concurrent_sessions",
            Self::LongSession => "long_session",
            Self::Flapping => "flapping",
            Self::MassDisconnect => "mass_disconnect",
            Self::DuplicateIp => "duplicate_ip",
            Self::StaticIpMismatch => "static_ip_mismatch",
            Self::BandwidthDrift => "bandwidth_drift",
            Self::Dormant => "dormant",
            Self::ClockSkew => "clock_skew",
        }
    }

    /// The rule with this label.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.as_str() == text)
    }

    /// A small dense number, for tables with one entry a rule.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Rule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_and_indexes_are_unique_and_round_trip() {
        for (index, rule) in Rule::ALL.into_iter().enumerate() {
            assert_eq!(rule.index(), index);
            assert_eq!(Rule::parse(rule.as_str()), Some(rule));
        }
        assert_eq!(Rule::parse("Flapping"), None);
    }
}
