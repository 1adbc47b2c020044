//! The plan for programs.

use serde_json::{Value, json};

use super::{Planned, whole_rate, words};
use crate::model::Action;
use crate::plan::{Advice, Sessions, Verdict};

/// An array with an object for each cloud account.
pub(super) fn render(planned: &[Planned]) -> Result<String, serde_json::Error> {
    let accounts: Vec<Value> = planned.iter().map(account).collect();
    let mut text = serde_json::to_string_pretty(&accounts)?;
    text.push('\n');
    Ok(text)
}

fn account(one: &Planned) -> Value {
    let (budget, schedule) = (&one.budget, &one.schedule);
    json!({
        "account": one.account.sweep.name.as_str(),
        "shard": one.shard.to_string(),
        "live": one.is_live,
        "instances": one.inventory.instances(),
        "users": one.inventory.users(),
        "assumptions": {
            "online": schedule.habits.online,
            "changes_per_minute": schedule.habits.changes_per_minute,
            "latency_seconds": one.pace.latency.as_secs_f64(),
        },
        "sessions": match schedule.sessions {
            Sessions::Each => "each",
            Sessions::Auto { .. } => "auto",
        },
        "rate": one.pace.rate.per_second(),
        "concurrency": one.pace.concurrency,
        "interval_seconds": schedule.interval.as_secs_f64(),
        "calls": calls(one),
        "ordinary_seconds": budget.ordinary_seconds,
        "fullest_seconds": budget.fullest_seconds,
        "first_seconds": budget.first_seconds,
        "demand_ratio": budget.demand_ratio,
        "shortest_interval_seconds": budget.shortest_interval.map(|i| i.as_secs()),
        "calls_per_month": budget.calls_a_month.round(),
        "user_series": one.user_series,
        "verdict": match budget.verdict {
            Verdict::Fits => "fits",
            Verdict::Tight => "tight",
            Verdict::Above => "above",
        },
        "advice": one.advice.iter().map(|one_of| change(one_of, one)).collect::<Vec<_>>(),
    })
}

fn calls(one: &Planned) -> Vec<Value> {
    let load = &one.budget.load;
    let of = |action: Action| {
        json!({
            "action": action.as_str(),
            "ordinary": load.ordinary.of(action),
            "fullest": load.fullest.of(action),
            "mean": load.mean.of(action),
            "first": load.first.of(action),
        })
    };
    let needed = |action: &Action| load.first.of(*action) > 0.0 || load.fullest.of(*action) > 0.0;
    Action::ALL.into_iter().filter(needed).map(of).collect()
}

fn change(advice: &Advice, one: &Planned) -> Value {
    let shards = one.shard.count();
    let (key, value) = match advice {
        Advice::UseBulk { .. } => ("sweep.sessions", json!("auto")),
        Advice::RaiseInterval(interval) => ("sweep.interval", json!(interval.as_secs())),
        Advice::RaiseAccountsInterval(interval) => {
            ("sweep.accounts_interval", json!(interval.as_secs()))
        }
        Advice::RaiseRate(rate) => ("rate", json!(whole_rate(*rate, shards))),
        Advice::RaiseConcurrency(calls) => ("concurrency", json!(calls)),
        Advice::Shards(count) => ("shards", json!(count)),
    };
    json!({ "change": key, "to": value, "text": words(advice, shards) })
}
