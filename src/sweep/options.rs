//! What an operator may choose about sweeps.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Shard;
use crate::model::{AccountName, Region, SagId};
use crate::plan;

/// How every cloud account is swept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// From the start of one sweep of the sessions to the start of the next.
    pub interval: Duration,
    /// How often the account lists are read anew.
    pub accounts_interval: Duration,
    /// How often the traffic is read; zero means never.
    pub traffic_interval: Duration,
    /// How many sweeps a last good value outlives, then its series go.
    pub retain: u32,
    /// How many users are asked for in one page.
    pub page_size: PageSize,
    /// How the sessions are learned.
    pub sessions: SessionsMode,
    /// Which of the instances belong to this process.
    pub shard: Shard,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            accounts_interval: Duration::from_secs(300),
            traffic_interval: Duration::from_secs(900),
            retain: 3,
            page_size: PageSize::default(),
            sessions: SessionsMode::default(),
            shard: Shard::WHOLE,
        }
    }
}

impl Options {
    /// The same as the arithmetic of calls sees it.
    pub fn schedule(&self, habits: plan::Habits) -> plan::Schedule {
        plan::Schedule {
            interval: self.interval,
            accounts_interval: self.accounts_interval,
            traffic_interval: self.traffic_interval,
            page_size: self.page_size.users(),
            sessions: match self.sessions {
                SessionsMode::Auto => plan::Sessions::Auto {
                    recheck_sweeps: RECHECK_SWEEPS,
                },
                SessionsMode::Each => plan::Sessions::Each,
            },
            habits,
        }
    }
}

impl Options {
    /// After this long the sessions of a user that is online are read anew even
    /// if their number did not change: a reconnect that leaves the number equal
    /// shows at the latest then. It is ten intervals.
    pub fn recheck_interval(&self) -> Duration {
        self.interval.saturating_mul(RECHECK_SWEEPS)
    }
}

/// How the sessions of the users are learned.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SessionsMode {
    /// Counts in bulk, then a query for those users only whose count is above
    /// zero and has changed, or whose sessions are due for a re-check. Where the
    /// counts cannot be had, one query a user.
    #[default]
    Auto,
    /// One query a user.
    Each,
}

impl SessionsMode {
    /// The value of the key `sweep.sessions`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Each => "each",
        }
    }
}

/// Users asked for in one page: 1 to 100. The cloud may give fewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageSize(u32);

/// The number is no page size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{found} is not a page size: expected 1 to 100")]
pub struct PageSizeError {
    found: u64,
}

impl PageSize {
    /// Checks the range.
    ///
    /// # Errors
    ///
    /// Names the number and the range.
    pub fn new(users: u64) -> Result<Self, PageSizeError> {
        match u32::try_from(users) {
            Ok(value @ 1..=100) => Ok(Self(value)),
            _ => Err(PageSizeError { found: users }),
        }
    }

    /// The number itself.
    pub fn users(self) -> u32 {
        self.0
    }
}

impl Default for PageSize {
    /// 50 is what the console and other clients use.
    fn default() -> Self {
        Self(50)
    }
}

/// One cloud account, as far as sweeping it is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountOptions {
    /// The value of the label `account`; unique.
    pub name: AccountName,
    /// Where instances are discovered; empty means in all regions that the cloud
    /// names (DescribeRegions).
    pub regions: Vec<Region>,
    /// Exactly these instances; empty means all that are discovered. With one
    /// region and this list no discovery permission is needed.
    pub instances: Vec<SagId>,
    /// How many calls may be under way at once.
    pub concurrency: NonZeroU32,
}

impl AccountOptions {
    /// Whether the regions have to be asked for.
    pub fn wants_all_regions(&self) -> bool {
        self.regions.is_empty()
    }

    /// With one region and a list of instances the facts of instances are a
    /// bonus, for which not everybody grants the permission.
    pub fn needs_discovery(&self) -> bool {
        self.instances.is_empty() || self.regions.len() != 1
    }
}

/// The region that is asked for the others: in every example of the
/// documentation APP instances live there.
#[expect(clippy::expect_used, reason = "the text is a region; a test parses it")]
pub fn home_region() -> Region {
    Region::parse("cn-shanghai").expect("lower-case letters and a hyphen")
}

/// The sessions of a user that is online are read at least in every tenth
/// sweep. With a tenth of the users online that is one call for a hundred
/// users, half of what the counts in bulk cost.
pub(super) const RECHECK_SWEEPS: u32 = 10;
