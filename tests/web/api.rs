//! What programs read: the targets of Prometheus.

use serde_json::{Value, json};

use crate::client::Reply;
use crate::fleet;
use crate::server::Site;

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

pub(crate) fn document(reply: &Reply) -> Value {
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    serde_json::from_slice(&reply.body).unwrap()
}
