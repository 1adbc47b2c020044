//! When the simulated world shows what a test waits for.
//!
//! What people do depends on the time of their day. A test that began at a bad
//! time would wait for hours, or see a thing end that should stay. So the length
//! of the day is chosen such that now is a good time. All that is asked of it
//! holds for so long that a slow machine makes a test slower and nothing else.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sag_exporter::clock::{self, Clock};
use sag_exporter::sim::{Cloud, InstanceTruth, Options, Tempo, UserTruth};

/// What the instance of a world will be like.
pub(crate) struct Outlook {
    cloud: Arc<Cloud>,
    day: Duration,
}

/// The shortest days with which the world shows it now.
pub(crate) fn tempo(world: &Options, shows: fn(&Outlook) -> bool) -> Tempo {
    let days = (SHORTEST_DAY_SECONDS..LONGEST_DAY_SECONDS).map(Duration::from_secs);
    let mut tempos = days.map(Tempo::of_day);
    let is_good = |tempo: &Tempo| {
        let world = Options {
            tempo: *tempo,
            ..world.clone()
        };
        shows(&Outlook {
            day: tempo.day(),
            cloud: Cloud::new(world, Clock::system()).unwrap(),
        })
    };
    let found = tempos.find(is_good);
    found.unwrap_or_else(|| panic!("{} never shows", world.scenario))
}

/// It shows at all times.
pub(crate) fn any(_: &Outlook) -> bool {
    true
}

pub(crate) fn first_is_online(outlook: &Outlook) -> bool {
    outlook.stays(|_, instance| !first(instance).sessions.is_empty())
}

pub(crate) fn first_has_six_sessions(outlook: &Outlook) -> bool {
    outlook.stays(|_, instance| first(instance).sessions.len() == 6)
}

pub(crate) fn first_is_online_for_long(outlook: &Outlook) -> bool {
    outlook.stays(|now, instance| {
        let mut sessions = first(instance).sessions.iter();
        sessions.any(|session| clock::between(session.started, now) > LONG)
    })
}

/// A minute from now, so that they are seen online before. The next time is
/// three minutes later, so that a slow sweep may miss this one.
pub(crate) fn many_are_cut_off_soon(outlook: &Outlook) -> bool {
    outlook.online(0) > 30 && outlook.online(45) > 30 && outlook.online(60) < 5
}

pub(crate) fn first_two_share_an_address(outlook: &Outlook) -> bool {
    outlook.stays(|_, instance| {
        let [one, other, ..] = instance.users.as_slice() else {
            return false;
        };
        let mut sessions = one.sessions.iter().zip(&other.sessions);
        sessions.any(|(one, other)| one.client_ip == other.client_ip)
    })
}

/// So lately that by a clock that is ten minutes slow they come from the future.
pub(crate) fn some_just_came(outlook: &Outlook) -> bool {
    outlook.stays(|now, instance| {
        let mut sessions = instance.users.iter().flat_map(|user| &user.sessions);
        sessions.any(|session| clock::between(session.started, now) < Duration::from_secs(360))
    })
}

pub(crate) fn first_has_more_bandwidth(outlook: &Outlook) -> bool {
    let half_a_day = outlook.instance(outlook.now(), outlook.day / 2);
    let usual = first(&half_a_day).bandwidth_kbps;
    outlook.stays(|_, instance| first(instance).bandwidth_kbps > usual)
}

impl Outlook {
    /// Whether it is so from now on for as long as a test may take.
    fn stays(&self, is_so: impl Fn(Timestamp, &InstanceTruth) -> bool) -> bool {
        let now = self.now();
        (0..=LONGEST_TEST_MINUTES).all(|minutes| {
            let later = Duration::from_secs(minutes * 60);
            is_so(clock::after(now, later), &self.instance(now, later))
        })
    }

    /// How many are online in so many seconds.
    fn online(&self, seconds: u64) -> usize {
        let instance = self.instance(self.now(), Duration::from_secs(seconds));
        let online = |user: &&UserTruth| !user.sessions.is_empty();
        instance.users.iter().filter(online).count()
    }

    fn instance(&self, now: Timestamp, later: Duration) -> InstanceTruth {
        let truth = self.cloud.truth(clock::after(now, later));
        truth.instances.into_iter().next().unwrap()
    }

    fn now(&self) -> Timestamp {
        self.cloud.now()
    }
}

/// The one who is out of the ordinary, where single users are.
fn first(instance: &InstanceTruth) -> &UserTruth {
    instance.users.first().unwrap()
}

/// What the policy allows: more than half a day of the shortest, after which
/// everybody else goes home.
const LONG: Duration = Duration::from_secs(15 * 60);

/// With shorter days those who come and go as usual connect too often, and
/// those who lose the connection eight times a day do, too.
const SHORTEST_DAY_SECONDS: u64 = 24 * 60;

/// Enough to choose from.
const LONGEST_DAY_SECONDS: u64 = 6 * 60 * 60;

const LONGEST_TEST_MINUTES: u64 = 10;
