// SPDX-License-Identifier: GPL-2.0

//! What the recording says, read without anything of the exporter's, and whether Prometheus does.

use crate::running::{Prometheus, Series};
use kvm_exits::percentile;
use kvm_exits::reading::Reading;
use kvm_exits::recording;
use kvm_exits::snapshot::{ReasonRow, Snapshot};
use std::collections::BTreeMap;
use std::path::Path;

/// As many moments as are played: it takes long enough.
const MOST: usize = 25;

/// The times at which a job's samples were taken.
type Times = BTreeMap<String, Vec<u64>>;

/// The end of the longest part of a recording that is of one generation.
pub struct Expected {
    /// Moments before it.
    pub skipped: usize,
    pub moments: Vec<Reading>,
}

/// A reason's name as a label has it.
fn name(row: &ReasonRow) -> String {
    row.name.to_string()
}

/// The sample of `labels` in each moment, of the series that has them all.
fn samples(series: &[Series], labels: &[(&str, &str)]) -> Vec<f64> {
    let has = |(s, _): &&Series| {
        labels
            .iter()
            .all(|(l, v)| s.get(*l).is_some_and(|is| is == v))
    };
    let mut found = series.iter().filter(has);
    let (_, samples) = found
        .next()
        .unwrap_or_else(|| panic!("no series {labels:?}"));
    assert!(found.next().is_none(), "more than one series {labels:?}");
    samples.iter().map(|(_, value)| *value).collect()
}

impl Expected {
    pub fn load(path: &Path) -> Self {
        let all: Vec<_> = recording::open(path)
            .unwrap()
            .map(|moment| moment.unwrap().reading)
            .collect();
        let parts = all.chunk_by(|a, b| a.host.generation == b.host.generation);
        let longest = parts.clone().map(|part| part.len().min(MOST)).max();
        let longest = longest
            .filter(|&n| n >= 3)
            .expect("three moments of one generation");
        let mut before = 0;
        for part in parts {
            before += part.len();
            // The end of it: a recorder may have waited long for a guest.
            if part.len() >= longest {
                let moments = part[part.len() - longest..].to_vec();
                let skipped = before - longest;
                return Self { skipped, moments };
            }
        }
        unreachable!()
    }

    fn last(&self) -> &Snapshot {
        &self.moments[self.moments.len() - 1].host
    }

    pub fn generation(&self) -> u64 {
        self.last().generation
    }

    /// All that Prometheus has of `selector` in the moments of the job that exports text.
    fn series(&self, prometheus: &Prometheus, selector: &str, times: &Times) -> Vec<Series> {
        let (range, end) = window(times);
        prometheus.query(&format!("{selector}[{range}ms]"), Some(end))
    }

    /// Each moment's counters, for each reason.
    pub fn has_each_count(&self, prometheus: &Prometheus, times: &Times) {
        type Of = fn(&ReasonRow) -> u64;
        let counters: [(&str, Of); 2] = [
            ("kvm_exits_total", |row| row.counters.count),
            ("kvm_exit_cycles_total", |row| row.counters.cycles),
        ];
        for (metric, of) in counters {
            let selector = format!("{metric}{{job=\"kvm-exits\"}}");
            let series = self.series(prometheus, &selector, times);
            assert_eq!(series.len(), self.last().reasons.len(), "{metric}");
            for row in &self.last().reasons {
                let counts = self.moments.iter().filter_map(|m| m.host.row(row.reason));
                let counts: Vec<_> = counts.map(|row| of(row) as f64).collect();
                assert_eq!(
                    samples(&series, &[("reason", &name(row))]),
                    counts,
                    "{metric} {}",
                    row.name
                );
            }
        }
    }

    /// `rate()` over all moments that have a reason is what came between the first and the last.
    pub fn has_each_rate(&self, prometheus: &Prometheus, times: &Times) {
        let times = &times["kvm-exits"];
        let end = times[times.len() - 1];
        let mut compared = 0;
        for row in &self.last().reasons {
            let mut counts = self.moments.iter().map(|m| m.host.count(row.reason));
            let Some(first) = counts.position(|count| count > 0) else {
                continue;
            };
            if first + 1 == times.len() {
                continue;
            }
            let change = row.counters.count - self.moments[first].host.count(row.reason);
            let (name, length) = (name(row), end - times[first]);
            // A millisecond longer than what is in it: whether a sample right at the beginning is,
            // depends on Prometheus's version.
            let selector = format!("kvm_exits_total{{job=\"kvm-exits\",reason=\"{name}\"}}");
            let query = format!("rate({selector}[{}ms])", length + 1);
            let rate = samples(&prometheus.query(&query, Some(end)), &[])[0];
            let (rated, change) = (rate * length as f64 / 1_000.0, change as f64);
            assert!(
                (rated - change).abs() <= change * 1e-2,
                "{query}: {rate}, for {change} in {length} ms"
            );
            compared += 1;
        }
        println!("the rates of {compared} reasons are the recording's");
        assert!(compared > 0);
    }

    /// The states' time, of the last moment; what went back on the way stays.
    pub fn has_each_time(&self, prometheus: &Prometheus, times: &Times) {
        let Some(time) = self.last().time else {
            return;
        };
        let selector = "kvm_vcpu_time_cycles_total{job=\"kvm-exits\"}";
        let series = self.series(prometheus, selector, times);
        for (state, last) in time.cycles.each() {
            let samples = samples(&series, &[("state", state)]);
            assert!(samples.is_sorted(), "{state}: {samples:?}");
            let exported = samples[samples.len() - 1];
            assert!(
                exported >= last as f64 && exported <= last as f64 + 1e6,
                "{state}: {exported}, {last}"
            );
        }
    }

    /// The VMs of the last moment have their counts; those that are gone have none any more.
    pub fn has_each_vm(&self, prometheus: &Prometheus, times: &Times) {
        let (_, end) = window(times);
        let totals = prometheus.query("sum by (pid, name) (kvm_vm_exits_total)", Some(end));
        let last = &self.moments[self.moments.len() - 1];
        let there: Vec<_> = last.vms.iter().filter(|vm| vm.total.count > 0).collect();
        assert_eq!(totals.len(), there.len(), "{totals:?}");
        for vm in there {
            let count = vm.total.count as f64;
            let vm = vm.vm.as_ref().unwrap();
            let labels = [
                ("pid", &*vm.pid.to_string()),
                ("name", &*vm.name.to_string()),
            ];
            assert_eq!(samples(&totals, &labels), [count], "{labels:?}");
        }
    }

    /// As native histograms: all exits, and the cycles of each.
    pub fn has_native_histograms(&self, prometheus: &Prometheus, times: &Times) {
        for (function, of) in [
            ("histogram_count", count as fn(&ReasonRow) -> u64),
            ("histogram_sum", |row| row.counters.cycles),
        ] {
            let query = format!("{function}(kvm_exit_duration_cycles{{job=\"native\"}})");
            let series = prometheus.query(&query, times["native"].last().copied());
            for row in &self.last().reasons {
                assert_eq!(
                    samples(&series, &[("reason", &name(row))]),
                    [of(row) as f64],
                    "{query} {}",
                    row.name
                );
            }
        }
    }

    /// A quantile is within the power of two that `show` gives as its bound; of classic histograms,
    /// within the power of four.
    pub fn has_percentiles(&self, prometheus: &Prometheus, times: &Times) {
        for percent in [50, 90, 99] {
            let quantile = |of: &str, job| {
                let query = format!("histogram_quantile(0.{percent}, {of}{{job=\"{job}\"}})");
                prometheus.query(&query, times[job].last().copied())
            };
            let native = quantile("kvm_exit_duration_cycles", "native");
            let classic = quantile("kvm_exit_duration_cycles_bucket", "kvm-exits");
            for row in &self.last().reasons {
                let histogram = row.histogram.as_deref().unwrap_or_default();
                let below = percentile::below(histogram, percent).unwrap() as f64;
                let is = |series| samples(series, &[("reason", &name(row))])[0];
                let (native, classic) = (is(&native), is(&classic));
                assert!(
                    native <= below && native >= below / 2.0 || below == 2.0,
                    "p{percent} {}: {native}, {below}",
                    row.name
                );
                assert!(
                    classic <= below * 2.0 && (classic >= below / 4.0 || below <= 256.0),
                    "p{percent} {}: {classic}, {below}",
                    row.name
                );
            }
        }
    }
}

/// A range that has all moments' samples and no other, and its end, both in milliseconds. Whether a
/// sample right at its beginning is in it depends on Prometheus's version.
fn window(times: &Times) -> (u64, u64) {
    let times = &times["kvm-exits"];
    let end = times[times.len() - 1];
    (end - times[0] + 1, end)
}

fn count(row: &ReasonRow) -> u64 {
    row.histogram.iter().flatten().sum()
}
