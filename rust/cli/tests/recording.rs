// SPDX-License-Identifier: GPL-2.0

//! Recordings: written, gone on with, cut off at any byte, damaged.

mod common;

use common::{file, values, Builder, TDP};
use kvm_exits::reading::Reading;
use kvm_exits::recording::{self, Moment, Reader, Recorder, Writer};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// Second `n`: a VM more each time, and other counts.
fn snapshot(n: u64) -> Vec<u8> {
    let host = Builder::new(3, TDP).host_values(10, values(100 * n, 1_000 * n), &[0, n]);
    let with_vm = |b: Builder, vm: u64| b.vm(vm as u32, "vm", 1).vm_row(10, 100 * n, 1_000 * n);
    (1..=n).fold(host, with_vm).bytes()
}

fn recorder() -> Recorder {
    Recorder {
        kernel: Some("7.3.4".into()),
        machine: Some("emulator".into()),
    }
}

/// Records the moments of these seconds.
fn record(path: &Path, seconds: impl IntoIterator<Item = u64>) {
    let (mut writer, _) = Writer::append(path, &recorder()).unwrap();
    for n in seconds {
        let (at, since_boot) = (Duration::from_secs(1_000 + n), Duration::from_secs(n));
        writer.add_at(at, since_boot, &snapshot(n)).unwrap();
    }
}

fn fresh(name: &str) -> PathBuf {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// All moments of `bytes`, and why there are no more.
fn play(bytes: &[u8]) -> (Vec<Moment>, Option<String>) {
    let mut reader = Reader::new(bytes, "it").unwrap();
    let moments = reader.by_ref().map(Result::unwrap).collect();
    let cut = reader.cut().map(ToString::to_string);
    (moments, cut)
}

fn expected(n: u64, elapsed: Option<u64>) -> Moment {
    let mut reading = Reading::decode(&snapshot(n)).unwrap();
    for snapshot in reading.snapshots_mut() {
        snapshot.kernel = Some("7.3.4".into());
        snapshot.machine = Some("emulator".into());
    }
    Moment {
        at: UNIX_EPOCH + Duration::from_secs(1_000 + n),
        elapsed: elapsed.map(Duration::from_secs),
        reading,
    }
}

#[test]
fn what_was_recorded_is_played() {
    let path = fresh("played.recording");
    record(&path, [1, 2, 5]);
    let mut reader = recording::open(&path).unwrap();
    let moments: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
    let all = [
        expected(1, None),
        expected(2, Some(1)),
        expected(5, Some(3)),
    ];
    assert_eq!(moments, all);
    assert_eq!(reader.cut(), None);
    assert!(recording::is_recording(&std::fs::read(&path).unwrap()));
}

#[test]
fn a_recorder_goes_on_after_another() {
    let path = fresh("appended.recording");
    record(&path, [1, 2]);
    record(&path, [7, 8]);
    let (moments, cut) = play(&std::fs::read(&path).unwrap());
    let all = [
        expected(1, None),
        expected(2, Some(1)),
        expected(7, None),
        expected(8, Some(1)),
    ];
    assert_eq!(moments, all);
    assert_eq!(cut, None);
}

#[test]
fn nobody_else_writes_it_meanwhile() {
    let path = fresh("locked.recording");
    let _first = Writer::append(&path, &recorder()).unwrap();
    let second = Writer::append(&path, &recorder()).unwrap_err();
    assert!(
        second.to_string().contains("is being recorded already"),
        "{second:#}"
    );
}

#[test]
fn what_is_cut_off_is_read_up_to_the_cut() {
    let path = fresh("cut.recording");
    let mut ends = Vec::new();
    let (mut writer, _) = Writer::append(&path, &recorder()).unwrap();
    let length = || std::fs::metadata(&path).unwrap().len() as usize;
    let header = 12;
    let begun = length();
    for n in 1..=3 {
        let (at, since_boot) = (Duration::from_secs(1_000 + n), Duration::from_secs(n));
        writer.add_at(at, since_boot, &snapshot(n)).unwrap();
        ends.push(length());
    }
    drop(writer);
    let bytes = std::fs::read(&path).unwrap();
    let (all, _) = play(&bytes);
    for at in 0..=bytes.len() {
        let (moments, cut) = play(&bytes[..at]);
        let whole = ends.iter().filter(|&&end| end <= at).count();
        assert_eq!(moments, all[..whole], "cut at {at}");
        let last = [0, header, begun].into_iter().chain(ends.iter().copied());
        let last = last.filter(|&end| end <= at).max().unwrap();
        let sentence =
            format!("the recording is cut off after byte {last}: what comes before is whole");
        assert_eq!(
            cut,
            (last != at || at == 0).then_some(sentence),
            "cut at {at}"
        );
        // And a recorder goes on with it, without what was cut off.
        std::fs::write(&path, &bytes[..at]).unwrap();
        record(&path, [9]);
        let (moments, cut) = play(&std::fs::read(&path).unwrap());
        assert_eq!(moments.len(), whole + 1, "cut at {at}");
        assert_eq!((moments.last(), cut), (Some(&expected(9, None)), None));
    }
}

#[test]
fn what_is_damaged_is_read_up_to_there() {
    let path = fresh("damaged.recording");
    record(&path, 1..=3);
    let bytes = std::fs::read(&path).unwrap();
    let (all, _) = play(&bytes);
    for at in 12..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x10;
        let (moments, cut) = play(&damaged);
        assert!(moments.len() < all.len(), "damaged at {at}");
        assert_eq!(moments, all[..moments.len()], "damaged at {at}");
        assert!(
            cut.unwrap().contains("what comes before is whole"),
            "damaged at {at}"
        );
    }
}

#[test]
fn what_is_no_recording_is_named() {
    let error = |bytes: &[u8]| {
        let result = Reader::new(bytes, "it").map(drop);
        format!("{:#}", result.unwrap_err())
    };
    assert!(error(b"{}").contains("no recording of kvm-exits"));
    assert!(error(&snapshot(1)).contains("no recording of kvm-exits"));
    assert!(error(b"KVMXRECD\x02\0\0\0").contains("has version 2"));
    // It is not written over, either.
    let path = fresh("other.recording");
    std::fs::write(&path, "mine").unwrap();
    let error = Writer::append(&path, &recorder()).unwrap_err();
    assert!(format!("{error:#}").contains("no recording of kvm-exits"));
    assert_eq!(std::fs::read(&path).unwrap(), b"mine");
}

#[test]
fn a_snapshot_of_another_version_is_named() {
    let path = fresh("version.recording");
    let (mut writer, _) = Writer::append(&path, &recorder()).unwrap();
    let mut snapshot = snapshot(1);
    snapshot[8] = 9;
    writer.add(&snapshot).unwrap();
    let mut reader = recording::open(&path).unwrap();
    let error = format!("{:#}", reader.next().unwrap().unwrap_err());
    assert!(
        error.contains("version.recording") && error.contains("version 9"),
        "{error}"
    );
    assert!(reader.next().is_none());
}
