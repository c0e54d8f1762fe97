// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits export`, run as a program: what it prints, and its files.

mod common;

use common::{
    failure, file, kvm_exits, kvm_exits_on, nested, recording, stdout, times, Builder, Running,
    TDP, VPID,
};
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

/// A host with a nested guest, time, and two VMs of one process, whose name is hostile.
fn snapshot() -> Builder {
    let name = "x\"\\\n\x1b[2J}";
    Builder::with_measures(3, TDP | VPID, 0, 1)
        .host_values(10, common::values(100, 50_000), &[1, 0, 99])
        .host_values(48, nested(), &[0, 4])
        .row_time(2, 700, 0)
        .host_time(&times([1_000, 200, 30, 4, 5]))
        .vm(4711, name, 2)
        .vcpu(0, &times([500, 100, 20, 2, 3]))
        .vcpu(1, &times([400, 50, 5, 1, 1]))
        .vm_row(10, 60, 600)
        .vm(4711, name, 1)
        .vm_row(10, 40, 400)
}

/// What `export` prints of it.
fn export(test: &str, args: &[&str]) -> String {
    let path = snapshot().save(&format!("export-{test}.snapshot"));
    let args = [&["export", "--from", &path], args].concat();
    stdout(&kvm_exits(&args)).to_string()
}

/// The samples, without what differs from run to run and what is said of them.
fn samples(text: &str) -> Vec<&str> {
    let is_sample = |l: &&str| !l.starts_with('#') && !l.starts_with("kvm_exit_stats_read_seconds");
    text.lines().filter(is_sample).collect()
}

#[test]
fn a_host_is_as_it_should_be() {
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        r#"kvm_exit_stats_up 1
kvm_exit_stats_info{{version="{version}",isa="vmx",paging="EPT",machine="lab"}} 1
kvm_exit_stats_generation 3
kvm_exit_stats_tsc_hertz 1000000
kvm_vms 2
kvm_vcpus 3
kvm_exits_total{{reason="CPUID"}} 100
kvm_exits_total{{reason="EPT_VIOLATION"}} 4
kvm_exit_cycles_total{{reason="CPUID"}} 50000
kvm_exit_cycles_total{{reason="EPT_VIOLATION"}} 10000
kvm_l2_exits_total{{reason="EPT_VIOLATION"}} 3
kvm_l2_exit_cycles_total{{reason="EPT_VIOLATION"}} 9000
kvm_l2_reflected_exits_total{{reason="EPT_VIOLATION"}} 1
kvm_vmm_exits_total{{reason="EPT_VIOLATION"}} 2
kvm_vmm_cycles_total{{reason="EPT_VIOLATION"}} 700
kvm_vcpu_time_cycles_total{{state="guest"}} 1000
kvm_vcpu_time_cycles_total{{state="exit"}} 200
kvm_vcpu_time_cycles_total{{state="entry"}} 30
kvm_vcpu_time_cycles_total{{state="vmm"}} 4
kvm_vcpu_time_cycles_total{{state="halted"}} 5
kvm_vcpu_preempted_cycles_total 123"#
    );
    let text = export("host", &["--machine", "lab"]);
    assert_eq!(samples(&text).join("\n"), expected);
    assert!(text.contains("# TYPE kvm_exits_total counter\n"), "{text}");
}

#[test]
fn vms_have_labels_that_nobody_can_break() {
    let text = export("vms", &["--vms"]);
    let vms: Vec<_> = text.lines().filter(|l| l.starts_with("kvm_vm_")).collect();
    let labels = r#"pid="4711",name="x\"\\\\u{a}\\u{1b}[2J}""#;
    assert_eq!(vms[0], format!("kvm_vm_vcpus{{{labels}}} 2"));
    assert_eq!(vms[1], format!("kvm_vm_vcpus{{{labels},nth=\"1\"}} 1"));
    for sample in [
        format!("kvm_vm_exits_total{{{labels},reason=\"CPUID\"}} 60"),
        format!("kvm_vm_exit_cycles_total{{{labels},nth=\"1\",reason=\"CPUID\"}} 400"),
        format!("kvm_vm_time_cycles_total{{{labels},state=\"guest\"}} 900"),
        format!("kvm_vm_preempted_cycles_total{{{labels}}} 107"),
    ] {
        assert!(vms.contains(&sample.as_str()), "{sample}: {vms:#?}");
    }
    assert!(!text.contains('\x1b'), "{text:?}");
}

#[test]
fn histograms_on_request() {
    assert!(!export("no-histograms", &[]).contains("duration"));
    let text = export("histograms", &["--histograms"]);
    let of_cpuid = |l: &&str| l.contains("_duration_") && l.contains("\"CPUID\"");
    let lines: Vec<_> = text.lines().filter(of_cpuid).collect();
    assert_eq!(lines.len(), 13);
    assert_eq!(
        lines[0],
        "kvm_exit_duration_cycles_bucket{reason=\"CPUID\",le=\"255\"} 100"
    );
    assert_eq!(
        lines[12],
        "kvm_exit_duration_cycles_count{reason=\"CPUID\"} 100"
    );
}

#[test]
fn counters_without_time_say_nothing_of_it() {
    let path = Builder::new(1, TDP)
        .host(10, &[5])
        .save("export-untimed.snapshot");
    let output = kvm_exits(&["export", "--vms", "--from", &path]);
    let text = stdout(&output);
    assert!(
        text.contains("kvm_exits_total{reason=\"CPUID\"} 1\n"),
        "{text}"
    );
    for absent in ["_time_", "_vmm_", "halted", "preempted", "kvm_vm_"] {
        assert!(!text.contains(absent), "{absent}: {text}");
    }
}

#[test]
fn a_recording_begins_with_its_first_moment() {
    let moment = |n| Builder::new(1, TDP).host(12, &vec![7; n]);
    let path = recording("export.kvmexits", (1..4).map(moment));
    for step in [&[][..], &["--step"]] {
        let output = kvm_exits(&[&["export", "--from", &path], step].concat());
        let text = stdout(&output);
        assert!(
            text.contains("kvm_exits_total{reason=\"HLT\"} 1\n"),
            "{text}"
        );
    }
    let empty = recording("export-empty.kvmexits", std::iter::empty());
    let error = kvm_exits(&["export", "--from", &empty]);
    assert!(failure(&error).contains("has no moment"), "{error:?}");
}

#[test]
fn a_textfile_is_replaced() {
    let directory = file("export-textfile");
    fs::create_dir_all(&directory).unwrap();
    let path = directory.join("kvm.prom");
    fs::write(&path, "old").unwrap();
    let text = export("textfile", &["--textfile", path.to_str().unwrap()]);
    assert_eq!(text, "");
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(samples(&written), samples(&export("printed", &[])));
    assert_eq!(
        fs::read_dir(&directory).unwrap().count(),
        1,
        "{directory:?}"
    );
}

#[test]
fn what_cannot_be_is_refused() {
    let path = snapshot().save("export-refused.snapshot");
    for (args, why) in [
        (&["--listen", "0.0.0.0:0"][..], "say --allow-remote"),
        (&["--textfile", "kvm.txt"], "*.prom only"),
        (
            &["--textfile", "/nonexistent/kvm.prom"],
            "cannot write /nonexistent/kvm.prom",
        ),
    ] {
        let output = kvm_exits(&[&["export", "--from", &path], args].concat());
        assert!(failure(&output).contains(why), "{output:?}");
    }
    for args in [
        &["--listen", "localhost"][..],
        &["--listen", "127.0.0.1:0", "--textfile", "a.prom"],
        &["--native-histograms"],
        &["--interval", "5"],
        &["--allow-remote"],
    ] {
        let output = kvm_exits(&[&["export"], args].concat());
        assert_eq!(output.status.code(), Some(2), "{output:?}");
    }
    let output = kvm_exits(&["export", "--from", "/nowhere"]);
    assert!(
        failure(&output).contains("cannot read /nowhere"),
        "{output:?}"
    );
}

#[test]
fn where_nothing_can_be_read_the_file_says_so() {
    let path = file("export-down.prom");
    let output = kvm_exits_on(
        "/nowhere",
        &["export", "--textfile", path.to_str().unwrap()],
    );
    assert!(
        failure(&output).contains("cannot open /nowhere"),
        "{output:?}"
    );
    let written = fs::read_to_string(&path).unwrap();
    assert_eq!(samples(&written), ["kvm_exit_stats_up 0"]);
}

#[test]
fn a_textfile_is_written_again_and_never_half() {
    let path = file("export-again.prom");
    let _ = fs::remove_file(&path);
    let moments = recording(
        "export-again.kvmexits",
        (1..200).map(|n| {
            (0..60).fold(Builder::new(1, TDP), |builder, reason| {
                builder.host(reason, &vec![7; n])
            })
        }),
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command.args([
        "export",
        "--step",
        "--from",
        &moments,
        "-i",
        "0.1",
        "--textfile",
    ]);
    let running = Running(command.arg(&path).spawn().unwrap());
    let mut seen = BTreeSet::new();
    let began = Instant::now();
    while seen.len() < 5 && began.elapsed() < Duration::from_secs(60) {
        let Ok(text) = fs::read_to_string(&path) else {
            continue;
        };
        let samples = samples(&text);
        assert_eq!(samples.len(), 6 + 2 * 60, "{text}");
        seen.insert(samples[6].to_string());
    }
    drop(running);
    assert_eq!(seen.len(), 5, "{seen:?}");
}
