//! How long the cloud asks to wait.

use std::time::Duration;

use hyper::HeaderMap;

/// The hint of an answer; the most specific header first.
///
/// `x-acs-retry-after` is in milliseconds, the rate limit headers
/// (`Limit:1,Remain:0,TimeLeft:2000`) too, and `Retry-After` in seconds. The
/// rate limit headers are hints only where nothing remains.
pub(super) fn hint(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let ms = |text: &str| text.parse().ok().map(Duration::from_millis);
    text("x-acs-retry-after")
        .and_then(ms)
        .or_else(|| text("x-ratelimit-user-api").and_then(rate_limit))
        .or_else(|| text("x-ratelimit-user").and_then(rate_limit))
        .or_else(|| text("retry-after")?.parse().ok().map(Duration::from_secs))
}

/// For how long the cloud will take no other call, where an answer that is no
/// refusal says so: only the rate limit headers do, and only if they name what
/// remains.
pub(super) fn exhausted(headers: &HeaderMap) -> Option<Duration> {
    let limits = ["x-ratelimit-user-api", "x-ratelimit-user"];
    let texts = limits.into_iter().filter_map(|name| headers.get(name));
    let texts = texts.filter_map(|value| value.to_str().ok());
    texts
        .filter(|text| field(text, "Remain") == Some(0))
        .filter_map(rate_limit)
        .max()
}

fn rate_limit(text: &str) -> Option<Duration> {
    if field(text, "Remain").is_some_and(|remain| remain > 0) {
        return None;
    }
    field(text, "TimeLeft").map(Duration::from_millis)
}

fn field(text: &str, wanted: &str) -> Option<u64> {
    let mut fields = text.split(',').filter_map(|field| field.split_once(':'));
    let (_, value) = fields.find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_limit_with_nothing_left_exhausts() {
        for (name, value, expected_ms) in [
            (
                "x-ratelimit-user-api",
                "Limit:9,Remain:0,TimeLeft:700",
                Some(700),
            ),
            ("x-ratelimit-user", "Limit:9,Remain:0,TimeLeft:40", Some(40)),
            ("x-ratelimit-user", "Limit:9,Remain:1,TimeLeft:40", None),
            ("x-ratelimit-user", "Limit:9,TimeLeft:40", None),
            ("x-ratelimit-user", "Limit:9,Remain:0", None),
            ("x-acs-retry-after", "900", None),
        ] {
            let mut map = HeaderMap::new();
            map.insert(name, value.parse().unwrap());
            let expected = expected_ms.map(Duration::from_millis);
            assert_eq!(exhausted(&map), expected, "{name}: {value}");
        }
    }

    #[test]
    fn every_form_of_a_hint_is_read() {
        let ms = |ms| Some(Duration::from_millis(ms));
        for (headers, expected) in [
            (vec![], None),
            (vec![("x-acs-retry-after", "1500")], ms(1500)),
            (vec![("x-acs-retry-after", "soon")], None),
            (vec![("x-acs-retry-after", "-1")], None),
            (
                vec![("x-ratelimit-user-api", "Limit:1,Remain:0,TimeLeft:2000")],
                ms(2000),
            ),
            (
                vec![("x-ratelimit-user", "limit: 1, timeleft: 70 ")],
                ms(70),
            ),
            (
                vec![("x-ratelimit-user-api", "Limit:9,Remain:3,TimeLeft:2000")],
                None,
            ),
            (
                vec![
                    ("x-ratelimit-user-api", "Limit:9,Remain:3,TimeLeft:2000"),
                    ("x-ratelimit-user", "Limit:9,Remain:0,TimeLeft:40"),
                ],
                ms(40),
            ),
            (vec![("x-ratelimit-user", "nonsense")], None),
            (vec![("retry-after", "3")], ms(3000)),
            (vec![("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT")], None),
            (
                vec![("retry-after", "3"), ("x-acs-retry-after", "5")],
                ms(5),
            ),
            (vec![("retry-after", "99999999999999999999")], None),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, value.parse().unwrap());
            }
            assert_eq!(hint(&map), expected, "{headers:?}");
        }
    }
}
