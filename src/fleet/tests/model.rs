//! Random observations against a model that is too simple to be wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{collected, moment, sweep};
use crate::fleet::{Accounts, Extent, Fleet, InstanceSnapshot, Observation, Options, Users};
use crate::model::Collector;

/// What the model knows of a user.
#[derive(Debug, Clone, Default)]
struct Known {
    /// No list has named the user since the last start.
    is_unnamed: bool,
    /// The user was observed before the last start and not since.
    is_waiting: bool,
    lists_ago: u32,
    sweeps_ago: Option<u32>,
    clients: u32,
}

#[derive(Debug, Default)]
struct Model {
    users: BTreeMap<String, Known>,
    /// Sessions that were there when their user was first observed.
    found: u64,
    /// Sessions of users that were deleted while the program did not run: nobody
    /// knows their names any more.
    lost: u64,
    /// What the ledgers of earlier runs said.
    entered: (u64, u64),
    list_ago: Option<u32>,
    accounts_complete: Option<bool>,
    sessions_complete: Option<bool>,
}

impl Model {
    fn list(&mut self, accounts: &str) {
        let (word, names) = accounts.split_once(' ').unwrap_or((accounts, ""));
        let names: Vec<&str> = names.split_whitespace().collect();
        if word == "-" {
            return;
        }
        self.accounts_complete = Some(word == "complete");
        self.list_ago = if word == "failed" {
            self.list_ago.map(|age| age + 1)
        } else {
            Some(0)
        };
        if word == "complete" {
            let lost = self
                .users
                .extract_if(.., |name, _| !names.contains(&name.as_str()));
            self.lost += lost.map(|(_, known)| known.lost()).sum::<u64>();
        }
        for known in self.users.values_mut() {
            known.lists_ago += 1;
        }
        for name in names {
            let known = self.users.entry(name.to_owned()).or_default();
            known.lists_ago = 0;
            known.is_unnamed = false;
        }
    }

    fn observe(&mut self, sessions: &str) {
        let (word, reports) = sessions.split_once(' ').unwrap_or((sessions, ""));
        if word == "-" {
            return;
        }
        self.sessions_complete = Some(word == "complete" && !reports.contains('?'));
        for known in self.users.values_mut() {
            known.sweeps_ago = known.sweeps_ago.map(|age| age + 1);
        }
        for report in reports.split_whitespace() {
            let (name, state) = report.split_once(':').unwrap();
            if self.users.get(name).is_some_and(|known| known.is_unnamed) {
                continue;
            }
            if state == "!" {
                self.users.remove(name);
            } else if let (Some(known), Ok(clients)) = (
                self.users.get_mut(name),
                state.trim_start_matches('#').parse(),
            ) {
                if known.sweeps_ago.is_none() && !known.is_waiting {
                    self.found += u64::from(clients);
                }
                known.is_waiting = false;
                known.sweeps_ago = Some(0);
                known.clients = clients;
            }
        }
    }

    /// The program ends after a sweep, and starts again.
    fn restart(&mut self, instance: Option<&InstanceSnapshot>) {
        if let Some(ledger) = instance.map(InstanceSnapshot::ledger) {
            self.entered.0 += ledger.started();
            self.entered.1 += ledger.ended();
        }
        (
            self.list_ago,
            self.accounts_complete,
            self.sessions_complete,
        ) = (None, None, None);
        for known in self.users.values_mut() {
            known.is_unnamed = true;
            known.is_waiting |= known.sweeps_ago.is_some();
            known.lists_ago = RETAIN + 1;
            known.sweeps_ago = None;
        }
    }

    fn is_listed(&self) -> bool {
        self.list_ago.is_some_and(|age| age <= RETAIN)
    }

    fn check(&self, instance: &InstanceSnapshot) {
        let shown = |known: &&Known| self.is_listed() && known.lists_ago <= RETAIN;
        let expected: Vec<(&str, Option<u32>)> = self
            .users
            .iter()
            .filter(|(_, known)| shown(known))
            .map(|(name, known)| (name.as_str(), known.visible()))
            .collect();
        let users = instance.users();
        let seen: Vec<(&str, Option<u32>)> = users
            .iter()
            .flat_map(Users::iter)
            .map(|user| (user.name(), user.online_clients()))
            .collect();
        assert_eq!(seen, expected);
        let known: Vec<u32> = expected
            .iter()
            .filter_map(|(_, clients)| *clients)
            .collect();
        if !expected.is_empty() {
            let total = known.iter().map(|clients| u64::from(*clients)).sum();
            let total = (!known.is_empty()).then_some(total);
            assert_eq!(instance.totals().online_clients, total);
        }
        self.check_collection(instance);
    }

    fn check_collection(&self, instance: &InstanceSnapshot) {
        let success = |collector| instance.collector(collector).success;
        assert_eq!(success(Collector::Accounts), self.accounts_complete);
        assert_eq!(success(Collector::Sessions), self.sessions_complete);
        let online: u64 = self.users.values().map(|k| u64::from(k.clients)).sum();
        let ledger = instance.ledger();
        assert_eq!(
            self.entered.0 + ledger.started() + self.found,
            self.entered.1 + ledger.ended() + online + self.lost,
            "starts minus ends is the number online"
        );
        assert!(ledger.durations().count() <= ledger.ended());
    }
}

impl Known {
    /// What nobody can enter any more if the user is deleted.
    fn lost(&self) -> u64 {
        u64::from(self.is_waiting && self.is_unnamed) * u64::from(self.clients)
    }

    fn visible(&self) -> Option<u32> {
        let is_fresh = self.sweeps_ago.is_some_and(|age| age <= RETAIN);
        is_fresh.then_some(self.clients)
    }
}

/// The words of an account list.
fn accounts() -> impl Strategy<Value = String> {
    let names = prop::sample::subsequence(NAMES.to_vec(), 0..=NAMES.len());
    let word = prop::sample::select(vec!["-", "-", "failed", "partial", "complete", "complete"]);
    (word, names).prop_map(|(word, names)| match word {
        "-" | "failed" => word.to_owned(),
        _ => format!("{word} {}", names.join(" ")),
    })
}

/// The words of a report of sessions, in any order.
fn sessions() -> impl Strategy<Value = String> {
    let states = vec!["0", "0", "1", "2", "3", "#0", "#1", "#2", "?", "!"];
    let report = prop::option::weighted(0.8, prop::sample::select(states));
    let reports = prop::collection::vec(report, NAMES.len()).prop_map(|states| {
        let pairs = NAMES.iter().zip(states);
        let words = pairs.filter_map(|(name, state)| Some(format!("{name}:{}", state?)));
        words.collect::<Vec<_>>()
    });
    let word = prop::sample::select(vec!["-", "failed", "partial", "complete", "complete"]);
    (word, reports.prop_shuffle()).prop_map(|(word, reports)| match word {
        "-" | "failed" => word.to_owned(),
        _ => format!("{word} {}", reports.join(" ")),
    })
}

proptest! {
    #[test]
    fn any_sequence_of_sweeps_agrees_with_the_model(
        sweeps in prop::collection::vec((accounts(), sessions()), 1..25)
    ) {
        let mut fleet = Fleet::new(Options { retain: RETAIN });
        let mut model = Model::default();
        for (number, (accounts, sessions)) in (1..).zip(&sweeps) {
            fleet.apply(sweep(1000 * number, accounts, sessions));
            model.list(accounts);
            model.observe(sessions);
            model.check(fleet.snapshot().instance("sag-1").unwrap());
        }
    }

    #[test]
    fn restarts_change_nothing_that_is_counted(
        sweeps in prop::collection::vec((accounts(), sessions(), prop::bool::weighted(0.3)), 1..25)
    ) {
        let mut fleet = Fleet::new(Options { retain: RETAIN });
        let mut model = Model::default();
        for (number, (accounts, sessions, restarts)) in (1..).zip(&sweeps) {
            fleet.apply(sweep(1000 + number, accounts, sessions));
            model.list(accounts);
            model.observe(sessions);
            model.check(fleet.snapshot().instance("sag-1").unwrap());
            if *restarts {
                model.restart(fleet.instance("sag-1").map(AsRef::as_ref));
                fleet = super::restart::restarted(&fleet, Extent::Everything, RETAIN);
            }
        }
    }

    #[test]
    fn no_shorter_list_is_called_complete(expected in 0_u64..6, names in prop::collection::vec("[ab]{1}", 0..6)) {
        let mut observation = sweep(1, "-", "-");
        let Observation::Instance(instance) = &mut observation else { panic!() };
        let words = format!("complete {}", names.join(" "));
        instance.accounts = collected(&words, |names| Accounts {
            expected,
            users: names.iter().map(|name| super::user(name)).collect(),
        });
        let mut fleet = Fleet::new(Options { retain: 1 });
        fleet.apply(observation);
        let snapshot = fleet.snapshot();
        let instance = snapshot.instance("sag-1").unwrap();
        let distinct = names.iter().collect::<std::collections::BTreeSet<_>>().len() as u64;
        prop_assert_eq!(instance.collected_users(), Some(distinct));
        prop_assert_eq!(instance.is_up(), distinct >= expected);
        prop_assert_eq!(instance.at(), moment(1));
    }
}

const NAMES: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const RETAIN: u32 = 2;
