//! Errors that the cloud answers with: status, code, message, headers.

use std::borrow::Cow;

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: Cow<'static, str>,
    /// Headers beside the usual ones.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Refusal {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            headers: Vec::new(),
        }
    }

    /// No instance was named.
    pub(crate) fn instance_empty() -> Self {
        Self::new(
            400,
            "SAG.InstanceIdEmpty",
            "You must specify the SAG instance ID.",
        )
    }

    /// The instance does not exist in this region; the spelling is the cloud's.
    pub(crate) fn instance_not_found() -> Self {
        Self::new(
            400,
            "SAG.InstanceNoFound",
            "The specified SAG instance does not exist.",
        )
    }

    /// No user was named.
    pub(crate) fn name_empty() -> Self {
        Self::new(400, "ClientUser.NameEmpty", "You must specify UserName.")
    }

    /// The name belongs to no user: what the queries answer.
    pub(crate) fn name_invalid() -> Self {
        Self::new(
            400,
            "ClientUser.NameInvalid",
            "The specified UserName is invalid.",
        )
    }

    /// The user does not exist: what the changes answer.
    pub(crate) fn user_not_found() -> Self {
        Self::new(
            400,
            "ResourceNotFound.User",
            "The specified user is not found.",
        )
    }

    /// The bandwidth is missing or not within 1 to 20000.
    pub(crate) fn bandwidth_invalid() -> Self {
        Self::new(
            400,
            "ClientUser.BandwidthInvalid",
            "The specified Bandwidth is invalid.",
        )
    }

    /// The region is missing or unknown.
    pub(crate) fn region_invalid() -> Self {
        Self::new(400, "InvalidRegionId", "The specified RegionId is invalid.")
    }

    /// An id in a list of instances is unknown.
    pub(crate) fn instance_id_invalid() -> Self {
        Self::new(
            400,
            "InvalidId.SMARTAG",
            "The specified Smart Access Gateway ID is invalid.",
        )
    }

    /// Another parameter is malformed.
    pub(crate) fn parameter(name: &str) -> Self {
        let message = format!("The specified parameter \"{name}\" is not valid.");
        Self::new(400, "InvalidParameter", message)
    }

    /// There is no such operation.
    pub(crate) fn action_not_found() -> Self {
        let message = "Specified api is not found, please check your url and method.";
        Self::new(404, "InvalidAction.NotFound", message)
    }

    /// The operation exists in another version only.
    pub(crate) fn version_not_found() -> Self {
        Self::new(
            404,
            "NoSuchVersion",
            "The specified version does not exist.",
        )
    }

    /// The credential is valid but may not do this.
    pub(crate) fn denied(code: impl Into<Cow<'static, str>>) -> Self {
        let message = "User not authorized to operate on the specified resource, \
                       or this API doesn't support RAM.";
        Self::new(403, code, message)
    }
}
