//! A reader of OpenMetrics 1.0.0 that forgives nothing this exporter could get
//! wrong: order, names, the end.

use std::collections::HashSet;

/// A family with its samples as they stand.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) samples: Vec<String>,
}

/// Reads a whole exposition. The error is the line that is wrong.
pub(crate) fn parse(text: &str) -> Result<Vec<Family>, String> {
    let text = text.strip_suffix("# EOF\n").ok_or("no # EOF at the end")?;
    let mut families: Vec<Family> = Vec::new();
    let mut names = HashSet::new();
    let mut series = HashSet::new();
    let mut described = None;
    for line in text.lines() {
        if let Some(help) = line.strip_prefix("# HELP ") {
            let (name, _) = help.split_once(' ').ok_or(line)?;
            described = Some(name);
        } else if let Some(kind) = line.strip_prefix("# TYPE ") {
            let (name, kind) = kind.split_once(' ').ok_or(line)?;
            if described != Some(name) || !names.insert(name) {
                return Err(line.to_owned());
            }
            families.push(Family {
                name: name.to_owned(),
                kind: kind.to_owned(),
                samples: Vec::new(),
            });
        } else {
            let family = families.last_mut().ok_or(line)?;
            let (labelled, value) = line.rsplit_once(' ').ok_or(line)?;
            let number: Result<f64, _> = value.replace("Inf", "inf").parse();
            if number.is_err() || !belongs(labelled, family) || !series.insert(labelled) {
                return Err(line.to_owned());
            }
            family.samples.push(line.to_owned());
        }
    }
    match families.iter().find(|family| family.samples.is_empty()) {
        Some(empty) => Err(format!("{} has no samples", empty.name)),
        None => Ok(families),
    }
}

/// Whether the name of a sample is one that a family of this kind may have.
fn belongs(labelled: &str, family: &Family) -> bool {
    let (name, labels) = labelled.split_once('{').unwrap_or((labelled, ""));
    let Some(suffix) = name.strip_prefix(family.name.as_str()) else {
        return false;
    };
    match (family.kind.as_str(), suffix) {
        ("gauge", "") => !family.name.ends_with("_total"),
        ("counter", "_total") | ("histogram", "_sum" | "_count") => true,
        ("histogram", "_bucket") => bound(labels).is_some_and(is_float),
        _ => false,
    }
}

fn bound(labels: &str) -> Option<&str> {
    let (_, bound) = labels.split_once("le=\"")?;
    Some(bound.split_once('"')?.0)
}

/// Integers are not allowed as bounds.
fn is_float(bound: &str) -> bool {
    bound == "+Inf" || (bound.contains(['.', 'e']) && bound.parse::<f64>().is_ok())
}

#[test]
fn the_reader_sees_what_is_wrong() {
    let good = "# HELP a A.\n# TYPE a counter\na_total{x=\"1\"} 1\n";
    assert_eq!(parse(&format!("{good}# EOF\n")).unwrap().len(), 1);
    for bad in [
        good.to_owned(),
        format!("{good}# EOF\n\n"),
        format!("{good}a_total{{x=\"1\"}} 2\n# EOF\n"),
        format!("{good}b 2\n# EOF\n"),
        format!("{good}{good}# EOF\n"),
        "# TYPE a gauge\na 1\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a gauge\na x\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a counter\na 1\n# EOF\n".to_owned(),
        "# HELP a_total A.\n# TYPE a_total counter\na_total 1\n# EOF\n".to_owned(),
        "# HELP a A.\n# TYPE a histogram\na_bucket{le=\"1\"} 1\n# EOF\n".to_owned(),
    ] {
        assert!(parse(&bad).is_err(), "{bad}");
    }
}
