//! The plan for people.

use std::fmt::{self, Write as _};

use super::{Planned, time, words};
use crate::model::Action;
use crate::plan::{Calls, Sessions, Verdict};

/// All cloud accounts, one after the other.
pub(super) fn render(planned: &[Planned]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    for (place, one) in planned.iter().enumerate() {
        if place > 0 {
            writeln!(out)?;
        }
        heading(one, &mut out)?;
        calls(one, &mut out)?;
        figures(one, &mut out)?;
        verdict(one, &mut out)?;
    }
    Ok(out)
}

fn noun(instances: usize) -> &'static str {
    if instances == 1 {
        "instance"
    } else {
        "instances"
    }
}

fn heading(one: &Planned, out: &mut String) -> fmt::Result {
    let whence = if one.is_live { "counted" } else { "assumed" };
    write!(
        out,
        "account {}: {} {} with {} users together ({whence})",
        one.account.sweep.name,
        one.inventory.instances(),
        noun(one.inventory.instances()),
        one.inventory.users()
    )?;
    match one.shard.count().get() {
        1 => writeln!(out)?,
        _ => writeln!(out, ", the part of process {}", one.shard)?,
    }
    let habits = one.schedule.habits;
    match one.schedule.sessions {
        Sessions::Each => writeln!(out, "  sessions: one query a user")?,
        Sessions::Auto { recheck_sweeps } => writeln!(
            out,
            "  sessions: counts in bulk, queries for what changed, everybody online again in \
             {recheck_sweeps} sweeps\n  assumed: {:.1} % of the users online, {:.1} % of them \
             change in a minute",
            habits.online * 100.0,
            habits.changes_per_minute * 100.0
        )?,
    }
    writeln!(
        out,
        "  pace: {} calls per second and operation, {} at once, {} each",
        one.pace.rate.per_second(),
        one.pace.concurrency,
        time(one.pace.latency)
    )
}

fn calls(one: &Planned, out: &mut String) -> fmt::Result {
    let load = &one.budget.load;
    writeln!(
        out,
        "\n  {:<38}{:>10}{:>10}{:>10}{:>10}",
        "calls", "ordinary", "fullest", "mean", "first"
    )?;
    let columns = [&load.ordinary, &load.fullest, &load.mean, &load.first];
    let needed = |action: &Action| columns.iter().any(|calls| calls.of(*action) > 0.0);
    for action in Action::ALL.into_iter().filter(needed) {
        row(action.as_str(), columns.map(|calls| calls.of(action)), out)?;
    }
    row("together", columns.map(Calls::total), out)?;
    let budget = &one.budget;
    let mean = one.pace.seconds(&load.mean);
    row(
        "seconds at most",
        [
            budget.ordinary_seconds,
            budget.fullest_seconds,
            mean,
            budget.first_seconds,
        ],
        out,
    )
}

fn row(name: &str, numbers: [f64; 4], out: &mut String) -> fmt::Result {
    write!(out, "  {name:<38}")?;
    for number in numbers {
        write!(out, "{number:>10.1}")?;
    }
    writeln!(out)
}

fn figures(one: &Planned, out: &mut String) -> fmt::Result {
    let (budget, schedule) = (&one.budget, &one.schedule);
    writeln!(
        out,
        "\n  interval: {}, lists every {}",
        time(schedule.interval),
        time(schedule.accounts_interval)
    )?;
    match budget.shortest_interval {
        Some(interval) => writeln!(out, "  shortest honest interval: {}", time(interval))?,
        None => writeln!(out, "  shortest honest interval: longer than a day")?,
    }
    writeln!(out, "  calls a month: {:.0}", budget.calls_a_month)?;
    writeln!(out, "  series of users: about {:.0}", one.user_series)?;
    writeln!(
        out,
        "  demand: {:.2} of what the rate allows",
        budget.demand_ratio
    )
}

fn verdict(one: &Planned, out: &mut String) -> fmt::Result {
    let text = match one.budget.verdict {
        Verdict::Fits => "it fits: every sweep ends before the next one is due",
        Verdict::Tight => "it is tight: the sweep that reads the lists runs into the next one",
        Verdict::Above => "it does not fit: sweeps take longer than the interval",
    };
    writeln!(out, "  {text}")?;
    if !one.advice.is_empty() {
        writeln!(out, "  what to change:")?;
    }
    for advice in &one.advice {
        writeln!(out, "    - {}", words(advice, one.shard.count()))?;
    }
    Ok(())
}
