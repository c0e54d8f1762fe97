// SPDX-License-Identifier: GPL-2.0

//! Where figures come from: the device, which is here a file, a saved snapshot, a recording.

mod common;

use common::{failure, file, kvm_exits, kvm_exits_on, save, stderr, stdout, values, Builder, TDP};
use kvm_exits::recording::{Recorder, Writer};
use std::path::PathBuf;
use std::time::Duration;

fn snapshot(n: u64) -> Vec<u8> {
    let host = Builder::new(3, TDP).host_values(10, values(100 * n, 1_000 * n), &[0, n]);
    host.vm(4711, "qemu", 1).vm_row(10, n, n).bytes()
}

/// A recording of three moments, and where it would end before the last.
fn recording(name: &str) -> (PathBuf, u64) {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    let recorder = Recorder {
        kernel: Some("7.3.4".into()),
        machine: Some("emulator".into()),
    };
    let (mut writer, _) = Writer::append(&path, &recorder).unwrap();
    let mut end = 0;
    for n in 1..=3 {
        end = std::fs::metadata(&path).unwrap().len();
        let (at, since_boot) = (Duration::from_secs(1_000 + n), Duration::from_secs(n));
        writer.add_at(at, since_boot, &snapshot(n)).unwrap();
    }
    (path, end)
}

#[test]
fn of_a_recording_it_is_the_last_moment() {
    let (path, _) = recording("input-last.recording");
    let saved = save("input-last.snapshot", &snapshot(3));
    for verb in ["show", "vms"] {
        let of = |from| stdout(&kvm_exits(&[verb, "--csv", "--from", from])).to_string();
        assert_eq!(of(path.to_str().unwrap()), of(&saved), "{verb}");
    }
    let text = kvm_exits(&["show", "--from", path.to_str().unwrap()]);
    // What the recorder knew of the host, it still knows.
    assert!(stdout(&text).contains("Linux 7.3.4"), "{text:?}");
    assert!(stdout(&text).contains("counts instructions"), "{text:?}");
    let text = kvm_exits(&[
        "show",
        "--machine",
        "metal",
        "--from",
        path.to_str().unwrap(),
    ]);
    assert!(!stdout(&text).contains("counts instructions"), "{text:?}");
    let compared = kvm_exits(&["compare", path.to_str().unwrap(), &saved]);
    assert!(stdout(&compared).contains("1.00x"), "{compared:?}");
}

#[test]
fn what_is_cut_off_is_said_and_the_rest_is_read() {
    let (path, end) = recording("input-cut.recording");
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
    let output = kvm_exits(&["show", "--csv", "--from", path.to_str().unwrap()]);
    assert!(stdout(&output).contains("10,CPUID,200,"), "{output:?}");
    let sentence = format!("is cut off after byte {end}: what comes before is whole\n");
    assert!(stderr(&output).ends_with(&sentence), "{output:?}");
    std::fs::write(&path, &bytes[..20]).unwrap();
    let output = kvm_exits(&["show", "--from", path.to_str().unwrap()]);
    assert!(failure(&output).contains("no snapshot is in this recording"));
}

#[test]
fn a_pipe_is_read_as_a_file() {
    let (path, _) = recording("input-pipe.recording");
    let saved = save("input-pipe.snapshot", &snapshot(3));
    for from in [path.to_str().unwrap(), &saved] {
        let command = format!(
            "cat '{from}' | '{}' show --csv --from /dev/stdin",
            env!("CARGO_BIN_EXE_kvm-exits")
        );
        let shell = std::process::Command::new("sh")
            .args(["-c", &command])
            .output();
        assert!(stdout(&shell.unwrap()).contains("10,CPUID,300,"), "{from}");
    }
}

#[test]
fn the_device_may_be_elsewhere() {
    let saved = save("input-device.snapshot", &snapshot(2));
    let output = kvm_exits_on(&saved, &["show", "--csv"]);
    assert!(stdout(&output).contains("10,CPUID,200,"), "{output:?}");
    let output = kvm_exits_on("/nonexistent/device", &["show"]);
    let error = failure(&output);
    assert!(error.contains("cannot open /nonexistent/device"), "{error}");
    let garbage = save("input-device.garbage", b"garbage");
    let output = kvm_exits_on(&garbage, &["show"]);
    assert!(failure(&output).contains("input-device.garbage: this is no snapshot"));
}
