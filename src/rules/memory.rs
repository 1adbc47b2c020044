//! What the rules remember beyond the end of the process.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::accounts::Watch;
use super::sessions::Starts;
use super::state::{State, is_of_instance};
use super::track::{Track, Tracks};
use crate::clock;
use crate::fleet::{InstanceSnapshot, Names, Recalled, UserKey, UserKeys};
use crate::model::Rule;

/// What the rules remember of an instance. It holds no name of a user and no
/// address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Memory {
    /// What stands.
    pub findings: Vec<Standing>,
    /// When sessions started lately, by user, oldest first; in seconds since
    /// 1970.
    pub starts: Vec<(UserKey, Vec<i64>)>,
    /// When those users came who came while the instance was watched.
    pub newcomers: Vec<(UserKey, Timestamp)>,
    /// Since when the instance was watched without a gap, and until when.
    pub watched: Option<(Timestamp, Timestamp)>,
    /// Until when a mass disconnect is shown.
    pub disconnected_until: Option<Timestamp>,
}

/// A finding that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The rule that found it.
    pub rule: Rule,
    /// The user; `None` if it concerns the instance as a whole.
    pub user: Option<UserKey>,
    /// When it was first seen.
    pub since: Timestamp,
    /// What was seen then; `None` if that names an address.
    pub reason: Option<Arc<str>>,
}

/// A memory of the rules beside that of the fleet, which knows who was there.
#[derive(Debug, Clone)]
pub struct Recollection {
    /// What the fleet remembers.
    pub fleet: Recalled,
    /// What the rules remember.
    pub rules: Arc<Memory>,
}

/// What the rules know of an instance now, quickly copied. Its users still have
/// names.
#[derive(Debug, Clone)]
pub struct Notes {
    names: Arc<Names>,
    tracks: [Tracks; Rule::ALL.len()],
    starts: Starts,
    watch: Watch,
    disconnected_until: Option<Timestamp>,
    waiting: Option<Recollection>,
}

impl Notes {
    /// The same without names. It takes a digest for each user of whom there is
    /// something to remember.
    pub fn sealed(&self, keys: &UserKeys) -> Memory {
        let key = |row: usize| self.names.get(row).map(|name| keys.of(name));
        let mut findings = Vec::new();
        for (rule, tracks) in Rule::ALL.into_iter().zip(&self.tracks) {
            findings.extend(tracks.standing().filter_map(|track| {
                let user = key(track.row).filter(|_| !is_of_instance(rule));
                let reason = Arc::clone(&track.reason);
                (user.is_some() || is_of_instance(rule)).then(|| Standing {
                    rule,
                    user,
                    since: track.since,
                    reason: Some(reason).filter(|_| !names_addresses(rule)),
                })
            }));
        }
        let starts = self.starts.iter();
        let starts =
            starts.filter_map(|(row, times)| Some((key(*row)?, times.iter().copied().collect())));
        let newcomers = self.watch.newcomers.iter();
        let memory = Memory {
            findings,
            starts: starts.collect(),
            newcomers: newcomers
                .filter_map(|(row, came)| Some((key(*row)?, *came)))
                .collect(),
            watched: Some((self.watch.since, self.watch.last)),
            disconnected_until: self.disconnected_until,
        };
        let waiting = self.waiting.as_ref();
        match waiting.filter(|waiting| *waiting.fleet.keys == *keys) {
            Some(waiting) => memory.joined(&waiting.rules),
            None => memory,
        }
    }
}

impl Memory {
    /// With what waits for users who were not named yet.
    fn joined(mut self, waiting: &Self) -> Self {
        self.findings.extend(waiting.findings.iter().cloned());
        self.starts.extend(waiting.starts.iter().cloned());
        self.newcomers.extend(waiting.newcomers.iter().copied());
        self
    }
}

impl State {
    /// Begins with what is remembered of an earlier run. What concerns users
    /// waits for them to be named.
    pub(super) fn recall(&mut self, recollection: Recollection, snapshot: &InstanceSnapshot) {
        let Memory {
            findings,
            watched,
            disconnected_until,
            ..
        } = &*recollection.rules;
        if let Some((since, last)) = watched.filter(|(since, last)| since <= last) {
            // If somebody may have worked unseen in the pause, the next look sees
            // that it was long.
            self.watch = Watch {
                last,
                ..Watch::begun(since)
            };
        }
        let pause = clock::between(recollection.fleet.memory.at, snapshot.at());
        let is_young = pause <= LONGEST_PAUSE;
        if is_young {
            self.disconnected_until = *disconnected_until;
            for finding in findings.iter().filter(|finding| finding.user.is_none()) {
                self.stand(0, finding);
            }
        }
        let mut waiting = Memory::clone(&recollection.rules);
        waiting
            .findings
            .retain(|finding| is_young && finding.user.is_some());
        self.waiting = Some(Recollection {
            rules: Arc::new(waiting),
            ..recollection
        });
        let nobody = Names::default();
        self.meet(&nobody, snapshot);
    }

    /// Recognises users who are named for the first time since the start. Those
    /// who were not there before it are new.
    pub(super) fn meet(&mut self, known: &Names, snapshot: &InstanceSnapshot) {
        let Some(waiting) = self.waiting.take() else {
            return;
        };
        let names = Arc::clone(&self.names);
        let mut rest = Memory::clone(&waiting.rules);
        let mut met = Vec::new();
        for row in 0..names.len() {
            let name = names.get(row).unwrap_or_default();
            if known.find(name).is_some() {
                continue;
            }
            match waiting.fleet.find(name) {
                Some(user) => met.push((user.key, row)),
                None => drop(self.watch.newcomers.insert(row, snapshot.at())),
            }
        }
        met.sort_unstable();
        self.take_over(&met, &mut rest);
        self.waiting = Some(Recollection {
            rules: Arc::new(rest),
            ..waiting
        });
        self.stop_waiting(snapshot);
    }

    /// Forgets those for whom the fleet waits no more: they are known by now, or
    /// known to be gone.
    pub(super) fn stop_waiting(&mut self, snapshot: &InstanceSnapshot) {
        let Some(waiting) = &mut self.waiting else {
            return;
        };
        let Some(recalled) = snapshot.recalled() else {
            self.waiting = None;
            return;
        };
        let stays = |key: &UserKey| recalled.memory.knows(*key);
        let Memory {
            findings,
            starts,
            newcomers,
            ..
        } = &*waiting.rules;
        let findings = findings
            .iter()
            .filter(|finding| finding.user.as_ref().is_some_and(stays));
        let starts = starts.iter().filter(|(key, _)| stays(key));
        let newcomers = newcomers.iter().filter(|(key, _)| stays(key));
        waiting.rules = Arc::new(Memory {
            findings: findings.cloned().collect(),
            starts: starts.cloned().collect(),
            newcomers: newcomers.copied().collect(),
            ..Memory::default()
        });
    }

    /// Moves what is remembered of these users from the memory into force.
    fn take_over(&mut self, met: &[(UserKey, usize)], memory: &mut Memory) {
        let row = |key: UserKey| {
            let place = met.binary_search_by_key(&key, |(key, _)| *key).ok()?;
            met.get(place).map(|(_, row)| *row)
        };
        memory
            .findings
            .retain(|finding| match finding.user.and_then(row) {
                Some(row) => {
                    self.stand(row, finding);
                    false
                }
                None => true,
            });
        memory.starts.retain(|(key, times)| match row(*key) {
            Some(row) => {
                self.starts
                    .insert(row, VecDeque::from_iter(times.iter().copied()));
                false
            }
            None => true,
        });
        memory.newcomers.retain(|(key, came)| match row(*key) {
            Some(row) => {
                self.watch.newcomers.insert(row, *came);
                false
            }
            None => true,
        });
    }

    fn stand(&mut self, row: usize, finding: &Standing) {
        if let Some(tracks) = self.tracks.get_mut(finding.rule.index()) {
            tracks.insert(Track::recalled(row, finding.since, finding.reason.as_ref()));
        }
    }

    /// What is known now.
    pub(super) fn notes(&self) -> Notes {
        Notes {
            names: Arc::clone(&self.names),
            tracks: self.tracks.clone(),
            starts: self.starts.clone(),
            watch: self.watch.clone(),
            disconnected_until: self.disconnected_until,
            waiting: self.waiting.clone(),
        }
    }
}

/// Whether what a rule saw names addresses, which are not kept.
fn names_addresses(rule: Rule) -> bool {
    matches!(rule, Rule::DuplicateIp | Rule::StaticIpMismatch)
}

/// Nobody can say of what was found before a longer pause whether it was there
/// all the time.
const LONGEST_PAUSE: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);
