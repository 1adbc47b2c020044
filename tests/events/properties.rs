//! Whatever is swept and missed: events add up, come once, and are silent about
//! who was not observed.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sag_exporter::events::{Event, Scribe, What};
use sag_exporter::fleet::{Collected, InstanceObservation, SessionState};
use sag_exporter::model::{Rule, UserState};

use crate::observer::Observer;
use crate::world::{NAMES, policy, sweep, words};

/// The words of an account list.
fn accounts() -> impl Strategy<Value = String> {
    let attributes = vec!["", ":disabled", ":static=10.0.0.1", ":kbps=9"];
    let user = prop::option::weighted(0.8, prop::sample::select(attributes));
    let word = prop::sample::select(vec!["-", "-", "failed", "partial", "complete", "complete"]);
    (word, prop::collection::vec(user, NAMES.len())).prop_map(|(word, users)| words(word, &users))
}

/// The words of a report of sessions.
fn sessions() -> impl Strategy<Value = String> {
    let states = vec![
        "",
        ":10.0.0.1@5",
        ":10.0.0.1@5,10.0.0.2@900",
        ":10.0.0.3@1900",
        ":#1",
        ":#3",
        ":?",
        ":!",
    ];
    let report = prop::option::weighted(0.8, prop::sample::select(states));
    let word = prop::sample::select(vec!["-", "failed", "partial", "complete", "complete"]);
    (word, prop::collection::vec(report, NAMES.len()))
        .prop_map(|(word, reports)| words(word, &reports))
}

/// Of whom this sweep says what: who is on the list, and whose sessions it saw.
fn seen(observation: &InstanceObservation) -> (BTreeSet<String>, BTreeMap<String, i64>) {
    let listed = match &observation.accounts {
        Collected::Complete(list) | Collected::Partial(list, _) => list.users.as_slice(),
        _ => &[],
    };
    let reports = match &observation.sessions {
        Collected::Complete(reports) | Collected::Partial(reports, _) => reports.users.as_slice(),
        _ => &[],
    };
    let reports = reports.iter().filter_map(|report| {
        let count = match &report.state {
            SessionState::Sessions(sessions) => i64::try_from(sessions.len()).unwrap(),
            SessionState::Count(count) => i64::from(*count),
            _ => return None,
        };
        Some((report.user.to_string(), count))
    });
    (
        listed.iter().map(|user| user.name.to_string()).collect(),
        reports.collect(),
    )
}

/// A world as one knows it who is told every event, and nothing else but who
/// was there and online at the first look.
#[derive(Default)]
struct Reader {
    online: BTreeMap<String, i64>,
    standing: BTreeSet<(Option<Box<str>>, Rule)>,
    users: BTreeSet<String>,
    states: BTreeMap<String, UserState>,
    ids: BTreeSet<String>,
}

impl Reader {
    fn read(&mut self, event: &Event) {
        let user = event.user.as_deref().unwrap_or_default().to_owned();
        match &event.what {
            What::SessionStarted(sessions) => {
                *self.online.entry(user).or_default() += i64::try_from(sessions.count).unwrap();
            }
            What::SessionEnded(sessions) => {
                *self.online.entry(user).or_default() -= i64::try_from(sessions.count).unwrap();
            }
            What::AnomalyRaised(anomaly) => {
                let is_new = self.standing.insert((event.user.clone(), anomaly.rule));
                assert!(is_new, "raised twice: {event:?}");
            }
            What::AnomalyCleared(anomaly) => {
                let stood = self.standing.remove(&(event.user.clone(), anomaly.rule));
                assert!(stood, "cleared, but not raised: {event:?}");
            }
            What::AccountCreated { .. } => {
                assert!(self.users.insert(user), "created twice: {event:?}");
            }
            What::AccountRemoved => {
                assert!(self.users.remove(&user), "removed twice: {event:?}");
                assert_eq!(self.online.remove(&user).unwrap_or(0), 0, "{event:?}");
                self.states.remove(&user);
            }
            What::AccountEnabled => self.turn(user, UserState::Enabled),
            What::AccountDisabled => self.turn(user, UserState::Disabled),
            What::BandwidthChanged { before, now } => assert_ne!(before, now),
        }
    }

    fn turn(&mut self, user: String, state: UserState) {
        let before = self.states.insert(user, state);
        assert_ne!(before, Some(state), "told twice");
    }

    /// What is known of the users now is what was told of them. Who is seen for
    /// the first time is no news.
    fn agrees(&mut self, observer: &Observer, seen: &BTreeMap<String, i64>) {
        let names = names(observer);
        // Of those whom no list has named nothing is known.
        for (user, online) in seen.iter().filter(|(user, _)| names.contains(*user)) {
            let told = self.online.entry(user.clone()).or_insert(*online);
            assert_eq!(told, online, "{user}");
        }
        let instance = observer.instance();
        let Some(users) = instance.users() else {
            return;
        };
        if !instance.knows_everybody() {
            // Who comes and goes before the first whole list is nobody's news.
            self.users.clone_from(&names);
        }
        for user in users.iter() {
            self.users.insert(user.name().to_owned());
            if let Some(state) = user.state() {
                let told = *self.states.entry(user.name().to_owned()).or_insert(state);
                assert_eq!(told, state, "{}", user.name());
            }
        }
        assert_eq!(self.users, names);
    }
}

fn names(observer: &Observer) -> BTreeSet<String> {
    let names = observer.instance().names();
    (0..names.len())
        .filter_map(|row| names.get(row))
        .map(str::to_owned)
        .collect()
}

/// Who was not observed does nothing.
fn check_observed(
    event: &Event,
    listed: &BTreeSet<String>,
    seen: &BTreeMap<String, i64>,
    removed: &BTreeSet<String>,
) {
    let Some(user) = event.user.as_deref() else {
        return;
    };
    let is_removed = removed.contains(user);
    let is_listed = listed.contains(user);
    let is_seen = seen.contains_key(user);
    let fine = match &event.what {
        What::SessionStarted(_) => is_seen,
        What::SessionEnded(_) => is_seen || is_removed,
        What::AccountRemoved => is_removed,
        What::AccountCreated { .. }
        | What::AccountEnabled
        | What::AccountDisabled
        | What::BandwidthChanged { .. } => is_listed,
        What::AnomalyRaised(anomaly) if anomaly.rule == Rule::BandwidthDrift => is_listed,
        What::AnomalyRaised(_) => is_seen,
        What::AnomalyCleared(_) => is_seen || is_listed || is_removed,
    };
    assert!(
        fine,
        "{event:?}: listed {listed:?}, seen {seen:?}, removed {removed:?}"
    );
}

proptest! {
    #[test]
    fn events_add_up_to_what_is_known(
        sweeps in prop::collection::vec((accounts(), sessions(), 1_i64..400), 1..40)
    ) {
        let rules = policy(&["* sessions=1 length=600 kbps=2000 dormant=1000"]);
        let mut observer = Observer::new(rules);
        let mut reader = Reader::default();
        let mut second = 1_000;
        let mut known = BTreeSet::new();
        for (accounts, sessions, step) in &sweeps {
            second += step;
            let observation = sweep(second, accounts, sessions);
            let (listed, seen) = seen(&observation);
            let events = observer.take(observation);
            let now = names(&observer);
            let removed = known.difference(&now).cloned().collect();
            for event in &events {
                check_observed(event, &listed, &seen, &removed);
                reader.read(event);
            }
            for record in Scribe::default().write(&events) {
                prop_assert!(reader.ids.insert(record.json.split(',').next().unwrap().to_owned()), "{}", record.json);
            }
            reader.agrees(&observer, &seen);
            known = now;
        }
        for event in observer.forget("sag-1") {
            reader.read(&event);
        }
        prop_assert!(reader.standing.is_empty(), "{:?}", reader.standing);
    }
}
