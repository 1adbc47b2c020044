//! An adaptive token bucket.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::Rate;

/// A token bucket whose rate follows what the other side can take.
///
/// It starts full and at the ceiling. An answer that says "too fast" halves
/// the rate, at most once in a window so that calls under way together count
/// as one; answers that say "fine" raise it again by equal steps.
///
/// The bucket is kept as the time at which it will be full, so that the bound
/// holds whatever happens to the rate in between: in any stretch of time `t`
/// at most `ceiling × t + burst` calls are admitted.
#[derive(Debug, Clone)]
pub struct Bucket {
    ceiling: Rate,
    /// The time in which an empty bucket but for one token fills up at the
    /// ceiling: what a burst may be ahead of its turn.
    ahead: Duration,
    /// Calls per second, from the floor to the ceiling.
    rate: f64,
    /// When the bucket is full again; nothing or the past means that it is.
    full: Option<Instant>,
    /// The end of the last pause that was asked for.
    paused: Option<Instant>,
    /// When the rate was halved last.
    halved: Option<Instant>,
    /// When the rate changed last, in either direction.
    adjusted: Option<Instant>,
}

impl Bucket {
    /// The longest pause that a hint can bring about. The longest quota window
    /// seen is a minute.
    pub const LONGEST_PAUSE: Duration = Duration::from_secs(60);

    /// A full bucket. `burst` is how many calls may be made at once after a
    /// quiet time.
    pub fn new(ceiling: Rate, burst: NonZeroU32) -> Self {
        Self {
            ceiling,
            ahead: seconds(f64::from(burst.get() - 1) / ceiling.per_second()),
            rate: ceiling.per_second(),
            full: None,
            paused: None,
            halved: None,
            adjusted: None,
        }
    }

    /// Takes a token and says how long to wait until it may be used.
    ///
    /// A caller that gives up while it waits has used its token up.
    pub fn reserve(&mut self, now: Instant) -> Duration {
        let full = self.full.map_or(now, |full| full.max(now));
        let wait = full
            .saturating_duration_since(now)
            .saturating_sub(self.ahead);
        self.full = Some(later(now, full, self.period()));
        wait
    }

    /// How much of a pause that the other side asked for is left.
    pub fn pause(&self, now: Instant) -> Duration {
        self.paused
            .map_or(Duration::ZERO, |end| end.saturating_duration_since(now))
    }

    /// The other side took a call: climb, in proportion to the time since the
    /// last change.
    pub fn on_success(&mut self, now: Instant) {
        let ceiling = self.ceiling.per_second();
        let Some(adjusted) = self.adjusted.filter(|_| self.rate < ceiling) else {
            return;
        };
        let elapsed = now.saturating_duration_since(adjusted).min(LONGEST_STEP);
        let step = ceiling * elapsed.as_secs_f64() / CLIMB.as_secs_f64();
        self.rate = (self.rate + step).min(ceiling);
        self.adjusted = Some(now.max(adjusted));
    }

    /// The other side refused a call as one too many. A hint says for how long
    /// it will go on doing so; up to [`LONGEST_PAUSE`](Self::LONGEST_PAUSE) it
    /// is believed.
    pub fn on_throttled(&mut self, now: Instant, hint: Option<Duration>) {
        let window_over = |halved| now.saturating_duration_since(halved) >= WINDOW;
        if self.halved.is_none_or(window_over) {
            self.rate = (self.rate / 2.0).max(self.floor());
            self.halved = Some(now);
        }
        self.adjusted = Some(now);
        // What was saved up was saved up at a rate that proved too high. After
        // a pause one call may go at once; without one, after a period.
        match hint {
            Some(hint) => self.hold(now, hint),
            None => self.empty(now, self.period()),
        }
    }

    /// The other side took a call, and said that it was the last one that it
    /// takes for that long: wait, so that nothing is refused. The rate was not
    /// too high, so it stays. The limit is that of
    /// [`on_throttled`](Self::on_throttled).
    pub fn on_exhausted(&mut self, now: Instant, left: Duration) {
        self.on_success(now);
        self.hold(now, left);
    }

    fn hold(&mut self, now: Instant, pause: Duration) {
        let pause = pause.min(Self::LONGEST_PAUSE);
        self.empty(now, pause);
        self.paused = self.paused.max(Some(now + pause));
    }

    /// Leaves one token in the bucket, for when the pause is over.
    fn empty(&mut self, now: Instant, pause: Duration) {
        self.full = self.full.max(Some(later(now, now + self.ahead, pause)));
    }

    /// The rate now, in calls per second.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// The rate below which nothing pushes the bucket, in calls per second:
    /// slow enough to be harmless, fast enough to notice the end of it.
    fn floor(&self) -> f64 {
        self.ceiling.per_second() / FLOOR_DIVISOR
    }

    fn period(&self) -> Duration {
        seconds(1.0 / self.rate)
    }
}

/// A rate may be so low that its period is beyond what a duration can hold.
fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).map_or(LONGEST_WAIT, |wait| wait.min(LONGEST_WAIT))
}

/// `from` plus `by`, but not so late that a wait for it would never end.
fn later(now: Instant, from: Instant, by: Duration) -> Instant {
    from.checked_add(by)
        .map_or(now + LONGEST_WAIT, |at| at.min(now + LONGEST_WAIT))
}

/// Refusals within this time of a halving are about the same calls.
const WINDOW: Duration = Duration::from_secs(1);

/// From zero to the ceiling, if every call succeeds.
const CLIMB: Duration = Duration::from_secs(60);

/// The most time that one success vouches for.
const LONGEST_STEP: Duration = Duration::from_secs(5);

/// Six halvings below the ceiling.
const FLOOR_DIVISOR: f64 = 64.0;

/// A year: longer than any process waits, and safe to add to an instant.
const LONGEST_WAIT: Duration = Duration::from_secs(365 * 24 * 3600);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn bucket(rate: f64, burst: u32) -> Bucket {
        Bucket::new(Rate::new(rate).unwrap(), NonZeroU32::new(burst).unwrap())
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_goes_at_once_and_the_rest_in_turn() {
        let now = Instant::now();
        let mut bucket = bucket(5.0, 2);
        let waits: Vec<_> = (0..4).map(|_| bucket.reserve(now)).collect();
        assert_eq!(waits, [ms(0), ms(0), ms(200), ms(400)]);
        // A second pays the debt of two and fills the bucket again.
        assert_eq!(bucket.reserve(now + ms(1000)), ms(0));
        assert_eq!(bucket.reserve(now + ms(1000)), ms(0));
        assert_eq!(bucket.reserve(now + ms(1000)), ms(200));
    }

    #[test]
    fn calls_refused_together_halve_the_rate_once() {
        let now = Instant::now();
        let mut bucket = bucket(8.0, 1);
        for (at, expected) in [(0, 4.0), (10, 4.0), (999, 4.0), (1000, 2.0), (1500, 2.0)] {
            bucket.on_throttled(now + ms(at), None);
            assert!(
                (bucket.rate() - expected).abs() < 1e-9,
                "{at}: {}",
                bucket.rate()
            );
        }
    }

    #[test]
    fn a_hint_is_a_pause_for_everyone() {
        let now = Instant::now();
        let mut bucket = bucket(10.0, 5);
        bucket.on_throttled(now, Some(ms(2000)));
        assert_eq!(bucket.pause(now + ms(500)), ms(1500));
        assert_eq!(bucket.reserve(now + ms(500)), ms(1500));
        assert_eq!(bucket.reserve(now + ms(500)), ms(1700));
        // A shorter hint that arrives later does not end the pause.
        bucket.on_throttled(now + ms(600), Some(ms(100)));
        assert_eq!(bucket.pause(now + ms(1000)), ms(1000));
        // And no hint pauses for longer than the limit.
        bucket.on_throttled(now, Some(Duration::MAX));
        assert_eq!(bucket.pause(now), Bucket::LONGEST_PAUSE);
    }

    #[test]
    fn an_exhausted_quota_is_a_pause_and_not_a_lower_rate() {
        let now = Instant::now();
        let mut bucket = bucket(10.0, 5);
        bucket.on_exhausted(now, ms(2000));
        assert_eq!(bucket.pause(now + ms(500)), ms(1500));
        assert_eq!(bucket.reserve(now + ms(500)), ms(1500));
        assert!((bucket.rate() - 10.0).abs() < 1e-9, "{}", bucket.rate());
        bucket.on_exhausted(now, Duration::MAX);
        assert_eq!(bucket.pause(now), Bucket::LONGEST_PAUSE);
    }

    #[test]
    fn the_rate_climbs_back_by_equal_steps() {
        let now = Instant::now();
        let mut bucket = bucket(60.0, 1);
        bucket.on_throttled(now, None);
        for second in 1..=30 {
            bucket.on_success(now + ms(second * 1000));
            let expected = 30.0 + f64::from(u32::try_from(second).unwrap());
            assert!((bucket.rate() - expected).abs() < 1e-6, "{}", bucket.rate());
        }
        bucket.on_success(now + ms(40_000));
        assert!((bucket.rate() - 60.0).abs() < 1e-9, "{}", bucket.rate());
    }

    #[test]
    fn a_rate_below_one_call_in_a_century_still_has_a_wait() {
        let now = Instant::now();
        let mut bucket = bucket(1e-300, 1);
        assert_eq!(bucket.reserve(now), Duration::ZERO);
        assert_eq!(bucket.reserve(now), LONGEST_WAIT);
    }

    #[derive(Debug, Clone)]
    enum Event {
        Call,
        Success,
        Throttled(Option<u64>),
    }

    fn events() -> impl Strategy<Value = Vec<(u64, Event)>> {
        let event = prop_oneof![
            6 => Just(Event::Call),
            2 => Just(Event::Success),
            1 => prop::option::of(0..5_000_u64).prop_map(Event::Throttled),
        ];
        prop::collection::vec((0..400_u64, event), 1..200)
    }

    proptest! {
        #[test]
        fn never_more_calls_than_the_ceiling_and_the_burst_allow(
            rate in 0.1..50.0_f64, burst in 1..10_u32, events in events()
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut bucket = bucket(rate, burst);
            let mut admitted = Vec::new();
            for (later, event) in events {
                now += ms(later);
                match event {
                    Event::Call => admitted.push(now + bucket.reserve(now)),
                    Event::Success => bucket.on_success(now),
                    Event::Throttled(hint) => bucket.on_throttled(now, hint.map(ms)),
                }
                prop_assert!(bucket.rate() <= rate);
                prop_assert!(bucket.rate() >= rate / FLOOR_DIVISOR);
            }
            admitted.sort();
            // In every stretch of time, not only from the start.
            for (first, from) in admitted.iter().enumerate() {
                for (last, to) in admitted.iter().enumerate().skip(first) {
                    let calls = f64::from(u32::try_from(last - first + 1).unwrap());
                    let allowed = (*to - *from).as_secs_f64() * rate + f64::from(burst);
                    prop_assert!(calls <= allowed + 1e-3, "{calls} > {allowed}");
                }
            }
        }

        #[test]
        fn no_call_is_admitted_in_a_pause(
            rate in 0.1..50.0_f64, hint in 1..60_000_u64, calls in prop::collection::vec(0..500_u64, 1..50)
        ) {
            let start = Instant::now();
            let mut now = start;
            let mut bucket = bucket(rate, 3);
            bucket.on_throttled(start, Some(ms(hint)));
            for later in calls {
                now += ms(later);
                prop_assert!(now + bucket.reserve(now) >= start + ms(hint));
            }
        }
    }
}
