//! What `check --live` prints.

use std::fmt::{self, Write as _};

use clap::ValueEnum;
use serde_json::{Value, json};

use crate::doctor::{Finding, Report, Verdict};

/// For whom it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people.
    Table,
    /// For machines.
    Json,
}

/// All findings, and the policy to paste.
pub(super) fn print(reports: &[Report], output: Output) -> Result<String, fmt::Error> {
    match output {
        Output::Table => table(reports),
        Output::Json => Ok(format!("{:#}\n", json(reports))),
    }
}

/// Whether anything keeps the exporter from its work.
pub(super) fn has_problem(reports: &[Report]) -> bool {
    let mut verdicts = reports.iter().map(Report::verdict);
    verdicts.any(|verdict| verdict == Verdict::Problem)
}

fn table(reports: &[Report]) -> Result<String, fmt::Error> {
    let mut out = String::new();
    for report in reports {
        writeln!(out, "account {}:", report.account)?;
        let object = |finding: &Finding| finding.object.chars().count();
        let width = report.findings.iter().map(object).max().unwrap_or(0);
        for finding in &report.findings {
            writeln!(
                out,
                "  {:<8} {:<10} {:<width$}  {}",
                finding.verdict.as_str(),
                finding.subject.as_str(),
                finding.object,
                finding.detail
            )?;
        }
        writeln!(
            out,
            "the smallest RAM policy for account {}:",
            report.account
        )?;
        writeln!(out, "{:#}", report.policy)?;
    }
    Ok(out)
}

fn json(reports: &[Report]) -> Value {
    let finding = |finding: &Finding| {
        json!({
            "subject": finding.subject.as_str(),
            "object": finding.object,
            "verdict": finding.verdict.as_str(),
            "detail": finding.detail,
        })
    };
    let report = |report: &Report| {
        let findings: Vec<Value> = report.findings.iter().map(finding).collect();
        json!({
            "account": report.account.as_str(),
            "verdict": report.verdict().as_str(),
            "cloud_clock_ahead_seconds": report.cloud_clock_ahead.map(|ahead| ahead.as_secs()),
            "findings": findings,
            "policy": report.policy,
        })
    };
    reports.iter().map(report).collect()
}
