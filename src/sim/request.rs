//! A request as the cloud reads it, before anyone has checked who sent it.

use bytes::Bytes;
use hyper::Request;
use hyper::header::HeaderMap;

use crate::model::Action;
use crate::signature::canonical;
use crate::sim::refusal::Refusal;

/// A request with its parameters decoded.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// In the order of the query, decoded.
    pub(crate) parameters: Vec<(String, String)>,
}

impl Call {
    /// Decodes the query.
    pub(crate) fn read(request: Request<Bytes>) -> Result<Self, Refusal> {
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let parameters = canonical::decode_query(query)
            .map_err(|error| Refusal::new(400, "InvalidQueryParameter", error.to_string()))?;
        if parameters.len() > LIMIT_PARAMETERS {
            let message = format!("expected at most {LIMIT_PARAMETERS} parameters");
            return Err(Refusal::new(400, "InvalidQueryParameter", message));
        }
        Ok(Self {
            method: parts.method.as_str().to_owned(),
            path: parts.uri.path().to_owned(),
            headers: parts.headers,
            body,
            parameters,
        })
    }

    /// The parameter with this name.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.parameters.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The parameter with this name, unless it is empty.
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.parameter(name).filter(|value| !value.is_empty())
    }

    /// The flattened list `name.1`, `name.2` and so on, in the order of the
    /// numbers.
    pub(crate) fn list(&self, name: &str) -> Vec<&str> {
        let mut items: Vec<(u32, &str)> = self
            .parameters
            .iter()
            .filter_map(|(key, value)| {
                let number = key.strip_prefix(name)?.strip_prefix('.')?;
                Some((number.parse().ok()?, value.as_str()))
            })
            .collect();
        items.sort_by_key(|(number, _)| *number);
        items.into_iter().map(|(_, value)| value).collect()
    }

    /// The header with this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The operation: V1 names it in the query, V3 in a header.
    pub(crate) fn action(&self) -> Result<Action, Refusal> {
        if self.path != "/" || !matches!(self.method.as_str(), "POST" | "GET") {
            return Err(Refusal::action_not_found());
        }
        let (action, version) = (
            self.either("Action", "x-acs-action"),
            self.either("Version", "x-acs-version"),
        );
        let action = action.and_then(Action::parse);
        let action = action.ok_or_else(Refusal::action_not_found)?;
        if version != Some(VERSION) {
            return Err(Refusal::version_not_found());
        }
        Ok(action)
    }

    fn either(&self, parameter: &str, header: &str) -> Option<&str> {
        self.parameter(parameter).or_else(|| self.header(header))
    }
}

/// The version of the product `smartag` that is spoken here.
const VERSION: &str = "2018-03-13";

/// Twice what the longest list of the API needs.
const LIMIT_PARAMETERS: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn call(target: &str, headers: &[(&str, &str)]) -> Result<Call, Refusal> {
        let mut request = Request::builder().method("POST").uri(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Call::read(request.body(Bytes::new()).unwrap())
    }

    #[test]
    fn lists_come_in_the_order_of_their_numbers() {
        let call = call("/?N.10=j&N.2=b&N.1=a&N.x=no&NN.3=no&N=no", &[]).unwrap();
        assert_eq!(call.list("N"), ["a", "b", "j"]);
    }

    #[test]
    fn the_operation_may_stand_in_the_query_or_in_a_header() {
        let version = ("x-acs-version", VERSION);
        for (target, headers, expected) in [
            (
                "/",
                vec![("x-acs-action", "DescribeRegions"), version],
                Ok(Action::DescribeRegions),
            ),
            (
                "/?Action=KickOutClients&Version=2018-03-13",
                vec![],
                Ok(Action::KickOutClients),
            ),
            (
                "/?Action=KickOutClients",
                vec![("x-acs-action", "DescribeRegions"), version],
                Ok(Action::KickOutClients),
            ),
            (
                "/",
                vec![("x-acs-action", "DescribeVpcs"), version],
                Err("InvalidAction.NotFound"),
            ),
            ("/", vec![version], Err("InvalidAction.NotFound")),
            ("/?Action=DescribeRegions", vec![], Err("NoSuchVersion")),
            (
                "/x?Action=DescribeRegions&Version=2018-03-13",
                vec![],
                Err("InvalidAction.NotFound"),
            ),
        ] {
            let found = call(target, &headers).unwrap().action();
            assert_eq!(
                found.map_err(|refusal| refusal.code),
                expected.map_err(Into::into),
                "{target}"
            );
        }
    }

    #[test]
    fn a_malformed_query_is_refused() {
        assert_eq!(
            call("/?a=%zz", &[]).unwrap_err().code,
            "InvalidQueryParameter"
        );
        let long = format!("/?{}", "a=1&".repeat(LIMIT_PARAMETERS + 1));
        assert_eq!(call(&long, &[]).unwrap_err().code, "InvalidQueryParameter");
    }
}
