//! The instances: which of them are whole, how old, and with how many users.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;

use super::markup::{Ago, Column, Count, Table};
use crate::fleet::InstanceSnapshot;
use crate::web::html::Escaped;
use crate::web::moment::Moment;
use crate::web::problems;

pub(super) fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let instances = moment.instances();
    let count = instances.len();
    writeln!(
        out,
        "<section id=\"instances\" aria-labelledby=\"instances-title\">\n\
         <h2 id=\"instances-title\">Instances ({count})</h2>"
    )?;
    if instances.is_empty() {
        writeln!(out, "<p>{}</p>\n</section>", why_none(moment))?;
        return Ok(());
    }
    TABLE.begin("Instances, those that are not complete first", out)?;
    for instance in worst_first(moment).into_iter().take(LIMIT_ROWS) {
        row(moment, instance, out)?;
    }
    let more = count.saturating_sub(LIMIT_ROWS);
    TABLE.end(more, "all of them are in the JSON and in the metrics", out)?;
    out.write_str("</section>\n")
}

/// A fleet without instances may be empty, or may not have been read.
fn why_none(moment: &Moment<'_>) -> &'static str {
    if moment.knows_all_instances() {
        return "The cloud accounts have no instance in the regions of the configuration.";
    }
    "None has been read yet."
}

/// What needs attention is not to be searched for; the rest by id.
fn worst_first<'a>(moment: &Moment<'a>) -> Vec<&'a Arc<InstanceSnapshot>> {
    let mut instances: Vec<_> = moment.instances().iter().collect();
    // The sort is stable, and they are in the order of their ids.
    instances.sort_by_key(|instance| state(moment, instance));
    instances
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum State {
    Incomplete,
    Stale,
    Complete,
}

fn state(moment: &Moment<'_>, instance: &InstanceSnapshot) -> State {
    if !instance.is_up() {
        return State::Incomplete;
    }
    match moment.is_stale(&instance.instance().account, instance.at()) {
        true => State::Stale,
        false => State::Complete,
    }
}

fn row(moment: &Moment<'_>, instance: &InstanceSnapshot, out: &mut String) -> fmt::Result {
    let totals = instance.totals();
    let age = Ago {
        at: instance.at(),
        now: moment.now,
    };
    let cells: [&dyn Display; 7] = [
        &Identity(instance),
        &Completeness(state(moment, instance), instance),
        &age,
        &Accounts(instance),
        &Count(totals.online_users),
        &Count(totals.online_clients),
        &Count(totals.stale_users),
    ];
    TABLE.row(instance.sag_id().as_str(), &cells, out)
}

struct Identity<'a>(&'a InstanceSnapshot);

impl Display for Identity<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = self.0.instance();
        write!(f, "{} ", Escaped(facts.sag_id.as_str()))?;
        if let Some(name) = &facts.name {
            write!(f, "<span class=\"name\">{}</span> ", Escaped(name))?;
        }
        let (account, region) = (facts.account.as_str(), facts.region.as_str());
        write!(
            f,
            "<small>{}, {}</small>",
            Escaped(account),
            Escaped(region)
        )
    }
}

struct Completeness<'a>(State, &'a InstanceSnapshot);

impl Display for Completeness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            State::Complete => f.write_str("<span class=\"good\">complete</span>"),
            State::Stale => f.write_str("<span class=\"bad\">out of date</span>"),
            State::Incomplete => {
                let reasons = problems::reasons(self.1);
                let reasons = Escaped(&reasons);
                write!(
                    f,
                    "<span class=\"bad\">incomplete</span> <small>{reasons}</small>"
                )
            }
        }
    }
}

/// How many accounts the list held, and how many the cloud counts if that is
/// another number.
struct Accounts<'a>(&'a InstanceSnapshot);

impl Display for Accounts<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (collected, expected) = (self.0.collected_users(), self.0.expected_users());
        Count(collected).fmt(f)?;
        match expected {
            Some(expected) if collected != Some(expected) => write!(f, " of {expected}"),
            _ => Ok(()),
        }
    }
}

const TABLE: Table = Table(&[
    Column::Text("Instance"),
    Column::Text("State"),
    Column::Text("Last sweep"),
    Column::Number("Accounts"),
    Column::Number("Online"),
    Column::Number("Clients"),
    Column::Number("Not observed"),
]);

/// Rows of the table. A page with more is of no use to a person.
const LIMIT_ROWS: usize = 250;
