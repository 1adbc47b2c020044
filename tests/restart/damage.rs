//! Files that are no state any more, or never were.

use std::fs;
use std::time::Duration;

use crate::exposition::Page;
use crate::house::House;
use crate::wait::until;

const RESTORED: &str = "sag_exporter_state_restored";
const WRITTEN: &str = "sag_exporter_state_last_write_successful";

/// Starts with such a file, and expects one warning that says what is wrong.
async fn check(house: &House, content: &[u8], expected: &str, is_kept: bool) {
    let (file, aside) = (house.path("state"), house.path("state.damaged"));
    fs::write(&file, content).unwrap();
    let _ = fs::remove_file(&aside);
    let daemon = house.start().await;
    daemon.page_after(2.0).await;
    let up = |page: &Page| house.value(page, "sag_up") == Some(1.0);
    let page = daemon.page_when("a sweep", up).await;
    assert_eq!(page.value(RESTORED, &[]), Some(0.0));
    assert_eq!(page.value(WRITTEN, &[]), Some(f64::from(u8::from(is_kept))));
    let log = daemon.stop().await;
    let warnings: Vec<&str> = log
        .lines()
        .filter(|line| line.contains("level=warn"))
        .collect();
    assert_eq!(warnings.len(), 1, "{log}");
    let named = format!("{}", file.display());
    assert!(warnings[0].contains(&named), "{warnings:?}");
    assert!(warnings[0].contains(expected), "{warnings:?}");
    if is_kept {
        assert_eq!(fs::read(&aside).unwrap(), content, "{expected}");
        assert!(house.state().starts_with("{\"sag_exporter_state\":1"));
    } else {
        assert_eq!(fs::read(&file).unwrap(), content, "{expected}");
        assert!(!aside.exists());
    }
}

#[tokio::test]
async fn what_cannot_be_used_is_kept_beside_and_a_new_state_is_begun() {
    let house = House::of(2).await;
    house.start().await.stop().await;
    let good = fs::read(house.path("state")).unwrap();
    let damaged = "it is cut off or damaged";
    check(&house, &good[..good.len() / 2], damaged, true).await;
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    check(&house, &flipped, damaged, true).await;
    check(&house, &[0; 4096], damaged, true).await;
    check(&house, b"", "it is empty", true).await;
    let newer = String::from_utf8(good).unwrap();
    let newer = newer.replacen("state\":1", "state\":2", 1);
    let said = "it has version 2: expected 1";
    check(&house, newer.as_bytes(), said, true).await;
}

#[tokio::test]
async fn what_is_something_else_is_left_alone() {
    let house = House::of(2).await;
    let said = "is left alone: expected a state of sag-exporter or no file";
    check(&house, b"accounts: [{name: precious}]\n", said, false).await;
}

#[tokio::test]
async fn a_file_that_is_too_long_is_not_read() {
    let house = House::of(2).await;
    let file = fs::File::create(house.path("state")).unwrap();
    // It takes no place on the disk.
    file.set_len(129 << 20).unwrap();
    let daemon = house.start().await;
    let warning = daemon.logged("level=warn").await;
    assert!(warning.contains("longer than 134217728 bytes"), "{warning}");
    daemon.stop().await;
    assert!(house.path("state.damaged").exists());
}

#[tokio::test]
async fn without_a_place_to_write_the_exporter_goes_on() {
    let house = House::of(2).await;
    house.configure("state: {file: missing/state, interval: 1s}");
    let daemon = house.start().await;
    daemon.page_after(2.0).await;
    let up = |page: &Page| house.value(page, "sag_up") == Some(1.0);
    let page = daemon.page_when("a sweep", up).await;
    assert_eq!(page.value(WRITTEN, &[]), Some(0.0));
    assert_eq!(daemon.log().matches("level=warn").count(), 1);
    // Somebody makes the place.
    fs::create_dir(house.path("missing")).unwrap();
    daemon.logged("the state is written").await;
    let page = daemon
        .page_when("it is counted", |page| {
            page.value(WRITTEN, &[]) == Some(1.0)
        })
        .await;
    assert!(page.value("sag_exporter_state_size_bytes", &[]) > Some(100.0));
    daemon.stop().await;
    assert!(house.path("missing/state").exists());
}

/// The old state is there until the new one is whole.
#[tokio::test]
async fn a_kill_in_the_middle_of_a_write_leaves_a_state() {
    let house = House::of(2_000).await;
    let mut hits = 0;
    for _ in 0..ATTEMPTS {
        let daemon = house.start().await;
        daemon
            .page_when("all users are known", |page| {
                house.value(page, "sag_up") == Some(1.0)
            })
            .await;
        let fresh = house.path("state.new");
        until("a write is under way", async || {
            // Far finer than the pauses between two questions.
            let mut looks = tokio::time::interval(Duration::from_millis(1));
            for _ in 0..1_000 {
                looks.tick().await;
                if fresh.exists() {
                    return Ok(());
                }
            }
            Err(daemon.log())
        })
        .await;
        daemon.kill().await;
        hits += u32::from(fresh.exists());
        sag_exporter::state::read(&fs::read(house.path("state")).unwrap()).unwrap();
        if hits == 2 {
            break;
        }
    }
    assert!(hits > 0, "no write was hit");
    let daemon = house.start().await;
    let line = daemon.logged("state restored").await;
    assert!(line.contains("instances=1 users=2000"), "{line}");
    daemon.stop().await;
    assert!(!house.path("state.new").exists());
}

/// A write that is seen is nearly always still under way when the signal comes.
const ATTEMPTS: u32 = 10;
