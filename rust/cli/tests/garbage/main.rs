// SPDX-License-Identifier: GPL-2.0

//! Garbage in any file that is read: a sentence, no panic, no more memory and time than its size.

#[path = "../common/mod.rs"]
mod common;
mod mutate;
mod swallow;

use acct::snapshot::measures;
use common::{data, nested, times, Builder, SVM, TDP, VPID};
use kvm_exits::reading::Reading;
use kvm_exits::recording::{Recorder, Writer};
use kvm_exits::snapshot::{Counters, Snapshot};
use kvm_exits::time::States;
use mutate::{damaged, damages};
use proptest::prelude::*;
use std::fs;
use std::time::Duration;

/// Snapshots with everything in them that there is.
fn snapshots() -> Vec<Vec<u8>> {
    let everything = |generation, exits| {
        Builder::with_measures(generation, TDP | VPID, 1, measures::TIME | measures::DETAIL)
            .key(32, 0x6e0, 2, 30)
            .key(32, 0x83f, 1, 5)
            .key(30, 0x1_03f8, 1, 3)
            .host(10, &vec![1; exits])
            .host(30, &[3, u64::MAX >> 1])
            .row_time(1, 7, 0)
            .host(32, &[10, 20, 5, 1_000])
            .row_time(2, 50, 900)
            .host_values(48, nested(), &[0, 4])
            .host_values(0xffff, nested(), &[])
            .host_time(&times([100, 20, 30, 40, 50]))
            .vm(4711, "qemu-system-x86", 2)
            .vcpu(0, &times([10, 2, 3, 4, 5]))
            .vcpu(1, &times([90, 18, 27, 36, 45]))
            .vm_row(10, exits as u64, 11)
            .row_time(1, 2, 3)
            .vm(4712, "\x1b[2J=1+1", 0)
            .bytes()
    };
    let svm = Builder::new(7, SVM).host(0x400, &[1, 5, 5]).vm(1, "", 1);
    vec![
        everything(1, 3),
        everything(1, 9),
        svm.vm_row(0x72, 1, 1).bytes(),
        Builder::new(1, 0).bytes(),
    ]
}

fn files(names: &[&str]) -> Vec<Vec<u8>> {
    let read = |name: &&str| fs::read(data(name)).expect("a file of the tests'");
    names.iter().map(read).collect()
}

fn jsons() -> Vec<Vec<u8>> {
    let names = ["ept.json", "shadow.json", "svm.json", "svm-shadow.json"];
    let mut jsons = files(&names);
    // With histograms, time, vCPUs and keys.
    for bytes in snapshots() {
        let reading = Reading::decode(&bytes).expect("a snapshot");
        let all = reading.vms.iter().chain([&reading.host]);
        jsons.extend(all.map(|s| serde_json::to_vec(s).expect("JSON")));
    }
    jsons
}

fn lists() -> Vec<Vec<u8>> {
    files(&[
        "caps/haswell.txt",
        "caps/epyc.txt",
        "caps/pin-and-secondary.txt",
    ])
}

/// A recording of `snapshots`, whatever they are, under a name that no other test may use.
fn recording(name: &str, snapshots: &[Vec<u8>]) -> Vec<u8> {
    let path = common::file(name);
    let _ = fs::remove_file(&path);
    for kernel in ["7.3.4", "7.2.13"] {
        let recorder = Recorder {
            kernel: Some(kernel.into()),
            machine: Some("emulator".into()),
        };
        let (mut writer, cut) = Writer::append(&path, &recorder).expect("a recording");
        assert_eq!(cut, None);
        for (at, snapshot) in (1_000..).zip(snapshots) {
            let at = Duration::from_secs(at);
            writer.add_at(at, at, snapshot).expect("written");
        }
    }
    fs::read(path).expect("the recording")
}

/// The same with CRCs that are right: as somebody damages it on purpose.
fn with_crcs(mut bytes: Vec<u8>) -> Vec<u8> {
    let word = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |n, &byte| n << 8 | usize::from(byte))
    };
    let mut at = 12;
    while let Some(length) = bytes.get(at + 4..at + 8).map(word) {
        let Some(payload) = bytes.get(at + 12..at + 12 + length) else {
            break;
        };
        let crc = crc32fast::hash(&[&bytes[at..at + 8], payload].concat());
        bytes[at + 8..at + 12].copy_from_slice(&crc.to_le_bytes());
        at += 12 + length;
    }
    bytes
}

/// JSON whose totals are right again: as somebody changes it on purpose.
fn with_sums(bytes: &[u8]) -> Vec<u8> {
    let Ok(mut snapshot) = serde_json::from_slice::<Snapshot>(bytes) else {
        return bytes.to_vec();
    };
    for row in &mut snapshot.reasons {
        if let Some(keys) = &row.detail {
            let counts = keys.iter().map(|key| key.count);
            row.counters.count = counts.fold(0, u64::wrapping_add);
        }
    }
    snapshot.total = Counters::sum(snapshot.reasons.iter().map(|row| &row.counters));
    let vcpus = snapshot
        .vcpus
        .iter_mut()
        .flatten()
        .map(|vcpu| &mut vcpu.time);
    for time in vcpus.chain(&mut snapshot.time) {
        time.elapsed = sum(time.cycles);
        time.preempted = time.preempted_in.map_or(time.preempted, sum);
    }
    serde_json::to_vec(&snapshot).expect("JSON")
}

fn sum(states: States) -> u64 {
    let figures = states.each().into_iter();
    figures.fold(0, |sum, (_, n)| sum.wrapping_add(n))
}

fn good() -> Snapshot {
    let reading = Reading::decode(&snapshots()[0]);
    reading.expect("a snapshot").host
}

/// So many damaged files of `kind`; of them some are taken, and some refused, or nothing is tested.
fn each_damaged(cases: u32, files: &[Vec<u8>], swallow: impl Fn(&[u8]) -> bool) {
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let of = prop::sample::select((0..files.len()).collect::<Vec<_>>());
    let (taken, refused) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    proptest!(config, |(which in of.clone(), other in of, damages in damages())| {
        let bytes = damaged(&files[which], &damages, &files[other]);
        let count = if swallow(&bytes) { &taken } else { &refused };
        count.set(count.get() + 1);
    });
    let (taken, refused) = (taken.get(), refused.get());
    eprintln!("{taken} taken, {refused} refused");
    assert!(taken > 0 && refused > 0, "{taken} taken, {refused} refused");
}

#[test]
fn what_is_damaged_is_good_before() {
    assert!(snapshots().iter().all(|bytes| swallow::device(bytes)));
    for bytes in jsons() {
        assert!(
            swallow::json(&bytes, &good()),
            "{}",
            String::from_utf8_lossy(&bytes)
        );
    }
    assert!(lists()
        .iter()
        .all(|bytes| swallow::msrs(bytes, &lists()[0])));
    assert_eq!(
        swallow::recording(&recording("good.kvmexits", &snapshots())),
        8
    );
}

/// What a fuzzer begins with, into the directory that SEEDS names: scripts/fuzz.
#[test]
#[ignore = "for scripts/fuzz"]
fn write_seeds() {
    let into = std::env::var_os("SEEDS").expect("SEEDS");
    let recordings = vec![recording("seed.kvmexits", &snapshots())];
    for (target, files) in [
        ("device", snapshots()),
        ("json", jsons()),
        ("msrs", lists()),
        ("recording", recordings),
    ] {
        let dir = std::path::Path::new(&into).join(target);
        fs::create_dir_all(&dir).expect("a directory");
        for (n, bytes) in files.iter().enumerate() {
            fs::write(dir.join(n.to_string()), bytes).expect("written");
        }
    }
}

#[test]
fn damaged_snapshots() {
    each_damaged(400, &snapshots(), swallow::device);
}

#[test]
fn damaged_json() {
    let good = good();
    each_damaged(800, &jsons(), |bytes| {
        swallow::json(bytes, &good) | swallow::json(&with_sums(bytes), &good)
    });
}

#[test]
fn damaged_lists_of_msrs() {
    let lists = lists();
    each_damaged(1_000, &lists, |bytes| swallow::msrs(bytes, &lists[0]));
}

#[test]
fn damaged_recordings() {
    let good = [recording("damaged.kvmexits", &snapshots())];
    each_damaged(150, &good, |bytes| swallow::recording(bytes) > 0);
    each_damaged(100, &good, |bytes| {
        swallow::recording(&with_crcs(bytes.to_vec())) > 0
    });
}

#[test]
fn recordings_of_damaged_snapshots() {
    let good = snapshots();
    let damaged = |bytes: &[u8]| [good[0].clone(), bytes.to_vec(), good[1].clone()];
    each_damaged(100, &good, |bytes| {
        swallow::recording(&recording("of-damaged.kvmexits", &damaged(bytes))) == 6
    });
}

/// What it takes grows with the file, and no faster.
#[test]
fn much_of_the_same() {
    let json = |n: usize, name: &str| {
        let rest = format!(r#""name": "{name}", "count": 0, "cycles": 0"#);
        let row = |n: usize| format!(r#"{{ "reason": {n}, {rest} }}"#);
        let rows: Vec<_> = (0..n).map(row).collect();
        let head = String::from_utf8(jsons()[0].clone()).expect("JSON");
        let head = head.split("\"total\"").next().expect("a head").to_string();
        let total = r#""total": { "count": 0, "cycles": 0 }, "reasons": ["#;
        head + total + &rows.join(",") + "]}"
    };
    let good = good();
    assert!(swallow::json(json(4_096, "A").as_bytes(), &good));
    assert!(!swallow::json(json(4_097, "A").as_bytes(), &good));
    assert!(!swallow::json(
        json(10, &"A".repeat(1 << 20)).as_bytes(),
        &good
    ));

    let host = |rows: usize| {
        let rows = (0..rows).map(|n| n as u32);
        rows.fold(Builder::new(1, 0), |all, n| all.host(n, &[1]))
            .bytes()
    };
    assert!(swallow::device(&host(4_096)));
    assert!(!swallow::device(&host(4_097)));
    let twice = Builder::new(1, 0).host(10, &[1]).host(10, &[1]);
    assert!(!swallow::device(&twice.bytes()));
    let vms = |n: usize| {
        (0..n)
            .fold(Builder::new(1, 0), |all, _| all.vm(1, "qemu", 1))
            .bytes()
    };
    assert!(Reading::decode(&vms(1 << 16)).is_ok());
    assert!(!swallow::device(&vms((1 << 16) + 1)));

    // As many keys as a guest can make up, and a few more.
    let keys = |n: u64| {
        let of = Builder::with_measures(1, 0, 0, measures::DETAIL);
        let all = (0..n).fold(of, |all, key| all.key(32, key << 8, 1, 1));
        all.host_values(32, common::values(n, n), &[]).bytes()
    };
    assert!(swallow::device(&keys(5_000)));
    let reading = Reading::decode(&keys(5_000)).expect("a snapshot");
    let json = serde_json::to_vec(&reading.host).expect("JSON");
    assert!(swallow::json(&json, &reading.host));
}

proptest! {
    #[test]
    fn bytes_that_mean_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let good = good();
        let headed = |head: &[u8]| [head, &bytes].concat();
        swallow::device(&bytes);
        swallow::device(&headed(&snapshots()[0][..36]));
        swallow::json(&bytes, &good);
        swallow::msrs(&bytes, &lists()[0]);
        swallow::recording(&bytes);
        swallow::recording(&headed(b"KVMXRECD\x01\0\0\0"));
    }
}
