//! An exposition as a test reads it: series and their values.

use std::collections::BTreeMap;
use std::fmt;

/// All series of one exposition or of one answer of Prometheus.
pub(crate) type SeriesMap = BTreeMap<Series, f64>;

/// A name and its labels.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
}

/// One exposition.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) text: String,
    pub(crate) series: SeriesMap,
}

impl Series {
    pub(crate) fn new(name: &str, labels: &[(&str, &str)]) -> Self {
        let labels = labels.iter().copied();
        Self {
            name: name.to_owned(),
            labels: labels.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
        }
    }

    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    /// Whether it tells of the fleet, not of the process.
    pub(crate) fn is_of_fleet(&self) -> bool {
        self.name.starts_with("sag_") && !self.name.starts_with("sag_exporter_")
    }
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", self.name, self.labels)
    }
}

impl Page {
    /// Reads the text format. A series that occurs twice fails the test, here
    /// as in Prometheus.
    pub(crate) fn parse(text: String) -> Self {
        let mut series = SeriesMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (key, value) = sample(line).unwrap_or_else(|| panic!("no sample: {line}"));
            let twin = series.insert(key, value);
            assert_eq!(twin, None, "a series occurs twice: {line}");
        }
        Self { text, series }
    }

    /// The value of one series; `None` if there is no such series.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        self.series.get(&Series::new(name, labels)).copied()
    }

    /// The sum over the series with these labels, whatever others they have.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.series_with(name, labels).map(|(_, value)| value).sum()
    }

    /// How many series have these labels, whatever others they have.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> usize {
        self.series_with(name, labels).count()
    }

    /// The series of one instance.
    pub(crate) fn of_instance(&self, sag_id: &str) -> SeriesMap {
        let all = self.series.iter();
        all.filter(|(series, _)| series.label("sag_id") == sag_id)
            .map(|(series, value)| (series.clone(), *value))
            .collect()
    }

    fn series_with(
        &self,
        name: &str,
        labels: &[(&str, &str)],
    ) -> impl Iterator<Item = (&Series, f64)> {
        let all = self.series.iter().map(|(series, value)| (series, *value));
        all.filter(move |(series, _)| {
            series.name == name && labels.iter().all(|(k, v)| series.label(k) == *v)
        })
    }
}

/// What two maps do not have in common, for a person to read.
pub(crate) fn difference(found: &SeriesMap, expected: &SeriesMap) -> Vec<String> {
    let of_expected = expected.iter().filter_map(|(series, value)| {
        let seen = found.get(series);
        (seen != Some(value)).then(|| format!("{series:?}: found {seen:?}, expected {value}"))
    });
    let unexpected = found
        .iter()
        .filter(|(series, _)| !expected.contains_key(series));
    of_expected
        .chain(
            unexpected.map(|(series, value)| format!("{series:?}: found {value}, expected none")),
        )
        .collect()
}

fn sample(line: &str) -> Option<(Series, f64)> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at(end);
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let series = Series {
        name: name.to_owned(),
        labels,
    };
    Some((series, rest.strip_prefix(' ')?.parse().ok()?))
}

/// The labels after the brace, and what comes after the closing one.
fn labels(mut rest: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let mut labels = BTreeMap::new();
    loop {
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(name.to_owned(), value);
        rest = after.strip_prefix(',').unwrap_or(after);
    }
}

/// The text up to the closing quote, and what comes after it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.chars();
    loop {
        match chars.next()? {
            '"' => return Some((value, chars.as_str())),
            '\\' => value.push(match chars.next()? {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
}
