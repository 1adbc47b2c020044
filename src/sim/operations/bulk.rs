//! Operations that answer for many users or instances at once.

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::{Offset, offset};

use crate::sim::operations::instance;
use crate::sim::refusal::Refusal;
use crate::sim::reply::{Field, Fields, Reply};
use crate::sim::request::Call;
use crate::sim::world::{Person, World};

/// DescribeUserOnlineClientStatistics. Users that do not exist are left out.
pub(super) fn online_counts(world: &World, call: &Call, now: i64) -> Result<Reply, Refusal> {
    let count = |name: &str, person: &Person| {
        vec![
            ("UserName", Field::text(name.to_owned())),
            ("OnlineCount", Field::count_text(person.sessions(now).len())),
        ]
    };
    let items = for_users(world, call, count)?;
    Ok(Reply::listing("UserStatistics", "Statistics", items))
}

/// DescribeUserFlowStatistics: month to date, or the whole of an earlier month.
pub(super) fn traffic(world: &World, call: &Call, now: Timestamp) -> Result<Reply, Refusal> {
    let (from, to) = month(call, now)?;
    let plan_gb = instance(world, call)?.data_plan_gb;
    let allowance = i64::from(plan_gb).saturating_mul(1 << 30);
    let traffic = |name: &str, person: &Person| {
        let used = person.traffic_bytes(from, to);
        vec![
            ("UserName", Field::text(name.to_owned())),
            ("TotalBytes", Field::NumericText(used)),
            (
                "TotalLeaveBytes",
                Field::NumericText((allowance - used).max(0)),
            ),
        ]
    };
    let items = for_users(world, call, traffic)?;
    Ok(Reply::listing("SagStatistics", "Statistics", items))
}

/// DescribeSagOnlineClientStatistics.
pub(super) fn instance_counts(world: &World, call: &Call, now: i64) -> Result<Reply, Refusal> {
    let sag_ids = names(call, "SmartAGIds").ok_or_else(Refusal::instance_empty)??;
    let mut items = Vec::with_capacity(sag_ids.len());
    for sag_id in sag_ids {
        let instance = world
            .instance(sag_id)
            .map_err(|_| Refusal::instance_id_invalid())?;
        let people = instance.people();
        let online = people.map(|(_, person)| person.sessions(now).len()).sum();
        items.push(vec![
            ("SmartAGId", Field::text(sag_id.to_owned())),
            ("OnlineCount", Field::count_text(online)),
        ]);
    }
    Ok(Reply::listing("SagStatistics", "Statistics", items))
}

fn for_users(
    world: &World,
    call: &Call,
    describe: impl Fn(&str, &Person) -> Fields,
) -> Result<Vec<Fields>, Refusal> {
    let instance = instance(world, call)?;
    let users = names(call, "UserNames").ok_or_else(Refusal::name_empty)??;
    let known = users
        .into_iter()
        .filter_map(|name| Some((name, instance.person(name)?)));
    Ok(known.map(|(name, person)| describe(name, person)).collect())
}

/// The names of a list, at least one and at most as many as a call may hold.
fn names<'a>(call: &'a Call, list: &str) -> Option<Result<Vec<&'a str>, Refusal>> {
    let names = call.list(list);
    if names.is_empty() {
        return None;
    }
    if names.len() > LIMIT_NAMES {
        return Some(Err(Refusal::parameter(list)));
    }
    Some(Ok(names))
}

/// The seconds of the month that a call asks for, up to now.
fn month(call: &Call, now: Timestamp) -> Result<(i64, i64), Refusal> {
    let today = CHINA.to_datetime(now).date();
    let first = match call.filled("StatisticsDate") {
        Some(text) => parse_month(text).ok_or_else(|| Refusal::parameter("StatisticsDate"))?,
        None => today.first_of_month(),
    };
    let next = first.last_of_month().tomorrow().unwrap_or(first);
    let from = second_of(first);
    Ok((from, second_of(next).min(now.as_second()).max(from)))
}

/// A month as yyyyMM.
fn parse_month(text: &str) -> Option<Date> {
    if text.len() != 6 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: i32 = text.parse().ok()?;
    let (year, month) = (
        i16::try_from(number / 100).ok()?,
        i8::try_from(number % 100).ok()?,
    );
    ((2000..2100).contains(&year) && (1..=12).contains(&month)).then(|| date(year, month, 1))
}

fn second_of(date: Date) -> i64 {
    let midnight = date.at(0, 0, 0, 0);
    CHINA.to_timestamp(midnight).map_or(0, Timestamp::as_second)
}

/// Months begin at midnight in China.
const CHINA: Offset = offset(8);

/// How many users or instances one call may name.
const LIMIT_NAMES: usize = 50;
