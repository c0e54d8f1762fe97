// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits caps` from outside.

mod common;

use common::{data, failure, kvm_exits_in, save, stderr, stdout};
use serde_json::Value;
use std::process::Output;

/// Run where the files with MSRs are.
fn caps(args: &[&str]) -> Output {
    kvm_exits_in(&data("caps"), &[&["caps"], args].concat())
}

fn text(args: &[&str]) -> String {
    stdout(&caps(args)).to_string()
}

fn json(args: &[&str]) -> Value {
    common::json(&caps(args))
}

fn error(args: &[&str]) -> String {
    failure(&caps(args)).to_string()
}

/// The control `name` of `group`.
fn control<'a>(report: &'a Value, group: &str, name: &str) -> &'a Value {
    named(&named(&report["groups"], group)["controls"], name)
}

/// What of `list` has this name.
fn named<'a>(list: &'a Value, name: &str) -> &'a Value {
    let list = list.as_array().expect("a list");
    list.iter()
        .find(|item| item["name"] == name)
        .unwrap_or_else(|| panic!("no {name}"))
}

#[test]
fn two_msrs_and_no_primary_controls() {
    let report = json(&["--from", "pin-and-secondary.txt", "--json"]);
    let can = |group, name| {
        let control = control(&report, group, name);
        (control["can_set"] == true, control["can_clear"] == true)
    };
    let pin = |name| can("Pin-Based", name);
    let secondary = |name| can("Secondary Processor-Based", name);

    assert_eq!(pin("External-interrupt exiting"), (true, true));
    assert_eq!(pin("Activate VMX-preemption timer"), (false, true));
    assert_eq!(secondary("Enable EPT"), (true, true));
    assert_eq!(secondary("Enable VPID"), (true, true));
    assert_eq!(secondary("Unrestricted guest"), (true, true));
    assert_eq!(secondary("VMCS shadowing"), (false, true));
    assert_eq!(report["groups"].as_array().map(Vec::len), Some(2));

    let ept = control(&report, "Secondary Processor-Based", "Enable EPT");
    assert_eq!(ept["bit"], 1);
    assert_eq!(report["groups"][0]["msr"], "0x481");
    assert_eq!(report["groups"][0]["raw"], "0x3f00000016");
}

#[test]
fn a_whole_processor() {
    let report = json(&["--from", "haswell.txt", "--json"]);
    let msrs: Vec<_> = report["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| group["msr"].as_str().expect("an MSR"))
        .collect();
    assert_eq!(msrs, ["0x48d", "0x48e", "0x48b", "0x48f", "0x490"]);

    let absent = report["absent_groups"].as_array().expect("a list");
    let names: Vec<_> = absent.iter().map(|group| &group["name"]).collect();
    assert_eq!(names, ["Tertiary Processor-Based", "Secondary VM-Exit"]);

    let text = text(&["--from", "haswell.txt"]);
    let line = |line: &str| assert!(text.lines().any(|l| l == line), "{line:?} in {text}");
    line("Pin-Based Controls MSR: 0x7f00000016 (0x48d IA32_VMX_TRUE_PINBASED_CTLS)");
    line("  CR3-load exiting: Can set=Yes, Can clear=Yes");
    line("  VMXON and VMCS region size: 4096 bytes");
    line("  CR4.VMXE: Can set=Yes, Can clear=No");
}

#[test]
fn raw_is_what_from_reads() {
    for (file, lines) in [("haswell.txt", 18), ("epyc.txt", 2)] {
        let raw = text(&["--from", file, "--raw"]);
        let again = text(&["--from", &save(file, raw.as_bytes()), "--raw"]);

        assert_eq!(raw, again);
        assert_eq!(raw.lines().count(), lines);
    }
}

#[test]
fn svm_as_text() {
    let text = text(&["--from", "epyc.txt"]);
    let line = |line: &str| assert!(text.lines().any(|l| l == line), "{line:?} in {text}");

    assert!(text.starts_with("SVM: allowed (VM_CR.SVMDIS is 0)\n"));
    line("CPUID Fn8000_000A_EBX: 0x8000");
    line("  Number of ASIDs (NASID): 32768");
    line("  Virtual interrupt controller (AVIC): Yes");
    line("  Idle HLT intercept (IdleHltIntercept): No");
    line("VM_CR MSR: 0x8 (0xc0010114)");
    assert!(!text.contains("Controls"), "{text}");
}

#[test]
fn svm_as_json() {
    let report = json(&["--from", "epyc-locked-off.txt", "--json"]);

    assert_eq!(report["isa"], "svm");
    assert_eq!(report["status"], "disabled_with_key");
    let words = report["status_text"].as_str().expect("words");
    assert!(words.starts_with("locked off by the firmware: "), "{words}");
    assert_eq!(report["groups"].as_array().map(Vec::len), Some(0));

    let features = named(&report["registers"], "CPUID Fn8000_000A_EDX");
    assert_eq!(features["cpuid"], "0x8000000a");
    assert_eq!(features["register"], "edx");
    assert_eq!(features["reserved_bits_set"], serde_json::json!([31]));
    let np = named(&features["fields"], "Nested paging (NP)");
    assert_eq!((&np["bits"], &np["value"]), (&"0".into(), &true.into()));

    let vm_cr = named(&report["registers"], "VM_CR");
    assert_eq!(vm_cr["msr"], "0xc0010114");
    assert_eq!(vm_cr["raw"], "0x18");

    let vmx = json(&["--from", "haswell.txt", "--json"]);
    assert_eq!(vmx["isa"], "vmx");
    assert!(vmx.get("status").is_none());
}

#[test]
fn svm_without_vm_cr() {
    let report = json(&["--from", "epyc-leaf.txt", "--json"]);

    assert_eq!(report["status"], "unknown");
    assert_eq!(report["registers"].as_array().map(Vec::len), Some(4));
}

#[test]
fn svm_against_svm() {
    let diff = text(&["--diff", "epyc.txt", "epyc-locked-off.txt"]);
    assert_eq!(
        diff,
        "\
A: epyc.txt
B: epyc-locked-off.txt
CPUID Fn8000_000A_EBX
  Number of ASIDs (NASID): A 32768, B 256
CPUID Fn8000_000A_EDX
  Virtual interrupt controller (AVIC): only A
  AVIC in x2APIC mode (x2AVIC): only A
  NMI virtualization (VNMI): only A
  Reserved bit 31: only B
VM_CR
  EFER.SVME must be zero (SVMDIS): only B
"
    );
    let diff = text(&["--diff", "epyc.txt", "epyc-leaf.txt"]);
    assert!(
        diff.ends_with("No difference\nNot compared: VM_CR, of which B does not tell\n"),
        "{diff}"
    );
}

#[test]
fn vmx_against_svm() {
    assert_eq!(
        error(&["--diff", "haswell.txt", "epyc.txt"]),
        "kvm-exits: haswell.txt is of a processor with VMX, epyc.txt of one with SVM: \
         they have nothing to compare\n"
    );
}

#[test]
fn what_one_has_and_the_other_lacks() {
    let diff = text(&["--diff", "haswell.txt", "haswell-no-ept.txt"]);
    assert_eq!(
        diff,
        "\
A: haswell.txt
B: haswell-no-ept.txt
Secondary Processor-Based Controls
  Enable EPT: only A can set it
  Unrestricted guest: only A can set it
IA32_VMX_MISC
  CR3-target values: A 4, B 8
IA32_VMX_EPT_VPID_CAP
  Execute-only translations: only A
  Page-walk length of 4: only A
  EPT paging structures uncacheable: only A
  EPT paging structures write-back: only A
  2-MByte pages: only A
  1-GByte pages: only A
  INVEPT: only A
  Accessed and dirty flags for EPT: only A
  Single-context INVEPT: only A
  All-context INVEPT: only A
"
    );
    let diff = json(&["--diff", "haswell.txt", "haswell-no-ept.txt", "--json"]);
    let first = &diff["groups"][0]["differences"][0];
    assert_eq!(first["name"], "Enable EPT");
    assert_eq!(first["bit"], 1);
    assert_eq!(first["a"]["can_set"], true);
    assert_eq!(first["b"]["can_set"], false);

    let same = text(&["--diff", "haswell.txt", "haswell.txt"]);
    assert!(same.ends_with("No difference\n"), "{same}");
}

#[test]
fn what_only_one_file_tells_is_no_difference() {
    let diff = text(&["--diff", "haswell.txt", "pin-and-secondary.txt"]);
    assert!(
        diff.contains("Not compared: VM-Entry, of which B does not tell\n"),
        "{diff}"
    );
    assert!(!diff.contains("VM-Entry Controls"), "{diff}");
}

#[test]
fn garbage() {
    assert_eq!(
        error(&["--from", "garbage.txt"]),
        "kvm-exits: garbage.txt: line 3: expected `MSR VALUE` in hex, as in \
         `0x481 0x3f00000016`, found \"not an MSR\"\n"
    );
    assert!(error(&["--from", "no-such-file"]).starts_with("kvm-exits: cannot read no-such-file"));
    let output = caps(&["--from", "haswell.txt", "--diff", "a", "b"]);
    assert!(stderr(&output).contains("cannot be used"), "{output:?}");
}
