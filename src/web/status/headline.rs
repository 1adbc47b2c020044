//! The answer to the first question: is all of this true?

use std::fmt::{self, Display, Write as _};

use super::markup::{Ago, Count};
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
    out.write_str("<dl class=\"figures\">\n")?;
    let complete = match instances.is_empty() && !moment.knows_all_instances() {
        true => "unknown".to_owned(),
        false => format!("{up} of {}", instances.len()),
    };
    figure("Instances complete", &complete, out)?;
    figure("Accounts", &sum(InstanceSnapshot::collected_users), out)?;
    figure("Accounts online", &sum(|i| i.totals().online_users), out)?;
    figure("Clients online", &sum(|i| i.totals().online_clients), out)?;
    figure("Anomalies", &Count(found(moment)), out)?;
    out.write_str("</dl>\n")
}

fn figure(name: &str, value: &dyn Display, out: &mut String) -> fmt::Result {
    writeln!(out, "<div><dt>{name}</dt><dd>{value}</dd></div>")
}

/// How many anomalies there are, if anything was judged or there is nothing to
/// judge.
fn found(moment: &Moment<'_>) -> Option<u64> {
    let all = moment.published.anomalies();
    let count = || all.iter().map(|anomalies| anomalies.count).sum();
    (!all.is_empty() || moment.has_no_instances()).then(count)
}

/// A sum over instances of which some may be unknown, or not complete.
enum Sum {
    Exactly(u64),
    /// Some instances were not read completely.
    About(u64),
    /// Of some instances nothing is known.
    AtLeast(u64),
    Unknown,
}

impl Sum {
    fn of(moment: &Moment<'_>, count: fn(&InstanceSnapshot) -> Option<u64>) -> Self {
        let instances = moment.instances();
        let counts: Vec<u64> = instances.iter().filter_map(|i| count(i)).collect();
        let sum = counts.iter().sum();
        let is_whole = moment.knows_all_instances() && counts.len() == instances.len();
        match (is_whole, counts.is_empty()) {
            (true, _) if instances.iter().all(|instance| instance.is_up()) => Self::Exactly(sum),
            (true, _) => Self::About(sum),
            (false, false) => Self::AtLeast(sum),
            (false, true) => Self::Unknown,
        }
    }
}

impl Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(sum) => write!(f, "{sum}"),
            Self::About(sum) => write!(f, "about {sum}"),
            Self::AtLeast(sum) => write!(f, "at least {sum}"),
            Self::Unknown => f.write_str("unknown"),
        }
    }
}

/// Whoever has more has one problem, and the list of what it causes.
const LIMIT_PROBLEMS: usize = 20;
