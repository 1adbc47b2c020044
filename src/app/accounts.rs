//! The cloud accounts that are swept, and how a reload changes which.
//!
//! One task owns the tasks of all cloud accounts: a sweep and the upkeep of a
//! credential for each. Nothing of one account waits for another, and an
//! account that a reload leaves as it is does not notice the reload.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::cloud::{Access, ClientError, Ground};
use super::publisher::Change;
use super::sinks::{self, Wanted};
use super::tasks::{DRAIN, TaskError, Tasks};
use crate::config::{Account, Config, Loaded};
use crate::delivery::Outlets;
use crate::fleet::{self, Observation, Pseudonyms};
use crate::model::AccountName;
use crate::sag;
use crate::sweep::{self, Context, Sweeper};

/// The cloud accounts of the configuration in force.
#[derive(Debug)]
pub(super) struct Accounts {
    ground: Ground,
    context: Context,
    changes: mpsc::Sender<Change>,
    sinks: mpsc::Sender<sinks::Request>,
    sweep: sweep::Options,
    /// Where the state is kept as long as the program runs.
    state: Option<PathBuf>,
    running: BTreeMap<AccountName, Running>,
    tasks: Tasks,
}

#[derive(Debug)]
struct Running {
    account: Account,
    stop: CancellationToken,
}

/// What a reload changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Changes {
    pub(super) kept: usize,
    pub(super) changed: usize,
    pub(super) added: usize,
    pub(super) removed: usize,
}

/// A configuration that is good cannot be put into force.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error(
        "state.file cannot change while the program runs, restart it: found {found}, expected \
         {in_force}"
    )]
    State { found: String, in_force: String },
}

/// The new configuration in comparison with the one in force.
struct Difference {
    /// To be stopped: what is not there any more, or is not the same.
    ended: Vec<AccountName>,
    /// To be started.
    begun: Vec<(Account, Access)>,
    observations: Vec<Observation>,
    changes: Changes,
}

impl Accounts {
    /// Nothing is swept until [`Accounts::start`].
    pub(super) fn new(
        ground: Ground,
        context: Context,
        changes: mpsc::Sender<Change>,
        sinks: mpsc::Sender<sinks::Request>,
        state: Option<PathBuf>,
    ) -> Self {
        Self {
            ground,
            context,
            changes,
            sinks,
            sweep: sweep::Options::default(),
            state,
            running: BTreeMap::new(),
            tasks: Tasks::new(),
        }
    }

    /// Starts the tasks of these cloud accounts.
    pub(super) fn start(&mut self, sweep: sweep::Options, accounts: Vec<(Account, Access)>) {
        self.sweep = sweep;
        for (account, access) in accounts {
            self.start_one(account, access);
        }
    }

    /// Waits until a task of an account ends although nobody asked it to.
    pub(super) async fn first_end(&mut self) -> TaskError {
        self.tasks.first_end().await
    }

    /// Ends the tasks of all accounts.
    ///
    /// # Errors
    ///
    /// If one of them fails, panics or does not end in time.
    pub(super) async fn end(self) -> Result<(), TaskError> {
        for running in self.running.values() {
            running.stop.cancel();
        }
        self.tasks.join(Instant::now() + DRAIN).await
    }

    /// Puts a configuration into force, or leaves everything as it is.
    ///
    /// # Errors
    ///
    /// The outer error ends the program; the inner one is a refusal.
    pub(super) async fn replace(
        &mut self,
        loaded: Loaded,
    ) -> Result<Result<Changes, Refused>, TaskError> {
        let Loaded {
            config, pseudonyms, ..
        } = loaded;
        if let Err(refused) = self.check_state(&config) {
            return Ok(Err(refused));
        }
        let difference = match self.difference(&config) {
            Ok(difference) => difference,
            Err(error) => return Ok(Err(error.into())),
        };
        self.stop(difference.ended).await?;
        self.publish(&config, pseudonyms, difference.observations)
            .await;
        self.start(config.sweep, difference.begun);
        Ok(Ok(difference.changes))
    }

    /// What is kept in one file cannot be taken over by another one that holds
    /// something else already.
    fn check_state(&self, config: &Config) -> Result<(), Refused> {
        let wanted = config.state.as_ref().map(|state| state.file.clone());
        if wanted == self.state {
            return Ok(());
        }
        let show = |file: &Option<PathBuf>| {
            let text = file.as_ref().map(|file| file.display().to_string());
            text.unwrap_or_else(|| "none".to_owned())
        };
        Err(Refused::State {
            found: show(&wanted),
            in_force: show(&self.state),
        })
    }

    fn difference(&self, config: &Config) -> Result<Difference, ClientError> {
        let mut found = Difference {
            ended: Vec::new(),
            begun: Vec::new(),
            observations: Vec::new(),
            changes: Changes::default(),
        };
        let same_sweep = is_same_sweep(&self.sweep, &config.sweep);
        for account in &config.accounts {
            let name = &account.sweep.name;
            match self.running.get(name) {
                Some(running) if same_sweep && running.account == *account => {
                    found.changes.kept += 1;
                    continue;
                }
                Some(_) => {
                    found.changes.changed += 1;
                    found.ended.push(name.clone());
                    found.observations.push(changed(account));
                }
                None => found.changes.added += 1,
            }
            let access = self.ground.access(account, config.sweep.shard)?;
            found.begun.push((account.clone(), access));
        }
        let stays = |name: &AccountName| config.accounts.iter().any(|a| a.sweep.name == *name);
        for name in self.running.keys().filter(|name| !stays(name)) {
            found.changes.removed += 1;
            found.ended.push(name.clone());
            let gone = Observation::AccountGone(name.clone());
            found.observations.push(gone);
        }
        Ok(found)
    }

    /// Ends the tasks of these accounts and forgets their counters.
    async fn stop(&mut self, names: Vec<AccountName>) -> Result<(), TaskError> {
        let mut tasks = Vec::with_capacity(names.len() * 2);
        for name in &names {
            if let Some(running) = self.running.remove(name) {
                running.stop.cancel();
                tasks.extend([sweep_task(name), credential_task(name)]);
            }
        }
        self.tasks.end_of(tasks).await?;
        for name in &names {
            self.context.telemetry.account_removed(name);
        }
        Ok(())
    }

    /// Returns when scrapes see what has changed.
    async fn publish(
        &self,
        config: &Config,
        pseudonyms: Option<Pseudonyms>,
        observations: Vec<Observation>,
    ) {
        let wanted = Wanted::of(config, pseudonyms.as_ref());
        let (done, published) = oneshot::channel();
        // Without sinks or a publisher the program is ending.
        let Some(outlets) = self.outlets(wanted).await else {
            return;
        };
        let change = Change {
            observations,
            fleet: fleet::Options {
                retain: config.sweep.retain,
            },
            rules: config.rules.clone(),
            exposition: config.exposition,
            pseudonyms,
            outlets,
            state_interval: config.state.as_ref().map(|state| state.interval),
            done,
        };
        if self.changes.send(change).await.is_ok() {
            let _ = published.await;
        }
    }

    /// Puts the sinks into force and gives what leads to them.
    async fn outlets(&self, wanted: Wanted) -> Option<Outlets> {
        let (answer, answered) = oneshot::channel();
        let request = sinks::Request { wanted, answer };
        self.sinks.send(request).await.ok()?;
        answered.await.ok()
    }

    fn start_one(&mut self, account: Account, access: Access) {
        let name = account.sweep.name.clone();
        let stop = CancellationToken::new();
        let sweeper = Sweeper::new(
            self.sweep.clone(),
            account.sweep.clone(),
            sag::Client::new(access.client),
            self.context.clone(),
        )
        .within(access.rate);
        let sweeping = stop.clone();
        self.tasks.spawn(sweep_task(&name), async move {
            sweeper.run(sweeping).await;
            Ok(())
        });
        let keeping = stop.clone();
        self.tasks.spawn(credential_task(&name), async move {
            access.credentials.refresh_loop(keeping).await;
            Ok(())
        });
        self.running.insert(name, Running { account, stop });
    }
}

/// What a reload did to the accounts, for the log.
impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kept,
            changed,
            added,
            removed,
        } = self;
        write!(
            f,
            "{kept} kept, {changed} changed, {added} added, {removed} removed"
        )
    }
}

fn changed(account: &Account) -> Observation {
    Observation::AccountChanged {
        account: account.sweep.name.clone(),
        regions: account.sweep.regions.clone(),
        instances: account.sweep.instances.clone(),
    }
}

/// Whether sweeps go on in the same way. How long values are retained is not
/// their business but the fleet's.
fn is_same_sweep(old: &sweep::Options, new: &sweep::Options) -> bool {
    let retain = new.retain;
    sweep::Options {
        retain,
        ..old.clone()
    } == *new
}

fn sweep_task(name: &AccountName) -> String {
    format!("sweep of account {name}")
}

fn credential_task(name: &AccountName) -> String {
    format!("credential of account {name}")
}
