//! The parameter that narrows a scrape to one instance.

use crate::model::{NameError, SagId};
use crate::signature::canonical::{DecodeError, decode_query};

/// Why a query cannot be understood.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum QueryError {
    /// Its escapes are wrong.
    #[error(transparent)]
    Escapes(#[from] DecodeError),
    /// The value cannot be an id.
    #[error(transparent)]
    Id(#[from] NameError),
    /// It is there several times.
    #[error("parameter sag_id stands more than once: expected one instance")]
    Repeated,
}

/// The instance that a query asks for; `None` if it asks for all of them.
/// Parameters with other names mean nothing here and are passed over.
///
/// # Errors
///
/// If the query cannot be decoded, or the parameter is repeated or not an id.
pub(super) fn sag_id(query: Option<&str>) -> Result<Option<SagId>, QueryError> {
    let parameters = decode_query(query.unwrap_or_default())?;
    let mut values = parameters.iter().filter(|(name, _)| name == "sag_id");
    let Some((_, value)) = values.next() else {
        return Ok(None);
    };
    if values.next().is_some() {
        return Err(QueryError::Repeated);
    }
    Ok(Some(SagId::parse(value)?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(query: &str, expected: Result<Option<&str>, &str>) {
        let found = sag_id(Some(query));
        let found = found.map(|id| id.map(|id| id.to_string()));
        let found = found.map_err(|error| error.to_string());
        match expected {
            Ok(id) => assert_eq!(found, Ok(id.map(str::to_owned)), "{query}"),
            Err(part) => assert!(found.is_err_and(|e| e.contains(part)), "{query}"),
        }
    }

    #[test]
    fn one_instance_or_all_of_them() {
        check("", Ok(None));
        check("a=b&&c", Ok(None));
        check("sag_id=sag-1", Ok(Some("sag-1")));
        check("a=%20&sag_id=sag%2D1&SAG_ID=x", Ok(Some("sag-1")));
        check("sag_id=", Err("is not a valid instance id"));
        check("sag_id", Err("is not a valid instance id"));
        check("sag_id=a/b", Err("\"a/b\" is not a valid instance id"));
        check("sag_id=a&sag_id=a", Err("more than once"));
        check("sag_id=%zz", Err("two hexadecimal digits"));
        check("sag_id=%ff", Err("UTF-8"));
        assert_eq!(sag_id(None), Ok(None));
    }

    proptest! {
        #[test]
        fn any_query_is_survived(query: String) {
            let _ = sag_id(Some(&query));
        }
    }
}
