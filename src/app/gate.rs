//! What stands between the network and the pages: TLS and the guard, as the
//! web configuration says, which is followed while the program runs.

use std::path::PathBuf;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::task;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::config::web_config::{Watched, WebConfig};
use crate::config::{Errors, Problem};
use crate::httpd::tls::Acceptor;
use crate::httpd::{Entrance, Handler};
use crate::telemetry::Telemetry;
use crate::web::guard::{Guard, Rules, Settings};

/// TLS and the guard. Without a web configuration both let everyone through.
#[derive(Debug)]
pub struct Gate {
    watched: Option<Watched>,
    acceptor: Option<Acceptor>,
    rules: Rules,
    telemetry: Telemetry,
    clock: Clock,
}

impl Gate {
    /// Plain HTTP for everyone.
    pub fn open_to_all(telemetry: Telemetry, clock: Clock) -> Self {
        Self {
            watched: None,
            acceptor: None,
            rules: Rules::new(Settings::default()),
            telemetry,
            clock,
        }
    }

    /// As the file of `--web.config.file` says. Reads files: call it before
    /// the runtime has other work.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with the file, each with its line.
    pub fn configured(path: PathBuf, telemetry: Telemetry, clock: Clock) -> Result<Self, Errors> {
        let (watched, config) = Watched::open(path)?;
        tell(&config.notices);
        telemetry.web_config_loaded(clock.now());
        Ok(Self {
            watched: Some(watched),
            acceptor: config.tls.map(Acceptor::new),
            rules: Rules::new(config.guard),
            telemetry,
            clock,
        })
    }

    /// Whether the pages are served over TLS.
    pub fn is_secure(&self) -> bool {
        self.acceptor.is_some()
    }

    /// What [`crate::httpd::serve`] serves on.
    pub fn entrance(&self, listeners: Vec<TcpListener>) -> Entrance {
        Entrance {
            listeners,
            tls: self.acceptor.clone(),
        }
    }

    /// What [`crate::httpd::serve`] serves: `inner` behind the guard.
    pub fn guard<H: Handler>(&self, inner: H) -> Guard<H> {
        Guard::new(inner, self.rules.clone(), self.telemetry.clone())
    }

    /// Follows the file until `shutdown`: looks at it once in each `period`
    /// and puts what it says in force. A bad file changes nothing.
    pub async fn follow(mut self, period: Duration, shutdown: CancellationToken) {
        let Some(mut watched) = self.watched.take() else {
            return;
        };
        let mut ticks = tokio::time::interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                _ = ticks.tick() => {}
            }
            let reading = task::spawn_blocking(move || {
                let read = watched.reread();
                (watched, read)
            });
            // It fails only while the runtime ends.
            let Ok((returned, read)) = reading.await else {
                return;
            };
            watched = returned;
            match read {
                Ok(None) => {}
                Ok(Some(config)) => self.put_in_force(config),
                Err(errors) => self.refuse(&errors),
            }
        }
    }

    fn put_in_force(&self, config: WebConfig) {
        tell(&config.notices);
        if let (Some(acceptor), Some(terms)) = (&self.acceptor, config.tls) {
            acceptor.replace(terms);
        }
        self.rules.replace(config.guard);
        self.telemetry.web_config_loaded(self.clock.now());
        tracing::info!("the web configuration was read again");
    }

    fn refuse(&self, errors: &Errors) {
        self.telemetry.web_config_refused();
        tracing::error!(error = %errors, "the web configuration is bad, the old one stays in force");
    }
}

/// How often [`Gate::follow`] looks: soon enough for whoever rotates a
/// certificate, and a few small files cost nothing.
pub const PERIOD: Duration = Duration::from_secs(2);

fn tell(notices: &[Problem]) {
    for notice in notices {
        tracing::warn!(
            line = notice.line,
            path = notice.path,
            "web configuration: {}",
            notice.text
        );
    }
}
