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

fn rate_limit(text: &str) -> Option<Duration> {
    let field = |wanted: &str| {
        let mut fields = text.split(',').filter_map(|field| field.split_once(':'));
        fields
            .find(|(name, _)| name.trim().eq_ignore_ascii_case(wanted))
            .and_then(|(_, value)| value.trim().parse::<u64>().ok())
    };
    if field("Remain").is_some_and(|remain| remain > 0) {
        return None;
    }
    field("TimeLeft").map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

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
