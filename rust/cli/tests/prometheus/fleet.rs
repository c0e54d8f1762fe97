// SPDX-License-Identifier: GPL-2.0

//! What docs/fleet.md says of series and bytes, counted from scrapes.

use crate::running::Exporter;
use kvm_exits::{output, recording};
use std::collections::BTreeMap;
use std::path::Path;

const OPEN_METRICS: &str = "Accept: application/openmetrics-text\r\n";
const PROTOBUF: &str = "Accept: application/vnd.google.protobuf\r\n";
const GZIP: &str = "Accept-Encoding: gzip\r\n";

/// The options that cost something.
const OPTIONS: [&[&str]; 4] = [&[], &["--histograms"], &["--native-histograms"], &["--vms"]];

/// Two tables: options by series and bytes, families by series.
pub fn tables(recording: &Path) -> String {
    let skipped = largest(recording);
    let scrape = |args: &[&str], headers: &str| {
        let exporter = Exporter::start(recording, args);
        (0..skipped).for_each(|_| drop(exporter.metrics()));
        exporter.metrics_as(headers)
    };
    let text = |args: &[&str]| String::from_utf8(scrape(args, "")).unwrap();
    let headings = [
        "options",
        "series",
        "text",
        "gzip",
        "OpenMetrics",
        "protobuf",
        "gzip",
    ];
    let mut options = output::table(&headings.map(String::from), &[0]);
    for args in OPTIONS {
        let bytes = |headers: &str| output::grouped(scrape(args, headers).len() as u64);
        let is_native = args.contains(&"--native-histograms");
        let protobuf = |more: &str| match is_native {
            true => bytes(&format!("{PROTOBUF}{more}")),
            false => "-".to_string(),
        };
        let text = text(args);
        let native = usize::from(is_native) * reasons(&text);
        options.add_row([
            args.join(" "),
            output::grouped((samples(&text).count() + native) as u64),
            bytes(""),
            bytes(GZIP),
            bytes(OPEN_METRICS),
            protobuf(""),
            protobuf(GZIP),
        ]);
    }
    let text = text(&["--vms", "--histograms"]);
    let mut families = BTreeMap::<&str, u64>::new();
    for sample in samples(&text) {
        *families.entry(name(sample)).or_default() += 1;
    }
    let mut table = output::table(&["family", "series"].map(String::from), &[0]);
    for (family, series) in families {
        table.add_row([family.to_string(), series.to_string()]);
    }
    let vms = text.lines().find_map(|line| line.strip_prefix("kvm_vms "));
    format!(
        "reasons: {}, VMs: {}\n\n{}\n{}",
        reasons(&text),
        vms.unwrap_or("none"),
        output::table_text(&options),
        output::table_text(&table)
    )
}

/// The number of the moment that has most: the last that has the most VMs.
fn largest(recording: &Path) -> usize {
    let moments = recording::open(recording).unwrap();
    let vms = moments.map(|moment| moment.unwrap().reading.vms.len());
    let (largest, _) = vms.enumerate().max_by_key(|(_, vms)| *vms).unwrap();
    largest
}

fn samples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with('#'))
}

fn name(sample: &str) -> &str {
    sample.split(['{', ' ']).next().unwrap_or_default()
}

fn reasons(text: &str) -> usize {
    samples(text)
        .filter(|sample| name(sample) == "kvm_exits_total")
        .count()
}
