// SPDX-License-Identifier: GPL-2.0

//! Whatever is read is refused with a sentence, or printed in every form there is. `fuzz/` calls the
//! same.

use anyhow::{Error, Result};
use kvm_exits::by::{self, By};
use kvm_exits::cmd::{caps, guest, show, time, vms};
use kvm_exits::comparison::{keys::Keys, Comparison, Sort};
use kvm_exits::history::History;
use kvm_exits::html::{self, Notes};
use kvm_exits::listing;
use kvm_exits::program;
use kvm_exits::reading::{Reading, VmKey};
use kvm_exits::recording::Reader;
use kvm_exits::snapshot::Snapshot;
use kvm_exits::top::page::{Page, View};
use kvm_exits::top::rates::{self, Interval};
use std::path::PathBuf;
use std::time::Duration;

/// What the device gave, or says that it did. Returns whether it was taken for that.
pub fn device(bytes: &[u8]) -> bool {
    let Some(reading) = taken(Reading::decode(bytes)) else {
        return false;
    };
    print_reading(&reading);
    print_interval(&reading, None);
    true
}

/// A snapshot of JSON, by itself and beside `good`, which is one.
pub fn json(bytes: &[u8], good: &Snapshot) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let Some(snapshot) = taken(Snapshot::parse(&text)) else {
        return false;
    };
    fit(&guest::text(&snapshot));
    print_snapshot(&snapshot);
    print_page(&snapshot);
    print_comparison(&snapshot, good);
    print_comparison(good, &snapshot);
    // It is still one when it has been printed.
    let again = serde_json::to_string(&snapshot).map(|text| Snapshot::parse(&text));
    assert_eq!(again.expect("JSON").expect("the same snapshot"), snapshot);
    true
}

/// A list of MSRs, by itself and beside `good`, which is one.
pub fn msrs(bytes: &[u8], good: &[u8]) -> bool {
    let source = |bytes: &[u8]| caps::source::Source::list("list", bytes);
    let Some(list) = taken(source(bytes)) else {
        return false;
    };
    fit(&caps::text(&list));
    ok(serde_json::to_string(&caps::json::Report::new(&list)));
    let again = source(caps::raw(&list).as_bytes()).expect("what --raw printed");
    assert_eq!(again.caps, list.caps);
    if let Some(diff) = taken(caps::diff::Diff::new(&list, &source(good).expect("a list"))) {
        fit(&diff.text());
    }
    true
}

/// A recording: its moments, one after the other. Returns how many there were.
pub fn recording(bytes: &[u8]) -> usize {
    let Some(mut reader) = taken(Reader::new(bytes, "recording")) else {
        return 0;
    };
    let mut before = None;
    let mut moments = 0;
    for moment in &mut reader {
        let Some(moment) = taken(moment) else { break };
        print_interval(&moment.reading, before.as_ref());
        before = Some(moment.reading);
        moments += 1;
    }
    if let Some(cut) = reader.cut() {
        fit(&cut.to_string());
        assert!(cut.at <= bytes.len() as u64);
    }
    moments
}

/// What was read; or not, and for a reason that can be printed.
fn taken<T>(result: Result<T>) -> Option<T> {
    result.map_err(|error| refusal(&error)).ok()
}

fn refusal(error: &Error) {
    let sentence = program::sentence(error);
    assert!(sentence.chars().count() > 10, "{sentence:?} says nothing");
    assert!(
        sentence.chars().count() < 1_000,
        "{sentence} is no sentence"
    );
    assert!(!sentence.contains(char::is_control), "{sentence:?}");
}

fn print_reading(reading: &Reading) {
    fit(&show::text(reading, &reading.host));
    fit(&show::markdown(reading, &reading.host));
    fit(&vms::text(reading));
    fit(&vms::markdown(reading));
    fit(&html::vms::page("VMs", reading, &History::default())
        .expect("a page")
        .text());
    ok(vms::csv(&reading.vms));
    fit(&time::vcpus_text(reading));
    ok(time::vcpus_csv(reading));
    print_page(&reading.host);
    for snapshot in reading.vms.iter().chain([&reading.host]) {
        print_snapshot(snapshot);
    }
}

/// Pages take longest.
fn print_page(snapshot: &Snapshot) {
    let page = html::show::page("exits", snapshot, &History::default());
    fit(&page.expect("a page").text());
}

fn print_snapshot(snapshot: &Snapshot) {
    fit(&listing::title(snapshot));
    ok(listing::csv(snapshot));
    ok(serde_json::to_string_pretty(snapshot));
    fit(&listing::markdown(snapshot));
    if let Some(of) = &snapshot.time {
        fit(&time::text(snapshot, of));
        ok(time::csv(of));
    }
    if let Some(rows) = taken(By::All.rows(snapshot)) {
        fit(&by::text(snapshot.isa, &rows));
        fit(&by::markdown(snapshot.isa, &rows));
        ok(by::csv(&rows));
    }
}

fn print_interval(now: &Reading, before: Option<&Reading>) {
    let elapsed = Duration::from_secs(1);
    let interval = Interval {
        before,
        now,
        elapsed,
    };
    if let Some(since) = before.and_then(|before| taken(now.host.since(&before.host))) {
        print_snapshot(&since);
    }
    let pids = now.vms.iter().flat_map(|snapshot| &snapshot.vm);
    let first = pids
        .map(|vm| {
            View::Vm(VmKey {
                pid: vm.pid,
                nth: 0,
            })
        })
        .next();
    for view in [View::Host, View::Vms].into_iter().chain(first) {
        for sort in [rates::Sort::Rate, rates::Sort::Cycles, rates::Sort::Total] {
            fit(&Page::new(&interval, view, sort).text());
        }
    }
}

fn print_comparison(a: &Snapshot, b: &Snapshot) {
    let named = |name: &str, snapshot: &Snapshot| (PathBuf::from(name), snapshot.clone());
    let pair = [named("a.json", a), named("b.json", b)];
    for sort in [Sort::Change, Sort::Ratio, Sort::Count, Sort::Reason] {
        if let Some(comparison) = taken(Comparison::new(&pair, sort, None)) {
            fit(&comparison.text());
            fit(&comparison.markdown());
            if sort == Sort::Change {
                let page = html::compare::page(&pair, &comparison, &Notes::new());
                fit(&page.expect("a page").text());
            }
            ok(comparison.csv());
            ok(serde_json::to_string_pretty(&comparison));
            comparison.warnings.iter().for_each(|warning| fit(warning));
        }
    }
    if let Some(keys) = taken(Keys::new(&pair, &By::All)) {
        fit(&keys.text());
        fit(&keys.markdown());
        ok(keys.csv());
        ok(serde_json::to_string_pretty(&keys));
    }
}

/// Nothing in it steers a terminal.
fn fit(text: &str) {
    let steers = |c: char| c.is_control() && c != '\n';
    assert!(!text.contains(steers), "{text:?}");
}

fn ok<T, E: std::fmt::Debug>(result: Result<T, E>) {
    result.expect("what was read can be printed");
}
