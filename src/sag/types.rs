//! What the operations take and give.

use std::fmt;
use std::net::IpAddr;

use jiff::Timestamp;

use crate::model::{ClientUser, Instance, Kbps, Region, SagId, UserName};

/// Which page of a list is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageRequest {
    /// The number of the page; the first is 1.
    pub number: u32,
    /// How many entries the page should have. The cloud may give fewer.
    pub size: u32,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// How many entries the whole list has, as the cloud says with this page
    /// (`TotalCount`); `None` if it did not say, or not in a number.
    pub total: Option<u64>,
    /// How many entries the cloud says a page has (`PageSize`), which may be
    /// fewer than were asked for.
    pub size: Option<u64>,
    /// The entries that could be read.
    pub entries: Vec<T>,
    /// How many entries could not be read, because they lack a usable name. They
    /// count: a list that holds one is not known to be whole.
    pub unreadable: usize,
}

/// The entries of a list that comes in one piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed<T> {
    /// The entries that could be read.
    pub entries: Vec<T>,
    /// How many entries could not be read.
    pub unreadable: usize,
}

/// One entry of DescribeSmartAccessGateways.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The id of the instance.
    pub sag_id: SagId,
    /// The name that people gave it.
    pub name: Option<String>,
    /// The state of the instance, such as `Active`.
    pub status: Option<String>,
    /// What the instance runs on; see [`Gateway::is_app`].
    pub hardware_version: Option<String>,
    /// How many users may exist (`UserCount`).
    pub account_quota: Option<u32>,
    /// The bandwidth in bytes per second (`MaxBandwidth`, Mbit/s on the wire).
    pub bandwidth_limit_bytes_per_second: Option<u64>,
    /// The monthly traffic allowance of a user in GB (`DataPlan`).
    pub data_plan_gigabytes: Option<u64>,
    /// When the instance was created.
    pub created: Option<Timestamp>,
    /// End of the subscription (`EndTime`).
    pub expires: Option<Timestamp>,
}

impl Gateway {
    /// Whether this is a SAG APP instance, that is one with client accounts.
    pub fn is_app(&self) -> bool {
        self.hardware_version.as_deref() == Some(APP_HARDWARE)
    }

    /// Takes the facts over into what is known of the instance.
    pub fn describe(self, instance: &mut Instance) {
        instance.name = self.name;
        instance.expires = self.expires;
        instance.account_quota = self.account_quota;
        instance.bandwidth_limit_bytes_per_second = self.bandwidth_limit_bytes_per_second;
    }
}

/// The answer of ModifySmartAccessGatewayClientUser: the user after the change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserChange {
    /// Who was changed.
    pub user: Option<UserName>,
    /// The bandwidth now in force.
    pub bandwidth: Option<Kbps>,
    /// The e-mail address now on record.
    pub email: Option<Email>,
    /// The tunnel address of the user.
    pub client_ip: Option<IpAddr>,
}

/// A user with the e-mail address, for the commands in which a person asks for
/// it. The daemon never holds one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The user.
    pub user: ClientUser,
    /// The e-mail address on record.
    pub email: Option<Email>,
}

/// One entry of DescribeUserFlowStatistics: the traffic of a user in this
/// month so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traffic {
    /// Whose traffic it is.
    pub user: UserName,
    /// Bytes since the month began (`TotalBytes`).
    pub bytes: Option<u64>,
    /// What is left of the free allowance, in bytes (`TotalLeaveBytes`).
    pub allowance_remaining_bytes: Option<u64>,
}

/// One entry of DescribeRegions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegionEntry {
    /// The region.
    pub region: Region,
    /// The host name of the API there.
    pub endpoint: Option<String>,
}

/// An e-mail address, which never leaves the process by accident: it has no
/// `Display`, and its `Debug` says nothing.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// Takes ownership of the text, which the cloud checks.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The address itself, for the terminal of the person who asked for it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[email]")
    }
}

/// The `HardwareVersion` of SAG APP instances.
const APP_HARDWARE: &str = "sag-software";
