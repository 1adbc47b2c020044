//! The coding of a body, from `Accept-Encoding`.

use super::list::{Weight, items};

/// How a body is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// Compressed.
    Gzip,
}

/// The coding that `accept_encoding` wants most, gzip where both are wanted
/// alike. `None` if the client accepts neither.
pub fn choose_coding(accept_encoding: Option<&str>) -> Option<Coding> {
    // A client that says nothing may not know any coding.
    let Some(list) = accept_encoding else {
        return Some(Coding::Identity);
    };
    let wishes = Wishes::read(list);
    let gzip = wishes.gzip.or(wishes.any).unwrap_or(Weight::REFUSED);
    let identity = wishes.identity.or(wishes.any);
    if gzip > Weight::REFUSED && identity.is_none_or(|identity| gzip >= identity) {
        return Some(Coding::Gzip);
    }
    // Unless it is refused, no coding is acceptable without being listed.
    (identity != Some(Weight::REFUSED)).then_some(Coding::Identity)
}

#[derive(Debug, Default)]
struct Wishes {
    gzip: Option<Weight>,
    identity: Option<Weight>,
    any: Option<Weight>,
}

impl Wishes {
    /// The first mention of a coding counts.
    fn read(list: &str) -> Self {
        let mut wishes = Self::default();
        for item in items(list) {
            let wish = match item.value.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => &mut wishes.gzip,
                "identity" => &mut wishes.identity,
                "*" => &mut wishes.any,
                _ => continue,
            };
            wish.get_or_insert(item.weight);
        }
        wishes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Coding::{Gzip, Identity};
    use super::*;

    #[test]
    fn the_most_wanted_coding_is_chosen() {
        for (list, expected) in [
            ("", Some(Identity)),
            ("gzip", Some(Gzip)),
            ("GZip", Some(Gzip)),
            ("x-gzip", Some(Gzip)),
            ("deflate, gzip;q=1.0, *;q=0.5", Some(Gzip)),
            ("br, zstd", Some(Identity)),
            ("gzip;q=0", Some(Identity)),
            ("gzip;q=0.001", Some(Gzip)),
            ("gzip;q=0.5, identity", Some(Identity)),
            ("gzip;q=0.5, identity;q=0.5", Some(Gzip)),
            ("identity", Some(Identity)),
            ("identity;q=0", None),
            ("identity;q=0, gzip;q=0.1", Some(Gzip)),
            ("identity;q=0, gzip;q=0", None),
            ("*", Some(Gzip)),
            ("*;q=0", None),
            ("*;q=0, gzip", Some(Gzip)),
            ("*;q=0, identity", Some(Identity)),
            ("gzip;q=0, *", Some(Identity)),
            ("identity;q=0, *", Some(Gzip)),
            ("gzip;q=much", Some(Identity)),
            ("gzip;q=1, gzip;q=0", Some(Gzip)),
        ] {
            assert_eq!(choose_coding(Some(list)), expected, "{list:?}");
        }
        assert_eq!(choose_coding(None), Some(Identity));
    }

    proptest! {
        #[test]
        fn any_list_is_survived(list: String) {
            choose_coding(Some(&list));
        }

        #[test]
        fn gzip_is_never_sent_unasked(list in "(br|zstd|deflate|identity)(;q=0?\\.[0-9])?(, (br|identity))?") {
            prop_assert_ne!(choose_coding(Some(&list)), Some(Gzip));
        }
    }
}
