//! What is remembered of one instance between two looks at it.

use std::sync::Arc;

use jiff::Timestamp;

use super::accounts::{self, Watch};
use super::judge::Turn;
use super::memory::Recollection;
use super::options::Options;
use super::sessions::{self, Starts};
use super::track::{Track, Tracks, Turns};
use super::view::{Assigned, View};
use super::{addresses, instance};
use crate::fleet::{Finding, InstanceSnapshot, Marks, Names, Users};
use crate::model::{Collector, Rule};

/// The state of the rules on one instance.
#[derive(Debug)]
pub(super) struct State {
    pub(super) names: Arc<Names>,
    assigned: Assigned,
    pub(super) tracks: [Tracks; Rule::ALL.len()],
    pub(super) starts: Starts,
    pub(super) watch: Watch,
    pub(super) disconnected_until: Option<Timestamp>,
    /// What is remembered of users whom no list has named since the start.
    pub(super) waiting: Option<Recollection>,
}

impl State {
    pub(super) fn new(snapshot: &InstanceSnapshot, options: &Options) -> Self {
        let names = Arc::clone(snapshot.names());
        Self {
            assigned: Assigned::of(&options.policy, snapshot.sag_id(), &names),
            names,
            tracks: Default::default(),
            starts: Starts::new(),
            watch: Watch::begun(snapshot.at()),
            disconnected_until: None,
            waiting: None,
        }
    }

    /// Spells the policy out anew.
    pub(super) fn reassign(&mut self, snapshot: &InstanceSnapshot, options: &Options) {
        self.assigned = Assigned::of(&options.policy, snapshot.sag_id(), &self.names);
    }

    /// Moves what is remembered to the rows of a new list of users. What was
    /// found of deleted users is over.
    pub(super) fn follow(&mut self, snapshot: &InstanceSnapshot, options: &Options) -> Vec<Turn> {
        if Arc::ptr_eq(&self.names, snapshot.names()) {
            self.stop_waiting(snapshot);
            return Vec::new();
        }
        let old = std::mem::replace(&mut self.names, Arc::clone(snapshot.names()));
        let new = Arc::clone(&self.names);
        let new_row = |row| old.get(row).and_then(|name| new.find(name));
        let mut cleared = Vec::new();
        for (rule, tracks) in Rule::ALL.into_iter().zip(&mut self.tracks) {
            if is_of_instance(rule) {
                continue;
            }
            let gone = tracks.move_rows(new_row);
            cleared.extend(gone.iter().map(|track| turn(rule, track, &old)));
        }
        let moved = std::mem::take(&mut self.starts).into_iter();
        self.starts = moved
            .filter_map(|(row, times)| Some((new_row(row)?, times)))
            .collect();
        self.follow_newcomers(&old, snapshot.at());
        self.meet(&old, snapshot);
        self.reassign(snapshot, options);
        cleared
    }

    fn follow_newcomers(&mut self, old: &Names, at: Timestamp) {
        let moved = std::mem::take(&mut self.watch.newcomers).into_iter();
        let mut newcomers: std::collections::BTreeMap<usize, Timestamp> = moved
            .filter_map(|(row, came)| Some((self.names.find(old.get(row)?)?, came)))
            .collect();
        // Before the first list nobody can say who is new, unless it is remembered
        // who was there.
        if !old.is_empty() && self.waiting.is_none() {
            for row in 0..self.names.len() {
                let name = self.names.get(row).unwrap_or_default();
                if old.find(name).is_none() {
                    newcomers.insert(row, at);
                }
            }
        }
        self.watch.newcomers = newcomers;
    }

    /// Applies every rule, and says what changed.
    pub(super) fn look(
        &mut self,
        previous: Option<&InstanceSnapshot>,
        snapshot: &InstanceSnapshot,
        options: &Options,
    ) -> (Vec<Turn>, Vec<Turn>) {
        let (mut raised, mut cleared) = (Vec::new(), Vec::new());
        let Some(users) = snapshot.users() else {
            return (raised, cleared);
        };
        for rule in Rule::ALL {
            let assigned = std::mem::take(&mut self.assigned);
            let view = View {
                snapshot,
                previous,
                users,
                assigned: &assigned,
            };
            let turns = self.apply(rule, &view, options);
            self.assigned = assigned;
            raised.extend(turns.raised.iter().map(|t| turn(rule, t, &self.names)));
            cleared.extend(turns.cleared.iter().map(|t| turn(rule, t, &self.names)));
        }
        (raised, cleared)
    }

    fn apply(&mut self, rule: Rule, view: &View<'_>, options: &Options) -> Turns {
        if rule == Rule::DisabledOnline && view.ran(Collector::Sessions) {
            self.watch.go_on(view.at());
        }
        let Self {
            tracks,
            starts,
            watch,
            disconnected_until,
            ..
        } = self;
        let Some(tracks) = tracks.get_mut(rule.index()) else {
            return Turns::default();
        };
        match rule {
            Rule::DisabledOnline => accounts::disabled_online(view, tracks),
            Rule::ConcurrentSessions => sessions::concurrent(view, tracks),
            Rule::LongSession => sessions::long(view, tracks),
            Rule::Flapping => sessions::flapping(view, options, starts, tracks),
            Rule::MassDisconnect => {
                instance::mass_disconnect(view, options, disconnected_until, tracks)
            }
            Rule::DuplicateIp => addresses::duplicate(view, tracks),
            Rule::StaticIpMismatch => addresses::static_mismatch(view, tracks),
            Rule::BandwidthDrift => accounts::bandwidth_drift(view, tracks),
            Rule::Dormant => accounts::dormant(view, watch, tracks),
            Rule::ClockSkew => instance::clock_skew(view, tracks),
        }
    }

    /// What stands and may be said.
    pub(super) fn marks(&self, snapshot: &InstanceSnapshot) -> Marks {
        let mut findings = Vec::new();
        if let Some(users) = snapshot.users() {
            for (rule, tracks) in Rule::ALL.into_iter().zip(&self.tracks) {
                let standing = tracks.standing();
                let said = standing.filter(|track| is_known(rule, track.row, snapshot, users));
                findings.extend(said.map(|track| finding(rule, track)));
            }
        }
        Marks::new(findings, Arc::clone(&self.assigned.session_limits))
    }

    /// Everything that stands, as what ends with the instance.
    pub(super) fn all(&self) -> Vec<Turn> {
        let tracks = Rule::ALL.into_iter().zip(&self.tracks);
        tracks
            .flat_map(|(rule, tracks)| {
                let standing = tracks.standing();
                standing.map(move |track| turn(rule, track, &self.names))
            })
            .collect()
    }
}

/// Whether what a rule found concerns the instance as a whole.
pub(super) fn is_of_instance(rule: Rule) -> bool {
    matches!(rule, Rule::MassDisconnect | Rule::ClockSkew)
}

/// Whether the last observation of what a finding is about is retained.
fn is_known(rule: Rule, row: usize, snapshot: &InstanceSnapshot, users: Users<'_>) -> bool {
    match rule {
        Rule::MassDisconnect | Rule::ClockSkew => snapshot.totals().online_users.is_some(),
        Rule::BandwidthDrift => users.bandwidth(row).is_some(),
        _ => users.is_observed(row),
    }
}

fn finding(rule: Rule, track: &Track) -> Finding {
    Finding {
        rule,
        row: (!is_of_instance(rule)).then_some(track.row),
        since: track.since,
        reason: Arc::clone(&track.reason),
    }
}

fn turn(rule: Rule, track: &Track, names: &Names) -> Turn {
    let user = names.get(track.row).filter(|_| !is_of_instance(rule));
    Turn {
        rule,
        user: user.map(Into::into),
        since: track.since,
        reason: Arc::clone(&track.reason),
    }
}
