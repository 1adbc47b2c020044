//! What kind of failure an answer of the cloud is.

use crate::model::FailureKind;

/// By the code if it is a known one, else by the HTTP status.
pub(super) fn classify(code: Option<&str>, status: u16) -> FailureKind {
    code.and_then(by_code).unwrap_or_else(|| by_status(status))
}

/// Whether the code is one that stands for a failure.
pub(super) fn is_known(code: Option<&str>) -> bool {
    code.and_then(by_code).is_some()
}

/// A family stands for its own code and for every code below it, such as
/// `Throttling` for `Throttling.User`.
fn by_code(code: &str) -> Option<FailureKind> {
    let belongs = |family: &str| {
        code.strip_prefix(family)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    FAMILIES
        .iter()
        .find(|(family, _)| belongs(family))
        .map(|(_, kind)| *kind)
}

fn by_status(status: u16) -> FailureKind {
    match status {
        401 => FailureKind::Auth,
        403 => FailureKind::Denied,
        404 => FailureKind::NotFound,
        408 => FailureKind::Timeout,
        429 => FailureKind::Throttled,
        _ => FailureKind::Remote,
    }
}

/// From the documentation of the operations, of RAM and of the RPC gateway.
///
/// An empty id or name names nothing, so it is filed under what is not found.
/// `ClientUser.BandwidthInvalid` has no family: it stays an error of the
/// remote side, as do codes that nobody has seen yet.
const FAMILIES: &[(&str, FailureKind)] = &[
    ("Throttling", FailureKind::Throttled),
    ("Rejected.Throttling", FailureKind::Throttled),
    ("FlowControlError", FailureKind::Throttled),
    ("ServiceUnavailable", FailureKind::Throttled),
    ("Forbidden", FailureKind::Denied),
    ("NoPermission", FailureKind::Denied),
    ("InvalidAccessKeyId", FailureKind::Auth),
    ("SignatureDoesNotMatch", FailureKind::Auth),
    ("IncompleteSignature", FailureKind::Auth),
    ("InvalidTimeStamp", FailureKind::Auth),
    ("SignatureNonceUsed", FailureKind::Auth),
    ("InvalidSecurityToken", FailureKind::Auth),
    ("MissingSecurityToken", FailureKind::Auth),
    ("ClientUser.NameEmpty", FailureKind::NotFound),
    ("ClientUser.NameInvalid", FailureKind::NotFound),
    ("ResourceNotFound", FailureKind::NotFound),
    ("SAG.InstanceIdEmpty", FailureKind::NotFound),
    ("SAG.InstanceNoFound", FailureKind::NotFound),
    ("InvalidId.SMARTAG", FailureKind::NotFound),
    ("InvalidRegionId", FailureKind::NotFound),
    ("InvalidApi.NotFound", FailureKind::NotFound),
    ("InvalidAction.NotFound", FailureKind::NotFound),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_decides_and_then_the_status() {
        use FailureKind::{Auth, Denied, NotFound, Remote, Throttled, Timeout};
        for (code, status, expected) in [
            ("Throttling", 400, Throttled),
            ("Throttling.User", 400, Throttled),
            ("Throttling.Api", 429, Throttled),
            ("Rejected.Throttling", 400, Throttled),
            ("FlowControlError", 400, Throttled),
            ("ServiceUnavailable", 503, Throttled),
            ("Forbidden", 403, Denied),
            ("Forbidden.RAM", 403, Denied),
            ("Forbidden.RAM", 400, Denied),
            ("NoPermission", 403, Denied),
            ("InvalidAccessKeyId.NotFound", 404, Auth),
            ("InvalidAccessKeyId.Inactive", 400, Auth),
            ("SignatureDoesNotMatch", 400, Auth),
            ("IncompleteSignature", 400, Auth),
            ("InvalidTimeStamp.Expired", 400, Auth),
            ("SignatureNonceUsed", 400, Auth),
            ("InvalidSecurityToken.Expired", 400, Auth),
            ("ClientUser.NameEmpty", 400, NotFound),
            ("ClientUser.NameInvalid", 400, NotFound),
            ("ClientUser.BandwidthInvalid", 400, Remote),
            ("SAG.InstanceIdEmpty", 400, NotFound),
            ("SAG.InstanceNoFound", 400, NotFound),
            ("ResourceNotFound.User", 400, NotFound),
            ("InvalidId.SMARTAG", 400, NotFound),
            ("InvalidRegionId", 400, NotFound),
            ("InvalidApi.NotFound", 404, NotFound),
            ("InvalidAction.NotFound", 400, NotFound),
            ("InternalError", 500, Remote),
            ("Unheard.Of", 429, Throttled),
            ("Unheard.Of", 403, Denied),
            ("ThrottlingX", 400, Remote),
            ("", 401, Auth),
            ("", 404, NotFound),
            ("", 408, Timeout),
            ("", 302, Remote),
            ("", 502, Remote),
            ("", 503, Remote),
        ] {
            let code = (!code.is_empty()).then_some(code);
            assert_eq!(classify(code, status), expected, "{code:?} {status}");
        }
    }
}
