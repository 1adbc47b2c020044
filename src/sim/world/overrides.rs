//! What was done to a user by hand, on top of the habit.

use crate::sim::world::habit::{Habit, Presence};
use crate::sim::world::person::Session;

/// Scripted sessions, habitual ones that were cut short, times of a ban. Most
/// people have none, so that it must be small while it is empty.
#[derive(Debug, Clone, Default)]
pub(crate) struct Overrides(Option<Box<Log>>);

#[derive(Debug, Clone, Default)]
struct Log {
    scripted: Vec<Scripted>,
    cuts: Vec<Cut>,
    bans: Vec<Ban>,
}

#[derive(Debug, Clone, Copy)]
struct Scripted {
    session: Session,
    ended: Option<i64>,
}

/// A habitual session that was ended by hand: offline from `from` to `to`.
#[derive(Debug, Clone, Copy)]
struct Cut {
    device: u8,
    start: i64,
    from: i64,
    to: i64,
}

#[derive(Debug, Clone, Copy)]
struct Ban {
    from: i64,
    to: Option<i64>,
}

impl Overrides {
    pub(crate) fn scripted(&self, now: i64) -> impl Iterator<Item = Session> {
        self.log()
            .flat_map(|log| &log.scripted)
            .filter(move |entry| entry.covers(now))
            .map(|entry| entry.session)
    }

    pub(crate) fn login(&mut self, session: Session) {
        let log = self.log_mut();
        make_room(&mut log.scripted);
        log.scripted.push(Scripted {
            session,
            ended: None,
        });
    }

    pub(crate) fn end_scripted(&mut self, now: i64) -> usize {
        let Some(log) = &mut self.0 else { return 0 };
        let open = log.scripted.iter_mut().filter(|entry| entry.covers(now));
        open.map(|entry| entry.ended = Some(now)).count()
    }

    pub(crate) fn cut(&mut self, presences: &[Presence], now: i64) {
        if presences.is_empty() {
            return;
        }
        let log = self.log_mut();
        for presence in presences {
            make_room(&mut log.cuts);
            log.cuts.push(Cut::of(presence, now));
        }
    }

    pub(crate) fn is_cut(&self, presence: &Presence, now: i64) -> bool {
        self.log().flat_map(|log| &log.cuts).any(|cut| {
            cut.device == presence.device && cut.start == presence.start && cut.from <= now
        })
    }

    pub(crate) fn ban(&mut self, now: i64) {
        let log = self.log_mut();
        for cut in &mut log.cuts {
            cut.to = cut.to.min(now);
        }
        make_room(&mut log.bans);
        log.bans.push(Ban {
            from: now,
            to: None,
        });
    }

    /// Ends the ban. The sessions that would be going on by habit stay away:
    /// the person logs in anew at the next occasion.
    pub(crate) fn lift_ban(&mut self, ongoing: &[Presence], now: i64) {
        self.cut(ongoing, now);
        if let Some(ban) = self.log_mut().bans.last_mut() {
            ban.to = Some(now);
        }
    }

    pub(crate) fn banned_at(&self, now: i64) -> bool {
        self.log()
            .flat_map(|log| &log.bans)
            .any(|ban| ban.from <= now && ban.to.is_none_or(|to| now < to))
    }

    /// Habitual seconds online that did not happen.
    pub(crate) fn missed(&self, habit: &Habit, from: i64, to: i64) -> i64 {
        let clip = |(a, b): (i64, i64)| (a.max(from), b.min(to));
        let cuts = self.log().flat_map(|log| &log.cuts).map(|cut| {
            let (a, b) = clip((cut.from, cut.to));
            (b - a).max(0)
        });
        let bans = self.log().flat_map(|log| &log.bans).map(|ban| {
            let (a, b) = clip((ban.from, ban.to.unwrap_or(to)));
            habit.online_seconds(a, b)
        });
        cuts.sum::<i64>() + bans.sum::<i64>()
    }

    /// Seconds online of scripted sessions.
    pub(crate) fn extra(&self, from: i64, to: i64) -> i64 {
        let spans = self.log().flat_map(|log| &log.scripted).map(|entry| {
            let end = entry.ended.unwrap_or(to).min(to);
            (end - entry.session.started.max(from)).max(0)
        });
        spans.sum()
    }

    fn log(&self) -> impl Iterator<Item = &Log> {
        self.0.iter().map(AsRef::as_ref)
    }

    fn log_mut(&mut self) -> &mut Log {
        self.0.get_or_insert_default()
    }
}

impl Scripted {
    fn covers(&self, now: i64) -> bool {
        self.session.started <= now && self.ended.is_none_or(|ended| now < ended)
    }
}

impl Cut {
    fn of(presence: &Presence, now: i64) -> Self {
        Self {
            device: presence.device,
            start: presence.start,
            from: now,
            to: presence.end,
        }
    }
}

/// The oldest entry gives way.
fn make_room<T>(entries: &mut Vec<T>) {
    if entries.len() >= LIMIT_ENTRIES {
        entries.remove(0);
    }
}

/// Far more than a test scripts for one user.
const LIMIT_ENTRIES: usize = 1_000;
