//! The operations as functions.

use bytes::Bytes;

use super::decode::{self, DecodeError};
use super::types::{
    Contact, Email, Gateway, Listed, Page, PageRequest, RegionEntry, Traffic, UserChange,
};
use crate::model::{Action, BandwidthSetting, ClientUser, Region, SagId, Session, UserName};
use crate::openapi::{self, ApiError};

/// The typed client of one cloud account. Cheap to clone.
///
/// Every function makes one call, which the client below may repeat, and fails
/// with the [`ApiError`] of that call, or with one of the kind
/// [`Decode`](crate::model::FailureKind::Decode) if the reply is not what the
/// operation answers.
#[derive(Debug, Clone)]
pub struct Client(openapi::Client);

impl Client {
    /// Puts the types on top of a signed client.
    pub fn new(client: openapi::Client) -> Self {
        Self(client)
    }

    /// A page of the users of an instance
    /// (DescribeSmartAccessGatewayClientUsers).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn client_users(
        &self,
        region: &Region,
        sag_id: &SagId,
        page: PageRequest,
    ) -> Result<Page<ClientUser>, ApiError> {
        let parameters = Parameters::new().instance(sag_id).page(page);
        self.call(region, USERS, parameters, decode::client_users)
            .await
    }

    /// The users of an instance whose name is or resembles this one, with their
    /// e-mail addresses (DescribeSmartAccessGatewayClientUsers with UserName).
    /// Whether the cloud compares exactly is not documented.
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn contacts(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
        page: PageRequest,
    ) -> Result<Page<Contact>, ApiError> {
        let parameters = Parameters::new().instance(sag_id).page(page);
        let parameters = parameters.with("UserName", user.as_str());
        self.call(region, USERS, parameters, decode::contacts).await
    }

    /// The sessions of one user (DescribeUserOnlineClients).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`]. For a user that does not exist the
    /// error says so in [`ApiError::missing`].
    pub async fn online_clients(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
    ) -> Result<Vec<Session>, ApiError> {
        let parameters = Parameters::new().instance(sag_id);
        let parameters = parameters.with("UserName", user.as_str());
        let action = Action::DescribeUserOnlineClients;
        self.call(region, action, parameters, decode::online_clients)
            .await
    }

    /// A page of the software instances of a region
    /// (DescribeSmartAccessGateways). Which of them are APP instances, the entry
    /// says.
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn gateways(
        &self,
        region: &Region,
        page: PageRequest,
    ) -> Result<Page<Gateway>, ApiError> {
        let parameters = Parameters::new()
            .with("InstanceType", "software")
            .page(page);
        let action = Action::DescribeSmartAccessGateways;
        self.call(region, action, parameters, decode::gateways)
            .await
    }

    /// The number of sessions of up to [`BULK_LIMIT`] users
    /// (DescribeUserOnlineClientStatistics).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`]. Where the operation does not exist,
    /// the error says so in [`ApiError::missing`].
    pub async fn online_counts(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<(UserName, u32)>, ApiError> {
        let users = users.iter().map(UserName::as_str);
        let parameters = Parameters::new().instance(sag_id).list("UserNames", users);
        let action = Action::DescribeUserOnlineClientStatistics;
        self.call(region, action, parameters, decode::online_counts)
            .await
    }

    /// The traffic of this month of up to [`BULK_LIMIT`] users
    /// (DescribeUserFlowStatistics).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn traffic(
        &self,
        region: &Region,
        sag_id: &SagId,
        users: &[UserName],
    ) -> Result<Listed<Traffic>, ApiError> {
        let users = users.iter().map(UserName::as_str);
        let parameters = Parameters::new().instance(sag_id).list("UserNames", users);
        let action = Action::DescribeUserFlowStatistics;
        self.call(region, action, parameters, decode::traffic).await
    }

    /// The number of sessions of up to [`BULK_LIMIT`] instances
    /// (DescribeSagOnlineClientStatistics).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn instance_online_counts(
        &self,
        region: &Region,
        sag_ids: &[SagId],
    ) -> Result<Listed<(SagId, u32)>, ApiError> {
        let sag_ids = sag_ids.iter().map(SagId::as_str);
        let parameters = Parameters::new().list("SmartAGIds", sag_ids);
        let action = Action::DescribeSagOnlineClientStatistics;
        self.call(region, action, parameters, decode::instance_online_counts)
            .await
    }

    /// The regions of the product (DescribeRegions), asked in any one of them.
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`].
    pub async fn regions(&self, ask_in: &Region) -> Result<Listed<RegionEntry>, ApiError> {
        let action = Action::DescribeRegions;
        self.call(ask_in, action, Parameters::new(), decode::regions)
            .await
    }

    /// Changes the bandwidth of a user, and the e-mail address if one is given
    /// (ModifySmartAccessGatewayClientUser).
    ///
    /// # Errors
    ///
    /// As for all functions; see [`Client`]. After an error of a kind that is not
    /// [certainly undone](crate::model::FailureKind::is_certainly_undone) the
    /// change may have been made all the same.
    pub async fn modify_client_user(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
        bandwidth: BandwidthSetting,
        email: Option<&Email>,
    ) -> Result<UserChange, ApiError> {
        let mut parameters = Parameters::new()
            .instance(sag_id)
            .with("UserName", user.as_str())
            .with("Bandwidth", bandwidth.kbps().to_string());
        if let Some(email) = email {
            parameters = parameters.with("Email", email.reveal());
        }
        let action = Action::ModifySmartAccessGatewayClientUser;
        self.call(region, action, parameters, decode::user_change)
            .await
    }

    /// Ends all sessions of a user (KickOutClients).
    ///
    /// # Errors
    ///
    /// As for [`Client::modify_client_user`].
    pub async fn kick_out(
        &self,
        region: &Region,
        sag_id: &SagId,
        user: &UserName,
    ) -> Result<(), ApiError> {
        // This operation alone spells the parameter with a small n.
        let parameters = Parameters::new().instance(sag_id);
        let parameters = parameters.with("Username", user.as_str());
        let action = Action::KickOutClients;
        self.call(region, action, parameters, decode::acknowledgement)
            .await
    }

    async fn call<T>(
        &self,
        region: &Region,
        action: Action,
        parameters: Parameters,
        decode: fn(&[u8]) -> Result<T, DecodeError>,
    ) -> Result<T, ApiError> {
        let reply = self.0.call(region, action, &parameters.0).await?;
        let body: &Bytes = reply.body();
        decode(body).map_err(|error| ApiError::undecodable(action, &reply, error))
    }
}

/// The parameters of a call besides RegionId, which the client below adds.
struct Parameters(Vec<(String, String)>);

impl Parameters {
    fn new() -> Self {
        Self(Vec::new())
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.0.push((name.to_owned(), value.into()));
        self
    }

    fn instance(self, sag_id: &SagId) -> Self {
        self.with("SmartAGId", sag_id.as_str())
    }

    fn page(self, page: PageRequest) -> Self {
        self.with("PageNumber", page.number.to_string())
            .with("PageSize", page.size.to_string())
    }

    /// A list on the wire is flattened and counted from 1.
    fn list<'a>(mut self, name: &str, values: impl Iterator<Item = &'a str>) -> Self {
        let numbered = values.zip(1_u32..);
        let flat = numbered.map(|(value, number)| (format!("{name}.{number}"), value.to_owned()));
        self.0.extend(flat);
        self
    }
}

/// How many names or ids the bulk operations take in one call.
pub const BULK_LIMIT: usize = 50;

const USERS: Action = Action::DescribeSmartAccessGatewayClientUsers;
