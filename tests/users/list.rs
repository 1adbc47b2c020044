//! `users list`: every account, the same columns in every format.

use sag_exporter::model::Action;
use sag_exporter::sim::{Effect, Rule};
use serde_json::{Value, json};

use crate::rig::{Rig, run};

#[tokio::test]
async fn the_columns_are_those_of_the_contract_and_hold_the_truth() {
    let rig = Rig::quiet(2, 130).await;
    let second = rig.sag_ids().remove(1);
    let name = rig.cloud.truth(rig.cloud.now()).instances[1].users[7]
        .name
        .clone();
    rig.cloud.login(&second, &name, None).unwrap();
    rig.cloud.login(&second, &name, None).unwrap();
    let ran = rig.users(&["list", "-o", "json"]).await;
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let first = ran.out.lines().skip(2).take(8).map(|line| {
        let key = line.trim().split(':').next().unwrap();
        key.trim_matches('"').to_owned()
    });
    assert_eq!(first.collect::<Vec<_>>().join(","), COLUMNS);
    let mut expected = Vec::new();
    for instance in rig.cloud.truth(rig.cloud.now()).instances {
        expected.extend(instance.users.into_iter().map(|user| {
            json!({
                "sag_id": instance.sag_id,
                "user": user.name,
                "enabled": user.enabled,
                "static_ip": user.static_ip,
                "client_ip": user.listed_ip.map(|ip| ip.to_string()),
                "bandwidth_kbps": user.bandwidth_kbps,
                "acceleration_bandwidth_kbps": user.acceleration_kbps,
                "online_clients": user.sessions.len(),
            })
        }));
    }
    let identity = |row: &Value| (row["sag_id"].to_string(), row["user"].to_string());
    let mut rows = ran.rows();
    rows.sort_by_key(identity);
    expected.sort_by_key(identity);
    assert_eq!(rows, expected);

    let csv = rig.users(&["list", "-o", "csv"]).await;
    let mut lines = csv.out.lines();
    assert_eq!(lines.next(), Some(COLUMNS));
    assert_eq!(lines.count(), 260);
    let table = rig.users(&["list", "-o", "table"]).await;
    assert_eq!(table.out.lines().count(), 261);
    assert!(table.out.starts_with("SAG_ID "), "{}", table.out);
    assert!(!table.out.contains('\x1b'), "no colours in a pipe");
}

#[tokio::test]
async fn the_largest_instance_takes_one_call_for_fifty_users_and_no_more() {
    let rig = Rig::quiet(1, 2_000).await;
    assert_eq!(rig.rows(&["list"]).await.len(), 2_000);
    // The full page that ends the list may be followed by an empty one.
    let pages = rig.calls(Action::DescribeSmartAccessGatewayClientUsers);
    assert!((40..=41).contains(&pages), "{pages}");
    assert_eq!(rig.calls(Action::DescribeUserOnlineClientStatistics), 40);
    assert_eq!(rig.calls(Action::DescribeUserOnlineClients), 0);
}

#[tokio::test]
async fn filters_and_orders_are_those_that_were_asked_for() {
    let rig = Rig::quiet(1, 0).await;
    let sag_id = rig.sag_id();
    for (name, kbps) in [("ann", 30), ("bob", 10), ("bea", 20), ("carl", 20)] {
        rig.create(&sag_id, name, kbps);
    }
    rig.cloud.login(&sag_id, "bob", None).unwrap();
    rig.cloud.set_enabled(&sag_id, "carl", false).unwrap();
    let check = async |arguments: &[&str], expected: &str| {
        let rows = rig.rows(&[&["list"], arguments].concat()).await;
        let names = rows.iter().map(|row| row["user"].as_str().unwrap());
        let names: Vec<&str> = names.collect();
        assert_eq!(names.join(" "), expected, "{arguments:?}");
    };
    check(&[], "ann bea bob carl").await;
    check(&["b*"], "bea bob").await;
    check(&["--match=?e?"], "bea").await;
    check(&["bob"], "bob").await;
    check(&["nobody"], "").await;
    check(&["--online"], "bob").await;
    check(&["--disabled"], "carl").await;
    check(&["--static-ip"], "").await;
    check(&["--online", "--disabled"], "").await;
    check(&["--sort=bandwidth_kbps"], "bob bea carl ann").await;
    check(
        &["--sort", "bandwidth_kbps", "--reverse"],
        "ann bea carl bob",
    )
    .await;
    check(&["--sort=online_clients", "--reverse"], "bob ann bea carl").await;
    check(&["--sort=enabled"], "carl ann bea bob").await;
    rig.users(&["list", "b*", "--match=a*"])
        .await
        .ended(2, "cannot be used with");
    rig.users(&["list", "--sort=email"])
        .await
        .ended(2, "possible values: sag_id, user,");
}

#[tokio::test]
async fn flags_stand_before_or_after_the_command_and_pick_the_instance() {
    let rig = Rig::quiet(2, 3).await;
    let (config, ids) = (rig.config_flag(), rig.sag_ids());
    let instance = format!("--sag.instance={}", ids[1]);
    for arguments in [
        ["users", "list", &config, &instance, "-o", "json"],
        [&config, "users", &instance, "list", "-o", "json"],
        ["-o", "json", &instance, &config, "users", "list"],
    ] {
        let ran = run(&arguments).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let rows = ran.rows();
        assert_eq!(rows.len(), 3);
        assert!(rows.iter().all(|row| row["sag_id"] == *ids[1]), "{rows:?}");
    }
    rig.users(&["list", "--sag.instance=sag-nowhere"])
        .await
        .ended(1, "instance sag-nowhere: the list of users is not whole");
    rig.users(&[]).await.ended(2, "Usage: sag-exporter users");
}

#[tokio::test]
async fn without_counts_in_bulk_every_user_is_asked_for() {
    let rig = Rig::quiet(1, 5).await;
    let name = rig.cloud.truth(rig.cloud.now()).instances[0].users[2]
        .name
        .clone();
    rig.cloud.login(&rig.sag_id(), &name, None).unwrap();
    for effect in [
        Effect::Denied("Forbidden.RAM".to_owned()),
        Effect::MissingOperation("InvalidApi.NotFound".to_owned()),
    ] {
        let rule = Rule::new(effect).on(Action::DescribeUserOnlineClientStatistics);
        rig.cloud.set_faults(vec![rule]);
        let rows = rig.rows(&["list", "--online"]).await;
        assert_eq!(rows.len(), 1);
        assert_eq!(
            (&rows[0]["user"], &rows[0]["online_clients"]),
            (&json!(name), &json!(1))
        );
    }
    assert_eq!(rig.calls(Action::DescribeUserOnlineClients), 10);
}

#[tokio::test]
async fn what_is_not_known_is_null_and_ends_with_1() {
    let rig = Rig::quiet(1, 2).await;
    let denied = |action| Rule::new(Effect::Denied("Forbidden.RAM".to_owned())).on(action);
    rig.cloud.set_faults(vec![
        denied(Action::DescribeUserOnlineClientStatistics),
        denied(Action::DescribeUserOnlineClients),
    ]);
    let ran = rig.users(&["list", "-o", "json"]).await;
    ran.ended(1, "not known of everybody how many clients are online");
    assert!(ran.err.contains("error: not everything could be read"));
    let rows = ran.rows();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["online_clients"].is_null()));
    let csv = rig.users(&["list", "-o", "csv"]).await;
    assert!(
        csv.out.lines().skip(1).all(|line| line.ends_with(',')),
        "{csv:?}"
    );
    // Of whom it is not known is not called online.
    let online = rig.users(&["list", "--online", "-o", "json"]).await;
    assert_eq!((online.code, online.out.as_str()), (Some(1), "[]\n"));
}

#[tokio::test]
async fn a_list_that_changes_while_it_is_read_is_read_again() {
    let rig = Rig::quiet(1, 120).await;
    let lists = Action::DescribeSmartAccessGatewayClientUsers;
    let churn = Effect::Churn {
        delete: 3,
        create: 1,
    };
    let rule = Rule::new(churn).on(lists).after(1).times(1);
    rig.cloud.add_fault(rule);
    let rows = rig.rows(&["list"]).await;
    let mut names: Vec<&str> = rows
        .iter()
        .map(|row| row["user"].as_str().unwrap())
        .collect();
    let truth = rig.cloud.truth(rig.cloud.now());
    let users = truth.instances[0].users.iter();
    let mut expected: Vec<&str> = users.map(|user| user.name.as_str()).collect();
    names.sort_unstable();
    expected.sort_unstable();
    assert_eq!(names, expected);
    assert!(rig.calls(lists) > 3);
    // A list that never comes to rest is not called whole.
    let churn = Effect::Churn {
        delete: 0,
        create: 1,
    };
    rig.cloud.set_faults(vec![Rule::new(churn).on(lists)]);
    rig.users(&["list"])
        .await
        .ended(1, "the pages of the list do not add up, read several times");
}

#[tokio::test]
async fn a_list_that_ends_early_never_passes_for_a_whole_one() {
    let rig = Rig::quiet(2, 120).await;
    let ids = rig.sag_ids();
    let rule = Rule::new(Effect::Denied("Forbidden.RAM".to_owned()))
        .on(Action::DescribeSmartAccessGatewayClientUsers)
        .sag_id(&ids[0])
        .after(1);
    rig.cloud.add_fault(rule);
    let ran = rig.users(&["list", "-o", "csv"]).await;
    ran.ended(
        1,
        &format!("instance {}: the list of users is not whole", ids[0]),
    );
    assert!(ran.err.contains("Forbidden.RAM"), "{ran:?}");
    assert_eq!(ran.out.lines().count(), 1 + 50 + 120, "{}", ran.err);
    rig.users(&["set", "*", "--bandwidth=5", "--yes"])
        .await
        .ended(1, "error: nothing was changed: instance");
    assert_eq!(rig.writes(), 0);
}

const COLUMNS: &str = "sag_id,user,enabled,static_ip,client_ip,bandwidth_kbps,\
                       acceleration_bandwidth_kbps,online_clients";
