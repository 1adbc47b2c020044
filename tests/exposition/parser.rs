//! A strict parser of the text format 0.0.4, written from its description and
//! sharing nothing with the writer. What Prometheus would forgive, such as
//! samples of a family in two places, is an error here.

use std::collections::{BTreeMap, BTreeSet};

/// A family with its samples in the order of the text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Family {
    pub name: String,
    pub kind: String,
    pub samples: Vec<Sample>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
}

/// The families of a text, or the first line that breaks a rule.
pub fn parse(text: &str) -> Result<Vec<Family>, String> {
    let mut families: Vec<Family> = Vec::new();
    let mut series = BTreeSet::new();
    let body = text.strip_suffix('\n').unwrap_or(text);
    if !text.is_empty() && body == text {
        return Err("the last line does not end".to_owned());
    }
    let mut lines = body.split('\n').filter(|_| !text.is_empty()).peekable();
    while let Some(help) = lines.next() {
        let name = header_name(help, "# HELP ")?;
        let kind_line = lines.next().ok_or_else(|| format!("{name}: no TYPE"))?;
        let kind = kind_line
            .strip_prefix(&format!("# TYPE {name} "))
            .ok_or_else(|| format!("{kind_line}: expected TYPE of {name}"))?;
        if families.iter().any(|family| family.name == name) {
            return Err(format!("{name} comes twice"));
        }
        let mut samples = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let sample = sample(line).ok_or_else(|| format!("{line}: not a sample"))?;
            if !belongs(&sample.name, name, kind) {
                return Err(format!("{line}: not of family {name}"));
            }
            if !series.insert((sample.name.clone(), sample.labels.clone())) {
                return Err(format!("{line}: the series comes twice"));
            }
            samples.push(sample);
        }
        if samples.is_empty() {
            return Err(format!("{name} has no sample"));
        }
        families.push(Family {
            name: name.to_owned(),
            kind: kind.to_owned(),
            samples,
        });
    }
    families.iter().try_for_each(check_histogram)?;
    Ok(families)
}

fn header_name<'a>(line: &'a str, start: &str) -> Result<&'a str, String> {
    let rest = line.strip_prefix(start);
    let parts = rest.and_then(|rest| rest.split_once(' '));
    match parts {
        Some((name, help)) if !help.is_empty() => Ok(name),
        _ => Err(format!("{line}: expected {start}")),
    }
}

fn belongs(sample: &str, family: &str, kind: &str) -> bool {
    let suffix = sample.strip_prefix(family);
    match kind {
        "histogram" => matches!(suffix, Some("_bucket" | "_sum" | "_count")),
        "gauge" | "counter" => suffix == Some(""),
        _ => false,
    }
}

fn sample(line: &str) -> Option<Sample> {
    let (name, mut rest) = line.split_at(line.find(['{', ' '])?);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_word) {
        return None;
    }
    let mut labels = BTreeMap::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"")?;
            let (text, after) = label_value(after)?;
            if !label.chars().all(is_word) || labels.insert(label.to_owned(), text).is_some() {
                return None;
            }
            rest = after;
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}')?;
    }
    let value = rest.strip_prefix(' ')?.parse().ok()?;
    let name = name.to_owned();
    Some(Sample {
        name,
        labels,
        value,
    })
}

/// The value up to the closing quotation mark, and what follows.
fn label_value(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(match characters.next()? {
                'n' => '\n',
                '"' => '"',
                '\\' => '\\',
                _ => return None,
            }),
            other => value.push(other),
        }
    }
}

/// Buckets are in order, end with +Inf, never fall, and agree with the count.
fn check_histogram(family: &Family) -> Result<(), String> {
    if family.kind != "histogram" {
        return Ok(());
    }
    let mut last = BTreeMap::new();
    for sample in &family.samples {
        let mut labels = sample.labels.clone();
        let bound = labels.remove("le");
        let (before, count) = *last.get(&labels).unwrap_or(&(f64::MIN, 0.0));
        if let Some(bound) = bound.and_then(|bound| bound.parse::<f64>().ok()) {
            if bound <= before || sample.value < count {
                return Err(format!("{sample:?}: buckets are not cumulative"));
            }
            last.insert(labels, (bound, sample.value));
        } else if before != f64::INFINITY {
            return Err(format!("{sample:?}: no bucket for +Inf"));
        } else if sample.name.ends_with("_count") && sample.value.to_bits() != count.to_bits() {
            return Err(format!("{sample:?}: differs from the last bucket"));
        }
    }
    Ok(())
}
