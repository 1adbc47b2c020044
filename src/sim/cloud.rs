//! The cloud itself: from a request to an answer, and the truth beside it.

mod control;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use hyper::{Request, Response};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::clock::Clock;
use crate::model::Action;
use crate::sim::fault::{Delivery, Faults, Instead, Plan};
use crate::sim::operations;
use crate::sim::options::{Credential, InvalidOptions, Options, Scenario};
use crate::sim::quota::{Quotas, Throttling};
use crate::sim::refusal::Refusal;
use crate::sim::reply::{self, Reply};
use crate::sim::request::Call;
use crate::sim::seed::Seed;
use crate::sim::verify::{self, Nonces};
use crate::sim::world::World;

/// A simulated cloud. It is shared by all who call it, watch it or change it.
#[derive(Debug)]
pub struct Cloud {
    clock: Clock,
    ahead: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    world: World,
    keys: Vec<Credential>,
    nonces: Nonces,
    quotas: Quotas,
    throttling: Throttling,
    faults: Faults,
    calls: [Calls; Action::ALL.len()],
    request_ids: Seed,
    requests: u64,
}

/// How often an operation was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Calls that were carried out.
    pub answered: u64,
    /// Calls beyond the quota.
    pub throttled: u64,
    /// Calls that were refused for any other reason, faults included.
    pub refused: u64,
}

/// The connection broke before the answer was complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// No byte of an answer arrived.
    #[error("the simulated cloud closed the connection without an answer")]
    Dropped,
    /// The body broke off.
    #[error("the simulated cloud closed the connection within the body of the answer")]
    Truncated,
}

/// An answer and how it travels.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<Bytes>,
    pub(crate) delivery: Delivery,
}

impl Cloud {
    /// A cloud whose time is that of the clock.
    ///
    /// # Errors
    ///
    /// If an option is out of range.
    pub fn new(options: Options, clock: Clock) -> Result<Arc<Self>, InvalidOptions> {
        options.validate()?;
        let seed = Seed::new(options.seed).child(u64::MAX - 1);
        let ahead = match options.scenario {
            Scenario::ClockSkew => SKEW,
            _ => Duration::ZERO,
        };
        let state = State {
            world: World::new(&options),
            keys: options.credentials,
            nonces: Nonces::default(),
            quotas: Quotas::new(options.quota),
            throttling: Throttling::default(),
            faults: Faults::new(seed.child(0)),
            calls: [Calls::default(); Action::ALL.len()],
            request_ids: seed.child(1),
            requests: 0,
        };
        Ok(Arc::new(Self {
            clock,
            ahead,
            state: Mutex::new(state),
        }))
    }

    /// Answers a request in process. What a socket would do slowly is waited for.
    ///
    /// # Errors
    ///
    /// Where a socket would break.
    pub async fn handle(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Broken> {
        let answer = self.answer(request).await;
        match answer.delivery {
            Delivery::Whole => Ok(answer.response),
            Delivery::Drop | Delivery::DropReply => Err(Broken::Dropped),
            Delivery::Truncate(bytes) if bytes >= answer.response.body().len() => {
                Ok(answer.response)
            }
            Delivery::Truncate(_) => Err(Broken::Truncated),
            Delivery::Drip(time) => {
                tokio::time::sleep(time).await;
                Ok(answer.response)
            }
        }
    }

    /// The time in the cloud.
    pub fn now(&self) -> Timestamp {
        crate::clock::after(self.clock.now(), self.ahead)
    }

    /// Answers a request and says how the answer is to travel.
    pub(crate) async fn answer(&self, request: Request<Bytes>) -> Answer {
        let host = host(&request);
        let call = Call::read(request);
        let action = call.as_ref().ok().and_then(|call| call.action().ok());
        let plan = match &call {
            Ok(call) => self.state().faults.plan(action, call),
            Err(_) => Plan::default(),
        };
        if !plan.latency.is_zero() {
            tokio::time::sleep(plan.latency).await;
        }
        let now = skewed(self.now(), plan.skew_seconds);
        let mut state = self.state();
        let id = state.request_id();
        let delivery = plan.delivery;
        let response = state
            .respond(call, plan, now)
            .into_response(&id, &host, now);
        tracing::debug!(
            action = action.map(Action::as_str),
            status = response.status().as_u16(),
            "simulated call"
        );
        Answer { response, delivery }
    }

    /// The state. A panic elsewhere leaves nothing half-done in it that a later
    /// call could not bear.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is to be written, before it has its headers.
enum Outcome {
    Reply(Reply, reply::Shape),
    Refusal(Refusal),
    BadGateway,
}

impl State {
    fn respond(&mut self, call: Result<Call, Refusal>, plan: Plan, now: Timestamp) -> Outcome {
        let shape = plan.shape;
        let call = match call {
            Ok(call) => call,
            Err(refusal) => return Outcome::Refusal(refusal),
        };
        match (plan.delivery, plan.instead) {
            (Delivery::Drop, _) | (_, Some(Instead::BadGateway)) => {
                self.refused(&call);
                Outcome::BadGateway
            }
            (_, Some(Instead::Refusal(refusal))) => {
                self.refused(&call);
                Outcome::Refusal(refusal)
            }
            (_, None) => match self.carry_out(&call, plan.churn, now) {
                Ok(reply) => Outcome::Reply(reply, shape),
                Err(refusal) => Outcome::Refusal(refusal),
            },
        }
    }

    fn carry_out(
        &mut self,
        call: &Call,
        churn: (usize, usize),
        now: Timestamp,
    ) -> Result<Reply, Refusal> {
        let action = call.action()?;
        let key = verify::check(call, &self.keys, &mut self.nonces, now);
        let account = match key {
            Ok(key) => &key.account,
            Err(refusal) => {
                self.refused(call);
                return Err(refusal);
            }
        };
        if let Err(wait) = self.quotas.take(account, action, Instant::now()) {
            self.count(action, |calls| calls.throttled += 1);
            return Err(self.throttling.refusal(wait));
        }
        self.churn(call, churn);
        let answer = operations::answer(&mut self.world, action, call, now);
        self.count(action, |calls| match answer {
            Ok(_) => calls.answered += 1,
            Err(_) => calls.refused += 1,
        });
        answer
    }

    fn churn(&mut self, call: &Call, (delete, create): (usize, usize)) {
        let sag_id = call.filled("SmartAGId").unwrap_or_default();
        if let Ok(instance) = self.world.instance_mut(sag_id) {
            instance.churn(delete, create);
        }
    }

    fn refused(&mut self, call: &Call) {
        if let Ok(action) = call.action() {
            self.count(action, |calls| calls.refused += 1);
        }
    }

    fn count(&mut self, action: Action, add: impl FnOnce(&mut Calls)) {
        if let Some(calls) = self.calls.get_mut(action.index()) {
            add(calls);
        }
    }

    /// An id in the form of the cloud's, the same for the same seed and turn.
    fn request_id(&mut self) -> String {
        self.requests += 1;
        let draw = self.request_ids.child(self.requests);
        let (high, low) = (draw.number(), draw.child(0).number());
        format!(
            "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xffff,
            low >> 48,
            low & 0xffff_ffff_ffff
        )
    }
}

impl Outcome {
    fn into_response(self, id: &str, host: &str, now: Timestamp) -> Response<Bytes> {
        let (status, kind, body, headers) = match self {
            Self::Reply(reply, shape) => {
                (200, JSON, reply.render(shape, id).to_string(), Vec::new())
            }
            Self::Refusal(refusal) => {
                let body = reply::render_refusal(&refusal, id, host).to_string();
                (refusal.status, JSON, body, refusal.headers)
            }
            Self::BadGateway => (502, "text/html", BAD_GATEWAY.to_owned(), Vec::new()),
        };
        let mut response = Response::builder()
            .status(status)
            .header("date", http_date(now))
            .header("content-type", kind)
            .header("x-acs-request-id", id)
            .header("x-acs-trace-id", id.replace('-', "").to_lowercase());
        for (name, value) in headers {
            response = response.header(name, value);
        }
        // A status and headers from a fault script may be no HTTP at all.
        response.body(Bytes::from(body)).unwrap_or_default()
    }
}

fn host(request: &Request<Bytes>) -> String {
    let header = request
        .headers()
        .get("host")
        .and_then(|host| host.to_str().ok());
    let authority = request
        .uri()
        .authority()
        .map(hyper::http::uri::Authority::as_str);
    header.or(authority).unwrap_or_default().to_owned()
}

fn http_date(now: Timestamp) -> String {
    now.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

fn skewed(now: Timestamp, seconds: i64) -> Timestamp {
    let second = now.as_second().saturating_add(seconds);
    Timestamp::from_second(second).unwrap_or(now)
}

const JSON: &str = "application/json;charset=utf-8";

const BAD_GATEWAY: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n\
     <center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n";

/// How far ahead the clock is in the scenario of that name: far enough to be
/// seen, near enough for requests to be accepted.
const SKEW: Duration = Duration::from_secs(600);
