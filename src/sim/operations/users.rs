//! Operations on users: the list, the sessions of one, the changes.

use crate::sim::operations::page::Page;
use crate::sim::operations::{instance, instance_mut};
use crate::sim::refusal::Refusal;
use crate::sim::reply::{Field, Fields, Reply};
use crate::sim::request::Call;
use crate::sim::world::{Person, Session, World};

/// DescribeSmartAccessGatewayClientUsers.
pub(super) fn list(world: &World, call: &Call, now: i64) -> Result<Reply, Refusal> {
    let instance = instance(world, call)?;
    let page = Page::of(call)?;
    let (name, mail) = (call.filled("UserName"), call.filled("UserMail"));
    let describe = |(name, person): (&str, &Person)| user(name, person, now);
    let (total, items) = if name.is_none() && mail.is_none() {
        let people = instance.page(page.skip(), page.size());
        (instance.len(), people.map(describe).collect())
    } else {
        let people = instance.people().filter(|(found, person)| {
            name.is_none_or(|name| *found == name) && mail.is_none_or(|mail| person.mail == mail)
        });
        let found: Vec<_> = people.collect();
        let shown = found.iter().skip(page.skip()).take(page.size());
        (found.len(), shown.copied().map(describe).collect())
    };
    Ok(Reply {
        fields: page.fields(total),
        ..Reply::listing("Users", "User", items)
    })
}

/// DescribeUserOnlineClients.
pub(super) fn sessions(world: &World, call: &Call, now: i64) -> Result<Reply, Refusal> {
    let instance = instance(world, call)?;
    let name = call.filled("UserName").ok_or_else(Refusal::name_empty)?;
    let person = instance.person(name).ok_or_else(Refusal::name_invalid)?;
    let sessions = person.sessions(now);
    let items = sessions.into_iter().map(session).collect();
    Ok(Reply::listing("Users", "User", items))
}

/// ModifySmartAccessGatewayClientUser.
pub(super) fn modify(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let instance = instance_mut(world, call)?;
    let name = call.filled("UserName").ok_or_else(Refusal::name_empty)?;
    let bandwidth: u32 = call
        .filled("Bandwidth")
        .and_then(|text| text.parse().ok())
        .filter(|kbps| BANDWIDTHS_KBPS.contains(kbps))
        .ok_or_else(Refusal::bandwidth_invalid)?;
    let person = instance
        .person_mut(name)
        .map_err(|_| Refusal::user_not_found())?;
    person.set_bandwidth(bandwidth);
    if let Some(mail) = call.filled("Email") {
        mail.clone_into(&mut person.mail);
    }
    Ok(Reply::of(vec![
        ("UserName", Field::text(name.to_owned())),
        ("UserMail", Field::text(person.mail.clone())),
        ("Bandwidth", Field::Number(bandwidth.into())),
        ("ClientIp", listed_ip(person)),
    ]))
}

/// KickOutClients. To kick a user who is offline is no error.
pub(super) fn kick(world: &mut World, call: &Call, now: i64) -> Result<Reply, Refusal> {
    let instance = instance_mut(world, call)?;
    // The cloud spells it with a lower n here.
    let name = call.filled("Username").ok_or_else(Refusal::name_empty)?;
    let person = instance
        .person_mut(name)
        .map_err(|_| Refusal::user_not_found())?;
    person.logout(now);
    Ok(Reply::default())
}

fn user(name: &str, person: &Person, now: i64) -> Fields {
    vec![
        ("UserName", Field::text(name.to_owned())),
        ("UserMail", Field::text(person.mail.clone())),
        ("State", Field::Flag(!person.enabled)),
        ("Bandwidth", Field::Number(person.bandwidth_at(now).into())),
        (
            "AccelerateBandwidth",
            Field::Number(person.acceleration_kbps.into()),
        ),
        ("ClientIp", listed_ip(person)),
        ("IsStaticIp", Field::Flag(person.static_ip)),
    ]
}

fn session(session: Session) -> Fields {
    vec![
        ("ClientIp", Field::text(session.client_ip.to_string())),
        ("OnlineTime", Field::NumericText(session.started)),
    ]
}

fn listed_ip(person: &Person) -> Field {
    let address = person.listed_ip();
    Field::text(address.map_or_else(String::new, |address| address.to_string()))
}

/// What can be set, in Kbit/s.
const BANDWIDTHS_KBPS: std::ops::RangeInclusive<u32> = 1..=20_000;
