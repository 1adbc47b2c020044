//! Users and their sessions.

use std::net::IpAddr;

use jiff::Timestamp;

use super::{Kbps, UserName};

/// Whether a user may log in (the API's `State`: 0 enabled, 1 disabled).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UserState {
    /// May log in.
    Enabled,
    /// May not.
    Disabled,
}

/// One entry of DescribeSmartAccessGatewayClientUsers. What the cloud left out
/// or garbled is `None`: unknown, never zero.
///
/// The e-mail address is not here: it never leaves the process, so the part of
/// the process that publishes does not know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientUser {
    /// Unique within the instance.
    pub name: UserName,
    /// Whether the user may log in.
    pub state: Option<UserState>,
    /// The bandwidth allotted to the user.
    pub bandwidth: Option<Kbps>,
    /// The application acceleration bandwidth allotted to the user.
    pub acceleration_bandwidth: Option<Kbps>,
    /// The tunnel address. Empty or stale for a user with a dynamic address.
    pub client_ip: Option<IpAddr>,
    /// Whether the address is fixed.
    pub static_ip: Option<bool>,
}

/// One entry of DescribeUserOnlineClients: a client that is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Session {
    /// When the client connected, to the second.
    pub started: Option<Timestamp>,
    /// The tunnel address of the client.
    pub client_ip: Option<IpAddr>,
}
