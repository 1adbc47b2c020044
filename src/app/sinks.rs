//! The sinks of events, and how a reload changes which.
//!
//! One task owns the tasks of all sinks. A sink that a reload leaves as it is
//! does not notice; one that is changed keeps its queue.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::tasks::{DRAIN, TaskError, TaskResult, Tasks};
use crate::clock::Clock;
use crate::config::Config;
use crate::delivery::{
    FileSink, FileTarget, Options, Outlet, Outlets, SinkName, Webhook, WebhookSink,
};
use crate::events::{Naming, Scribe};
use crate::exposition::UserLabels;
use crate::fleet::Pseudonyms;
use crate::openapi::transport::Transport;
use crate::telemetry::Telemetry;

/// The sinks of the configuration in force.
#[derive(Debug)]
pub(super) struct Sinks {
    transport: Arc<dyn Transport>,
    clock: Clock,
    telemetry: Telemetry,
    running: BTreeMap<SinkName, Running>,
    tasks: Tasks,
    requests: mpsc::Receiver<Request>,
    /// Tells the sinks that the program ends.
    shutdown: CancellationToken,
}

#[derive(Debug)]
struct Running {
    sink: Sink,
    outlet: Arc<Outlet>,
    stop: CancellationToken,
}

/// What makes a sink another one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sink {
    File(FileTarget),
    Webhook(Webhook),
}

/// What is to be told from now on, and how users are named in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) options: Options,
    pub(super) scribe: Scribe,
}

/// Somebody waits for other sinks.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) wanted: Wanted,
    pub(super) answer: oneshot::Sender<Outlets>,
}

impl Wanted {
    /// Users are named as in labels.
    pub(super) fn of(config: &Config, pseudonyms: Option<&Pseudonyms>) -> Self {
        let options = &config.events;
        let naming = match (config.exposition.user_labels, pseudonyms) {
            (UserLabels::None, _) => Naming::None,
            (UserLabels::Plain, Some(pseudonyms)) => Naming::Pseudonym(pseudonyms.clone()),
            (UserLabels::Plain, None) => Naming::Plain,
        };
        Self {
            scribe: Scribe {
                naming,
                client_ip: options.client_ip,
            },
            options: options.clone(),
        }
    }
}

impl Sinks {
    /// Nothing runs until [`Sinks::start`]. The other half asks for changes.
    pub(super) fn new(
        transport: Arc<dyn Transport>,
        clock: Clock,
        telemetry: Telemetry,
    ) -> (Self, mpsc::Sender<Request>) {
        let (sender, requests) = mpsc::channel(1);
        let sinks = Self {
            requests,
            transport,
            clock,
            telemetry,
            running: BTreeMap::new(),
            tasks: Tasks::new(),
            shutdown: CancellationToken::new(),
        };
        (sinks, sender)
    }

    /// Starts the sinks that are wanted and do not run.
    pub(super) fn start(&mut self, wanted: Wanted) -> Outlets {
        for (name, sink) in sinks(&wanted.options) {
            if !self.running.contains_key(&name) {
                let outlet = Arc::new(Outlet::new(name, self.telemetry.clone()));
                self.start_one(sink, outlet);
            }
        }
        let outlets: Vec<Arc<Outlet>> = self
            .running
            .values()
            .map(|running| Arc::clone(&running.outlet))
            .collect();
        Outlets::new(
            &wanted.options,
            wanted.scribe,
            &outlets,
            self.telemetry.clone(),
        )
    }

    /// Answers requests until `shutdown`, then lets the sinks tell what is
    /// queued.
    ///
    /// # Errors
    ///
    /// If the task of a sink panics, or ends by itself.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> TaskResult {
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => break,
                error = self.tasks.first_end() => return Err(error.into()),
                Some(request) = self.requests.recv() => {
                    let outlets = self.replace(request.wanted).await?;
                    // Whoever asked is ending if nobody takes the answer.
                    let _ = request.answer.send(outlets);
                }
            }
        }
        // Whoever asks from now on is ending too, and must not wait for the sinks:
        // they wait until nobody tells anything any more.
        drop(self.requests);
        self.shutdown.cancel();
        self.tasks.join(Instant::now() + DRAIN).await?;
        Ok(())
    }

    async fn replace(&mut self, wanted: Wanted) -> Result<Outlets, TaskError> {
        let mut sinks: BTreeMap<SinkName, Sink> = sinks(&wanted.options).collect();
        let ended: Vec<SinkName> = self
            .running
            .iter()
            .filter(|(name, running)| sinks.get(name) != Some(&running.sink))
            .map(|(name, _)| name.clone())
            .collect();
        let mut stopped = Vec::new();
        for name in &ended {
            if let Some(running) = self.running.remove(name) {
                running.stop.cancel();
                stopped.push(running);
            }
        }
        self.tasks.end_of(ended.iter().map(task).collect()).await?;
        for running in stopped {
            match sinks.remove(running.outlet.name()) {
                Some(sink) => self.start_one(sink, running.outlet),
                None => running.outlet.remove(),
            }
        }
        Ok(self.start(wanted))
    }

    fn start_one(&mut self, sink: Sink, outlet: Arc<Outlet>) {
        let stop = CancellationToken::new();
        let name = outlet.name().clone();
        let (stopped, shutdown) = (stop.clone(), self.shutdown.clone());
        match sink.clone() {
            Sink::File(target) => {
                let sink = FileSink::new(target, Arc::clone(&outlet), self.telemetry.clone());
                self.tasks.spawn(task(&name), async move {
                    sink.run(stopped, shutdown).await;
                    Ok(())
                });
            }
            Sink::Webhook(hook) => {
                let sink = WebhookSink::new(
                    hook,
                    Arc::clone(&outlet),
                    Arc::clone(&self.transport),
                    self.clock,
                    self.telemetry.clone(),
                );
                self.tasks.spawn(task(&name), async move {
                    sink.run(stopped, shutdown).await;
                    Ok(())
                });
            }
        }
        let running = Running { sink, outlet, stop };
        self.running.insert(name, running);
    }
}

/// The sinks with their names. Who wants which kinds is not their business.
fn sinks(options: &Options) -> impl Iterator<Item = (SinkName, Sink)> {
    let file = options.file.iter();
    let file = file.map(|target| (SinkName::file(), Sink::File(target.clone())));
    let hooks = options.webhooks.iter().map(|hook| {
        let sink = Sink::Webhook(Webhook {
            kinds: Default::default(),
            ..hook.clone()
        });
        (hook.name.clone(), sink)
    });
    file.chain(hooks)
}

fn task(name: &SinkName) -> String {
    format!("events to {name}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::openapi::transport::{HttpOptions, HttpTransport};
    use crate::telemetry::BuildInfo;

    fn sinks() -> (Sinks, mpsc::Sender<Request>) {
        let build = BuildInfo {
            version: "0",
            revision: "0",
            rustversion: "0",
        };
        let transport = HttpTransport::new(&HttpOptions::default()).unwrap();
        let telemetry = Telemetry::new(build).unwrap();
        Sinks::new(Arc::new(transport), Clock::system(), telemetry)
    }

    /// A reload at the end held its task for as long as the sinks had, and the
    /// sinks waited for that task to tell its last.
    #[tokio::test(start_paused = true)]
    async fn a_reload_at_the_end_does_not_wait_for_the_sinks() {
        let (mut sinks, requests) = sinks();
        let wanted = Wanted {
            options: Options {
                file: Some(FileTarget::Stdout),
                ..Options::default()
            },
            scribe: Scribe::default(),
        };
        let outlets = sinks.start(wanted.clone());
        let shutdown = CancellationToken::new();
        shutdown.cancel();
        let begun = Instant::now();
        let reload = async {
            let (answer, answered) = oneshot::channel();
            let request = Request { wanted, answer };
            if requests.send(request).await.is_ok() {
                assert!(answered.await.is_err());
            }
            outlets.close();
        };
        let (ended, ()) = tokio::join!(sinks.run(shutdown), reload);
        ended.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }
}
