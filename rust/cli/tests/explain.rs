// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits explain`, run as a program on made-up snapshots and recordings.

mod common;

use common::{data, failure, file, kvm_exits, stderr, stdout, values, Builder, TDP};
use kvm_exits::recording::{Recorder, Writer};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

fn explain(args: &[&str]) -> Output {
    kvm_exits(&[&["explain"], args].concat())
}

/// What it says, in one line.
fn said(output: &Output) -> String {
    let words: Vec<_> = stdout(output).split_whitespace().collect();
    words.join(" ")
}

#[test]
fn a_pair_of_snapshots_is_enough() {
    let output = explain(&[&data("ept.json"), &data("shadow.json")]);
    let text = said(&output);
    assert_eq!(stderr(&output), "");
    assert!(text.starts_with("Intel (VMX): EPT · shadow"), "{text}");
    assert!(text.contains("INVLPG: 0 -> 30,000 The guest has changed a page table"));
    assert!(text.contains("EXCEPTION_NMI (40,000, 51.4%)"), "{text}");
    assert!(text.contains("CR_ACCESS: 20 -> 700, 35.0x; published 775,415 -> 10,268,766, 13.2x"));
    // Nothing tells of a boot, or of time.
    assert!(!text.contains("boot take") && !text.contains("steady rate"));
    // Of what stays as it is, nothing is to be explained.
    assert!(!text.contains("CPUID:"), "{text}");
    let lines = stdout(&output).lines();
    assert!(lines.into_iter().all(|line| line.chars().count() <= 80));
}

#[test]
fn both_vendors_are_explained_apart() {
    let files = ["svm.json", "ept.json", "svm-shadow.json", "shadow.json"].map(data);
    let text = said(&explain(&files.each_ref().map(String::as_str)));
    let svm = text.find("AMD (SVM): NPT · shadow").unwrap();
    let (vmx, svm) = text.split_at(svm);
    assert!(vmx.contains("EPT_VIOLATION:") && !vmx.contains("npf:"));
    assert!(svm.contains("npf:") && !svm.contains("published"));
}

#[test]
fn what_differs_in_more_than_paging_is_refused() {
    let [ept, shadow, novpid, svm] =
        ["ept.json", "shadow.json", "shadow-novpid.json", "svm.json"].map(data);
    for files in [[&shadow, &ept], [&shadow, &novpid], [&ept, &ept]] {
        let output = explain(&files.map(String::as_str));
        assert!(failure(&output).contains("compare sets any two side by side"));
    }
    let output = explain(&[&ept, &shadow, &svm]);
    let why = "there is one run of SVM: it takes one under EPT or NPT and one under shadow paging";
    assert!(failure(&output).contains(why));
}

/// A directory that no other test has.
fn directory(name: &str) -> PathBuf {
    let path = file(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn host(generation: u32, paging: u32, reason: u32, count: u64) -> Builder {
    Builder::new(generation, paging).host_values(reason, values(count, 10 * count), &[])
}

/// The run NAME: its snapshot, one of its boot, and a recording with these counts, 2 s apart.
fn run(directory: &Path, name: &str, generation: u32, paging: u32, counts: &[u64]) -> String {
    let at = |end: &str| directory.join(format!("{name}{end}"));
    let all = host(generation, paging, 10, *counts.last().unwrap());
    fs::write(at(".json"), all.bytes()).unwrap();
    fs::write(at("-boot.json"), host(generation, paging, 10, 60).bytes()).unwrap();
    let (mut writer, _) = Writer::append(&at(".recording"), &Recorder::default()).unwrap();
    for (n, &count) in (0..).zip(counts) {
        let time = Duration::from_secs(2 * n);
        let bytes = host(generation, paging, 10, count).bytes();
        writer.add_at(time, time, &bytes).unwrap();
    }
    at(".json").to_str().unwrap().to_string()
}

#[test]
fn boot_and_rate_are_told_where_they_are_known() {
    let directory = directory("explain-recorded");
    // Before the first exit and after the last there is no guest.
    let ept = run(&directory, "ept", 3, TDP, &[0, 0, 20, 60, 80, 100, 100]);
    let shadow = run(&directory, "shadow", 4, 0, &[0, 20, 420, 440, 480]);
    let output = explain(&[&ept, &shadow]);
    let text = said(&output);
    assert_eq!(stderr(&output), "");
    assert!(
        text.contains("60 under EPT, vpid=0, 60 under shadow, vpid=0 (1.00x)"),
        "{text}"
    );
    assert!(
        text.contains("The workload takes 40 and 420 more."),
        "{text}"
    );
    assert!(text.contains("steady rate? No."), "{text}");
    let busiest = "shadow, vpid=0: 60 exits a second, 480 in 8.0 s. Most at 2.0 s: 200, \
        400 of 400 for CPUID. Fewest at 4.0 s: 10, 20 of 20 for CPUID.";
    assert!(text.contains(busiest), "{text}");
    let mean = "EPT, vpid=0: 13 exits a second, 100 in 8.0 s.";
    assert!(text.contains(mean), "{text}");
}

#[test]
fn the_page_has_questions_figures_and_why() {
    let directory = directory("explain-page");
    let ept = run(&directory, "ept", 3, TDP, &[0, 20, 60, 80, 100]);
    let shadow = run(&directory, "shadow", 4, 0, &[0, 20, 420, 440, 480]);
    let page = stdout(&explain(&[&ept, &shadow, "--html", "-"])).to_string();
    for part in [
        "<h3>How many exits does a boot take?</h3>",
        "<h3>Do exits come at a steady rate?</h3>",
        "<h3>Which are the most and the least frequent?</h3>",
        "<h3>What changed, and why?</h3>",
        "<h3>Do others find the same?</h3>",
        "id=\"vmx-rate-1\"",
        "id=\"vmx-reason-10\" data-reason=\"10\"",
        "An exit whatever the paging, as often as the guest's code has it: 100 and 480.",
        "10,268,766",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_steady_rate_is_called_so() {
    let directory = directory("explain-steady");
    let ept = run(&directory, "ept", 3, TDP, &[0, 20, 40, 65, 85]);
    let shadow = run(&directory, "shadow", 4, 0, &[0, 25, 45, 65, 90]);
    let text = said(&explain(&[&ept, &shadow]));
    assert!(text.contains("steady rate? Yes, more or less"), "{text}");
}

#[test]
fn what_is_of_another_run_is_passed_over() {
    let directory = directory("explain-other");
    let counts = [0, 20, 60, 80, 100];
    let ept = run(&directory, "ept", 3, TDP, &counts);
    run(&directory, "shadow", 4, 0, &counts);
    // As if that run had been made anew, and this is what is left of the one before.
    let anew = host(5, 0, 10, 100).bytes();
    fs::write(directory.join("shadow.json"), anew).unwrap();
    let output = explain(&[&ept, directory.join("shadow.json").to_str().unwrap()]);
    let text = said(&output);
    assert!(!text.contains("boot take"), "{text}");
    for file in ["shadow-boot.json", "shadow.recording"] {
        let warned = stderr(&output).lines().any(|line| {
            line.starts_with("kvm-exits: warning: ")
                && line.contains(&format!("{file} is of another run than"))
        });
        assert!(warned, "{}", stderr(&output));
    }
}

#[test]
fn a_recording_that_is_cut_off_is_told() {
    let directory = directory("explain-cut");
    let counts = [0, 20, 60, 80, 100];
    let ept = run(&directory, "ept", 3, TDP, &counts);
    let shadow = run(&directory, "shadow", 4, 0, &counts);
    let recording = directory.join("ept.recording");
    let bytes = fs::read(&recording).unwrap();
    fs::write(&recording, &bytes[..bytes.len() - 1]).unwrap();
    let output = explain(&[&ept, &shadow]);
    assert!(stdout(&output).contains("steady rate"));
    assert!(stderr(&output).contains("ept.recording: the recording is cut off after byte"));
}
