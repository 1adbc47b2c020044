//! The cloud accounts: sweeps, credentials, and what is left of the quota.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Write as _};

use super::markup::{Ago, Column, Count, Table};
use crate::clock;
use crate::model::{FailureKind, SweepOutcome};
use crate::telemetry::{AccountReadings, OperationReadings};
use crate::web::html::Escaped;
use crate::web::moment::Moment;
use crate::web::under_way::Sweep;

pub(super) fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let names = names(moment);
    writeln!(
        out,
        "<section id=\"accounts\" aria-labelledby=\"accounts-title\">\n\
         <h2 id=\"accounts-title\">Cloud accounts ({})</h2>",
        names.len()
    )?;
    for name in names.iter().take(LIMIT_ACCOUNTS) {
        let escaped = Escaped(name);
        writeln!(out, "<article data-key=\"{escaped}\">\n<h3>{escaped}</h3>")?;
        sweep(moment, name, out)?;
        progress(moment, name, out)?;
        budget(moment, name, out)?;
        out.write_str("</article>\n")?;
    }
    match names.len().saturating_sub(LIMIT_ACCOUNTS) {
        0 => {}
        more => writeln!(
            out,
            "<p class=\"more\">And {more} more; all of them are in the JSON.</p>"
        )?,
    }
    out.write_str("</section>\n")
}

/// Every account that is configured, swept or counted.
fn names<'a>(moment: &'a Moment<'_>) -> BTreeSet<&'a str> {
    let configured = moment
        .configured()
        .iter()
        .map(|account| account.sweep.name.as_str());
    let swept = moment.snapshot().accounts().iter();
    let swept = swept.map(|status| status.account.as_str());
    let under_way = moment.sweeps.iter().map(|(account, _)| account.as_str());
    let counted = moment.readings.keys().map(String::as_str);
    configured
        .chain(swept)
        .chain(under_way)
        .chain(counted)
        .collect()
}

/// The last sweep, and the credential with which it was made.
fn sweep(moment: &Moment<'_>, name: &str, out: &mut String) -> fmt::Result {
    let mut swept = moment.snapshot().accounts().iter();
    out.write_str("<p>")?;
    match swept.find(|status| status.account.as_str() == name) {
        None => out.write_str("No sweep has ended yet.")?,
        Some(status) => {
            let class = match status.outcome {
                SweepOutcome::Complete => "good",
                SweepOutcome::Partial | SweepOutcome::Failed => "bad",
            };
            let ago = Ago {
                at: status.at,
                now: moment.now,
            };
            let outcome = status.outcome.as_str();
            write!(
                out,
                "Last sweep: <span class=\"{class}\">{outcome}</span>, {ago}"
            )?;
        }
    }
    if let Some(readings) = moment.readings.get(name) {
        facts(moment, readings, out)?;
    }
    let mut configured = moment.configured().iter();
    if let Some(account) = configured.find(|account| account.sweep.name.as_str() == name) {
        write!(out, " · credential: {}", Escaped(&account.credential))?;
    }
    out.write_str("</p>\n")
}

fn facts(moment: &Moment<'_>, readings: &AccountReadings, out: &mut String) -> fmt::Result {
    match readings.sweep_seconds {
        Some(seconds @ ..1.0) => write!(out, ", took {:.0} ms", seconds * 1000.0)?,
        Some(seconds) => write!(out, ", took {seconds:.1} s")?,
        None => {}
    }
    if let Some(ratio) = readings.demand_ratio {
        let class = if ratio > 1.0 { "bad" } else { "good" };
        let percent = ratio * 100.0;
        write!(
            out,
            " · uses <span class=\"{class}\">{percent:.0} %</span> of the rate"
        )?;
    }
    if readings.credential_failures > 0 {
        out.write_str(" · <span class=\"bad\">the credential cannot be obtained</span>")?;
    }
    if let Some(end) = readings.credential_expires {
        let left = clock::between(moment.now, end).as_secs() / 60;
        write!(out, " · credential ends in {left} min")?;
    }
    Ok(())
}

/// The sweep under way, so that whoever waits for a first one sees it move.
fn progress(moment: &Moment<'_>, name: &str, out: &mut String) -> fmt::Result {
    let mut sweeps = moment.sweeps.iter();
    let Some((_, sweep)) = sweeps.find(|(account, _)| account.as_str() == name) else {
        return Ok(());
    };
    let Sweep {
        instances,
        instances_done,
        users,
        users_done,
    } = sweep;
    writeln!(
        out,
        "<p class=\"sweep\"><progress aria-label=\"Sweep of {}\" max=\"{}\" value=\"{users_done}\">\
         </progress> Sweep under way: {instances_done} of {instances} instances, {users_done} of \
         {users} users</p>",
        Escaped(name),
        (*users).max(1),
    )
}

fn budget(moment: &Moment<'_>, name: &str, out: &mut String) -> fmt::Result {
    let operations = moment
        .readings
        .get(name)
        .map(|readings| &readings.operations);
    let Some(operations) = operations.filter(|operations| !operations.is_empty()) else {
        return Ok(());
    };
    let mut configured = moment.configured().iter();
    let account = configured.find(|account| account.sweep.name.as_str() == name);
    let ceiling = account.map(|account| account.rate.per_second());
    TABLE.begin(&format!("Calls for the account {name}"), out)?;
    for (action, readings) in operations {
        let [throttled, failed] = [throttled, failed].map(|count| count(readings));
        let cells: [&dyn Display; 6] = [
            &Operation(action.as_str(), readings),
            &RateNow(readings.rate_limit, ceiling),
            &readings.recent.total(),
            &Bad(throttled),
            &Bad(failed),
            &readings.calls.total(),
        ];
        TABLE.row(action.as_str(), &cells, out)?;
    }
    TABLE.end(0, "", out)
}

fn throttled(readings: &OperationReadings) -> u64 {
    readings.recent.of_kind(FailureKind::Throttled)
}

fn failed(readings: &OperationReadings) -> u64 {
    let recent = &readings.recent;
    recent.total() - recent.ok - throttled(readings)
}

struct Operation<'a>(&'static str, &'a OperationReadings);

impl Display for Operation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<code>{}</code>", self.0)?;
        match self.1.available {
            Some(false) => f.write_str(" <small>does not answer; sweeps do without it</small>"),
            Some(true) | None => Ok(()),
        }
    }
}

/// Calls per second that pacing allows now, and at most.
struct RateNow(Option<f64>, Option<f64>);

impl Display for RateNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Some(now), ceiling) = (self.0, self.1) else {
            return Count(None).fmt(f);
        };
        let is_reduced = ceiling.is_some_and(|ceiling| now < 0.99 * ceiling);
        let class = if is_reduced { "bad" } else { "good" };
        write!(f, "<span class=\"{class}\">{}</span>", Rate(now))?;
        match ceiling {
            Some(ceiling) => write!(f, " of {}/s", Rate(ceiling)),
            None => f.write_str("/s"),
        }
    }
}

struct Rate(f64);

impl Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hundredths = (self.0 * 100.0).round() / 100.0;
        write!(f, "{hundredths}")
    }
}

/// A number that should be 0.
struct Bad(u64);

impl Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("0"),
            count => write!(f, "<span class=\"bad\">{count}</span>"),
        }
    }
}

const TABLE: Table = Table(&[
    Column::Text("Operation"),
    Column::Number("Rate now"),
    Column::Number("Calls in 5 min"),
    Column::Number("Throttled"),
    Column::Number("Failed"),
    Column::Number("Calls in all"),
]);

/// Accounts of the page; few installations have more than a handful.
const LIMIT_ACCOUNTS: usize = 50;
