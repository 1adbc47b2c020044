//! How long it takes to write the exposition of 100,000 users with 8 families
//! each, against `memcpy` of the same bytes and against the encoder of the
//! `prometheus` crate, in one run.
#![allow(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![allow(missing_docs, reason = "nobody imports a benchmark")]

mod support;

use std::hint::black_box;
use std::time::{Duration, Instant};

use prometheus::{Encoder, IntGaugeVec, Opts, Registry, TextEncoder};
use sag_exporter::exposition::{self, Options, UserLabels, Writer};
use sag_exporter::fleet::{self, Fleet};

use self::support::{Outcome, news, observation};

fn main() -> Outcome<()> {
    let peer = encoder_of_the_prometheus_crate()?;
    for (instances, users) in [(1, 100_000), (50, 2_000)] {
        println!("{instances} instances with {users} users each, all online:");
        measure(instances, users, peer)?;
    }
    Ok(())
}

fn measure(instances: u32, users: u32, peer_per_series: Duration) -> Outcome<()> {
    let mut fleet = Fleet::new(fleet::Options { retain: 3 });
    for instance in 0..instances {
        fleet.apply(news(observation(instance, users, 100, 1_800_000_000)?));
    }
    let snapshot = fleet.snapshot();
    let mut text = Vec::new();
    exposition::render(&snapshot, OPTIONS, &mut text);
    let series = text
        .split(|b| *b == b'\n')
        .filter(|l| !l.starts_with(b"#"))
        .count()
        - 1;
    let mut copy = text.clone();

    let copied = fastest(RUNS, || {
        black_box(&mut copy).copy_from_slice(black_box(&text));
    });
    let rendered = fastest(RUNS, || {
        exposition::render(black_box(&snapshot), OPTIONS, &mut text);
    });
    let mut frame = Vec::new();
    let framed = fastest(RUNS, || {
        let mut writer = Writer::new(snapshot.clone(), OPTIONS);
        while writer.fill(&mut frame, FRAME_BYTES) {
            black_box(&mut frame).clear();
        }
        frame.clear();
    });

    let peer = peer_per_series * u32::try_from(series)?;
    println!("  {series} series, {} bytes", text.len());
    for (what, took) in [
        ("memcpy", copied),
        ("render into a reused buffer", rendered),
        ("render in frames of 64 KiB", framed),
        ("prometheus crate, from a sample", peer),
    ] {
        let ratio = took.as_secs_f64() / copied.as_secs_f64();
        println!(
            "  {what:34} {:>9.3} ms {ratio:>7.2} x memcpy",
            took.as_secs_f64() * 1e3
        );
    }
    Ok(())
}

/// The time per series of the crate's encoder, metrics gathered beforehand.
fn encoder_of_the_prometheus_crate() -> Outcome<Duration> {
    let registry = Registry::new();
    let options = Opts::new("sag_user_bandwidth_limit_bytes_per_second", "Bandwidth.");
    let gauges = IntGaugeVec::new(options, &["sag_id", "user"])?;
    registry.register(Box::new(gauges.clone()))?;
    for number in 0..SAMPLE_SERIES {
        let user = format!("user0000.{number:06}");
        let gauge = gauges.with_label_values(&["sag-abcdef000000", &user]);
        gauge.set(125_000 + i64::from(number));
    }
    let families = registry.gather();
    let mut text = Vec::new();
    let mut outcome = Ok(());
    let took = fastest(RUNS, || {
        text.clear();
        outcome = TextEncoder::new().encode(black_box(&families), &mut text);
    });
    outcome?;
    Ok(took / SAMPLE_SERIES)
}

/// The shortest of some runs: what the code needs when nothing else runs.
fn fastest(runs: u32, mut run: impl FnMut()) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best
}

/// All series, however many.
const OPTIONS: Options = Options {
    user_labels: UserLabels::Plain,
    user_info: false,
    user_series_limit: u64::MAX,
};

const RUNS: u32 = 40;
const FRAME_BYTES: usize = 64 * 1024;
const SAMPLE_SERIES: u32 = 20_000;
