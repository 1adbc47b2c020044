//! Faults: what is to go wrong, for which calls, how often.

mod effect;
mod script;
mod yaml;

use std::time::Duration;

use crate::model::Action;
use crate::sim::quota::Throttling;
use crate::sim::refusal::Refusal;
use crate::sim::reply::{ListShape, NumberShape, Shape};
use crate::sim::request::Call;
use crate::sim::seed::Seed;

pub use self::script::{Script, ScriptError, ScriptProblem};

/// One thing that goes wrong, and for which calls.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    action: Option<Action>,
    sag_id: Option<String>,
    user: Option<String>,
    skip: u64,
    count: Option<u64>,
    probability: f64,
    effect: Effect,
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The answer comes later.
    Latency(Duration),
    /// An error of the cloud: status and code.
    Error {
        /// The HTTP status.
        status: u16,
        /// The field `Code`.
        code: String,
    },
    /// A proxy answers 502 with a page of HTML.
    BadGateway,
    /// The answer breaks off after so many bytes of the body.
    Truncate(usize),
    /// The body comes in pieces over this time.
    Drip(Duration),
    /// The connection closes before the call is carried out.
    Drop,
    /// The connection closes after the call was carried out.
    DropReply,
    /// The operation does not exist: 404 with this code.
    MissingOperation(String),
    /// The credential may not do this: 403 with this code.
    Denied(String),
    /// The quota is used up for that long.
    Throttle(Throttling, Duration),
    /// The clock of the cloud is off by so many seconds; positive is ahead.
    ClockSkew(i64),
    /// Numbers are written in this way.
    Numbers(NumberShape),
    /// Lists are wrapped in this way.
    List(ListShape),
    /// PageSize is not echoed.
    HidePageSize,
    /// TotalCount is a string.
    TotalAsText,
    /// TotalCount is off by so many.
    TotalOff(i64),
    /// Before the call is carried out, the first users of the instance's list
    /// are deleted and others are created in front of it.
    Churn {
        /// How many are deleted.
        delete: usize,
        /// How many are created.
        create: usize,
    },
}

impl Rule {
    /// The effect for every call.
    pub fn new(effect: Effect) -> Self {
        Self {
            action: None,
            sag_id: None,
            user: None,
            skip: 0,
            count: None,
            probability: 1.0,
            effect,
        }
    }

    /// Only calls of this operation.
    #[must_use]
    pub fn on(self, action: Action) -> Self {
        Self {
            action: Some(action),
            ..self
        }
    }

    /// Only calls that name this instance.
    #[must_use]
    pub fn sag_id(self, sag_id: impl Into<String>) -> Self {
        Self {
            sag_id: Some(sag_id.into()),
            ..self
        }
    }

    /// Only calls that name this user, alone or among others.
    #[must_use]
    pub fn user(self, user: impl Into<String>) -> Self {
        Self {
            user: Some(user.into()),
            ..self
        }
    }

    /// The first so many of these calls pass untouched.
    #[must_use]
    pub fn after(self, skip: u64) -> Self {
        Self { skip, ..self }
    }

    /// The effect wears off after so many calls.
    #[must_use]
    pub fn times(self, count: u64) -> Self {
        Self {
            count: Some(count),
            ..self
        }
    }

    /// With this probability, drawn from the seed of the world; forced into 0
    /// to 1.
    #[must_use]
    pub fn chance(self, probability: f64) -> Self {
        let probability = if probability.is_nan() {
            0.0
        } else {
            probability.clamp(0.0, 1.0)
        };
        Self {
            probability,
            ..self
        }
    }

    fn matches(&self, action: Option<Action>, call: &Call) -> bool {
        let named = |wanted: &Option<String>, single: &[&str], list| {
            wanted.as_deref().is_none_or(|wanted| {
                single
                    .iter()
                    .any(|name| call.parameter(name) == Some(wanted))
                    || call.list(list).contains(&wanted)
            })
        };
        self.action.is_none_or(|wanted| action == Some(wanted))
            && named(&self.sag_id, &["SmartAGId"], "SmartAGIds")
            && named(&self.user, &["UserName", "Username"], "UserNames")
    }
}

/// What is to be done with one call.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    pub(crate) latency: Duration,
    pub(crate) skew_seconds: i64,
    /// How many users are deleted, how many created.
    pub(crate) churn: (usize, usize),
    pub(crate) shape: Shape,
    pub(crate) instead: Option<Instead>,
    pub(crate) delivery: Delivery,
}

/// What is answered instead of carrying the call out.
#[derive(Debug, Clone)]
pub(crate) enum Instead {
    Refusal(Refusal),
    BadGateway,
}

/// How the answer travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Delivery {
    #[default]
    Whole,
    /// The call is not carried out and not answered.
    Drop,
    /// The call is carried out and not answered.
    DropReply,
    /// Only so many bytes of the body arrive.
    Truncate(usize),
    /// The body takes this long.
    Drip(Duration),
}

impl Plan {
    fn add(&mut self, effect: &Effect) {
        let refuse = |refusal| Some(Instead::Refusal(refusal));
        match effect {
            Effect::Latency(time) => self.latency = self.latency.saturating_add(*time),
            Effect::Error { status, code } => {
                let message = "The request has failed due to a temporary failure of the server.";
                self.instead = refuse(Refusal::new(*status, code.clone(), message));
            }
            Effect::BadGateway => self.instead = Some(Instead::BadGateway),
            Effect::MissingOperation(code) => {
                let refusal = Refusal::action_not_found();
                self.instead = refuse(Refusal {
                    code: code.clone().into(),
                    ..refusal
                });
            }
            Effect::Denied(code) => self.instead = refuse(Refusal::denied(code.clone())),
            Effect::Throttle(throttling, wait) => {
                self.instead = refuse(throttling.refusal(*wait));
            }
            Effect::Truncate(bytes) => self.delivery = Delivery::Truncate(*bytes),
            Effect::Drip(time) => self.delivery = Delivery::Drip(*time),
            Effect::Drop => self.delivery = Delivery::Drop,
            Effect::DropReply => self.delivery = Delivery::DropReply,
            Effect::ClockSkew(seconds) => {
                self.skew_seconds = self.skew_seconds.saturating_add(*seconds);
            }
            Effect::Churn { delete, create } => self.churn = (*delete, *create),
            Effect::Numbers(_)
            | Effect::List(_)
            | Effect::HidePageSize
            | Effect::TotalAsText
            | Effect::TotalOff(_) => self.reshape(effect),
        }
    }

    fn reshape(&mut self, effect: &Effect) {
        match effect {
            Effect::Numbers(numbers) => self.shape.numbers = *numbers,
            Effect::List(list) => self.shape.list = *list,
            Effect::HidePageSize => self.shape.hide_page_size = true,
            Effect::TotalAsText => self.shape.total_as_text = true,
            Effect::TotalOff(off) => self.shape.total_off = *off,
            _ => {}
        }
    }
}

/// The rules in force and how often each was met.
#[derive(Debug)]
pub(crate) struct Faults {
    seed: Seed,
    draws: u64,
    rules: Vec<Counted>,
}

#[derive(Debug)]
struct Counted {
    rule: Rule,
    met: u64,
    done: u64,
}

impl Faults {
    pub(crate) fn new(seed: Seed) -> Self {
        Self {
            seed,
            draws: 0,
            rules: Vec::new(),
        }
    }

    /// Replaces all rules; counts begin anew.
    pub(crate) fn set(&mut self, rules: Vec<Rule>) {
        self.rules.clear();
        rules.into_iter().for_each(|rule| self.add(rule));
    }

    pub(crate) fn add(&mut self, rule: Rule) {
        self.rules.push(Counted {
            rule,
            met: 0,
            done: 0,
        });
    }

    /// What is to be done with a call. Of two rules that exclude each other the
    /// later one wins.
    pub(crate) fn plan(&mut self, action: Option<Action>, call: &Call) -> Plan {
        let mut plan = Plan::default();
        for counted in &mut self.rules {
            if !counted.rule.matches(action, call) {
                continue;
            }
            counted.met += 1;
            let rule = &counted.rule;
            if counted.met <= rule.skip || rule.count.is_some_and(|count| counted.done >= count) {
                continue;
            }
            self.draws += 1;
            if !happens(self.seed.child(self.draws), rule.probability) {
                continue;
            }
            counted.done += 1;
            plan.add(&rule.effect);
        }
        plan
    }
}

fn happens(draw: Seed, probability: f64) -> bool {
    let million = u32::try_from(draw.below(1_000_000)).unwrap_or(0);
    f64::from(million) < probability * 1_000_000.0
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use hyper::Request;

    use super::*;

    const QUERY: Action = Action::DescribeUserOnlineClients;

    fn call(query: &str) -> Call {
        let request = Request::builder().uri(format!("/?{query}"));
        Call::read(request.body(Bytes::new()).unwrap()).unwrap()
    }

    fn hits(rule: Rule, query: &str, calls: usize) -> Vec<usize> {
        let mut faults = Faults::new(Seed::new(3));
        faults.add(rule);
        let call = call(query);
        let hit = |_: &usize| faults.plan(Some(QUERY), &call).delivery == Delivery::Drop;
        (0..calls).filter(hit).collect()
    }

    #[test]
    fn rules_choose_their_calls() {
        let rule = || Rule::new(Effect::Drop);
        for (rule, query, expected) in [
            (rule(), "", true),
            (rule().on(QUERY), "", true),
            (rule().on(Action::KickOutClients), "", false),
            (rule().sag_id("sag-1"), "SmartAGId=sag-1", true),
            (
                rule().sag_id("sag-1"),
                "SmartAGIds.1=sag-2&SmartAGIds.2=sag-1",
                true,
            ),
            (rule().sag_id("sag-1"), "SmartAGId=sag-2", false),
            (rule().user("a"), "UserName=a", true),
            (rule().user("a"), "Username=a", true),
            (rule().user("a"), "UserNames.1=b&UserNames.2=a", true),
            (rule().user("a"), "UserNames.1=b", false),
            (rule().user("a").sag_id("s"), "UserName=a", false),
        ] {
            assert_eq!(
                hits(rule.clone(), query, 1).len() == 1,
                expected,
                "{rule:?} {query}"
            );
        }
    }

    #[test]
    fn rules_count_and_draw() {
        let rule = || Rule::new(Effect::Drop);
        assert_eq!(hits(rule().after(2).times(3), "", 10), [2, 3, 4]);
        assert_eq!(hits(rule().chance(0.0), "", 100).len(), 0);
        assert_eq!(hits(rule().chance(f64::NAN), "", 100).len(), 0);
        let some = hits(rule().chance(0.25), "", 2_000);
        assert!((400..600).contains(&some.len()), "{}", some.len());
        assert_eq!(some, hits(rule().chance(0.25), "", 2_000), "the same seed");
    }
}
