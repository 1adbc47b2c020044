//! `once`: metrics to standard output, everything else to standard error.

use sag_exporter::sim::{Effect, Rule};
use tempfile::TempDir;

use crate::daemon::{Config, config_flag, run};
use crate::exposition::Page;
use crate::simulator::{Simulator, quiet};

use sag_exporter::model::Action;

#[tokio::test]
async fn once_prints_the_world_and_nothing_else() {
    let simulator = Simulator::start(quiet(2, 5)).await;
    let sag_id = simulator.sag_ids().remove(1);
    simulator
        .cloud
        .login(&sag_id, &simulator.user(&sag_id, 0), None)
        .unwrap();
    let (code, page, said) = once(&Config::of(simulator.address), &[]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(page.differs_from(&simulator.truth()), Ok(()));
    assert_eq!(said, "");
    let complete = [("account", "main"), ("outcome", "complete")];
    assert_eq!(
        page.value("sag_exporter_sweeps_total", &complete),
        Some(1.0)
    );
}

#[tokio::test]
async fn once_narrows_to_an_instance() {
    let simulator = Simulator::start(quiet(2, 5)).await;
    let sag_id = simulator.sag_ids().remove(1);
    let flag = format!("--sag.instance={sag_id}");
    let (code, page, said) = once(&Config::of(simulator.address), &[&flag]).await;
    assert_eq!(code, 0, "{said}");
    assert_eq!(page.count("sag_up", &[]), 1);
    assert_eq!(page.value("sag_up", &[("sag_id", &sag_id)]), Some(1.0));
}

#[tokio::test]
async fn once_ends_with_1_when_something_is_missing_and_prints_the_rest() {
    let simulator = Simulator::start(quiet(2, 3)).await;
    let sag_id = simulator.sag_ids().remove(0);
    let denied = Effect::Denied("Forbidden.RAM".to_owned());
    let rule = Rule::new(denied)
        .on(Action::DescribeUserOnlineClients)
        .sag_id(&sag_id);
    simulator.cloud.add_fault(rule);
    let (code, page, said) = once(&Config::of(simulator.address), &[]).await;
    assert_eq!(code, 1, "{said}");
    assert_eq!(page.value("sag_up", &[("sag_id", &sag_id)]), Some(0.0));
    assert_eq!(page.sum("sag_up", &[]), 1.0, "the other one is whole");
    assert!(
        said.contains("Forbidden.RAM") && said.contains("error: the sweep is not complete"),
        "{said}"
    );
}

#[tokio::test]
async fn once_ends_with_1_when_nothing_can_be_read() {
    let check = async |rule: Option<Rule>, secret: &str, reason: &str| {
        let simulator = Simulator::start(quiet(1, 1)).await;
        simulator.cloud.set_faults(rule.into_iter().collect());
        let config = Config::default().account("main", simulator.address, secret);
        let (code, page, said) = once(&config, &[]).await;
        assert_eq!(code, 1, "{said}");
        assert_eq!(page.count("sag_up", &[]), 0);
        assert!(
            said.contains(reason) && said.contains("error: the sweep failed"),
            "{said}"
        );
    };
    check(None, "wrong", "SignatureDoesNotMatch").await;
    let skewed = Rule::new(Effect::ClockSkew(3600));
    check(Some(skewed), "testsecret", "InvalidTimeStamp.Expired").await;
    check(Some(Rule::new(Effect::Drop)), "testsecret", "127.0.0.1").await;
}

/// The exit code, what is on standard output, and what is on standard error.
async fn once(config: &Config, flags: &[&str]) -> (i32, Page, String) {
    let dir = TempDir::new().unwrap();
    let file = config_flag(&dir, &config.yaml());
    let output = run(&[&["once", &file], flags].concat()).await;
    let page = Page::parse(String::from_utf8(output.stdout).unwrap());
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), page, said)
}
