//! Two processes and one file, and a configuration that changes.

use crate::house::House;

const RESTORED: &str = "sag_exporter_state_restored";
const WRITTEN: &str = "sag_exporter_state_last_write_successful";

#[tokio::test]
async fn a_second_process_takes_the_file_over_when_it_is_free() {
    let house = House::of(2).await;
    let first = house.start().await;
    first.page_after(1.0).await;
    let second = house.start().await;
    let page = second.page_after(2.0).await;
    assert_eq!(page.value(RESTORED, &[]), Some(0.0));
    assert_eq!(page.value(WRITTEN, &[]), Some(0.0));
    let said = "is in use: another process keeps its state in the same file";
    assert_eq!(second.log().matches(said).count(), 1, "{}", second.log());
    assert!(!second.log().contains("damaged"));
    let page = first.page().await;
    assert_eq!(page.value(WRITTEN, &[]), Some(1.0));
    first.stop().await;
    second
        .page_when("the file is taken over", |page| {
            page.value(WRITTEN, &[]) == Some(1.0)
        })
        .await;
    second.stop().await;
}

#[tokio::test]
async fn another_file_takes_a_restart_and_another_interval_does_not() {
    let house = House::of(2).await;
    let daemon = house.start().await;
    daemon.page_after(1.0).await;
    for (config, found, expected) in [
        ("state: {file: other}", "other", "state"),
        ("", "none", "state"),
    ] {
        house.configure(config);
        let reply = daemon.reload().await;
        let text = reply.text();
        assert_eq!(reply.status, 500, "{text}");
        let said = "state.file cannot change while the program runs, restart it: found ";
        assert!(text.contains(said), "{text}");
        let [_, rest] = text.split(said).collect::<Vec<_>>()[..] else {
            panic!("{text}")
        };
        let (one, other) = rest.split_once(", expected ").unwrap();
        assert!(one.ends_with(found), "{text}");
        assert!(other.trim_end().ends_with(expected), "{text}");
    }
    house.configure("state: {file: state, interval: 1h}");
    let reply = daemon.reload().await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    daemon.stop().await;
    assert!(house.state().contains(&house.sag_id), "written at the end");
    assert!(!house.path("other").exists());
}
