//! `docs/metrics.md`, made from the catalogue.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use sag_exporter::catalog::{self, EXPORTER, FLEET, Family, Kind};

use crate::fresh::fresh;
use crate::queries::example;

#[test]
fn the_page_on_metrics_is_what_the_catalogue_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/metrics.md");
    fresh(&path, &page());
}

#[test]
fn every_label_is_explained() {
    let used: BTreeSet<&str> = catalog::all()
        .flat_map(|family| family.labels)
        .copied()
        .collect();
    let explained: BTreeSet<&str> = LABELS.iter().map(|label| label.name).collect();
    let missing: Vec<_> = used.difference(&explained).collect();
    assert!(
        missing.is_empty(),
        "tests/docs/metrics.rs does not explain {missing:?}"
    );
}

fn page() -> String {
    let (users, instances): (Vec<&Family>, Vec<&Family>) = FLEET
        .iter()
        .partition(|family| family.labels.contains(&"user"));
    let mut page = HEAD.to_owned();
    labels(&mut page);
    families(&mut page, "Instances", INSTANCES, &instances);
    families(&mut page, "Users", USERS, &users);
    families(&mut page, "The exporter itself", ITSELF, EXPORTER);
    page.push_str(PROCESS);
    page
}

fn labels(page: &mut String) {
    page.push_str("\n## Labels\n\n| label | value | how many |\n|---|---|---|\n");
    let used = |label: &&Label| catalog::all().any(|family| family.labels.contains(&label.name));
    for label in LABELS.iter().filter(used) {
        let Label { name, value, many } = label;
        writeln!(page, "| `{name}` | {value} | {many} |").unwrap();
    }
}

fn families(page: &mut String, title: &str, about: &str, families: &[&Family]) {
    write!(page, "\n## {title}\n\n{about}").unwrap();
    for family in families {
        let Family {
            name,
            help,
            kind,
            labels,
        } = family;
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = match labels.is_empty() {
            true => "no labels".to_owned(),
            false => labels.join(", "),
        };
        write!(
            page,
            "\n### {name}\n\n{help}\n\n- {}, {}; {labels}; {}\n- `{}`\n",
            kind.as_str(),
            unit(family),
            series(family),
            example(family)
        )
        .unwrap();
    }
}

/// In what it is measured, which its name and its help tell.
fn unit(family: &Family) -> &'static str {
    let name = family.name.trim_end_matches("_total");
    for (ending, unit) in UNITS {
        if name.ends_with(ending) {
            return unit;
        }
    }
    match family.kind {
        _ if family.help.starts_with("Whether ") => "0 or 1",
        Kind::Counter => "a count since the start of the process",
        Kind::Gauge | Kind::Histogram => "a number",
    }
}

/// How many series there are, from the labels.
fn series(family: &Family) -> String {
    // A user may have several addresses, so an address tells series apart.
    let info = family.name.ends_with("_info") && !family.labels.contains(&"client_ip");
    let of_instance = family.labels.contains(&"sag_id");
    let counted: Vec<&str> = family
        .labels
        .iter()
        // What else an info tells belongs to what it tells it of.
        .filter(|label| !info || **label == "sag_id")
        .map(|label| match *label {
            "sag_id" => "instance",
            "account" if !of_instance => "cloud account",
            "client_ip" => "address",
            other => other,
        })
        .collect();
    let each = match counted.is_empty() {
        true => "one series".to_owned(),
        false => format!("one series for each {}", counted.join(" and ")),
    };
    match family.kind {
        Kind::Histogram => format!("{each} and bucket"),
        Kind::Gauge | Kind::Counter => each,
    }
}

struct Label {
    name: &'static str,
    value: &'static str,
    many: &'static str,
}

const fn label(name: &'static str, value: &'static str, many: &'static str) -> Label {
    Label { name, value, many }
}

const UNITS: [(&str, &str); 7] = [
    ("_timestamp_seconds", "Unix time in seconds"),
    ("_bytes_per_second", "bytes per second"),
    ("_seconds", "seconds"),
    ("_bytes", "bytes"),
    ("_ratio", "a ratio, 1 is all"),
    ("_rate_limit", "calls per second"),
    ("_info", "always 1"),
];

const LABELS: &[Label] = &[
    label(
        "sag_id",
        "the id of an instance, `SmartAGId` in the API",
        "instances: at most 500 a cloud account",
    ),
    label(
        "user",
        "the name of a client account; its pseudonym with `labels.user: pseudonym`",
        "client accounts: at most 2,000 an instance",
    ),
    label(
        "client_ip",
        "a tunnel address, IPv4 or IPv6; only with `labels.user_info: true`",
        "the distinct addresses of the sessions of an account",
    ),
    label(
        "account",
        "the name of a cloud account in the configuration",
        "entries of `accounts`",
    ),
    label("region", "the region of the instance", "one an instance"),
    label(
        "name",
        "the name that people gave the instance",
        "one an instance",
    ),
    label(
        "collector",
        "`accounts`, `sessions`, `traffic`, `instance`",
        "4",
    ),
    label("state", "`enabled`, `disabled`", "2"),
    label("rule", "a rule of [rules.md](rules.md)", "10"),
    label("action", "an operation of the API", "at most 7 are used"),
    label(
        "outcome",
        "how it ended: of a sweep `complete`, `partial`, `failed`; of a request `ok`, `throttled`, `denied`, `not_found`, `timeout`, `transport`, `decode`, `remote`, `auth`; of others `ok`, `failed`",
        "2 to 9",
    ),
    label("version", "the version of the program", "1"),
    label("revision", "the commit that it was built from", "1"),
    label("rustversion", "the compiler that built it", "1"),
    label("shard", "the number of this process, from 0", "1"),
    label("shards", "how many processes there are", "1"),
    label("handler", "the page that was asked for", "at most 8"),
    label("code", "the status of the answer", "those that occurred"),
    label("reason", "which limit was reached", "those that occurred"),
    label("kind", "what happened", "the kinds of events"),
    label("sink", "who is told of events", "those that are configured"),
];

const HEAD: &str = "\
<!-- Made from src/catalog.rs: UPDATE=1 cargo nextest run --test docs -->

# Metrics

Every family that there is, in the order of the exposition. Units are base units:
seconds, bytes, bytes per second (the API's Kbit/s × 125). Times are Unix times, so
`time() - x` is an age. A known zero is 0; what is not known has no series. What is
no longer confirmed goes after `sweep.retain` sweeps, and `sag_up` says so at once.

How many series that makes, and how many are too many, is in [scale.md](scale.md).
";

const INSTANCES: &str = "\
Each has `sag_id`; region, cloud account and name are on `sag_instance_info`:

    sag_online_users * on (sag_id) group_left (account, region, name) sag_instance_info
";

const USERS: &str = "\
Only with `labels.user: plain` or `pseudonym`, and only as long as there are not more
than `limits.user_series` of them; then `sag_exporter_series_limited` is 1.
";

const ITSELF: &str = "\
Of the process, at the moment of the scrape. `/metrics?sag_id=` leaves them out.
";

const PROCESS: &str = "
Beside them `process_*` (CPU, memory, file descriptors, start), as other exporters
have them.
";
