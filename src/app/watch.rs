//! The fleet, the judge who looks at every change of it, and the chronicle of
//! what happens.

use std::sync::Arc;
use std::time::Duration;

use super::keeper::Legacy;
use super::keepsake::Keepsake;
use crate::events::{Chronicle, Event};
use crate::fleet::{self, Extent, Fleet, Observation, Pseudonyms, Snapshot};
use crate::model::SagId;
use crate::rules::{self, Judge};

/// What is known, and what is found in it.
#[derive(Debug)]
pub(super) struct Watch {
    fleet: Fleet,
    judge: Judge,
    pseudonyms: Option<Pseudonyms>,
    /// Nothing while nobody wants to be told.
    chronicle: Option<Chronicle>,
}

impl Watch {
    /// Nothing is known yet.
    pub(super) fn new(
        fleet: fleet::Options,
        pseudonyms: Option<Pseudonyms>,
        rules: rules::Options,
    ) -> Self {
        let mut fleet = Fleet::new(fleet);
        fleet.change_pseudonyms(pseudonyms.clone());
        Self {
            fleet,
            judge: Judge::new(rules),
            pseudonyms,
            chronicle: None,
        }
    }

    /// Whether [`Watch::apply`] says what happened, from now on.
    pub(super) fn chronicle(&mut self, wanted: bool) {
        if wanted != self.chronicle.is_some() {
            self.chronicle = wanted.then(Chronicle::new);
        }
    }

    /// Takes in what an earlier run left, before the first piece of news.
    pub(super) fn recall(&mut self, legacy: Legacy) {
        let of_fleet = legacy.iter();
        let of_fleet = of_fleet.map(|(sag_id, kept)| (sag_id.clone(), kept.fleet.clone()));
        self.fleet.recall(of_fleet.collect());
        self.judge.recall(legacy);
    }

    /// What is to outlive the process.
    pub(super) fn keepsake(&self, extent: Extent, interval: Duration) -> Keepsake {
        let notes = self.judge.notes();
        Keepsake {
            snapshot: self.fleet.snapshot(),
            notes: Arc::new(notes.map(|(id, notes)| (id.clone(), notes)).collect()),
            waiting: Arc::new(self.judge.recalled().clone()),
            pseudonyms: self.pseudonyms.clone(),
            extent,
            interval,
        }
    }

    /// Puts other options into force, from the next observations on.
    pub(super) fn change_options(&mut self, fleet: fleet::Options, rules: rules::Options) {
        self.fleet.change_options(fleet);
        self.judge.set_options(rules);
    }

    /// Names the users otherwise from now on.
    pub(super) fn change_pseudonyms(&mut self, pseudonyms: Option<Pseudonyms>) {
        self.fleet.change_pseudonyms(pseudonyms.clone());
        self.pseudonyms = pseudonyms;
    }

    /// Takes in a piece of news and judges what it changes. Gives what happened,
    /// if somebody wants to know.
    pub(super) fn apply(&mut self, observation: Observation) -> Vec<Event> {
        let Observation::Instance(observed) = &observation else {
            self.fleet.apply(observation);
            return self.forget_gone();
        };
        let sag_id = observed.instance.sag_id.clone();
        let before = self.fleet.instance(sag_id.as_str()).cloned();
        self.fleet.apply(observation);
        let Some(now) = self.fleet.instance(sag_id.as_str()) else {
            return Vec::new();
        };
        let verdict = self.judge.look(before.as_deref(), now);
        let events = self.chronicle.as_mut().map_or_else(Vec::new, |chronicle| {
            chronicle.look(before.as_deref(), now, &verdict)
        });
        self.fleet.mark(sag_id.as_str(), verdict.marks);
        events
    }

    /// All that is known now.
    pub(super) fn snapshot(&self) -> Arc<Snapshot> {
        self.fleet.snapshot()
    }

    fn forget_gone(&mut self) -> Vec<Event> {
        let waiting = self.fleet.recalled();
        self.judge
            .retain_recalled(|sag_id| waiting.contains_key(sag_id));
        let is_gone = |sag_id: &&SagId| self.fleet.instance(sag_id.as_str()).is_none();
        let gone: Vec<SagId> = self.judge.instances().filter(is_gone).cloned().collect();
        let mut events = Vec::new();
        for sag_id in gone {
            let over = self.judge.forget(sag_id.as_str());
            if let Some(chronicle) = &mut self.chronicle {
                events.extend(chronicle.forget(sag_id.as_str(), &over));
            }
        }
        events
    }
}
