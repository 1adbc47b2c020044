//! A fleet under a judge and a chronicle.

use jiff::Timestamp;
use sag_exporter::events::{Chronicle, Event, What};
use sag_exporter::fleet::{self, Fleet, InstanceObservation, InstanceSnapshot, Observation};
use sag_exporter::rules::{Judge, Options};

use crate::world::RETAIN;

/// Takes sweeps in and keeps what happened.
pub struct Observer {
    pub fleet: Fleet,
    judge: Judge,
    chronicle: Chronicle,
}

impl Observer {
    pub fn new(options: Options) -> Self {
        Self {
            fleet: Fleet::new(fleet::Options { retain: RETAIN }),
            judge: Judge::new(options),
            chronicle: Chronicle::new(),
        }
    }

    /// What happened between the sweep before and this one.
    pub fn take(&mut self, observation: InstanceObservation) -> Vec<Event> {
        let sag_id = observation.instance.sag_id.clone();
        let before = self.fleet.instance(sag_id.as_str()).cloned();
        let news = Observation::Instance(Box::new(observation));
        self.fleet.apply(news);
        let now = self.fleet.instance(sag_id.as_str()).unwrap().clone();
        let verdict = self.judge.look(before.as_deref(), &now);
        let events = self.chronicle.look(before.as_deref(), &now, &verdict);
        self.fleet.mark(sag_id.as_str(), verdict.marks);
        events
    }

    /// What happens when the instance is watched no longer.
    pub fn forget(&mut self, sag_id: &str) -> Vec<Event> {
        let over = self.judge.forget(sag_id);
        self.chronicle.forget(sag_id, &over)
    }

    pub fn instance(&self) -> &InstanceSnapshot {
        self.fleet.instance("sag-1").unwrap()
    }
}

/// An event in a few words: second, kind, user or `*`, details.
pub fn text(event: &Event) -> String {
    let second = event.time.as_second();
    let kind = event.kind().as_str();
    let user = event.user.as_deref().unwrap_or("*");
    let details = match &event.what {
        What::SessionStarted(sessions) | What::SessionEnded(sessions) => {
            let session = sessions.known.map(|session| {
                let address = session
                    .client_ip
                    .map_or("_".to_owned(), |ip| ip.to_string());
                let start = session
                    .started
                    .map_or("_".to_owned(), |start| start.as_second().to_string());
                format!(" {address}@{start}")
            });
            let after = sessions.after.map(Timestamp::as_second);
            let after = after.map_or("?".to_owned(), |after| after.to_string());
            let session = session.unwrap_or_else(|| format!(" #{}", sessions.count));
            format!("{session} after {after}")
        }
        What::AnomalyRaised(anomaly) | What::AnomalyCleared(anomaly) => {
            format!(" {} {}", anomaly.rule, anomaly.since.as_second())
        }
        What::AccountCreated { state, bandwidth } => {
            format!(" {:?} {:?}", state.unwrap(), bandwidth.unwrap().0)
        }
        What::AccountRemoved | What::AccountEnabled | What::AccountDisabled => String::new(),
        What::BandwidthChanged { before, now } => format!(" {} {}", before.0, now.0),
    };
    format!("{second} {kind} {user}{details}")
}
