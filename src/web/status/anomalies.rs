//! The anomalies: who, since when and why.

use std::fmt::{self, Display, Write as _};

use super::markup::{Ago, Column, Table};
use crate::web::anomalies::{Anomalies, Entry};
use crate::web::documents;
use crate::web::html::Escaped;
use crate::web::moment::Moment;

pub(super) fn draw(moment: &Moment<'_>, out: &mut String) -> fmt::Result {
    let all = moment.published.anomalies();
    if all.is_empty() {
        let text = match moment.has_no_instances() {
            true => "There is nothing to judge.",
            false => "Nothing has been judged yet.",
        };
        return write!(out, "{BEGIN}Anomalies</h2>\n<p>{text}</p>\n{END}");
    }
    let count: u64 = all.iter().map(|anomalies| anomalies.count).sum();
    writeln!(out, "{BEGIN}Anomalies ({count})</h2>")?;
    for anomalies in all.iter().filter(|anomalies| anomalies.count > 0) {
        group(moment, anomalies, out)?;
    }
    nothing_found(all, out)?;
    out.write_str(END)
}

/// The findings of a rule. Many of them are folded up, so that the others are
/// not far below.
fn group(moment: &Moment<'_>, anomalies: &Anomalies, out: &mut String) -> fmt::Result {
    let (rule, count) = (anomalies.rule, anomalies.count);
    let open = if count <= OPEN_ROWS { " open" } else { "" };
    writeln!(
        out,
        "<details data-key=\"{rule}\"{open}>\n\
         <summary><code>{rule}</code> <b>{count}</b></summary>\n\
         <p><a href=\"{}\">What <code>{rule}</code> means, and what to do</a></p>",
        documents::runbook(rule)
    )?;
    TABLE.begin(&format!("Findings of the rule {rule}, newest first"), out)?;
    let rows = anomalies.newest.iter().take(LIMIT_ROWS);
    let shown: u64 = rows.clone().map(|entry| entry.users.unwrap_or(1)).sum();
    for entry in rows {
        row(moment, entry, out)?;
    }
    let more = usize::try_from(count.saturating_sub(shown)).unwrap_or(usize::MAX);
    TABLE.end(more, "all of them are in the metrics", out)?;
    out.write_str("</details>\n")
}

fn row(moment: &Moment<'_>, entry: &Entry, out: &mut String) -> fmt::Result {
    let age = Ago {
        at: entry.since,
        now: moment.now,
    };
    let sag_id = entry.sag_id.as_str();
    let why = entry
        .reason
        .as_deref()
        .unwrap_or("not shown, because users are not shown");
    let key = format!("{sag_id} {}", entry.user.as_deref().unwrap_or_default());
    let cells: [&dyn Display; 4] = [&Concerned(entry), &Escaped(sag_id), &age, &Escaped(why)];
    TABLE.row(&key, &cells, out)
}

/// Whom a finding concerns.
struct Concerned<'a>(&'a Entry);

impl Display for Concerned<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.0.user, self.0.users) {
            (Some(user), _) => Escaped(user).fmt(f),
            (None, Some(1)) => f.write_str("1 account"),
            (None, Some(users)) => write!(f, "{users} accounts"),
            (None, None) => f.write_str("the whole instance"),
        }
    }
}

fn nothing_found(all: &[Anomalies], out: &mut String) -> fmt::Result {
    let quiet = all.iter().filter(|anomalies| anomalies.count == 0);
    let quiet: Vec<String> = quiet
        .map(|anomalies| format!("<code>{}</code>", anomalies.rule))
        .collect();
    if quiet.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<p>Nothing found by {} (<a href=\"/docs/rules.md\">rules</a>).</p>",
        quiet.join(", ")
    )
}

const BEGIN: &str = "<section id=\"anomalies\" aria-labelledby=\"anomalies-title\">\n\
                     <h2 id=\"anomalies-title\">";

const END: &str = "</section>\n";

const TABLE: Table = Table(&[
    Column::Text("Account"),
    Column::Text("Instance"),
    Column::Text("Since"),
    Column::Text("Why"),
]);

/// Rows of a group. Whoever wants more asks the metrics or the JSON.
const LIMIT_ROWS: usize = 25;

/// Groups of up to so many rows are not folded up.
const OPEN_ROWS: u64 = 5;
