//! SAG APP instances.

use jiff::Timestamp;

use super::{AccountName, Region, SagId};

/// What is known of an instance. The first three are known from the start; the
/// rest comes from DescribeSmartAccessGateways where it may be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// The id, unique across regions and accounts.
    pub sag_id: SagId,
    /// The cloud account through which the instance is read.
    pub account: AccountName,
    /// The region in which the instance lives.
    pub region: Region,
    /// The name that people gave it.
    pub name: Option<String>,
    /// End of the subscription.
    pub expires: Option<Timestamp>,
    /// How many users may exist.
    pub account_quota: Option<u32>,
    /// The bandwidth of the instance, in bytes per second.
    pub bandwidth_limit_bytes_per_second: Option<u64>,
}

impl Instance {
    /// An instance of which only the identity is known.
    pub fn new(sag_id: SagId, account: AccountName, region: Region) -> Self {
        Self {
            sag_id,
            account,
            region,
            name: None,
            expires: None,
            account_quota: None,
            bandwidth_limit_bytes_per_second: None,
        }
    }
}
