//! The examination of one cloud account, from the credential outwards: what is
//! looked at later needs what was looked at before.

use std::collections::BTreeMap;
use std::error::Error;

use jiff::{SignedDuration, Timestamp};

use super::masked::masked;
use super::{Finding, Patient, Report, Subject, Verdict, policy};
use crate::model::{Action, FailureKind, Region, SagId, UserName};
use crate::openapi::ApiError;
use crate::openapi::credentials::Credential;
use crate::sag::{self, Page, PageRequest};

/// Examines a cloud account. Makes a few calls for each region and instance,
/// at the pace of the account.
pub async fn examine(patient: &Patient) -> Report {
    let mut examination = Examination {
        patient,
        client: sag::Client::new(patient.client.clone()),
        findings: Vec::new(),
        cloud_clock_ahead: None,
    };
    let located = examination.all().await;
    let instances = match patient.instances.is_empty() {
        true => Vec::new(),
        false => {
            let ids = patient.instances.iter();
            let place = |id: &SagId| located.get(id).cloned().flatten();
            ids.map(|id| (id.clone(), place(id))).collect()
        }
    };
    Report {
        account: patient.account.clone(),
        policy: policy::smallest(&patient.regions, &instances, &patient.unused),
        findings: examination.findings,
        cloud_clock_ahead: examination.cloud_clock_ahead,
    }
}

/// The instances to be read, with their regions as far as they are known.
type Located = BTreeMap<SagId, Option<Region>>;

struct Examination<'a> {
    patient: &'a Patient,
    client: sag::Client,
    findings: Vec<Finding>,
    cloud_clock_ahead: Option<SignedDuration>,
}

impl Examination<'_> {
    async fn all(&mut self) -> Located {
        let mut located = self.configured();
        if !self.credential().await || !self.clock().await {
            return located;
        }
        let regions = self.regions().await;
        for region in &regions {
            self.discovery(region, &mut located).await;
        }
        if located.is_empty() && self.has_no_problem() {
            let detail = "no APP instance was found: expected at least one in the regions";
            self.add(Subject::Discovery, "", Verdict::Warning, detail);
        }
        for (id, region) in located.iter().take(MAX_INSTANCES) {
            match region {
                Some(region) => self.instance(id, region).await,
                None => {
                    let detail = "found in none of the regions: expected its region among them";
                    self.add(Subject::Instance, id.as_str(), Verdict::Problem, detail);
                }
            }
        }
        if located.len() > MAX_INSTANCES {
            let detail = format!("{} more are not looked at", located.len() - MAX_INSTANCES);
            self.add(Subject::Instance, "", Verdict::Skipped, detail);
        }
        for region in &regions {
            self.bulk_of_region(region, &located).await;
        }
        located
    }

    /// The instances of the configuration; with one region there is no doubt
    /// where they are.
    fn configured(&self) -> Located {
        let region = match &self.patient.regions[..] {
            [only] => Some(only.clone()),
            _ => None,
        };
        let ids = self.patient.instances.iter();
        ids.map(|id| (id.clone(), region.clone())).collect()
    }

    /// Whether there is a credential to go on with.
    async fn credential(&mut self) -> bool {
        match self.patient.credentials.credential().await {
            Ok(credential) => {
                let detail = self.in_use(&credential);
                self.add(Subject::Credential, "", Verdict::Ok, detail);
                true
            }
            Err(error) => {
                self.add(Subject::Credential, "", Verdict::Problem, whole(&error));
                false
            }
        }
    }

    fn in_use(&self, credential: &Credential) -> String {
        let id = masked(credential.access_key_id());
        let kind = match credential.security_token() {
            Some(_) => "temporary access key",
            None => "access key",
        };
        let Some(from) = self.patient.credentials.provenance() else {
            return format!("{kind} {id}");
        };
        let provider = from.provider;
        match from.expires {
            Some(end) => format!("{kind} {id} from {provider}, until {end:.0}"),
            None => format!("{kind} {id} from {provider}"),
        }
    }

    /// Whether the cloud answers and takes the credential; its clock comes with
    /// any answer. Nobody needs this operation, so it may be refused.
    async fn clock(&mut self) -> bool {
        let Some(home) = self.home() else {
            return false;
        };
        const NO_PARAMETERS: [(&str, &str); 0] = [];
        let action = Action::DescribeRegions;
        let answer = self.patient.client.call(&home, action, &NO_PARAMETERS);
        let (date, error) = match answer.await {
            Ok(reply) => (reply.date(), None),
            Err(error) => (error.date(), Some(error)),
        };
        self.skew(date);
        let Some(error) = error else { return true };
        match error.kind() {
            FailureKind::Auth => {
                self.add(Subject::Credential, "", Verdict::Problem, whole(&error));
                false
            }
            // Discovery in the other regions may still work.
            _ if error.status().is_none() && self.patient.regions.len() <= 1 => {
                let object = home.as_str();
                self.add(Subject::Discovery, object, Verdict::Problem, whole(&error));
                false
            }
            _ => true,
        }
    }

    /// Which region is asked about all of them.
    fn home(&self) -> Option<Region> {
        let first = self.patient.regions.first().cloned();
        first.or_else(|| Region::parse(HOME_REGION).ok())
    }

    /// Where to look for instances.
    async fn regions(&mut self) -> Vec<Region> {
        if !self.patient.regions.is_empty() {
            return self.patient.regions.clone();
        }
        let Some(home) = self.home() else {
            return Vec::new();
        };
        match self.client.regions(&home).await {
            Ok(listed) => {
                let entries = listed.entries.into_iter().take(MAX_REGIONS);
                entries.map(|entry| entry.region).collect()
            }
            Err(error) => {
                let object = Action::DescribeRegions.as_str();
                self.add(Subject::Discovery, object, Verdict::Problem, whole(&error));
                Vec::new()
            }
        }
    }

    fn skew(&mut self, date: Option<Timestamp>) {
        let Some(date) = date else {
            let detail = "the cloud did not tell the time";
            return self.add(Subject::Clock, "", Verdict::Skipped, detail);
        };
        let ahead = date.duration_since(self.patient.clock.now());
        // The header has whole seconds and is a little old when it arrives.
        let seconds = ahead.as_secs().saturating_abs();
        let verdict = if seconds <= SKEW_UNNOTICED_SECONDS {
            Verdict::Ok
        } else if seconds <= SKEW_ALLOWED_SECONDS {
            Verdict::Warning
        } else {
            Verdict::Problem
        };
        let detail = match (verdict, ahead.is_negative()) {
            (Verdict::Ok, _) => "agrees with the cloud's".to_owned(),
            (_, false) => format!("{seconds} s behind the cloud's: {SYNCHRONISE}"),
            (_, true) => format!("{seconds} s ahead of the cloud's: {SYNCHRONISE}"),
        };
        self.cloud_clock_ahead = Some(SignedDuration::from_secs(ahead.as_secs()));
        self.add(Subject::Clock, "", verdict, detail);
    }

    /// Lists the instances of a region.
    async fn discovery(&mut self, region: &Region, located: &mut Located) {
        let wanted = &self.patient.instances;
        let mut found = 0;
        let mut number = 1;
        let error = loop {
            let size = GATEWAYS_PER_PAGE;
            let page = self.client.gateways(region, PageRequest { number, size });
            let page = match page.await {
                Ok(page) => page,
                Err(error) => break Some(error),
            };
            let is_last = is_last(&page, number);
            let apps = page.entries.into_iter().filter(sag::Gateway::is_app);
            for gateway in apps.filter(|g| wanted.is_empty() || wanted.contains(&g.sag_id)) {
                found += 1;
                located.insert(gateway.sag_id, Some(region.clone()));
            }
            if is_last || number >= MAX_PAGES {
                break None;
            }
            number += 1;
        };
        let Some(error) = error else {
            let noun = if found == 1 { "instance" } else { "instances" };
            let detail = format!("{found} {noun} found");
            return self.add(Subject::Discovery, region.as_str(), Verdict::Ok, detail);
        };
        let is_needed = wanted.is_empty() || self.patient.regions.len() != 1;
        let (verdict, detail) = match is_needed {
            true => (Verdict::Problem, whole(&error)),
            false => {
                let what = "the facts of the instances are not shown without it";
                (Verdict::Warning, format!("{}: {what}", whole(&error)))
            }
        };
        self.add(Subject::Discovery, region.as_str(), verdict, detail);
    }

    /// Reads one user of an instance, and the sessions of that user.
    async fn instance(&mut self, id: &SagId, region: &Region) {
        let first = PageRequest { number: 1, size: 1 };
        let action = Action::DescribeSmartAccessGatewayClientUsers;
        let page = match self.client.client_users(region, id, first).await {
            Ok(page) => page,
            Err(error) => return self.failed(Subject::Instance, id, action, &error),
        };
        let users = page
            .total
            .map_or("some".to_owned(), |total| total.to_string());
        let object = object(id, action);
        self.add(
            Subject::Instance,
            object,
            Verdict::Ok,
            format!("{users} users"),
        );
        let Some(user) = page.entries.into_iter().next() else {
            let detail = "there is no user to ask about";
            return self.add(Subject::Instance, id.as_str(), Verdict::Skipped, detail);
        };
        let action = Action::DescribeUserOnlineClients;
        match self.client.online_clients(region, id, &user.name).await {
            Ok(_) => self.works(Subject::Instance, id, action),
            Err(error) => self.failed(Subject::Instance, id, action, &error),
        }
        self.bulk(id, region, &user.name).await;
    }

    /// What saves calls where it is available.
    async fn bulk(&mut self, id: &SagId, region: &Region, user: &UserName) {
        let users = std::slice::from_ref(user);
        let action = Action::DescribeUserOnlineClientStatistics;
        if self.is_used(action) {
            match self.client.online_counts(region, id, users).await {
                Ok(_) => self.works(Subject::Bulk, id, action),
                Err(error) => self.failed(Subject::Bulk, id, action, &error),
            }
        }
        let action = Action::DescribeUserFlowStatistics;
        if self.is_used(action) {
            match self.client.traffic(region, id, users).await {
                Ok(_) => self.works(Subject::Bulk, id, action),
                Err(error) => self.failed(Subject::Bulk, id, action, &error),
            }
        }
    }

    async fn bulk_of_region(&mut self, region: &Region, located: &Located) {
        let here = located.iter().filter(|(_, at)| at.as_ref() == Some(region));
        let ids: Vec<SagId> = here.map(|(id, _)| id.clone()).take(1).collect();
        if ids.is_empty() {
            return;
        }
        let action = Action::DescribeSagOnlineClientStatistics;
        let object = format!("{region} {}", action.as_str());
        match self.client.instance_online_counts(region, &ids).await {
            Ok(_) => self.add(Subject::Bulk, object, Verdict::Ok, "available"),
            Err(error) => self.add(Subject::Bulk, object, Verdict::Warning, whole(&error)),
        }
    }

    fn is_used(&self, action: Action) -> bool {
        !self.patient.unused.contains(&action)
    }

    fn works(&mut self, subject: Subject, id: &SagId, action: Action) {
        self.add(subject, object(id, action), Verdict::Ok, "available");
    }

    fn failed(&mut self, subject: Subject, id: &SagId, action: Action, error: &ApiError) {
        // The bulk operations are optional, and a throttled call says nothing
        // about what is allowed.
        let verdict = match (subject, error.kind()) {
            (Subject::Bulk, _) | (_, FailureKind::Throttled) => Verdict::Warning,
            _ => Verdict::Problem,
        };
        self.add(subject, object(id, action), verdict, whole(error));
    }

    fn has_no_problem(&self) -> bool {
        let mut findings = self.findings.iter();
        findings.all(|finding| finding.verdict != Verdict::Problem)
    }

    fn add(
        &mut self,
        subject: Subject,
        object: impl Into<String>,
        verdict: Verdict,
        detail: impl Into<String>,
    ) {
        self.findings.push(Finding {
            subject,
            object: object.into(),
            verdict,
            detail: detail.into(),
        });
    }
}

fn object(id: &SagId, action: Action) -> String {
    format!("{id} {}", action.as_str())
}

/// Whether no page follows.
fn is_last<T>(page: &Page<T>, number: u32) -> bool {
    let size = page.size.unwrap_or(u64::from(GATEWAYS_PER_PAGE)).max(1);
    let seen = u64::from(number).saturating_mul(size);
    page.entries.is_empty() || page.total.is_none_or(|total| seen >= total)
}

/// An error with everything that caused it.
fn whole(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let texts: Vec<String> = chain.map(ToString::to_string).collect();
    texts.join(": ")
}

const SYNCHRONISE: &str = "set this clock by NTP";

/// Signatures are good for 15 minutes in either direction.
const SKEW_ALLOWED_SECONDS: i64 = 15 * 60;

/// Session times are compared with the clock here; a minute does not show.
const SKEW_UNNOTICED_SECONDS: i64 = 60;

/// The limit that the documentation of DescribeSmartAccessGateways gives.
const GATEWAYS_PER_PAGE: u32 = 50;

/// The region of the documentation's examples.
const HOME_REGION: &str = "cn-shanghai";

/// The cloud has a few dozen.
const MAX_REGIONS: usize = 100;

/// The cloud allows 500 instances an account.
const MAX_PAGES: u32 = 10;

/// A handful of instances tell what there is to tell; five calls each.
const MAX_INSTANCES: usize = 50;
