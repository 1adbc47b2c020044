//! When a person is online: a pure function of the person and the time.
//!
//! A person's day begins at an offset of the person's own. Within each day the
//! person may log in once or twice with each device. What is drawn for a day is
//! drawn again 64 days later: that makes the time online since the beginning of
//! a month a sum over at most 64 days, however short the days are.
//!
//! All times are seconds since 1970.

use crate::sim::seed::Seed;

/// What is unusual about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Nothing.
    None,
    /// Never logs in.
    Absent,
    /// Online around the clock, with every device.
    AlwaysOn,
    /// Connects and disconnects all the time.
    Flapping,
    /// Stays online for seven days in a row.
    LongSession,
}

/// How a person uses the client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habit {
    pub(crate) seed: Seed,
    /// The length of a day.
    pub(crate) day: i64,
    /// When the person's day begins, from 0 up to the length of a day.
    pub(crate) offset: i64,
    pub(crate) devices: u8,
    /// On how many days out of 1,000 the first device is used.
    pub(crate) attendance: u16,
    pub(crate) quirk: Quirk,
    /// Whether everybody loses the connection eight times a day.
    pub(crate) outages: Outages,
}

/// Whether the connection is lost for everybody now and then.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outages {
    None,
    EightADay,
}

/// One session of a person, as the habit has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Presence {
    pub(crate) device: u8,
    /// The number of the person's day.
    pub(crate) day: i64,
    pub(crate) start: i64,
    pub(crate) end: i64,
}

/// From, to; to is not included.
type Span = (i64, i64);

impl Habit {
    /// The sessions at a moment.
    pub(crate) fn at(&self, now: i64) -> Vec<Presence> {
        let (day, second) = self.locate(now);
        let begin = now - second;
        let mut found = Vec::new();
        for device in 0..self.devices {
            let spans = self.spans(device, day);
            let Some(&(from, to)) = spans.iter().find(|s| s.0 <= second && second < s.1) else {
                continue;
            };
            found.push(Presence {
                device,
                day,
                start: self.started(begin + from, day),
                end: begin + to,
            });
        }
        found
    }

    /// Seconds online between two moments, summed over the devices.
    pub(crate) fn online_seconds(&self, from: i64, to: i64) -> i64 {
        if to <= from {
            return 0;
        }
        self.online_until(to) - self.online_until(from)
    }

    /// The person's day and the second within it.
    fn locate(&self, now: i64) -> (i64, i64) {
        let since = now - self.offset;
        (since.div_euclid(self.day), since.rem_euclid(self.day))
    }

    fn started(&self, start: i64, day: i64) -> i64 {
        if self.quirk == Quirk::LongSession {
            return start - day.rem_euclid(LONG_DAYS) * self.day;
        }
        start
    }

    /// Seconds online from the person's day 0 on; negative before it.
    fn online_until(&self, now: i64) -> i64 {
        let (day, second) = self.locate(now);
        let (rounds, rest) = (day.div_euclid(PERIOD_DAYS), day.rem_euclid(PERIOD_DAYS));
        let days = |range: std::ops::Range<i64>| -> i64 {
            range.map(|day| self.seconds_of(day, self.day)).sum()
        };
        let before = days(0..rest);
        let round = if rounds == 0 {
            0
        } else {
            before + days(rest..PERIOD_DAYS)
        };
        rounds * round + before + self.seconds_of(day, second)
    }

    /// Seconds online on a day up to a second of it.
    fn seconds_of(&self, day: i64, second: i64) -> i64 {
        (0..self.devices)
            .flat_map(|device| self.spans(device, day))
            .map(|(from, to)| (to.min(second) - from).max(0))
            .sum()
    }

    /// The times of a day at which a device is online.
    fn spans(&self, device: u8, day: i64) -> Vec<Span> {
        let mut spans = self.wishes(device, day);
        if self.quirk == Quirk::Flapping {
            spans = spans.into_iter().flat_map(|span| self.flap(span)).collect();
        }
        if self.outages == Outages::EightADay {
            for number in 0..OUTAGES_A_DAY {
                spans = without(spans, self.outage(number));
            }
        }
        spans
    }

    /// The times of a day at which the person wants to be online.
    fn wishes(&self, device: u8, day: i64) -> Vec<Span> {
        match self.quirk {
            Quirk::Absent => return Vec::new(),
            Quirk::AlwaysOn => return vec![(i64::from(device) * self.day / 50, self.day)],
            Quirk::Flapping | Quirk::LongSession => return vec![(0, self.day)],
            Quirk::None => {}
        }
        let word = day.rem_euclid(PERIOD_DAYS).unsigned_abs();
        let draw = self.seed.child(word).child(u64::from(device));
        let attendance = u64::from(self.attendance) / (u64::from(device) + 1);
        if !draw.child(0).chance(attendance) {
            return Vec::new();
        }
        let percent = |percent: i64, word| {
            self.day * percent / 100 + draw.child(word).below_signed(self.day / 25)
        };
        let (morning, noon) = (percent(5, 1), percent(22, 2));
        let (afternoon, evening) = (percent(28, 3), percent(52, 4));
        if draw.child(5).chance(400) {
            return vec![(morning, evening)];
        }
        vec![(morning, noon), (afternoon, evening)]
    }

    fn flap(&self, (from, to): Span) -> Vec<Span> {
        let period = (self.day / 288).max(10);
        let count = (to - from) / period;
        (0..count)
            .map(|number| from + number * period)
            .map(|start| (start, start + period * 3 / 5))
            .collect()
    }

    /// When the connection is gone, in the seconds of the person's day. The
    /// moment is the same for everybody; people reconnect one after another.
    fn outage(&self, number: i64) -> Span {
        let moment = number * self.day / OUTAGES_A_DAY;
        let from = (moment - self.offset).rem_euclid(self.day);
        let gap = (self.day / 96).max(5);
        (from, from + gap + self.seed.child(99).below_signed(gap))
    }
}

fn without(spans: Vec<Span>, (from, to): Span) -> Vec<Span> {
    let pieces = spans
        .into_iter()
        .flat_map(|span| [(span.0, span.1.min(from)), (span.0.max(to), span.1)]);
    pieces.filter(|piece| piece.0 < piece.1).collect()
}

/// After so many days everything is drawn again.
const PERIOD_DAYS: i64 = 64;

/// How long a long session lasts.
const LONG_DAYS: i64 = 7;

const OUTAGES_A_DAY: i64 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn habit(quirk: Quirk, outages: Outages) -> Habit {
        Habit {
            seed: Seed::new(11),
            day: 600,
            offset: 137,
            devices: 2,
            attendance: 900,
            quirk,
            outages,
        }
    }

    /// The sum in closed form is the sum that counting yields.
    #[test]
    fn online_seconds_agree_with_stepping() {
        for quirk in [
            Quirk::None,
            Quirk::Absent,
            Quirk::AlwaysOn,
            Quirk::Flapping,
            Quirk::LongSession,
        ] {
            for outages in [Outages::None, Outages::EightADay] {
                let habit = Habit {
                    day: 120,
                    offset: 37,
                    ..habit(quirk, outages)
                };
                let (from, to) = (1_700_000_003, 1_700_000_003 + 120 * 70 + 41);
                let counted: usize = (from..to).map(|now| habit.at(now).len()).sum();
                let summed = usize::try_from(habit.online_seconds(from, to)).unwrap();
                assert_eq!(summed, counted, "{quirk:?} {outages:?}");
                assert_eq!(habit.online_seconds(to, from), 0);
            }
        }
    }

    #[test]
    fn a_session_contains_the_moment_and_does_not_change_within_itself() {
        for quirk in [Quirk::None, Quirk::Flapping] {
            let habit = habit(quirk, Outages::EightADay);
            for now in (1_700_000_000..1_700_006_000).step_by(7) {
                for presence in habit.at(now) {
                    assert!(presence.start <= now && now < presence.end);
                    assert!(habit.at(presence.start).contains(&presence));
                    assert!(habit.at(presence.end - 1).contains(&presence));
                }
            }
        }
    }

    #[test]
    fn everybody_is_gone_at_the_moment_of_an_outage() {
        let habit = habit(Quirk::AlwaysOn, Outages::EightADay);
        let midnight = 1_700_000_400;
        assert_eq!(midnight % 600, 0);
        assert_eq!(habit.at(midnight).len(), 0);
        assert_eq!(habit.at(midnight - 1).len(), 2);
        assert_eq!(habit.at(midnight + 15).len(), 2);
    }

    #[test]
    fn a_long_session_lasts_a_week_of_days() {
        let habit = Habit {
            devices: 1,
            ..habit(Quirk::LongSession, Outages::None)
        };
        let longest = (1_700_000_000..1_700_009_000)
            .step_by(10)
            .filter_map(|now| habit.at(now).first().map(|p| now - p.start))
            .max();
        assert!(longest > Some(600 * 7 - 20), "{longest:?}");
        assert!(longest < Some(600 * 7), "{longest:?}");
    }
}
