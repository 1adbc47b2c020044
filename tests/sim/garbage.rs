//! No bytes harm the simulator.

use bytes::Bytes;
use hyper::Request;
use proptest::prelude::*;
use sag_exporter::clock::Clock;
use sag_exporter::sim::{Cloud, Options, Scenario, Script};

use crate::caller::{Caller, Reply, date};

fn cloud() -> std::sync::Arc<Cloud> {
    let options = Options {
        instances: 1,
        users: 3,
        scenario: Scenario::Quiet,
        ..Options::default()
    };
    Cloud::new(options, Clock::system()).unwrap()
}

fn answer(request: Request<Bytes>) -> Reply {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_time().build().unwrap();
    Reply::of(runtime.block_on(cloud().handle(request)).unwrap())
}

proptest! {
    #[test]
    fn unsigned_garbage_is_refused(
        query in "[ -~&&[^#<>\"`{}]]{0,60}",
        authorization in "[ -~]{0,60}",
        body in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let uri = format!("/?Action=DescribeRegions&Version=2018-03-13&{}", query.replace(' ', "+"));
        let request = Request::post(uri)
            .header("authorization", authorization.trim())
            .body(Bytes::from(body));
        prop_assume!(request.is_ok());
        answer(request.unwrap()).refusal();
    }

    #[test]
    fn signed_garbage_is_answered(
        action in prop::sample::select(vec![
            "DescribeSmartAccessGatewayClientUsers",
            "DescribeUserOnlineClients",
            "DescribeUserOnlineClientStatistics",
            "DescribeUserFlowStatistics",
            "DescribeSagOnlineClientStatistics",
            "DescribeSmartAccessGateways",
            "ModifySmartAccessGatewayClientUser",
            "KickOutClients",
        ]),
        name in prop::sample::select(vec![
            "PageNumber", "PageSize", "UserName", "Username", "UserNames.1", "SmartAGIds.1",
            "Bandwidth", "StatisticsDate", "InstanceType",
        ]),
        value in prop_oneof![".{0,20}", "-?[0-9]{1,25}", "20[0-9]{4}"],
    ) {
        let now = date(Clock::system().now());
        let parameters = [("RegionId", "cn-shanghai"), (name, value.as_str())];
        let reply = answer(Caller::new().v3(action, &parameters, &now));
        prop_assert!(reply.status == 200 || reply.refusal().0 < 500);
    }

    #[test]
    fn a_garbage_script_is_a_problem_and_no_panic(text in "(rules:|effect|- |[{}\\[\\]:,&*!|>\n ]|[a-z0-9]){0,40}") {
        let _either = Script::parse("f", &text);
    }
}
