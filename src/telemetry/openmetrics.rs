//! OpenMetrics 1.0.0 for families that were gathered from a registry.

use std::fmt::{self, Write as _};

use prometheus::Error;
use prometheus::proto::{Histogram, Metric, MetricFamily, MetricType};

use crate::catalog::Format;

/// The families one after the other, without the `# EOF` that ends an
/// exposition.
///
/// # Errors
///
/// If a family is of a kind that the catalogue does not know, or a counter
/// whose name does not end in `_total`, which the format demands.
pub(super) fn encode(families: &[MetricFamily]) -> Result<String, Error> {
    let mut text = String::with_capacity(TYPICAL_BYTES);
    for family in families {
        let (name, kind) = (family.name(), family.get_field_type());
        if kind == MetricType::COUNTER && !name.ends_with("_total") {
            return Err(Error::Msg(format!("counter {name} must end in _total")));
        }
        header(&mut text, family, kind)?;
        for metric in family.get_metric() {
            match kind {
                MetricType::COUNTER => {
                    sample(&mut text, name, metric, metric.get_counter().get_value());
                }
                MetricType::GAUGE => {
                    sample(&mut text, name, metric, metric.get_gauge().get_value());
                }
                _ => histogram(&mut text, name, metric, metric.get_histogram()),
            }
        }
    }
    Ok(text)
}

fn header(text: &mut String, family: &MetricFamily, kind: MetricType) -> Result<(), Error> {
    let name = Format::OpenMetrics.described_name(family.name());
    let kind = match kind {
        MetricType::COUNTER => "counter",
        MetricType::GAUGE => "gauge",
        MetricType::HISTOGRAM => "histogram",
        MetricType::SUMMARY | MetricType::UNTYPED => {
            let problem = format!("{name} is neither counter, gauge nor histogram");
            return Err(Error::Msg(problem));
        }
    };
    let help = Escaped(family.help());
    put(
        text,
        format_args!("# HELP {name} {help}\n# TYPE {name} {kind}\n"),
    );
    Ok(())
}

fn histogram(text: &mut String, name: &str, metric: &Metric, histogram: &Histogram) {
    let count = histogram.get_sample_count();
    for bucket in histogram.get_bucket() {
        // The last one is the count, whether the library lists it or not.
        if bucket.upper_bound().is_finite() {
            let bound = format!("{:?}", bucket.upper_bound());
            bucket_line(text, name, metric, &bound, bucket.cumulative_count());
        }
    }
    bucket_line(text, name, metric, "+Inf", count);
    let sum = histogram.get_sample_sum();
    line(text, format_args!("{name}_sum"), metric, None, Value(sum));
    line(text, format_args!("{name}_count"), metric, None, count);
}

fn bucket_line(text: &mut String, name: &str, metric: &Metric, bound: &str, count: u64) {
    let name = format_args!("{name}_bucket");
    line(text, name, metric, Some(("le", bound)), count);
}

fn sample(text: &mut String, name: &str, metric: &Metric, value: f64) {
    line(text, format_args!("{name}"), metric, None, Value(value));
}

fn line(
    text: &mut String,
    name: fmt::Arguments<'_>,
    metric: &Metric,
    another: Option<(&str, &str)>,
    value: impl fmt::Display,
) {
    put(text, name);
    let labels = metric.get_label().iter();
    let labels = labels.map(|label| (label.name(), label.value()));
    let mut before = '{';
    for (label, text_of_label) in labels.chain(another) {
        let escaped = Escaped(text_of_label);
        put(text, format_args!("{before}{label}=\"{escaped}\""));
        before = ',';
    }
    let after = if before == ',' { "}" } else { "" };
    put(text, format_args!("{after} {value}\n"));
}

fn put(text: &mut String, arguments: fmt::Arguments<'_>) {
    // A String takes everything.
    let _ = text.write_fmt(arguments);
}

/// A number as the format spells it.
struct Value(f64);

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            number if number.is_nan() => f.write_str("NaN"),
            f64::INFINITY => f.write_str("+Inf"),
            f64::NEG_INFINITY => f.write_str("-Inf"),
            number => write!(f, "{number}"),
        }
    }
}

/// A text in which line feeds, quotation marks and backslashes are escaped, in
/// labels and in descriptions alike.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for piece in self.0.split_inclusive(['\\', '"', '\n']) {
            let mut rest = piece.chars();
            let escape = match rest.next_back() {
                Some('\\') => "\\\\",
                Some('"') => "\\\"",
                Some('\n') => "\\n",
                _ => {
                    f.write_str(piece)?;
                    continue;
                }
            };
            f.write_str(rest.as_str())?;
            f.write_str(escape)?;
        }
        Ok(())
    }
}

/// What the families of the process usually take.
const TYPICAL_BYTES: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use prometheus::{Counter, CounterVec, Gauge, HistogramOpts, HistogramVec, Opts, Registry};

    use super::*;

    fn check(registry: &Registry, expected: &str) {
        assert_eq!(encode(&registry.gather()).unwrap(), expected);
    }

    #[test]
    fn counters_keep_their_total_for_samples() {
        let registry = Registry::new();
        let options = Opts::new("a_total", "Quoted \"a\"\nand more.");
        let counters = CounterVec::new(options, &["x", "y"]).unwrap();
        counters.with_label_values(&["1\\", "\"\n"]).inc_by(2.5);
        registry.register(Box::new(counters)).unwrap();
        check(
            &registry,
            "# HELP a Quoted \\\"a\\\"\\nand more.\n# TYPE a counter\n\
             a_total{x=\"1\\\\\",y=\"\\\"\\n\"} 2.5\n",
        );
    }

    #[test]
    fn histograms_have_float_bounds_and_an_infinite_bucket() {
        let registry = Registry::new();
        let options = HistogramOpts::new("h_seconds", "H.").buckets(vec![0.005, 1.0, 60.0]);
        let histograms = HistogramVec::new(options, &["x"]).unwrap();
        for took in [0.001, 30.0, 100.0] {
            histograms.with_label_values(&["a"]).observe(took);
        }
        registry.register(Box::new(histograms)).unwrap();
        check(
            &registry,
            "# HELP h_seconds H.\n# TYPE h_seconds histogram\n\
             h_seconds_bucket{x=\"a\",le=\"0.005\"} 1\n\
             h_seconds_bucket{x=\"a\",le=\"1.0\"} 1\n\
             h_seconds_bucket{x=\"a\",le=\"60.0\"} 2\n\
             h_seconds_bucket{x=\"a\",le=\"+Inf\"} 3\n\
             h_seconds_sum{x=\"a\"} 130.001\nh_seconds_count{x=\"a\"} 3\n",
        );
    }

    #[test]
    fn gauges_may_be_any_number() {
        for (value, expected) in [
            (0.0, "0"),
            (1_800_000_000.0, "1800000000"),
            (-0.25, "-0.25"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            let registry = Registry::new();
            let gauge = Gauge::new("g", "G.").unwrap();
            gauge.set(value);
            registry.register(Box::new(gauge)).unwrap();
            check(
                &registry,
                &format!("# HELP g G.\n# TYPE g gauge\ng {expected}\n"),
            );
        }
    }

    #[test]
    fn what_the_format_cannot_say_is_an_error() {
        let registry = Registry::new();
        let counter = Counter::new("c", "C.").unwrap();
        registry.register(Box::new(counter)).unwrap();
        assert!(encode(&registry.gather()).is_err());
    }
}
