//! One sweep of everything, and its exposition.

use std::sync::Arc;

use futures_util::future::join_all;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::cloud::{Access, Ground};
use super::daemon::{Plan, QUEUED_OBSERVATIONS, SetupError, accesses};
use super::watch::Watch;
use crate::catalog::Format;
use crate::config::Account;
use crate::exposition::Exposition;
use crate::fleet;
use crate::model::SweepOutcome;
use crate::sag;
use crate::sweep::{Context, Progress, Sweeper};
use crate::telemetry::Telemetry;

/// What one sweep of every cloud account gave.
#[derive(Debug)]
pub struct Once {
    /// The families of the fleet, then those of the exporter.
    pub text: Vec<u8>,
    /// The families of the process (`process_*`). They are for an exposition of
    /// its own: where another process publishes the text, these are its own.
    pub process: Vec<u8>,
    /// Failed if every cloud account failed, complete if every one is complete.
    pub outcome: SweepOutcome,
}

/// Sweeps every cloud account once; `None` if `shutdown` came first.
///
/// # Errors
///
/// If the configuration cannot be carried out.
pub async fn once(
    plan: Plan,
    progress: Arc<dyn Progress>,
    shutdown: CancellationToken,
) -> Result<Option<Once>, SetupError> {
    let telemetry = Telemetry::new(plan.build)?;
    telemetry.config_loaded(plan.clock.now());
    let (observations, mut received) = mpsc::channel(QUEUED_OBSERVATIONS);
    let ground = Ground::new(plan.environment, plan.clock, telemetry.clone())?;
    let context = Context {
        clock: plan.clock,
        telemetry: telemetry.clone(),
        observations,
        progress,
    };
    let options = &plan.config.sweep;
    let accounts = accesses(&plan.config, &ground)?.into_iter();
    let sweeper = |(account, access): (Account, Access)| {
        Sweeper::new(
            options.clone(),
            account.sweep,
            sag::Client::new(access.client),
            context.clone(),
        )
        .within(access.rate)
    };
    let sweepers: Vec<_> = accounts.map(sweeper).collect();
    drop(context);
    // Each sweeper is consumed, so that the queue ends when all of them are done.
    let sweeps = join_all(sweepers.into_iter().map(|mut sweeper| {
        let shutdown = shutdown.clone();
        async move { sweeper.sweep_once(&shutdown).await }
    }));
    let fleet = fleet::Options {
        retain: plan.config.sweep.retain,
    };
    let mut watch = Watch::new(fleet, plan.pseudonyms, plan.config.rules.clone());
    let fold = async {
        while let Some(observation) = received.recv().await {
            // Nobody asked for a chronicle: a first look has no news.
            watch.apply(observation);
        }
    };
    let (outcomes, ()) = tokio::join!(sweeps, fold);
    let Some(outcomes) = outcomes.into_iter().collect::<Option<Vec<_>>>() else {
        return Ok(None);
    };
    let exposition = Exposition::new(watch.snapshot(), plan.config.exposition);
    telemetry.series_limited(exposition.is_limited());
    let mut text = Vec::new();
    exposition
        .writer(Format::Text)
        .for_each_frame(|frame| text.extend_from_slice(frame));
    let (own, process) = telemetry.encode_apart()?;
    text.extend(own);
    Ok(Some(Once {
        text,
        process,
        outcome: together(&outcomes),
    }))
}

/// What the outcomes of several cloud accounts are together: where one of them
/// was read, not everything has failed.
fn together(outcomes: &[SweepOutcome]) -> SweepOutcome {
    match outcomes.split_first() {
        None => SweepOutcome::Complete,
        Some((first, rest)) if rest.iter().all(|outcome| outcome == first) => *first,
        Some(_) => SweepOutcome::Partial,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_that_was_read_is_not_nothing() {
        use SweepOutcome::{Complete, Failed, Partial};
        fn check(outcomes: &[SweepOutcome], expected: SweepOutcome) {
            assert_eq!(together(outcomes), expected, "{outcomes:?}");
        }
        check(&[Complete, Complete], Complete);
        check(&[Complete, Failed], Partial);
        check(&[Failed, Partial], Partial);
        check(&[Complete, Partial], Partial);
        check(&[Failed, Failed], Failed);
        check(&[Failed], Failed);
    }
}
