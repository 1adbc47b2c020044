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
            retain: 3,
            page_size: PageSize::default(),
            sessions: SessionsMode::Each,
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
            traffic_interval: Duration::ZERO,
            page_size: self.page_size.users(),
            sessions: match self.sessions {
                SessionsMode::Each => plan::Sessions::Each,
            },
            habits,
        }
    }
}

/// How the sessions of the users are learned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionsMode {
    /// One query a user.
    Each,
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
    /// Where instances are discovered.
    pub regions: Vec<Region>,
    /// Exactly these instances; empty means all that are discovered. With one
    /// region and this list no discovery permission is needed.
    pub instances: Vec<SagId>,
    /// How many calls may be under way at once.
    pub concurrency: NonZeroU32,
}
