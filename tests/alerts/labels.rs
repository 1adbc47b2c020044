//! Which labels an expression has, by PromQL's rules and the catalogue. A
//! metric that is not declared, or a label that a metric does not have, is
//! found here and not on the day on which the alert should have fired.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality,
    VectorSelector,
};
use sag_exporter::catalog::{self, Family, Kind};

use crate::rule::{self, Kind as RuleKind, Rule};

type Labels = BTreeSet<String>;

/// Every series that there may be, with its labels.
struct Known(BTreeMap<String, Labels>);

#[test]
fn rules_name_only_metrics_and_labels_that_exist() {
    let mut known = Known::from_catalogue();
    let rules = rule::all();
    let (records, alerts): (Vec<&Rule>, Vec<&Rule>) =
        rules.iter().partition(|rule| rule.kind == RuleKind::Record);
    known.learn(records);
    for rule in alerts {
        let labels = known.labels_of(rule);
        for (annotation, text) in &rule.annotations {
            for label in named_labels(text) {
                assert!(
                    labels.contains(label),
                    "{}: {annotation} shows {label}, the alert has {labels:?}",
                    rule.name
                );
            }
            for query in queries(text) {
                let parsed = parser::parse(&query).unwrap();
                let labels = known.check(&parsed);
                labels.unwrap_or_else(|problem| panic!("{}: {problem}", rule.name));
            }
        }
    }
}

impl Known {
    /// The catalogue, and what Prometheus knows of each target.
    fn from_catalogue() -> Self {
        let mut known: BTreeMap<String, Labels> = BTreeMap::new();
        known.insert("up".to_owned(), set(TARGET));
        for family in catalog::all() {
            for (suffix, label) in samples(family) {
                let labels = family.labels.iter().chain(TARGET).chain(label);
                let labels = labels.map(|&label| label.to_owned()).collect();
                known.insert(format!("{}{suffix}", family.name), labels);
            }
        }
        Self(known)
    }

    /// Takes in what is recorded, whatever the order of the files.
    fn learn(&mut self, mut records: Vec<&Rule>) {
        while let Some(first) = records.first().copied() {
            let before = records.len();
            records.retain(|rule| {
                let parsed = parser::parse(&rule.expression);
                let labels = parsed.map(|expression| self.check(&expression));
                let Ok(Ok(labels)) = labels else { return true };
                let entry = self.0.entry(rule.name.clone()).or_default();
                entry.extend(labels);
                entry.extend(rule.labels.keys().cloned());
                false
            });
            if records.len() == before {
                self.labels_of(first);
                panic!("{} records what only it needs", first.name);
            }
        }
    }

    fn labels_of(&self, rule: &Rule) -> Labels {
        let parsed = parser::parse(&rule.expression);
        let expression = parsed.unwrap_or_else(|error| panic!("{}: {error}", rule.name));
        let labels = self.check(&expression);
        let mut labels = labels.unwrap_or_else(|problem| panic!("{}: {problem}", rule.name));
        labels.extend(rule.labels.keys().cloned());
        labels
    }

    /// The labels of the result, without the name of the metric.
    fn check(&self, expression: &Expr) -> Result<Labels, String> {
        match expression {
            Expr::NumberLiteral(_) | Expr::StringLiteral(_) => Ok(Labels::new()),
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => self.selector(&matrix.vs),
            Expr::Paren(inner) => self.check(&inner.expr),
            Expr::Unary(inner) => self.check(&inner.expr),
            Expr::Subquery(inner) => self.check(&inner.expr),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Call(call) => self.call(call),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Extension(_) => Err("an extension of the parser".to_owned()),
        }
    }

    fn selector(&self, selector: &VectorSelector) -> Result<Labels, String> {
        let name = selector
            .name
            .as_deref()
            .ok_or("a selector without a name")?;
        let labels = self.0.get(name).ok_or(format!("{name} does not exist"))?;
        let matchers = selector.matchers.matchers.iter();
        let matched: Vec<String> = matchers.map(|matcher| matcher.name.clone()).collect();
        demand(&matched, labels, name)?;
        Ok(labels.clone())
    }

    fn aggregate(&self, aggregate: &AggregateExpr) -> Result<Labels, String> {
        let labels = self.check(&aggregate.expr)?;
        let keeps_series = aggregate.param.is_some();
        match &aggregate.modifier {
            Some(LabelModifier::Include(by)) => {
                demand(&by.labels, &labels, "what is aggregated")?;
                Ok(if keeps_series {
                    labels
                } else {
                    set(&by.labels)
                })
            }
            Some(LabelModifier::Exclude(without)) => {
                demand(&without.labels, &labels, "what is aggregated")?;
                Ok(&labels - &set(&without.labels))
            }
            None => Ok(if keeps_series { labels } else { Labels::new() }),
        }
    }

    fn call(&self, call: &Call) -> Result<Labels, String> {
        let mut labels = Labels::new();
        for argument in &call.args.args {
            labels.extend(self.check(argument)?);
        }
        match call.func.name {
            "absent" | "scalar" | "vector" | "time" => Ok(Labels::new()),
            "label_replace" => {
                let Some(Expr::StringLiteral(label)) = call.args.args.get(1).map(AsRef::as_ref)
                else {
                    return Err("label_replace without a label".to_owned());
                };
                labels.insert(label.val.clone());
                Ok(labels)
            }
            _ => Ok(labels),
        }
    }

    fn binary(&self, binary: &BinaryExpr) -> Result<Labels, String> {
        let (left, right) = (self.check(&binary.lhs)?, self.check(&binary.rhs)?);
        let Some(modifier) = &binary.modifier else {
            return Ok(if is_scalar(&binary.lhs) { right } else { left });
        };
        let Some(LabelModifier::Include(on)) = &modifier.matching else {
            return Ok(if is_scalar(&binary.lhs) { right } else { left });
        };
        demand(&on.labels, &left, "the left side")?;
        demand(&on.labels, &right, "the right side")?;
        match &modifier.card {
            VectorMatchCardinality::ManyToOne(include) => {
                demand(&include.labels, &right, "the one side")?;
                Ok(&left | &set(&include.labels))
            }
            VectorMatchCardinality::OneToMany(include) => {
                demand(&include.labels, &left, "the one side")?;
                Ok(&right | &set(&include.labels))
            }
            VectorMatchCardinality::ManyToMany => Ok(left),
            VectorMatchCardinality::OneToOne => Ok(set(&on.labels)),
        }
    }
}

fn demand(wanted: &[String], labels: &Labels, of: &str) -> Result<(), String> {
    let missing: Vec<&String> = wanted
        .iter()
        .filter(|label| !labels.contains(*label))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(format!("{of} has no {missing:?}, but {labels:?}"))
}

fn is_scalar(expression: &Expr) -> bool {
    expression.value_type() == parser::value::ValueType::Scalar
}

/// The endings of the samples of a family, each with the label that comes on top.
fn samples(family: &Family) -> Vec<(&'static str, Option<&'static &'static str>)> {
    match family.kind {
        Kind::Histogram => vec![("_bucket", Some(&"le")), ("_sum", None), ("_count", None)],
        Kind::Gauge | Kind::Counter => vec![("", None)],
    }
}

/// The labels that a template shows.
fn named_labels(template: &str) -> impl Iterator<Item = &str> {
    let places = template.split("$labels.").skip(1);
    places.filter_map(|rest| {
        rest.split(|c: char| !c.is_alphanumeric() && c != '_')
            .next()
    })
}

/// The queries of a template, with something in place of its arguments.
fn queries(template: &str) -> impl Iterator<Item = String> {
    let places = template.split("query (printf \"").skip(1);
    let queries = places.filter_map(|rest| rest.split('"').next());
    queries.map(|query| query.replace("%q", "\"x\""))
}

fn set<S: AsRef<str>>(labels: &[S]) -> Labels {
    labels
        .iter()
        .map(|label| label.as_ref().to_owned())
        .collect()
}

/// The labels that Prometheus gives each target.
const TARGET: &[&str] = &["job", "instance"];

/// What is wrong with rules is found: one mistake of each kind.
#[test]
fn mistakes_are_found() {
    let known = Known::from_catalogue();
    let check = |text: &str| known.check(&parser::parse(text).unwrap());
    let labels = |text: &str| {
        check(text)
            .unwrap()
            .into_iter()
            .collect::<Vec<_>>()
            .join(" ")
    };
    for (good, expected) in [
        ("max by (sag_id) (sag_up)", "sag_id"),
        ("sag_up == 1", "instance job sag_id"),
        ("1 - sag_up", "instance job sag_id"),
        (
            "topk by (sag_id) (1, sag_client_users)",
            "instance job sag_id state",
        ),
        (
            "sag_up * on (sag_id) group_left (name) sag_instance_info",
            "instance job name sag_id",
        ),
        ("sag_up / on (sag_id) sag_stale_users", "sag_id"),
        ("absent(sag_up)", ""),
        (
            "rate(sag_session_duration_seconds_bucket[5m])",
            "instance job le sag_id",
        ),
    ] {
        assert_eq!(labels(good), expected, "{good}");
    }
    for bad in [
        "sag_upp",
        "sag_up{user=\"a\"}",
        "sum by (user) (sag_up)",
        "sag_up and on (user) sag_up",
        "sag_up * on (sag_id) group_left (name) sag_online_users",
        "rate(sag_session_duration_seconds[5m])",
        "{sag_id=\"a\"}",
    ] {
        assert!(check(bad).is_err(), "{bad}");
    }
}
