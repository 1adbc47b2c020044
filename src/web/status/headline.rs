//! The answer to the first question: is all of this true?

use std::fmt::{self, Display, Write as _};

use super::markup::Ago;
use crate::fleet::InstanceSnapshot;
use crate::web::html::Escaped;
use crate::web::moment::{Moment, Verdict};
use crate::web::problems::Problem;

/// The title of the window, which is all that is seen of a tab.
pub(super) fn title(moment: &Moment<'_>) -> String {
    let state = match (moment.verdict(), moment.problems.len()) {
        (Verdict::Starting, 0) => "starting".to_owned(),
        (_, 0) => "complete".to_owned(),
        (_, 1) => "1 problem".to_owned(),
        (_, problems) => format!("{problems} problems"),
    };
    format!("{state} – SAG exporter")
}

pub(super) fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let (class, text) = match (moment.verdict(), moment.problems.is_empty()) {
        (Verdict::Starting, _) => ("wait", "Starting: the first sweep has not ended yet"),
        (Verdict::Whole, true) => ("good", "Complete: everything shown is whole and current"),
        (Verdict::Whole, false) => ("warn", "Complete, but something needs attention"),
        (Verdict::NotWhole, _) => ("bad", "Not complete: some of this is missing or old"),
    };
    writeln!(
        out,
        "<section id=\"state\" class=\"{class}\" aria-labelledby=\"state-title\">\n\
         <h2 id=\"state-title\">{text}</h2>"
    )?;
    problems(moment, out)?;
    figures(moment, out)?;
    out.write_str("</section>\n")
}

fn problems(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    if moment.problems.is_empty() {
        return Ok(());
    }
    out.write_str("<ul class=\"problems\">\n")?;
    for problem in moment.problems.iter().take(LIMIT_PROBLEMS) {
        let class = if problem.affects_data() {
            "bad"
        } else {
            "warn"
        };
        let section = problem.kind.section();
        write!(
            out,
            "<li class=\"{class}\"><a href=\"#{section}\">{}</a>",
            Escaped(&problem.text)
        )?;
        if let Some(at) = problem.at {
            let now = moment.now;
            write!(out, " ({})", Ago { at, now })?;
        }
        out.write_str("</li>\n")?;
    }
    let more: &[Problem] = moment.problems.get(LIMIT_PROBLEMS..).unwrap_or_default();
    if !more.is_empty() {
        writeln!(
            out,
            "<li>And {} more; all of them are in the JSON.</li>",
            more.len()
        )?;
    }
    out.write_str("</ul>\n")
}

/// What the whole fleet adds up to.
fn figures(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let instances = moment.instances();
    let up = instances.iter().filter(|instance| instance.is_up()).count();
    let sum = |count: fn(&InstanceSnapshot) -> Option<u64>| Sum::of(moment, count);
    let found = moment.published.anomalies().iter();
    let found: u64 = found.map(|anomalies| anomalies.count).sum();
    out.write_str("<dl class=\"figures\">\n")?;
    figure(
        "Instances complete",
        &format_args!("{up} of {}", instances.len()),
        out,
    )?;
    figure("Accounts", &sum(InstanceSnapshot::collected_users), out)?;
    figure("Accounts online", &sum(|i| i.totals().online_users), out)?;
    figure("Clients online", &sum(|i| i.totals().online_clients), out)?;
    figure("Anomalies", &found, out)?;
    out.write_str("</dl>\n")
}

fn figure(name: &str, value: &dyn Display, out: &mut String) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")
}

/// A sum over instances of which some may be unknown.
struct Sum {
    sum: u64,
    known: usize,
    all: usize,
}

impl Sum {
    fn of(moment: &Moment<'_>, count: fn(&InstanceSnapshot) -> Option<u64>) -> Self {
        let counts = moment.instances().iter().filter_map(|i| count(i));
        let (known, sum) = counts.fold((0, 0), |(known, sum), count| (known + 1, sum + count));
        Self {
            sum,
            known,
            all: moment.instances().len(),
        }
    }
}

impl Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.known, self.all) {
            (0, 1..) => f.write_str("unknown"),
            (known, all) if known < all => write!(f, "at least {}", self.sum),
            _ => self.sum.fmt(f),
        }
    }
}

/// Whoever has more has one problem, and the list of what it causes.
const LIMIT_PROBLEMS: usize = 20;
