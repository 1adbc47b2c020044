//! One user of an instance: what the cloud knows, how the person behaves, and
//! what was done to the account since.

use std::net::Ipv4Addr;

use crate::sim::options::{Scenario, Tempo};
use crate::sim::seed::Seed;
use crate::sim::world::habit::{Habit, Outages, Presence, Quirk};
use crate::sim::world::names;
use crate::sim::world::overrides::Overrides;

/// A user.
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(crate) mail: String,
    pub(crate) enabled: bool,
    pub(crate) bandwidth_kbps: u32,
    pub(crate) acceleration_kbps: u32,
    pub(crate) static_ip: bool,
    addresses: Addresses,
    drifts: bool,
    ignores_ban: bool,
    bytes_per_second: i64,
    habit: Habit,
    overrides: Overrides,
}

/// The tunnel addresses of a person: sixteen in a row of the instance's range.
#[derive(Debug, Clone, Copy)]
struct Addresses {
    first: u32,
    shared: bool,
    wandering: bool,
}

/// A session at a moment. Times are seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Session {
    pub(crate) started: i64,
    pub(crate) client_ip: Ipv4Addr,
}

/// What all people of a world have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Society {
    pub(crate) scenario: Scenario,
    pub(crate) tempo: Tempo,
}

impl Society {
    /// What the neighbours of a person have in common: where all kinds of
    /// people mix, each of the unusual ones is of another kind.
    fn around(self, instance: Seed, index: usize) -> Self {
        if self.scenario != Scenario::Mixed {
            return self;
        }
        let kinds = Scenario::OF_USERS.len();
        let first = usize::try_from(instance.child(13).below(kinds as u64)).unwrap_or(0);
        let kind = (first + index / AFFLICTED_EVERY) % kinds;
        let scenario = Scenario::OF_USERS.get(kind).copied();
        Self {
            scenario: scenario.unwrap_or(self.scenario),
            ..self
        }
    }
}

impl Person {
    /// The person with this number in the instance of this seed.
    pub(crate) fn drawn(society: Society, instance: Seed, index: usize, name: &str) -> Self {
        let society = society.around(instance, index);
        let seed = instance.child(1_000 + index as u64);
        let odd = index.is_multiple_of(AFFLICTED_EVERY);
        let scenario = society.scenario;
        let static_ip =
            seed.child(1).chance(250) || (odd && scenario == Scenario::StaticIpMismatch);
        let disabled = seed.child(2).chance(50) || (odd && scenario == Scenario::DisabledOnline);
        let must_be_enabled = odd && scenario != Scenario::DisabledOnline;
        let base = address_base(instance);
        let partner = scenario == Scenario::DuplicateIp && index % AFFLICTED_EVERY == 1;
        let owner = if partner { index - 1 } else { index };
        let enabled = !disabled || must_be_enabled;
        let ignores_ban = odd && scenario == Scenario::DisabledOnline;
        let mut overrides = Overrides::default();
        if !enabled && !ignores_ban {
            overrides.ban(i64::MIN);
        }
        Self {
            mail: names::mail(name),
            enabled,
            bandwidth_kbps: seed.child(3).pick(BANDWIDTHS_KBPS).unwrap_or(2_000),
            acceleration_kbps: seed.child(4).pick(ACCELERATIONS_KBPS).unwrap_or(0),
            static_ip,
            addresses: Addresses {
                first: base.wrapping_add(u32::try_from(owner).unwrap_or(0).wrapping_mul(16)),
                shared: seed.child(5).chance(500),
                wandering: odd && scenario == Scenario::StaticIpMismatch,
            },
            drifts: odd && scenario == Scenario::BandwidthDrift,
            ignores_ban,
            bytes_per_second: 2_000 + seed.child(6).below_signed(60_000),
            habit: habit(society, seed, index, static_ip),
            overrides,
        }
    }

    /// A user that was created by hand and does nothing by itself.
    pub(crate) fn created(society: Society, instance: Seed, index: usize, name: &str) -> Self {
        let mut person = Self::drawn(society, instance, index, name);
        person.habit.quirk = Quirk::Absent;
        person.ignores_ban = false;
        person.drifts = false;
        person.enabled = true;
        person.static_ip = false;
        person.overrides = Overrides::default();
        person
    }

    /// The sessions at a moment, oldest first.
    pub(crate) fn sessions(&self, now: i64) -> Vec<Session> {
        let mut sessions: Vec<_> = self
            .presences(now)
            .iter()
            .map(|presence| self.session(presence))
            .chain(self.overrides.scripted(now))
            .collect();
        sessions.sort_unstable();
        sessions
    }

    /// The address in the list of users: fixed for a static one, empty or left
    /// over from an earlier session for a dynamic one.
    pub(crate) fn listed_ip(&self) -> Option<Ipv4Addr> {
        let stale = self.habit.seed.child(8).chance(500);
        (self.static_ip || stale).then(|| Ipv4Addr::from(self.addresses.first))
    }

    /// The bandwidth at a moment.
    pub(crate) fn bandwidth_at(&self, now: i64) -> u32 {
        let drifted = self.drifts && now.rem_euclid(self.habit.day) * 2 >= self.habit.day;
        if drifted {
            return self.bandwidth_kbps.saturating_mul(10);
        }
        self.bandwidth_kbps
    }

    /// A person whose bandwidth was set by hand keeps it.
    pub(crate) fn set_bandwidth(&mut self, kbps: u32) {
        self.bandwidth_kbps = kbps;
        self.drifts = false;
    }

    /// Traffic between two moments, in bytes.
    pub(crate) fn traffic_bytes(&self, from: i64, to: i64) -> i64 {
        let habitual = self.habit.online_seconds(from, to);
        let online = habitual - self.overrides.missed(&self.habit, from, to)
            + self.overrides.extra(from, to);
        online.max(0).saturating_mul(self.bytes_per_second)
    }

    /// Logs in with one more client.
    pub(crate) fn login(&mut self, now: i64, client_ip: Option<Ipv4Addr>) -> Session {
        let offered = Ipv4Addr::from(self.addresses.first);
        let session = Session {
            started: now,
            client_ip: client_ip.unwrap_or(offered),
        };
        self.overrides.login(session);
        session
    }

    /// Ends every session, and says how many there were.
    pub(crate) fn logout(&mut self, now: i64) -> usize {
        let presences = self.presences(now);
        self.overrides.cut(&presences, now);
        presences.len() + self.overrides.end_scripted(now)
    }

    /// Enables or disables the user. A disabled user does not log in, but
    /// sessions that a test scripted stay until they are ended.
    pub(crate) fn set_enabled(&mut self, enabled: bool, now: i64) {
        if enabled == self.enabled {
            return;
        }
        self.enabled = enabled;
        if self.ignores_ban {
            return;
        }
        if enabled {
            let ongoing = self.habit.at(now);
            self.overrides.lift_ban(&ongoing, now);
        } else {
            self.overrides.ban(now);
        }
    }

    fn presences(&self, now: i64) -> Vec<Presence> {
        if self.overrides.banned_at(now) {
            return Vec::new();
        }
        let mut presences = self.habit.at(now);
        presences.retain(|presence| !self.overrides.is_cut(presence, now));
        presences
    }

    fn session(&self, presence: &Presence) -> Session {
        Session {
            started: presence.start,
            client_ip: self.address(presence),
        }
    }

    fn address(&self, presence: &Presence) -> Ipv4Addr {
        let Addresses {
            first,
            shared,
            wandering,
        } = self.addresses;
        if self.static_ip && !wandering {
            return Ipv4Addr::from(first);
        }
        let device = if shared {
            0
        } else {
            u32::from(presence.device)
        };
        let turn = if presence.day % 2 == 0 { 1 } else { 8 };
        Ipv4Addr::from(first.wrapping_add(turn + device))
    }
}

fn habit(society: Society, seed: Seed, index: usize, static_ip: bool) -> Habit {
    let day = society.tempo.day_seconds();
    let odd = index.is_multiple_of(AFFLICTED_EVERY);
    let partner = index % AFFLICTED_EVERY == 1;
    let quirk = match society.scenario {
        Scenario::Quiet => Quirk::Absent,
        Scenario::SharedAccount
        | Scenario::DisabledOnline
        | Scenario::StaticIpMismatch
        | Scenario::BandwidthDrift
            if odd =>
        {
            Quirk::AlwaysOn
        }
        Scenario::DuplicateIp if odd || partner => Quirk::AlwaysOn,
        Scenario::Flapping if odd => Quirk::Flapping,
        Scenario::Dormant if odd => Quirk::Absent,
        Scenario::LongSession if odd => Quirk::LongSession,
        _ => Quirk::None,
    };
    let shared = odd && society.scenario == Scenario::SharedAccount;
    let one_device = static_ip || quirk != Quirk::None || seed.child(10).chance(800);
    let outages = if society.scenario == Scenario::MassDisconnect {
        Outages::EightADay
    } else {
        Outages::None
    };
    Habit {
        seed,
        day,
        offset: shift(seed.child(11), day),
        devices: match (shared, one_device) {
            (true, _) => 6,
            (false, true) => 1,
            (false, false) => 2,
        },
        attendance: 600 + u16::try_from(seed.child(12).below(400)).unwrap_or(0),
        quirk,
        outages,
    }
}

/// When the day of a person begins: most share office hours, some come later,
/// a few at night, so that at no time nobody is online.
fn shift(seed: Seed, day: i64) -> i64 {
    let begin = match seed.child(0).below(10) {
        0..=4 => 0,
        5..=7 => day / 3,
        _ => day * 2 / 3,
    };
    // Office hours in China begin at midnight UTC or so; a person's day begins
    // a little earlier.
    let lead = day / 24 + seed.child(1).below_signed(day / 12);
    (begin - lead).rem_euclid(day)
}

/// The first address of an instance's range, within 10.0.0.0/8. The ranges of
/// two instances may overlap: their tunnels do not meet.
fn address_base(instance: Seed) -> u32 {
    let block = u32::try_from(instance.child(7).below(256)).unwrap_or(0);
    0x0a00_0000 | (block << 16)
}

/// Every so many users one is out of the ordinary, from the first on.
const AFFLICTED_EVERY: usize = 20;

const BANDWIDTHS_KBPS: &[u32] = &[1_000, 2_000, 2_000, 2_000, 4_000, 5_000, 10_000, 20_000];

const ACCELERATIONS_KBPS: &[u32] = &[0, 0, 1_000, 2_000];
