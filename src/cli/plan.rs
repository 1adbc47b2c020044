//! `plan`: what the sweeps of a configuration cost, and whether they can work.

mod json;
mod table;

use std::num::NonZeroU32;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::exit::Failure;
use super::flags::{ShardFlags, SourceFlags, load};
use super::logging::LogFlags;
use super::output::print;
use super::{version, wiring};
use crate::app::{self, Plan, Survey};
use crate::clock::Clock;
use crate::config::{Account, Config, Environment, Web};
use crate::exposition::UserLabels;
use crate::pacing::Rate;
use crate::plan::{Advice, Budget, Habits, Inventory, Pace, RegionInventory, Schedule, advice};
use crate::sweep::Shard;

/// The flags of `plan`.
#[derive(Debug, Args)]
pub(super) struct Flags {
    #[command(flatten)]
    source: SourceFlags,
    #[command(flatten)]
    shard: ShardFlags,
    /// Count instances and users in the cloud, and who is online if it tells
    #[arg(long, help_heading = "What to assume")]
    live: bool,
    #[command(flatten)]
    assumed: AssumedFlags,
    /// How to print it
    #[arg(short = 'o', value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    output: Format,
    #[command(flatten)]
    log: LogFlags,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// For programs
    Json,
}

/// What nobody knows without asking the cloud, or at all.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "What to assume")]
struct AssumedFlags {
    /// Without --live: how many users each instance has
    #[arg(long = "plan.users", value_name = "COUNT", default_value_t = 2000)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    users_each: u64,

    /// Without --live: how many instances an account has whose instances are
    /// not listed
    #[arg(long = "plan.instances", value_name = "COUNT", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u64).range(..=500))]
    instances_found: u64,

    /// The part of the users that is online [default: 10%, or as --live finds]
    #[arg(long = "plan.online", value_name = "PERCENT", value_parser = percent)]
    online: Option<f64>,

    /// The part of those online whose sessions change within a minute
    #[arg(long = "plan.changes", value_name = "PERCENT", value_parser = percent)]
    #[arg(default_value = "1%")]
    changes: f64,

    /// How long a call takes
    #[arg(long = "plan.latency", value_name = "TIME", value_parser = humantime::parse_duration)]
    #[arg(default_value = "100ms")]
    latency: Duration,
}

/// The plan of one cloud account.
struct Planned {
    account: Account,
    shard: Shard,
    inventory: Inventory,
    is_live: bool,
    schedule: Schedule,
    pace: Pace,
    budget: Budget,
    user_series: f64,
    advice: Vec<Advice>,
}

pub(super) fn run(flags: Flags, environment: Environment) -> Result<(), Failure> {
    let source = flags.source.resolve(flags.shard.shard)?;
    let config = load(&source, &flags.log)?.config;
    let surveys = match flags.live {
        false => config.accounts.iter().map(|_| None).collect(),
        true => {
            let surveyed = wiring::block_on(survey(config.clone(), environment))?;
            surveyed.into_iter().map(Some).collect::<Vec<_>>()
        }
    };
    let planned: Vec<Planned> = (config.accounts.iter().zip(surveys))
        .map(|(account, survey)| plan(&config, account, survey, &flags.assumed))
        .collect();
    let text = match flags.output {
        Format::Table => table::render(&planned).map_err(Failure::run)?,
        Format::Json => json::render(&planned).map_err(Failure::run)?,
    };
    print(&text)
}

/// Looks into every cloud account.
async fn survey(config: Config, environment: Environment) -> Result<Vec<Survey>, Failure> {
    let plan = Plan {
        config,
        // Nothing is published.
        pseudonyms: None,
        source: None,
        environment,
        web: Web::default(),
        build: version::BUILD,
        clock: Clock::system(),
    };
    let looked = app::until_signal(|shutdown| app::survey(plan, shutdown)).await;
    let surveys = looked.map_err(Failure::run)?.map_err(Failure::run)?;
    surveys.ok_or_else(|| Failure::run("interrupted before everything was counted"))
}

fn plan(
    config: &Config,
    account: &Account,
    survey: Option<Survey>,
    assumed: &AssumedFlags,
) -> Planned {
    let shard = config.sweep.shard;
    let found = survey.as_ref().and_then(|survey| survey.online);
    let schedule = config.sweep.schedule(Habits {
        online: assumed.online.or(found).unwrap_or(ONLINE),
        changes_per_minute: assumed.changes,
    });
    let pace = Pace {
        rate: account.rate.share(shard.count()),
        concurrency: account.sweep.concurrency,
        latency: assumed.latency,
    };
    let publishes_users = config.exposition.user_labels != UserLabels::None;
    let is_live = survey.is_some();
    let inventory = survey.map_or_else(
        || assumed_inventory(account, shard, assumed),
        |survey| survey.inventory,
    );
    let mut advice = advice(&inventory, &schedule, &pace);
    advice.retain(|one| publishes_users || !matches!(one, Advice::Shards(_)));
    let user_series = match publishes_users {
        true => inventory.user_series(&schedule),
        false => 0.0,
    };
    Planned {
        account: account.clone(),
        shard,
        budget: Budget::of(&inventory, &schedule, &pace),
        user_series,
        advice,
        inventory,
        is_live,
        schedule,
        pace,
    }
}

/// All instances in the first region, and nothing in the others.
fn assumed_inventory(account: &Account, shard: Shard, assumed: &AssumedFlags) -> Inventory {
    let listed = &account.sweep.instances;
    let length = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let (all, mine) = match listed.len() {
        0 => {
            let count = u64::from(shard.count().get());
            (
                assumed.instances_found,
                assumed.instances_found.div_ceil(count),
            )
        }
        all => {
            let mine = listed.iter().filter(|id| shard.owns(id)).count();
            (length(all), length(mine))
        }
    };
    let length = account.sweep.regions.len().max(1);
    let mut regions = vec![RegionInventory::default(); length];
    if let Some(first) = regions.first_mut() {
        first.gateways = all;
        first.users = (0..mine).map(|_| assumed.users_each).collect();
    }
    Inventory {
        finds_regions: account.sweep.wants_all_regions(),
        regions,
    }
}

/// A change in words; a rate or a number of calls at once is for the whole
/// account, of which this process takes its part.
fn words(advice: &Advice, shards: NonZeroU32) -> String {
    match advice {
        Advice::UseBulk {
            demand_ratio,
            fullest_seconds,
        } => format!(
            "sweep.sessions: auto, which counts 50 users a call: a demand of {demand_ratio:.2}, \
             and {fullest_seconds:.1} s at most for a sweep"
        ),
        Advice::RaiseInterval(interval) => {
            format!("sweep.interval: {} or longer", time(*interval))
        }
        Advice::RaiseAccountsInterval(interval) => format!(
            "sweep.accounts_interval: {} or longer; the sweep that reads the lists still takes as \
             long",
            time(*interval)
        ),
        Advice::RaiseRate(rate) => format!(
            "rate: {} for this account, once Quota Center grants as much; more processes do not \
             help, since they share the quota",
            whole_rate(*rate, shards)
        ),
        Advice::RaiseConcurrency(calls) => format!(
            "concurrency: {calls}, since that many calls must be under way to make up for their \
             latency"
        ),
        Advice::Shards(count) => format!(
            "--sweep.shard=0/{count} and so on: the users have more series than one process \
             should publish; or labels.user: none"
        ),
    }
}

fn whole_rate(share: Rate, shards: NonZeroU32) -> f64 {
    share.per_second() * f64::from(shards.get())
}

fn time(duration: Duration) -> humantime::FormattedDuration {
    humantime::format_duration(duration)
}

/// A percentage from 0% to 100%, as a part of 1.
fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|text| text.parse().ok());
    number
        .filter(|number: &f64| (0.0..=100.0).contains(number))
        .map(|number| number / 100.0)
        .ok_or_else(|| format!("{text:?} is not a percentage: expected 0% to 100%"))
}

/// The part of the users online that is assumed.
const ONLINE: f64 = 0.1;

pub(super) const EXAMPLES: &str = "\
Examples:
  sag-exporter plan --config.file=sag-exporter.yml --plan.users=500
      Calls no one: every instance is assumed to have 500 users.
  sag-exporter plan --config.file=sag-exporter.yml --live
      Counts instances and users first, at the configured rate: one call for 50
      instances, and one for each instance.
  sag-exporter plan --sag.region=cn-shanghai --plan.instances=20 -o json

The daemon publishes the demand as sag_exporter_api_demand_ratio after each
sweep, and logs a warning while it is above 1.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_has_its_sign_and_its_range() {
        for (text, expected) in [
            ("10%", Some(0.1)),
            ("0%", Some(0.0)),
            ("100%", Some(1.0)),
            ("2.5%", Some(0.025)),
            ("10", None),
            ("101%", None),
            ("-1%", None),
            ("NaN%", None),
            ("%", None),
        ] {
            assert_eq!(percent(text).ok(), expected, "{text}");
        }
    }
}
