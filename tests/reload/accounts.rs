//! Several cloud accounts in one process.

use tokio::net::TcpListener;

use crate::daemon::{Clouds, Daemon, sweeps, value};

#[tokio::test]
async fn a_broken_account_does_not_disturb_another() {
    let mut clouds = Clouds::default();
    let good = clouds.start(1).await;
    let other = clouds.start(2).await;
    // One that takes connections and never answers, and one where nobody is.
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (mute_at, closed_at) = (mute.local_addr().unwrap(), closed.local_addr().unwrap());
    drop(closed);
    let account = |name: &str, at: &dyn std::fmt::Display, secret: &str| {
        format!(
            "  - {{name: {name}, regions: [cn-shanghai], rate: 1000, endpoint: 'http://{at}',\n     \
             credentials: {{access_key_id: testid, access_key_secret: {secret}}}}}\n"
        )
    };
    let config = format!(
        "sweep: {{interval: 1s, accounts_interval: 1s}}\naccounts:\n{}{}{}{}  \
         - {{name: keyless, regions: [cn-shanghai], endpoint: 'http://{}',\n     \
         credentials: {{profile: nobody}}}}\n",
        account("wrong", &other.address, "MARKED-SECRET"),
        account("mute", &mute_at, "testsecret"),
        account("closed", &closed_at, "testsecret"),
        account("good", &good.address, "testsecret"),
        other.address,
    );
    let daemon = Daemon::start(&config, &[]).await;
    let up = format!(r#"sag_up{{sag_id="{}"}}"#, good.sag_id());
    // The mute one is still waiting by then: its first sweep takes as long as
    // its calls may take. What is counted shows at once, what was read as soon
    // as it is published.
    let metrics = daemon
        .metrics_when("sweeps of all but the mute one", |text| {
            let failed = ["wrong", "closed", "keyless"];
            let failed = failed.map(|name| sweeps(text, name, "failed") >= Some(1.0));
            let good = sweeps(text, "good", "complete") >= Some(4.0);
            failed == [true; 3] && good && value(text, &up) == Some(1.0)
        })
        .await;
    assert_eq!(sweeps(&metrics, "mute", "failed"), Some(0.0));
    assert_eq!(sweeps(&metrics, "good", "failed"), Some(0.0));
    assert_eq!(sweeps(&metrics, "good", "partial"), Some(0.0));
    let throttled = metrics.lines().filter(|line| line.contains("throttled"));
    assert_eq!(throttled.count(), 0, "{metrics}");
    daemon.stop().await;
}
