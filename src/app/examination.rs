//! The doctor's visit to every cloud account.

use futures_util::future::join_all;

use super::cloud::Ground;
use super::daemon::{Plan, SetupError, accesses};
use crate::doctor::{Patient, Report, examine};
use crate::model::Action;
use crate::sweep::{self, SessionsMode};
use crate::telemetry::Telemetry;

/// Examines the cloud accounts, all at once, each at its own pace.
///
/// # Errors
///
/// If the configuration cannot be carried out.
pub async fn examination(plan: Plan) -> Result<Vec<Report>, SetupError> {
    let telemetry = Telemetry::new(plan.build)?;
    let ground = Ground::new(plan.environment, plan.clock, telemetry)?;
    let unused = unused(&plan.config.sweep);
    let patients = accesses(&plan.config, &ground)?.into_iter();
    let visits = patients.map(|(account, access)| {
        let unused = unused.clone();
        async move {
            let patient = Patient {
                account: account.sweep.name,
                regions: account.sweep.regions,
                instances: account.sweep.instances,
                unused,
                credentials: access.credentials,
                client: access.client,
                clock: plan.clock,
            };
            examine(&patient).await
        }
    });
    Ok(join_all(visits).await)
}

/// The optional operations that these sweeps do without.
fn unused(options: &sweep::Options) -> Vec<Action> {
    let counts = (options.sessions == SessionsMode::Each)
        .then_some(Action::DescribeUserOnlineClientStatistics);
    let traffic = options
        .traffic_interval
        .is_zero()
        .then_some(Action::DescribeUserFlowStatistics);
    counts.into_iter().chain(traffic).collect()
}
