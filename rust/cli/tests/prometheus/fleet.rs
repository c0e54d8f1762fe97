// SPDX-License-Identifier: GPL-2.0

//! What docs/fleet.md says of series and bytes, counted from scrapes.

use crate::running::Exporter;
use kvm_exits::output;
use std::collections::BTreeMap;
use std::path::Path;

const FORMATS: [(&str, &str); 3] = [
    ("text", ""),
    ("OpenMetrics", "Accept: application/openmetrics-text\r\n"),
    ("protobuf", "Accept: application/vnd.google.protobuf\r\n"),
];

/// The options that cost something.
const OPTIONS: [&[&str]; 4] = [&[], &["--histograms"], &["--native-histograms"], &["--vms"]];

/// Two tables: options by series and bytes, families by series.
pub fn tables(recording: &Path) -> String {
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
        let exporter = Exporter::start(recording, args);
        let all = to_the_end(&exporter);
        let bytes = |headers: &str| output::grouped(exporter.metrics_as(headers).len() as u64);
        let gzip = "Accept-Encoding: gzip\r\n";
        let [text, open_metrics, protobuf] = FORMATS.map(|(_, accept)| accept);
        let is_native = args.contains(&"--native-histograms");
        let protobuf = |more: &str| {
            if is_native {
                bytes(&format!("{protobuf}{more}"))
            } else {
                "-".to_string()
            }
        };
        let series = samples(&all).count() + usize::from(is_native) * reasons(&all);
        options.add_row([
            args.join(" "),
            output::grouped(series as u64),
            bytes(text),
            bytes(gzip),
            bytes(open_metrics),
            protobuf(""),
            protobuf(gzip),
        ]);
    }
    let exporter = Exporter::start(recording, &["--vms", "--histograms"]);
    let text = to_the_end(&exporter);
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
        "{} reasons, {} VMs\n\n{}\n{}",
        reasons(&text),
        vms.unwrap_or("no"),
        output::table_text(&options),
        output::table_text(&table)
    )
}

/// The last moment's scrape: scraping again changes nothing but how long it took to read.
fn to_the_end(exporter: &Exporter) -> String {
    let counters = |text: &str| {
        samples(text)
            .filter(|s| !s.contains("read_seconds"))
            .map(String::from)
            .collect::<Vec<_>>()
    };
    let mut before = exporter.metrics();
    let mut same = 0;
    // A moment can be as the one before it, but not many.
    while same < 20 {
        let next = exporter.metrics();
        same = if counters(&next) == counters(&before) {
            same + 1
        } else {
            0
        };
        before = next;
    }
    before
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
