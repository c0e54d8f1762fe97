// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits record`, run as a program on a file in place of the device.

mod common;

use common::{failure, file, kvm_exits_on, save, stderr, values, Builder, TDP};
use kvm_exits::device::VARIABLE;
use kvm_exits::recording::{self, Moment};
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn snapshot(n: u64) -> Vec<u8> {
    let host = Builder::new(3, TDP).host_values(10, values(n, 10 * n), &[]);
    host.bytes()
}

fn fresh(name: &str) -> PathBuf {
    let path = file(name);
    let _ = std::fs::remove_file(&path);
    path
}

/// Puts what is to be read next in the place of `device`, at once.
fn replace(device: &str, bytes: &[u8]) {
    let next = format!("{device}.next");
    std::fs::write(&next, bytes).unwrap();
    std::fs::rename(next, device).unwrap();
}

fn moments(path: &Path) -> Vec<Moment> {
    recording::open(path).unwrap().map(Result::unwrap).collect()
}

/// How many CPUID exits each moment has.
fn counts(path: &Path) -> Vec<u64> {
    let moments = moments(path);
    let count = |moment: &Moment| moment.reading.host.count(10);
    moments.iter().map(count).collect()
}

/// `kvm-exits record` on `device` into `path`.
fn start(device: &str, path: &Path, more: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command.env(VARIABLE, device).args(["record", "-i", "0.1"]);
    command.arg("-o").arg(path).args(more);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits until the recording `path` has so many moments.
fn until(path: &Path, wanted: usize) {
    let began = Instant::now();
    loop {
        let there = recording::open(path).map_or(0, |reader| reader.flatten().count());
        if there >= wanted {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{there} moments");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn end(child: Child, signal: Signal) -> Output {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn it_records_until_it_is_told_to_end() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let device = save(&format!("record-{signal}.device"), &snapshot(1));
        let path = fresh(&format!("{signal}.recording"));
        let child = start(&device, &path, &["--machine", "emulator"]);
        until(&path, 2);
        replace(&device, &snapshot(2));
        let output = end(child, signal);
        assert!(output.status.success(), "{output:?}");
        assert_eq!(output.stdout, b"");
        let moments = moments(&path);
        let last = moments.last().unwrap();
        assert_eq!(last.reading.host.count(10), 2, "the last is of the end");
        assert!(last.reading.host.is_emulated());
        assert!(last.reading.host.kernel.is_some());
        let size = std::fs::metadata(&path).unwrap().len();
        let said = stderr(&output);
        let summary = format!("{} moments in ", moments.len());
        assert!(said.contains(&summary), "{said}");
        let bytes = format!(" s, {size} bytes, in ");
        assert!(
            said.ends_with(&format!("{bytes}{}\n", path.display())),
            "{said}"
        );
    }
}

#[test]
fn moments_are_an_interval_apart() {
    let device = save("record-pace.device", &snapshot(1));
    let path = fresh("pace.recording");
    let child = start(&device, &path, &[]);
    until(&path, 11);
    end(child, Signal::SIGINT);
    let moments = moments(&path);
    assert_eq!(moments[0].elapsed, None);
    let elapsed: Duration = moments[1..11].iter().filter_map(|m| m.elapsed).sum();
    // Each may be late, on a busy machine; what is late is not added up.
    let expected = Duration::from_secs(1);
    let off = elapsed.abs_diff(expected);
    assert!(off < Duration::from_millis(90), "{elapsed:?}");
}

#[test]
fn a_command_is_recorded_and_its_exit_code_passed_on() {
    let device = save("record-command.device", &snapshot(1));
    let path = fresh("command.recording");
    let next = save("record-command.device.end", &snapshot(5));
    let script = format!("echo mine; sleep 0.3; mv '{next}' '{device}'; exit 7");
    let output = start(&device, &path, &["--", "sh", "-c", &script]);
    let output = output.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
    assert_eq!(output.stdout, b"mine\n");
    let counts = counts(&path);
    assert!(counts.len() >= 3, "{counts:?}");
    assert_eq!((counts[0], counts[counts.len() - 1]), (1, 5));
    // One that a signal ends.
    let output = start(&device, &path, &["sh", "-c", "kill -KILL $$"]);
    let output = output.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(128 + 9), "{output:?}");
    assert!(stderr(&output).contains(", which has "), "{output:?}");
}

#[test]
fn a_command_gets_the_signal() {
    let device = save("record-signal.device", &snapshot(1));
    let path = fresh("signal.recording");
    let child = start(&device, &path, &["--", "sleep", "60"]);
    until(&path, 1);
    let output = end(child, Signal::SIGTERM);
    assert_eq!(output.status.code(), Some(128 + 15), "{output:?}");
    assert!(counts(&path).len() >= 2);
}

#[test]
fn what_cannot_be_run_has_its_exit_code() {
    let device = save("record-none.device", &snapshot(1));
    let path = fresh("none.recording");
    let path = path.to_str().unwrap();
    for (command, code) in [("/nonexistent/program", 127), ("/dev/null", 126)] {
        let output = kvm_exits_on(&device, &["record", "-o", path, command]);
        assert_eq!(output.status.code(), Some(code), "{output:?}");
        let said = format!("kvm-exits: cannot run {command}: ");
        assert!(stderr(&output).starts_with(&said), "{output:?}");
    }
    // Nothing is run, and no file made, where there is nothing to record.
    let path = fresh("no-device.recording");
    let to = path.to_str().unwrap();
    let output = kvm_exits_on("/nonexistent", &["record", "-o", to, "--", "true"]);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    let output = kvm_exits_on("/nonexistent", &["record", "-o", to]);
    assert!(failure(&output).contains("cannot open /nonexistent"));
    assert!(!path.exists());
}

#[test]
fn a_device_that_goes_away_is_waited_for() {
    let device = save("record-away.device", &snapshot(1));
    let path = fresh("away.recording");
    let child = start(&device, &path, &[]);
    until(&path, 1);
    std::fs::remove_file(&device).unwrap();
    std::thread::sleep(Duration::from_millis(400));
    // As while the module is being loaded.
    replace(&device, &snapshot(2)[..40]);
    std::thread::sleep(Duration::from_millis(200));
    let before = counts(&path).len();
    replace(&device, &snapshot(2));
    until(&path, before + 2);
    let output = end(child, Signal::SIGINT);
    assert!(output.status.success(), "{output:?}");
    let said = stderr(&output);
    assert_eq!(said.matches("and I try again").count(), 1, "{said}");
    assert_eq!(said.matches("the device is there again").count(), 1);
    let counts = counts(&path);
    assert_eq!((counts[0], counts[before]), (1, 2));
}

#[test]
fn what_was_cut_off_is_gone_on_with() {
    let device = save("record-cut.device", &snapshot(1));
    let path = fresh("cut-off.recording");
    let run = |more: &[&str]| start(&device, &path, more).wait_with_output().unwrap();
    run(&["true"]);
    let whole = counts(&path).len();
    let bytes = std::fs::read(&path).unwrap();
    std::fs::write(&path, [&bytes[..], &[2, 0, 0]].concat()).unwrap();
    let output = run(&["true"]);
    let said = stderr(&output);
    let cut = format!("is cut off after byte {}", bytes.len());
    assert!(said.contains(&cut) && said.contains("going on"), "{said}");
    assert_eq!(counts(&path).len(), whole + 2);
}

/// A file of at most so many bytes, as on a disk that is full.
fn limited(device: &str, path: &Path, blocks: u32, more: &str) -> Output {
    let script = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec '{}' record -i 0.1 -o '{}' {more}",
        env!("CARGO_BIN_EXE_kvm-exits"),
        path.display(),
    );
    let mut command = Command::new("sh");
    command.env(VARIABLE, device).args(["-c", &script]);
    command.output().unwrap()
}

#[test]
fn a_full_disk_leaves_the_file_whole() {
    // What does not compress: the second would be the one that has no room, if only it moved.
    let noise = |seed: u64| {
        let mut n = seed;
        let cells = (0..40).map(|reason| {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (reason, values(n >> 16, n >> 8))
        });
        let host = cells.fold(Builder::new(3, TDP), |host, (reason, values)| {
            host.host_values(reason, values, &[])
        });
        host.bytes()
    };
    let device = save("record-full.device", &noise(1));
    let path = fresh("full.recording");
    let next = save("record-full.device.next", &noise(2));
    let script = format!("-- sh -c 'sleep 0.3; mv {next} {device}; sleep 0.4; exit 7'");
    let output = limited(&device, &path, 2, &script);
    assert_eq!(output.status.code(), Some(125), "{output:?}");
    let said = stderr(&output);
    assert!(said.contains("cannot write "), "{said}");
    assert!(said.contains("the command goes on"), "{said}");
    let mut reader = recording::open(&path).unwrap();
    let kept = reader.by_ref().map(Result::unwrap).count();
    assert!(
        kept >= 1 && reader.cut().is_none(),
        "{kept} {:?}",
        reader.cut()
    );
    assert!(said.contains(&format!("{kept} moments in ")), "{said}");
    // Without a command, it ends.
    let output = limited(&device, &path, 1, "");
    assert!(failure(&output).contains("cannot write "), "{output:?}");
}
