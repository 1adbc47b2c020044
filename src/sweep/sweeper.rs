//! The loop over the sweeps of one cloud account.

use std::sync::Mutex;
use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt as _};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::census::Census;
use super::cloud::Cloud;
use super::demand::Demand;
use super::discovery::list_regions;
use super::instance::{self, Swept};
use super::news::{News, Subject};
use super::optional::Optional;
use super::round::{Round, Unheard};
use super::schedule::first_tick;
use super::tally::Tally;
use super::totals;
use super::{AccountOptions, Context, Options, Progress, Shard};
use crate::fleet::Observation;
use crate::model::{AccountName, SweepOutcome};
use crate::pacing::Rate;

/// Sweeps one cloud account, again and again, and reports what it sees.
///
/// It remembers between sweeps what is due, and which users there were.
#[derive(Debug)]
pub struct Sweeper<C> {
    options: Options,
    account: AccountOptions,
    cloud: C,
    context: Context,
    optional: Mutex<Optional>,
    memory: Memory,
    demand: Demand,
}

#[derive(Debug)]
struct Memory {
    census: Census,
    news: News,
}

impl<C: Cloud> Sweeper<C> {
    /// A sweeper that has not swept yet.
    pub fn new(options: Options, account: AccountOptions, cloud: C, context: Context) -> Self {
        context.telemetry.account_added(&account.name);
        context.telemetry.sweep_interval(options.interval);
        let shard = options.shard;
        context.telemetry.shard(shard.index(), shard.count());
        let memory = Memory::new(&account, shard);
        let optional = Optional::new(account.name.clone(), context.telemetry.clone());
        Self {
            options,
            account,
            cloud,
            context,
            optional: Mutex::new(optional),
            memory,
            demand: Demand::default(),
        }
    }

    /// The same, comparing what its sweeps need with the calls per second that
    /// each operation may make.
    #[must_use]
    pub fn within(self, rate: Rate) -> Self {
        Self {
            demand: Demand::within(rate),
            ..self
        }
    }

    /// The cloud account that it sweeps.
    pub fn account(&self) -> &AccountName {
        &self.account.name
    }

    /// Sweeps until it is told to stop, or until nobody receives observations.
    ///
    /// The first sweep starts at once, because whoever starts a program wants to
    /// see numbers. The following ones start at the phase of the cloud account in
    /// the interval, so that many accounts and many processes spread over it. A
    /// sweep that outlasts its interval makes the next one start as soon as it
    /// has ended; sweeps never overlap, and starts that were missed are skipped.
    ///
    /// On shutdown calls under way are dropped, and the sweep that they belong to
    /// reports nothing more.
    pub async fn run(mut self, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.sweep_for_ever()).await;
    }

    /// Sweeps once; `None` if it was told to stop before the end, or if nobody
    /// receives observations. After that the sweeper remembers nothing.
    pub async fn sweep_once(&mut self, shutdown: &CancellationToken) -> Option<SweepOutcome> {
        let outcome = shutdown.run_until_cancelled(self.sweep(None)).await;
        let outcome = outcome.and_then(Result::ok);
        if outcome.is_none() {
            self.memory = Memory::new(&self.account, self.options.shard);
        }
        outcome
    }

    async fn sweep_for_ever(&mut self) {
        let interval = self.options.interval.max(SHORTEST_INTERVAL);
        let now = self.context.clock.now();
        let wait = first_tick(self.account.name.as_str(), interval, now);
        let mut ticks = interval_at(Instant::now() + wait, interval);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        while self.sweep(Some(interval)).await.is_ok() {
            ticks.tick().await;
        }
    }

    async fn sweep(&mut self, patience: Option<Duration>) -> Result<SweepOutcome, Unheard> {
        let name = &self.account.name;
        let (options, account) = (&self.options, &self.account);
        let mut round = Round::new(options, account, &self.cloud, &self.context, &self.optional);
        round.patience = patience;
        let _under_way = UnderWay::begin(self.context.progress.as_ref(), name);
        let mut tally = Tally::default();
        self.memory.discover(&round, &mut tally).await?;
        self.memory.sweep_instances(&round, &mut tally).await?;
        let outcome = tally.outcome();
        let took = round.started.elapsed();
        let account = name.clone();
        let at = self.context.clock.now();
        round
            .report(Observation::SweepEnded {
                account,
                outcome,
                at,
            })
            .await?;
        let inventory = self.memory.census.inventory(&self.account);
        self.demand.note(
            &inventory,
            round.queries(),
            &self.options,
            &self.account,
            &self.context,
        );
        self.context.telemetry.sweep_ended(name, outcome, took);
        tracing::debug!(account = %name, outcome = outcome.as_str(), ?took, "sweep ended");
        Ok(outcome)
    }
}

/// A sweep that is under way. It ends when this is dropped, also if it is given
/// up in the middle.
struct UnderWay<'a> {
    progress: &'a dyn Progress,
    account: &'a AccountName,
}

impl<'a> UnderWay<'a> {
    fn begin(progress: &'a dyn Progress, account: &'a AccountName) -> Self {
        progress.sweep_started(account);
        Self { progress, account }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.progress.sweep_ended(self.account);
    }
}

impl Memory {
    fn new(account: &AccountOptions, shard: Shard) -> Self {
        Self {
            census: Census::new(account, shard),
            news: News::new(account.name.clone()),
        }
    }

    /// Finds the instances of all regions, if that is due.
    async fn discover<C: Cloud>(
        &mut self,
        round: &Round<'_, C>,
        tally: &mut Tally,
    ) -> Result<(), Unheard> {
        if !self.census.discovered.is_due(
            round.started,
            round.options().accounts_interval,
            round.options(),
        ) {
            self.census.not_due();
            return Ok(());
        }
        let regions = list_regions(round, &mut self.census).await;
        for one in &regions {
            let subject = Subject::Discovery(one.region.clone());
            self.news.note(&subject, one.listing.trouble.as_ref());
        }
        let troubles = || {
            regions
                .iter()
                .filter_map(|one| one.listing.trouble.as_ref())
        };
        let complete = troubles().next().is_none();
        let is_settled = complete || self.census.can_do_without(round.account, troubles());
        self.census.discovered.ran(round.started, is_settled);
        tally.discovered(round.account, complete);
        for gone in self.census.update(round.account, regions) {
            self.news.forget(&gone);
            round.forget(&gone);
            round.report(Observation::InstanceGone(gone)).await?;
        }
        Ok(())
    }

    /// Sweeps all instances, several at once, and reports each as soon as it is
    /// done. Those that had trouble in the last sweep come last.
    async fn sweep_instances<C: Cloud>(
        &mut self,
        round: &Round<'_, C>,
        tally: &mut Tally,
    ) -> Result<(), Unheard> {
        let mut targets = self.census.take();
        totals::ask(round, &mut targets).await;
        let mut queue = targets.into_iter();
        let progress = &round.context.progress;
        progress.instances_found(&round.account.name, queue.len());
        let window = round.gate.concurrency().saturating_mul(INSTANCES_PER_CALL);
        let mut under_way = FuturesUnordered::new();
        loop {
            while under_way.len() < window {
                let Some(target) = queue.next() else { break };
                under_way.push(instance::sweep(round, target));
            }
            let Some(swept) = under_way.next().await else {
                return Ok(());
            };
            self.conclude(round, swept, tally).await?;
        }
    }

    async fn conclude<C: Cloud>(
        &mut self,
        round: &Round<'_, C>,
        swept: Swept,
        tally: &mut Tally,
    ) -> Result<(), Unheard> {
        let sag_id = swept.target.instance.sag_id.clone();
        for (collector, trouble) in swept.runs {
            let subject = Subject::Instance(sag_id.clone(), collector);
            self.news.note(&subject, trouble.as_ref());
        }
        tally.swept(round.account, &swept.observation);
        self.census.put_back(swept.target);
        round
            .report(Observation::Instance(swept.observation))
            .await?;
        round
            .context
            .progress
            .instance_done(&round.account.name, &sag_id);
        Ok(())
    }
}

/// More instances at once than calls at once, so that a slow instance does not
/// leave permits idle; but not all at once, so that each is done early.
const INSTANCES_PER_CALL: usize = 2;

/// Keeps a zero, which the configuration refuses, from spinning.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(10);
