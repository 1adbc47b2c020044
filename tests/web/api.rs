//! What programs read: the state as JSON, and the targets of Prometheus.

use sag_exporter::model::{AccountName, SagId, SweepOutcome};
use sag_exporter::sweep::Progress as _;
use serde_json::{Value, json};

use crate::client::Reply;
use crate::fleet;
use crate::server::Site;

#[tokio::test]
async fn the_state_is_there_as_json() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    assert_eq!(
        document(&client.get("/api/v1/status").await),
        json!({
            "ready": false,
            "reason": "the first sweep has not ended yet",
            "healthy": true,
            "build": {"version": "0.0.0-test", "revision": "unknown", "rustversion": "1"},
            "observed_at": null,
            "series_limited": false,
            "sweeps": [],
            "accounts": [],
            "instances": [],
        })
    );
    site.publish(fleet::after([
        fleet::partly_read("sag-1", "</script>"),
        fleet::swept(SweepOutcome::Partial),
    ]));
    site.lifecycle.task_died();
    let state = document(&client.get("/api/v1/status").await);
    let at = "2023-11-14T22:13:20.123Z";
    for (pointer, expected) in [
        ("/ready", json!(true)),
        ("/reason", json!(null)),
        ("/healthy", json!(false)),
        ("/observed_at", json!(at)),
        (
            "/accounts",
            json!([{"account": "R&D", "outcome": "partial", "swept_at": at}]),
        ),
        (
            "/instances",
            json!([{
                "sag_id": "sag-1",
                "name": "</script>",
                "account": "R&D",
                "region": "cn-shanghai",
                "up": false,
                "swept_at": at,
                "collectors": [
                    {"collector": "accounts", "success": true, "last_success": at},
                    {"collector": "sessions", "success": false, "last_success": null},
                    {"collector": "traffic", "success": null, "last_success": null},
                    {"collector": "instance", "success": true, "last_success": at},
                ],
                "expected_users": 2,
                "collected_users": 2,
                "enabled_users": 2,
                "disabled_users": 0,
                "online_users": 0,
                "online_clients": 0,
                "stale_users": 1,
            }]),
        ),
    ] {
        assert_eq!(state.pointer(pointer), Some(&expected), "{pointer}");
    }
}

#[tokio::test]
async fn a_sweep_is_shown_while_it_is_under_way() {
    let site = Site::start("/metrics").await;
    let mut client = site.client().await;
    let account = AccountName::parse("R&D").unwrap();
    let sag_id = SagId::parse("sag-1").unwrap();
    site.under_way.sweep_started(&account);
    site.under_way.instances_found(&account, 2);
    site.under_way.users_found(&account, &sag_id, 50);
    site.under_way.user_done(&account, &sag_id);
    site.under_way.instance_done(&account, &sag_id);
    let state = document(&client.get("/api/v1/status").await);
    let sweep = json!({
        "account": "R&D",
        "instances": 2,
        "instances_done": 1,
        "users": 50,
        "users_done": 1,
    });
    assert_eq!(state["sweeps"], json!([sweep]));
    let page = client.get("/").await;
    let line = "Sweep of R&amp;D: 1 of 2 instances, 1 of 50 users";
    assert!(page.text().contains(line), "{}", page.text());
    site.under_way.sweep_ended(&account);
    let state = document(&client.get("/api/v1/status").await);
    assert_eq!(state["sweeps"], json!([]));
}

#[tokio::test]
async fn prometheus_discovers_a_target_for_each_instance() {
    let site = Site::start("/sag/scrape").await;
    let mut client = site.client().await;
    assert_eq!(document(&client.get("/api/v1/sd").await), json!([]));
    site.publish(fleet::after([
        fleet::partly_read("sag-1", "Head office"),
        fleet::wholly_read("sag-2"),
    ]));
    let labels = |sag_id: &str| {
        json!({
            "__metrics_path__": "/sag/scrape",
            "__param_sag_id": sag_id,
            "__meta_sag_id": sag_id,
            "__meta_sag_account": "R&D",
            "__meta_sag_region": "cn-shanghai",
        })
    };
    let mut named = labels("sag-1");
    named["__meta_sag_name"] = json!("Head office");
    let expected = json!([
        {"targets": ["[::1]:10724"], "labels": named},
        {"targets": ["[::1]:10724"], "labels": labels("sag-2")},
    ]);
    client
        .send("GET /api/v1/sd HTTP/1.1\r\nHost: [::1]:10724\r\n\r\n")
        .await;
    assert_eq!(document(&client.reply("GET").await), expected);
    let absolute = client.get("http://[::1]:10724/api/v1/sd").await;
    assert_eq!(document(&absolute), expected, "a proxy names the host");
    let scrape = client.get("/sag/scrape?sag_id=sag-2").await;
    assert_eq!(scrape.status, 200, "what is discovered can be scraped");
}

#[tokio::test]
async fn targets_need_a_name() {
    let site = Site::start("/metrics").await;
    for host in ["", "Host: a b\r\n", "Host: user:password@x\r\n"] {
        let mut client = site.client().await;
        client
            .send(&format!("GET /api/v1/sd HTTP/1.0\r\n{host}\r\n"))
            .await;
        let reply = client.reply("GET").await;
        assert_eq!(reply.status, 400, "{host:?}");
        assert!(!reply.text().contains("password"));
    }
}

fn document(reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&reply.body).unwrap()
}
