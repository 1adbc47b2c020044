//! The format of the exposition, from `Accept`.

use super::list::{Item, Weight, items};
use crate::catalog::Format;

/// The value of `Content-Type`.
pub fn content_type(format: Format) -> &'static str {
    match format {
        Format::Text => "text/plain; version=0.0.4; charset=utf-8",
        Format::OpenMetrics => {
            "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores"
        }
    }
}

/// The offered format that `accept` wants most; of several wanted alike, the
/// one that is offered first. A client that accepts none of them gets `default`,
/// which Prometheus expects rather than an error.
pub fn choose_format(accept: Option<&str>, default: Format, others: &[Format]) -> Format {
    let Some(accept) = accept else { return default };
    let ranges: Vec<Item<'_>> = items(accept).collect();
    let mut best = (default, weight(default, &ranges));
    for &format in others {
        let weight = weight(format, &ranges);
        if weight > best.1 {
            best = (format, weight);
        }
    }
    best.0
}

/// What the most specific range that covers the format says of it.
fn weight(format: Format, ranges: &[Item<'_>]) -> Weight {
    ranges
        .iter()
        .filter_map(|range| Some((specificity(format, range)?, range.weight)))
        .max()
        .map_or(Weight::REFUSED, |(_, weight)| weight)
}

/// How closely a range describes the format; `None` if it does not cover it.
fn specificity(format: Format, range: &Item<'_>) -> Option<usize> {
    let (kind, subtype) = media_type(format);
    // A lone star is not in the grammar, but Java's old client sends it.
    let (range_kind, range_subtype) = range.value.split_once('/').unwrap_or((range.value, "*"));
    if range_kind == "*" && range_subtype == "*" {
        return Some(0);
    }
    if !range_kind.eq_ignore_ascii_case(kind) {
        return None;
    }
    if range_subtype == "*" {
        return Some(1);
    }
    let covered = range_subtype.eq_ignore_ascii_case(subtype)
        && range
            .parameters
            .iter()
            .all(|&(name, value)| agrees(format, name, value));
    covered.then_some(2 + range.parameters.len())
}

/// Whether a parameter of a range leaves the format in. Of the escapings of
/// names every one will do, because no name here needs one.
fn agrees(format: Format, name: &str, value: &str) -> bool {
    match name.to_ascii_lowercase().as_str() {
        "version" => value == version(format),
        "charset" => value.eq_ignore_ascii_case("utf-8"),
        _ => true,
    }
}

fn media_type(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Text => ("text", "plain"),
        Format::OpenMetrics => ("application", "openmetrics-text"),
    }
}

fn version(format: Format) -> &'static str {
    match format {
        Format::Text => "0.0.4",
        Format::OpenMetrics => "1.0.0",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Format::{OpenMetrics, Text};
    use super::*;

    /// Prometheus 2.x.
    const PROMETHEUS_2: &str = "application/openmetrics-text;version=1.0.0,\
        application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    /// Prometheus 3.x.
    const PROMETHEUS_3: &str = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,\
        application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,\
        text/plain;version=0.0.4;q=0.3,*/*;q=0.2";

    #[test]
    fn the_most_wanted_format_is_chosen() {
        for (accept, expected) in [
            ("", Text),
            ("*/*", Text),
            ("*", Text),
            ("text/*", Text),
            ("text/plain", Text),
            ("TEXT/Plain; Version=0.0.4; charset=UTF-8", Text),
            ("application/openmetrics-text", OpenMetrics),
            ("application/openmetrics-text; version=1.0.0", OpenMetrics),
            (
                "application/openmetrics-text; version=\"1.0.0\"; charset=utf-8",
                OpenMetrics,
            ),
            ("application/openmetrics-text; version=0.0.1", Text),
            (
                "application/openmetrics-text; version=1.0.0; charset=latin1",
                Text,
            ),
            ("application/*", OpenMetrics),
            (
                "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                Text,
            ),
            ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", Text),
            ("image/png", Text),
            (
                "text/plain;q=0.5, application/openmetrics-text;q=0.6",
                OpenMetrics,
            ),
            ("text/plain, application/openmetrics-text", Text),
            ("*/*, text/plain;q=0", OpenMetrics),
            ("*/*;q=0", Text),
            ("*/*, application/openmetrics-text;q=0.1", Text),
            (
                "text/plain;q=0.2, text/plain;version=0.0.4;q=0.9, application/openmetrics-text;q=0.5",
                Text,
            ),
            (
                "application/openmetrics-text;q=oops, text/plain;q=0.1",
                Text,
            ),
            (
                "text/plain;version=1.0.0, application/openmetrics-text;q=0.1",
                OpenMetrics,
            ),
            (",;=\"\\", Text),
            (PROMETHEUS_2, OpenMetrics),
            (PROMETHEUS_3, OpenMetrics),
        ] {
            let chosen = choose_format(Some(accept), Text, &[OpenMetrics]);
            assert_eq!(chosen, expected, "{accept:?}");
        }
        assert_eq!(choose_format(None, Text, &[OpenMetrics]), Text);
    }

    #[test]
    fn only_what_is_offered_is_chosen() {
        assert_eq!(choose_format(Some(PROMETHEUS_2), Text, &[]), Text);
    }

    proptest! {
        #[test]
        fn any_accept_is_survived(accept: String) {
            choose_format(Some(&accept), Text, &[OpenMetrics]);
        }

        #[test]
        fn the_higher_weight_wins(text in 0_u16..=1000, open in 0_u16..=1000, swap: bool) {
            let mut ranges = [
                format!("text/plain;q={}", decimal(text)),
                format!("application/openmetrics-text;version=1.0.0;q={}", decimal(open)),
            ];
            if swap {
                ranges.reverse();
            }
            let chosen = choose_format(Some(&ranges.join(", ")), Text, &[OpenMetrics]);
            prop_assert_eq!(chosen, if open > text { OpenMetrics } else { Text });
        }
    }

    fn decimal(thousandths: u16) -> String {
        format!("{}.{:03}", thousandths / 1000, thousandths % 1000)
    }
}
