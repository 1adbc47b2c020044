//! Every expression is PromQL over metrics and labels that exist.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorMatchCardinality,
    VectorSelector,
};
use promql_parser::util::{ExprVisitor, walk_expr};
use sag_exporter::catalog::{self, Kind};

use crate::board::{self, Board};

/// What is wrong with an expression, in the words of a rule each.
#[derive(Debug, Default)]
struct Findings {
    known: BTreeMap<String, Metric>,
    /// Labels of what is selected, and those that functions add.
    labels: BTreeSet<String>,
    /// Labels that are grouped and matched by.
    used: BTreeSet<String>,
    problems: Vec<String>,
    /// Whether what comes next is read through a function for counters.
    rated: bool,
}

#[derive(Debug, Clone)]
struct Metric {
    is_counter: bool,
    labels: BTreeSet<String>,
}

#[test]
fn expressions_are_promql_over_what_exists() {
    for board in board::all() {
        for panel in board.panels() {
            for query in panel.queries() {
                let problems = problems(query.expression);
                assert_eq!(problems, [""; 0], "{}: {}", panel.place(), query.expression);
            }
        }
        check_variables(&board);
    }
}

fn check_variables(board: &Board) {
    for variable in board.label_values() {
        let selector = board::filled(variable.selector, VALUES);
        let parsed = parser::parse(&selector);
        let parsed = parsed.unwrap_or_else(|error| panic!("{selector}: {error}"));
        let Expr::VectorSelector(selector) = parsed else {
            panic!("{}: {parsed:?} selects nothing", variable.name);
        };
        let metrics = match &selector.name {
            Some(name) => vec![name.clone()],
            None => alternatives(&selector, "__name__"),
        };
        assert!(!metrics.is_empty(), "{selector:?}");
        let known = known();
        for metric in metrics {
            let metric = known.get(&metric).unwrap_or_else(|| panic!("{metric}"));
            assert!(
                metric.labels.contains(variable.label),
                "{variable:?} of {metric:?}"
            );
        }
    }
}

/// The values of a matcher of the form `label=~"a|b"`.
fn alternatives(selector: &VectorSelector, label: &str) -> Vec<String> {
    let matchers = selector.matchers.find_matchers(label);
    let values = matchers.iter().flat_map(|matcher| matcher.value.split('|'));
    values.map(str::to_owned).collect()
}

fn problems(expression: &str) -> Vec<String> {
    let parsed = match parser::parse(&board::filled(expression, VALUES)) {
        Ok(parsed) => parsed,
        Err(error) => return vec![error],
    };
    let mut findings = Findings {
        known: known(),
        ..Findings::default()
    };
    if !expression.contains("$__rate_interval") && expression.contains("rate(") {
        findings.complain("a rate without $__rate_interval");
    }
    let Ok(_) = walk_expr(&mut findings, &parsed);
    let unknown: Vec<String> = findings
        .used
        .difference(&findings.labels)
        .map(|label| format!("nothing has the label {label}"))
        .collect();
    findings.problems.extend(unknown);
    findings.problems
}

impl ExprVisitor for Findings {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, Self::Error> {
        match expression {
            Expr::VectorSelector(selector) => self.selector(selector),
            Expr::MatrixSelector(matrix) => {
                if matrix.range.as_secs() != RATE_INTERVAL {
                    self.complain("a range that is not $__rate_interval");
                }
                self.selector(&matrix.vs);
            }
            Expr::Call(call) => self.call(call),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Binary(binary) => self.binary(binary),
            _ => {}
        }
        Ok(true)
    }
}

impl Findings {
    fn selector(&mut self, selector: &VectorSelector) {
        let rated = std::mem::take(&mut self.rated);
        let name = selector.name.clone().unwrap_or_default();
        let Some(metric) = self.known.get(&name).cloned() else {
            self.complain(&format!("{name:?} does not exist"));
            return;
        };
        if metric.is_counter != rated {
            self.complain(&format!("{name}: counters, and they alone, need a rate"));
        }
        let jobs = selector.matchers.find_matchers("job");
        if jobs.len() != 1 || jobs.iter().any(|job| job.to_string() != "job=~\"sag\"") {
            self.complain(&format!("{name} is not of the chosen jobs"));
        }
        for matcher in &selector.matchers.matchers {
            if !metric.labels.contains(&matcher.name) {
                self.complain(&format!("{name} has no label {}", matcher.name));
            }
        }
        self.labels.extend(metric.labels);
    }

    fn call(&mut self, call: &Call) {
        self.rated = COUNTER_FUNCTIONS.contains(&call.func.name);
        if call.func.name == "label_replace" {
            self.label_of(call.args.args.get(1).map(AsRef::as_ref));
        }
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) {
        if aggregate.op.to_string() == "count_values" {
            self.label_of(aggregate.param.as_deref());
        }
        if let Some(LabelModifier::Include(by) | LabelModifier::Exclude(by)) = &aggregate.modifier {
            self.used.extend(by.labels.iter().cloned());
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) {
        let Some(modifier) = &binary.modifier else {
            return;
        };
        if let Some(LabelModifier::Include(on) | LabelModifier::Exclude(on)) = &modifier.matching {
            self.used.extend(on.labels.iter().cloned());
        }
        if let VectorMatchCardinality::ManyToOne(more) | VectorMatchCardinality::OneToMany(more) =
            &modifier.card
        {
            self.used.extend(more.labels.iter().cloned());
        }
    }

    /// A function adds the label that its argument says.
    fn label_of(&mut self, argument: Option<&Expr>) {
        match argument {
            Some(Expr::StringLiteral(label)) => {
                self.labels.insert(label.val.clone());
            }
            other => self.complain(&format!("{other:?} is no label")),
        }
    }

    fn complain(&mut self, problem: &str) {
        self.problems.push(problem.to_owned());
    }
}

/// Every series that may be asked for: the catalogue, and what Prometheus and
/// the process collector know of each target.
fn known() -> BTreeMap<String, Metric> {
    let mut known = BTreeMap::new();
    let mut learn = |name: String, is_counter: bool, labels: &[&str]| {
        let labels = labels.iter().chain(TARGET);
        let labels = labels.map(|&label| label.to_owned()).collect();
        known.insert(name, Metric { is_counter, labels });
    };
    for family in catalog::all() {
        match family.kind {
            Kind::Histogram => {
                for (end, label) in [("_bucket", &["le"][..]), ("_sum", &[]), ("_count", &[])] {
                    let labels = [family.labels, label].concat();
                    learn(format!("{}{end}", family.name), true, &labels);
                }
            }
            kind => learn(family.name.to_owned(), kind == Kind::Counter, family.labels),
        }
    }
    for (name, is_counter) in OF_EACH_TARGET {
        learn((*name).to_owned(), *is_counter, &[]);
    }
    known
}

/// The labels that Prometheus gives each target.
const TARGET: &[&str] = &["job", "instance"];

const OF_EACH_TARGET: &[(&str, bool)] = &[
    ("up", false),
    ("scrape_duration_seconds", false),
    ("scrape_samples_scraped", false),
    ("process_cpu_seconds_total", true),
    ("process_resident_memory_bytes", false),
    ("process_start_time_seconds", false),
];

const COUNTER_FUNCTIONS: &[&str] = &["rate", "increase"];

/// Seconds that no expression says by itself.
const RATE_INTERVAL: u64 = 77;

const VALUES: &[(&str, &str)] = &[
    ("__rate_interval", "77s"),
    ("job", "sag"),
    ("account", "main"),
    ("region", "cn-shanghai"),
    ("sag_id", "sag-a"),
    ("user", "li.wei"),
];

/// What is wrong is found: one mistake of each kind.
#[test]
fn mistakes_are_found() {
    let good =
        "60 * sum by (sag_id) (rate(sag_sessions_started_total{job=~\"$job\"}[$__rate_interval]))";
    assert_eq!(problems(good), [""; 0]);
    for (bad, expected) in [
        ("sum(sag_up{job=~\"$job\"}", "unclosed left parenthesis"),
        ("sag_upp{job=~\"$job\"}", "does not exist"),
        ("sag_up", "not of the chosen jobs"),
        ("sag_up{job=\"sag\"}", "not of the chosen jobs"),
        ("sag_up{job=~\"$job\", user=\"a\"}", "no label user"),
        ("sum by (usr) (sag_up{job=~\"$job\"})", "the label usr"),
        (
            "sag_up{job=~\"$job\"} * on (sag_id) group_left (nam) sag_instance_info{job=~\"$job\"}",
            "the label nam",
        ),
        ("sag_sessions_started_total{job=~\"$job\"}", "need a rate"),
        (
            "rate(sag_up{job=~\"$job\"}[$__rate_interval])",
            "need a rate",
        ),
        (
            "rate(sag_sessions_started_total{job=~\"$job\"}[5m])",
            "without $__rate_interval",
        ),
        (
            "avg_over_time(sag_up{job=~\"$job\"}[5m])",
            "not $__rate_interval",
        ),
    ] {
        let problems = problems(bad);
        let found = problems.iter().any(|problem| problem.contains(expected));
        assert!(found, "{bad}: {problems:?}");
    }
}
