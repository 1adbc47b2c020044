//! An access key id as it may be shown to bystanders.

/// An access key id is no secret, but nobody needs all of it to recognise it.
pub(super) fn masked(id: &str) -> String {
    let length = id.chars().count();
    let shown = if length >= 12 { (6, 2) } else { (2, 0) };
    let start: String = id.chars().take(shown.0).collect();
    let end: String = id.chars().skip(length.saturating_sub(shown.1)).collect();
    format!("{start}…{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_access_key_id_is_shown_in_part() {
        for (id, expected) in [
            ("LTAI5tAbCdEfGhIjKlMnOpQr", "LTAI5t…Qr"),
            ("STS.NUabcdefghijk", "STS.NU…jk"),
            ("testid", "te…"),
            ("", "…"),
        ] {
            assert_eq!(masked(id), expected);
        }
    }
}
