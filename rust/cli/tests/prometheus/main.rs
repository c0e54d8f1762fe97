// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits export` scraped by Prometheus itself, which is then asked: what it says has to be what
//! the recording says that was played to it. `lab/tests/here/prometheus.sh` runs this.

#[path = "../common/mod.rs"]
mod common;
mod expected;
mod fleet;
mod http;
mod made_up;
mod queries;
mod running;

use expected::Expected;
use running::{promtool, Exporter, Prometheus};
use std::env;
use std::path::PathBuf;

/// How often Prometheus scrapes, in milliseconds.
const INTERVAL: u64 = 200;

/// The recording to play: one of a real run, where there is one.
fn recording() -> PathBuf {
    env::var_os("RECORDING").map_or_else(made_up::recording, PathBuf::from)
}

#[test]
#[ignore = "needs Prometheus: lab/tests/here/prometheus.sh"]
fn prometheus_says_what_the_recording_says() {
    let path = recording();
    let expected = Expected::load(&path);
    println!(
        "{}: {} moments of generation {}",
        path.display(),
        expected.moments.len(),
        expected.generation()
    );
    // One that has all as text, one that has native histograms by protobuf.
    let start = |options: &[&str]| {
        let exporter = Exporter::start(&path, options);
        (0..expected.skipped).for_each(|_| drop(exporter.metrics()));
        exporter
    };
    let text = start(&["--vms", "--histograms"]);
    let native = start(&["--native-histograms"]);
    let prometheus = Prometheus::start(INTERVAL, &[("kvm-exits", &text), ("native", &native)]);
    let end = prometheus.wait_for_samples(expected.moments.len());

    expected.has_each_count(&prometheus, &end);
    expected.has_each_rate(&prometheus, &end);
    expected.has_each_time(&prometheus, &end);
    expected.has_each_vm(&prometheus, &end);
    expected.has_native_histograms(&prometheus, &end);
    expected.has_percentiles(&prometheus, &end);
    let known = Exporter::start(&made_up::recording(), &["--vms", "--histograms"]);
    (0..made_up::MOMENTS).for_each(|_| drop(known.metrics()));
    queries::of_the_dashboard(&prometheus, &text.metrics(), &known.metrics());
}

#[test]
#[ignore = "needs Prometheus: lab/tests/here/prometheus.sh"]
fn promtool_has_nothing_to_say() {
    let exporter = Exporter::start(&recording(), &["--vms", "--histograms"]);
    let said = promtool(&["check", "metrics"], exporter.metrics().as_bytes());
    assert_eq!(said, "", "promtool check metrics");
    let grafana = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/grafana");
    for (command, file) in [("check", "alerts.yml"), ("test", "alerts-test.yml")] {
        let said = promtool(&[command, "rules", &format!("{grafana}/{file}")], b"");
        assert!(said.contains("SUCCESS"), "{said}");
    }
}

/// Prints the tables of docs/fleet.md.
#[test]
#[ignore = "needs Prometheus: lab/tests/here/prometheus.sh"]
fn what_a_fleet_costs() {
    println!("{}", fleet::tables(&recording()));
}
