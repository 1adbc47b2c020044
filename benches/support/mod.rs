//! A made-up fleet for the benchmarks.

use std::error::Error;
use std::net::{IpAddr, Ipv4Addr};

use jiff::Timestamp;
use sag_exporter::fleet::{
    Accounts, Collected, InstanceObservation, Observation, SessionState, Sessions, UserSessions,
};
use sag_exporter::model::{
    AccountName, ClientUser, Instance, Kbps, Region, SagId, Session, UserName, UserState,
};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What a complete sweep sees of instance number `instance` with `users` users,
/// `online_percent` of whom are online.
pub(crate) fn observation(
    instance: u32,
    users: u32,
    online_percent: u32,
    second: i64,
) -> Outcome<InstanceObservation> {
    let sag_id = SagId::parse(&format!(
        "sag-{:012x}",
        0x00ab_cdef_0000_u64 + u64::from(instance)
    ))?;
    let account = AccountName::parse("main")?;
    let region = Region::parse("cn-shanghai")?;
    let mut listed = Vec::new();
    let mut sessions = Vec::new();
    for number in 0..users {
        let user = user(instance, number)?;
        sessions.push(UserSessions {
            user: user.name.clone(),
            state: SessionState::Sessions(sessions_of(number, online_percent)?),
        });
        listed.push(user);
    }
    Ok(InstanceObservation {
        instance: Instance::new(sag_id, account, region),
        at: Timestamp::from_second(second)?,
        accounts: Collected::Complete(Accounts {
            expected: u64::from(users),
            users: listed,
        }),
        sessions: Collected::Complete(Sessions { users: sessions }),
        facts: Collected::NotDue,
        traffic: Collected::NotDue,
        reported_clients: None,
    })
}

/// The observation as a piece of news.
pub(crate) fn news(observation: InstanceObservation) -> Observation {
    Observation::Instance(Box::new(observation))
}

fn user(instance: u32, number: u32) -> Outcome<ClientUser> {
    Ok(ClientUser {
        name: UserName::parse(&format!("user{:04}.{number:06}", instance % 10_000))?,
        state: Some(if number.is_multiple_of(17) {
            UserState::Disabled
        } else {
            UserState::Enabled
        }),
        bandwidth: Some(Kbps(1_000 + number % 4_000)),
        acceleration_bandwidth: Some(Kbps(500 * (number % 8))),
        client_ip: Some(address(number)),
        static_ip: Some(number.is_multiple_of(5)),
    })
}

fn sessions_of(number: u32, online_percent: u32) -> Outcome<Vec<Session>> {
    if number % 100 >= online_percent {
        return Ok(Vec::new());
    }
    Ok(vec![Session {
        started: Some(Timestamp::from_second(1_700_000_000 + i64::from(number))?),
        client_ip: Some(address(number)),
    }])
}

fn address(number: u32) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0001 + number))
}
