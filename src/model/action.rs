//! The operations of the cloud API and the collectors that use them.

/// An operation of the SAG API, version 2018-03-13.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// The client accounts of an instance, a page at a time.
    DescribeSmartAccessGatewayClientUsers,
    /// The sessions of one user.
    DescribeUserOnlineClients,
    /// The number of sessions of up to 50 users.
    DescribeUserOnlineClientStatistics,
    /// The traffic of this month of up to 50 users.
    DescribeUserFlowStatistics,
    /// The number of sessions of up to 50 instances.
    DescribeSagOnlineClientStatistics,
    /// The instances of a region, a page at a time.
    DescribeSmartAccessGateways,
    /// The regions with their endpoints.
    DescribeRegions,
    /// Changes the bandwidth or the e-mail address of a user.
    ModifySmartAccessGatewayClientUser,
    /// Ends the sessions of a user.
    KickOutClients,
}

impl Action {
    /// Every operation, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::DescribeSmartAccessGatewayClientUsers,
        Self::DescribeUserOnlineClients,
        Self::DescribeUserOnlineClientStatistics,
        Self::DescribeUserFlowStatistics,
        Self::DescribeSagOnlineClientStatistics,
        Self::DescribeSmartAccessGateways,
        Self::DescribeRegions,
        Self::ModifySmartAccessGatewayClientUser,
        Self::KickOutClients,
    ];

    /// The name on the wire, which is also the label `action`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DescribeSmartAccessGatewayClientUsers => "DescribeSmartAccessGatewayClientUsers",
            Self::DescribeUserOnlineClients => "DescribeUserOnlineClients",
            Self::DescribeUserOnlineClientStatistics => "DescribeUserOnlineClientStatistics",
            Self::DescribeUserFlowStatistics => "DescribeUserFlowStatistics",
            Self::DescribeSagOnlineClientStatistics => "DescribeSagOnlineClientStatistics",
            Self::DescribeSmartAccessGateways => "DescribeSmartAccessGateways",
            Self::DescribeRegions => "DescribeRegions",
            Self::ModifySmartAccessGatewayClientUser => "ModifySmartAccessGatewayClientUser",
            Self::KickOutClients => "KickOutClients",
        }
    }

    /// The operation with this name on the wire.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == name)
    }

    /// Whether the call changes something, so that it must not be repeated
    /// while the outcome of the first attempt is unknown.
    pub fn is_write(self) -> bool {
        matches!(
            self,
            Self::ModifySmartAccessGatewayClientUser | Self::KickOutClients
        )
    }

    /// A small dense number, for tables with one entry an operation.
    pub fn index(self) -> usize {
        self as usize
    }
}

/// One of the things that a sweep collects from an instance; the label
/// `collector`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Collector {
    /// The list of client accounts.
    Accounts,
    /// The sessions of the users.
    Sessions,
    /// The traffic of the users, month to date.
    Traffic,
    /// The facts of the instance itself: expiry, quota, bandwidth.
    Instance,
}

impl Collector {
    /// Every collector, in the order of declaration.
    pub const ALL: [Self; 4] = [
        Self::Accounts,
        Self::Sessions,
        Self::Traffic,
        Self::Instance,
    ];

    /// The value of the label `collector`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accounts => "accounts",
            Self::Sessions => "sessions",
            Self::Traffic => "traffic",
            Self::Instance => "instance",
        }
    }

    /// A small dense number, for tables with one entry a collector.
    pub fn index(self) -> usize {
        self as usize
    }
}

impl std::fmt::Display for Collector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_indexes_are_unique_and_round_trip() {
        for (index, action) in Action::ALL.into_iter().enumerate() {
            assert_eq!(action.index(), index);
            assert_eq!(Action::parse(action.as_str()), Some(action));
        }
        for (index, collector) in Collector::ALL.into_iter().enumerate() {
            assert_eq!(collector.index(), index);
        }
        assert_eq!(Action::parse("describeregions"), None);
    }
}
