//! Replies, read in every shape in which they come.
//!
//! The documentation, the official SDKs and the service disagree about shapes, so
//! every variant that any of them shows is accepted: numbers as numbers, numeric
//! strings or booleans; lists wrapped once, twice or not at all. A value that is
//! missing or garbled becomes unknown. An entry without a usable name cannot
//! become anything, so it is counted. A reply that is not recognised at all is an
//! error, because an empty list in its place would say that nobody is there.

mod field;
mod shape;

use jiff::Timestamp;
use serde_json::{Map, Value};

use self::shape::{Reply, Shape};
use super::types::{Contact, Email, Gateway, Listed, Page, RegionEntry, Traffic, UserChange};
use crate::model::{ClientUser, Kbps, Region, SagId, Session, UserName, UserState};

pub use self::shape::DecodeError;

/// Reads a reply of DescribeSmartAccessGatewayClientUsers.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn client_users(body: &[u8]) -> Result<Page<ClientUser>, DecodeError> {
    Reply::parse(body)?.page(&USERS, user)
}

/// Reads a reply of DescribeSmartAccessGatewayClientUsers, e-mail addresses
/// included.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn contacts(body: &[u8]) -> Result<Page<Contact>, DecodeError> {
    Reply::parse(body)?.page(&USERS, contact)
}

/// Reads a reply of DescribeUserOnlineClients.
///
/// # Errors
///
/// If the body is not a reply with such a list, or if one of its entries cannot
/// be read: then nobody knows how many sessions there are.
pub fn online_clients(body: &[u8]) -> Result<Vec<Session>, DecodeError> {
    let listed = Reply::parse(body)?.list(&SESSIONS, session)?;
    match listed.unreadable {
        0 => Ok(listed.entries),
        entries => Err(DecodeError::Unreadable {
            list: SESSIONS.outer,
            entries,
        }),
    }
}

/// Reads a reply of DescribeSmartAccessGateways.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn gateways(body: &[u8]) -> Result<Page<Gateway>, DecodeError> {
    Reply::parse(body)?.page(&GATEWAYS, gateway)
}

/// Reads a reply of ModifySmartAccessGatewayClientUser.
///
/// # Errors
///
/// If the body is not a reply of the API.
pub fn user_change(body: &[u8]) -> Result<UserChange, DecodeError> {
    let reply = Reply::parse(body)?;
    let fields = reply.fields()?;
    Ok(UserChange {
        user: user_name(fields),
        bandwidth: kbps(fields, "Bandwidth"),
        email: email(fields),
        client_ip: fields.get("ClientIp").and_then(field::address),
    })
}

/// Reads a reply of an operation that answers with nothing but its request id.
///
/// # Errors
///
/// If the body is not a reply of the API.
pub fn acknowledgement(body: &[u8]) -> Result<(), DecodeError> {
    Reply::parse(body)?.fields().map(drop)
}

/// Reads a reply of DescribeUserOnlineClientStatistics: the number of sessions
/// of each user.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn online_counts(body: &[u8]) -> Result<Listed<(UserName, u32)>, DecodeError> {
    Reply::parse(body)?.list(&USER_STATISTICS, |fields| {
        Some((user_name(fields)?, count(fields)?))
    })
}

/// Reads a reply of DescribeSagOnlineClientStatistics: the number of sessions
/// of each instance.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn instance_online_counts(body: &[u8]) -> Result<Listed<(SagId, u32)>, DecodeError> {
    Reply::parse(body)?.list(&INSTANCE_STATISTICS, |fields| {
        Some((sag_id(fields)?, count(fields)?))
    })
}

/// Reads a reply of DescribeUserFlowStatistics: the traffic of each user.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn traffic(body: &[u8]) -> Result<Listed<Traffic>, DecodeError> {
    Reply::parse(body)?.list(&TRAFFIC, |fields| {
        Some(Traffic {
            user: user_name(fields)?,
            bytes: number(fields, "TotalBytes"),
            allowance_remaining_bytes: number(fields, "TotalLeaveBytes"),
        })
    })
}

/// Reads a reply of DescribeRegions.
///
/// # Errors
///
/// If the body is not a reply with such a list.
pub fn regions(body: &[u8]) -> Result<Listed<RegionEntry>, DecodeError> {
    Reply::parse(body)?.list(&REGIONS, |fields| {
        Some(RegionEntry {
            region: Region::parse(&field::name(fields.get("RegionId")?)?).ok()?,
            endpoint: fields.get("RegionEndpoint").and_then(field::text),
        })
    })
}

fn contact(fields: &Map<String, Value>) -> Option<Contact> {
    Some(Contact {
        user: user(fields)?,
        email: email(fields),
    })
}

fn user(fields: &Map<String, Value>) -> Option<ClientUser> {
    Some(ClientUser {
        name: user_name(fields)?,
        state: fields.get("State").and_then(state),
        bandwidth: kbps(fields, "Bandwidth"),
        acceleration_bandwidth: kbps(fields, "AccelerateBandwidth"),
        client_ip: fields.get("ClientIp").and_then(field::address),
        static_ip: fields.get("IsStaticIp").and_then(field::flag),
    })
}

/// A session may lack its time or its address, but an entry that names neither
/// field is no session.
fn session(fields: &Map<String, Value>) -> Option<Session> {
    if !SESSIONS.keys.iter().any(|key| fields.contains_key(*key)) {
        return None;
    }
    Some(Session {
        started: timestamp(fields, "OnlineTime"),
        client_ip: fields.get("ClientIp").and_then(field::address),
    })
}

fn gateway(fields: &Map<String, Value>) -> Option<Gateway> {
    let text = |name| fields.get(name).and_then(field::text);
    Some(Gateway {
        sag_id: sag_id(fields)?,
        name: text("Name"),
        status: text("Status"),
        hardware_version: text("HardwareVersion"),
        account_quota: number(fields, "UserCount").and_then(|count| u32::try_from(count).ok()),
        bandwidth_limit_bytes_per_second: fields
            .get("MaxBandwidth")
            .and_then(field::megabits_as_bytes),
        data_plan_gigabytes: number(fields, "DataPlan"),
        created: timestamp(fields, "CreateTime"),
        expires: timestamp(fields, "EndTime"),
    })
}

fn user_name(fields: &Map<String, Value>) -> Option<UserName> {
    UserName::parse(&field::name(fields.get("UserName")?)?).ok()
}

fn sag_id(fields: &Map<String, Value>) -> Option<SagId> {
    SagId::parse(&field::name(fields.get("SmartAGId")?)?).ok()
}

fn email(fields: &Map<String, Value>) -> Option<Email> {
    fields.get("UserMail").and_then(field::text).map(Email::new)
}

fn count(fields: &Map<String, Value>) -> Option<u32> {
    u32::try_from(number(fields, "OnlineCount")?).ok()
}

fn kbps(fields: &Map<String, Value>, name: &str) -> Option<Kbps> {
    u32::try_from(number(fields, name)?).ok().map(Kbps)
}

fn number(fields: &Map<String, Value>, name: &str) -> Option<u64> {
    field::number(fields.get(name)?)
}

fn timestamp(fields: &Map<String, Value>, name: &str) -> Option<Timestamp> {
    field::timestamp(fields.get(name)?)
}

fn state(value: &Value) -> Option<UserState> {
    match field::number(value)? {
        0 => Some(UserState::Enabled),
        1 => Some(UserState::Disabled),
        _ => None,
    }
}

const USERS: Shape = Shape {
    outer: "Users",
    inner: "User",
    keys: &["UserName"],
};

const SESSIONS: Shape = Shape {
    outer: "Users",
    inner: "User",
    keys: &["OnlineTime", "ClientIp"],
};

const GATEWAYS: Shape = Shape {
    outer: "SmartAccessGateways",
    inner: "SmartAccessGateway",
    keys: &["SmartAGId"],
};

const USER_STATISTICS: Shape = Shape {
    outer: "UserStatistics",
    inner: "Statistics",
    keys: &["UserName"],
};

const INSTANCE_STATISTICS: Shape = Shape {
    outer: "SagStatistics",
    inner: "Statistics",
    keys: &["SmartAGId"],
};

const TRAFFIC: Shape = Shape {
    outer: "SagStatistics",
    inner: "Statistics",
    keys: &["UserName"],
};

const REGIONS: Shape = Shape {
    outer: "Regions",
    inner: "Region",
    keys: &["RegionId"],
};
