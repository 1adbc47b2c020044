//! What will be changed, and what became of it, for people and for programs.

use serde::Serialize;

use super::table::harmless;
use super::{Format, record};
use crate::app::users::{Change, Outcome, Proposal, Refused, Tally, Unchanged};
use crate::cli::exit::Failure;
use crate::cli::output::{Colour, Paint};

/// One account of a `set`, for programs. A mail address is never in it.
#[derive(Debug, Serialize)]
pub(super) struct Row {
    sag_id: Option<String>,
    user: String,
    bandwidth_kbps_before: Option<u32>,
    bandwidth_kbps_after: Option<u32>,
    email_changes: bool,
    result: &'static str,
    detail: Option<String>,
}

/// The columns of [`Row`].
pub(super) const COLUMNS: [&str; 7] = [
    "sag_id",
    "user",
    "bandwidth_kbps_before",
    "bandwidth_kbps_after",
    "email_changes",
    "result",
    "detail",
];

impl Row {
    /// A change with what became of it, `planned` or `left` if nothing did.
    pub(super) fn of(change: &Change, result: &'static str, detail: Option<String>) -> Self {
        Self {
            sag_id: Some(change.sag_id.to_string()),
            user: change.user.to_string(),
            bandwidth_kbps_before: change.before.map(|kbps| kbps.0),
            bandwidth_kbps_after: Some(change.after.kbps()),
            email_changes: change.email.is_some(),
            result,
            detail,
        }
    }

    pub(super) fn done(change: &Change, outcome: &Outcome) -> Self {
        let (result, detail) = match outcome {
            Outcome::Done => ("changed", None),
            Outcome::FoundDone { .. } => ("changed", Some(detail(outcome))),
            Outcome::Unknown { .. } => ("unknown", Some(detail(outcome))),
            Outcome::Failed { .. } => ("failed", Some(detail(outcome))),
        };
        Self::of(change, result, detail)
    }
}

impl From<&Unchanged> for Row {
    fn from(user: &Unchanged) -> Self {
        let kbps = user.bandwidth.map(|kbps| kbps.0);
        Self {
            sag_id: Some(user.sag_id.to_string()),
            user: user.user.to_string(),
            bandwidth_kbps_before: kbps,
            bandwidth_kbps_after: kbps,
            email_changes: false,
            result: "unchanged",
            detail: None,
        }
    }
}

impl From<&Refused> for Row {
    fn from(refused: &Refused) -> Self {
        Self {
            sag_id: refused.sag_id.as_ref().map(ToString::to_string),
            user: refused.user.to_string(),
            bandwidth_kbps_before: None,
            bandwidth_kbps_after: None,
            email_changes: false,
            result: "refused",
            detail: Some(refused.why.clone()),
        }
    }
}

/// Rows for programs.
pub(super) fn rows(rows: &[Row], format: Format) -> Result<String, Failure> {
    match format {
        Format::Csv => record::csv(&COLUMNS, rows),
        Format::Json | Format::Table => record::json(&rows),
    }
}

/// The plan for people. Who stays as is, is only counted.
pub(super) fn plan(proposal: &Proposal, paint: Paint) -> String {
    let mut text = String::new();
    for change in &proposal.changes {
        let mark = paint.paint(Colour::Changed, "~");
        text += &format!("{mark} {}\n", sentence(change));
    }
    for refused in &proposal.refused {
        let mark = paint.paint(Colour::Bad, "!");
        text += &format!("{mark} {}\n", refusal(refused));
    }
    text + &format!(
        "Plan: {} to change, {} unchanged, {} refused.\n",
        proposal.changes.len(),
        proposal.unchanged.len(),
        proposal.refused.len()
    )
}

/// The outcome of one change for people.
pub(super) fn result(change: &Change, outcome: &Outcome, paint: Paint) -> String {
    let (colour, word) = match outcome {
        Outcome::Done | Outcome::FoundDone { .. } => (Colour::Good, "changed"),
        Outcome::Unknown { .. } => (Colour::Bad, "unknown"),
        Outcome::Failed { .. } => (Colour::Bad, "failed"),
    };
    let word = paint.paint(colour, word);
    match outcome {
        Outcome::Done => format!("{word} {}\n", sentence(change)),
        _ => format!("{word} {}: {}\n", sentence(change), detail(outcome)),
    }
}

/// The last line for people.
pub(super) fn summary(tally: &Tally) -> String {
    format!(
        "{} changed, {} failed, {} unknown, {} left.\n",
        tally.done, tally.failed, tally.unknown, tally.left
    )
}

fn sentence(change: &Change) -> String {
    let before = change
        .before
        .map_or_else(|| "unknown".to_owned(), |kbps| kbps.0.to_string());
    let mut parts = Vec::new();
    if change.changes_bandwidth() {
        parts.push(format!("{before} → {} Kbit/s", change.after.kbps()));
    }
    if change.email.is_some() {
        parts.push("e-mail address → another one (not shown)".to_owned());
    }
    let (sag_id, user) = (&change.sag_id, harmless(change.user.as_str()));
    format!("{sag_id} {user}: {}", parts.join(", "))
}

fn refusal(refused: &Refused) -> String {
    let user = harmless(refused.user.as_str());
    let line = refused.line.map(|line| format!("line {line}: "));
    let sag_id = refused.sag_id.as_ref().map(|id| format!("{id} "));
    format!(
        "{}{}{user}: {}",
        line.unwrap_or_default(),
        sag_id.unwrap_or_default(),
        refused.why
    )
}

fn detail(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Done => String::new(),
        Outcome::FoundDone { doubt } => {
            format!("the outcome was unknown ({doubt}); read back: it is in force")
        }
        Outcome::Unknown { doubt, found } => format!("{doubt}; {found}; not sent again"),
        Outcome::Failed { why } => why.clone(),
    }
}
