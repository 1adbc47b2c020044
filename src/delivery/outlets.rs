//! Everybody who is told.

use std::sync::Arc;

use super::options::Options;
use super::outlet::Outlet;
use crate::events::{Event, Kind, Kinds, Scribe};
use crate::telemetry::Telemetry;

/// Puts events into words once, and hands them to each sink that wants them.
#[derive(Debug)]
pub struct Outlets {
    scribe: Scribe,
    kinds: Kinds,
    sinks: Vec<(Kinds, Arc<Outlet>)>,
    telemetry: Telemetry,
}

impl Outlets {
    /// Nobody is told anything.
    pub fn none(telemetry: Telemetry) -> Self {
        Self {
            scribe: Scribe::default(),
            kinds: Kinds::ALL,
            sinks: Vec::new(),
            telemetry,
        }
    }

    /// As the options say; `sinks` are the outlets of the sinks that run.
    pub fn new(
        options: &Options,
        scribe: Scribe,
        sinks: &[Arc<Outlet>],
        telemetry: Telemetry,
    ) -> Self {
        let kinds_of = |outlet: &Outlet| {
            let hooks = options.webhooks.iter();
            let mut hooks = hooks.filter(|hook| hook.name == *outlet.name());
            hooks.next().map_or(Kinds::ALL, |hook| hook.kinds)
        };
        let outlets = Self {
            scribe,
            kinds: options.kinds,
            sinks: sinks
                .iter()
                .map(|outlet| (kinds_of(outlet).and(options.kinds), Arc::clone(outlet)))
                .collect(),
            telemetry,
        };
        if !outlets.is_empty() {
            for kind in Kind::ALL {
                outlets.telemetry.events(kind.as_str(), 0);
            }
        }
        outlets
    }

    /// Whether nobody is told anything.
    pub fn is_empty(&self) -> bool {
        self.sinks.is_empty()
    }

    /// Tells what happened in one look, and waits for nobody.
    pub fn tell(&self, events: &[Event]) {
        if events.is_empty() || self.is_empty() {
            return;
        }
        for record in self.scribe.write(events) {
            if !self.kinds.contains(record.kind) {
                continue;
            }
            self.telemetry.events(record.kind.as_str(), 1);
            let wanting = self.sinks.iter();
            let wanting = wanting.filter(|(kinds, _)| kinds.contains(record.kind));
            for (_, outlet) in wanting {
                outlet.push(&record);
            }
        }
    }

    /// Nothing more will be told: sinks end when they have told everything.
    pub fn close(&self) {
        for (_, outlet) in &self.sinks {
            outlet.close();
        }
    }
}
