// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits show`, `vms`, `reset` and `dump`, run as a program: on saved snapshots, and where
//! there is no device.

mod common;

use common::{failure, kvm_exits, nested, save, stdout, Builder, TDP, VPID};
use serde_json::{json, Value};

fn snapshot() -> Builder {
    let mut cpuid = vec![1_000; 90];
    cpuid.extend([5_000; 9]);
    cpuid.push(3_000_000);
    Builder::new(3, TDP | VPID)
        .host(10, &cpuid)
        .host(12, &[700; 50])
        .vm(4711, "qemu-system-x86", 2)
        .vm_row(10, 60, 90_000)
        .vm(4712, "evil\x1b[2J", 1)
}

#[test]
fn show_is_as_it_should_be() {
    let path = snapshot().save("show-text.snapshot");
    let expected = "\
all VMs' exits; EPT; generation 3; TSC 1,000 kHz

reason  name   count   share     cycles  cycles/exit     p50     p90     p99         max
------- ------ ------ ------- ---------- ------------ ------- ------- ------- -----------
    10  CPUID    100   66.7%  3,135,000       31,350  <1,024  <1,024  <8,192  <4,194,304
    12  HLT       50   33.3%     35,000          700  <1,024  <1,024  <1,024      <1,024
        total    150  100.0%  3,170,000       21,133  <1,024  <1,024  <8,192  <4,194,304

Cycles are TSC cycles of the host, from the exit until KVM has dealt with it.
p50, p90, p99, max are upper bounds, powers of two: so many per cent of the exits \
(max: all of them) took fewer cycles.
";
    assert_eq!(stdout(&kvm_exits(&["show", "--from", &path])), expected);
}

#[test]
fn nested_guests_have_columns_of_their_own() {
    let builder = Builder::with_scope(3, TDP, 1).host_values(48, nested(), &[0, 4]);
    let path = builder.save("show-nested.snapshot");
    let output = kvm_exits(&["show", "--from", &path, "--machine", "emulator"]);
    let text = stdout(&output);
    assert!(text.contains("L2 count  L2 cycles  reflected"), "{text}");
    assert!(text.contains("3      9,000          1\n"), "{text}");
    assert!(text.contains("scope=host"), "{text}");
    assert!(text.contains("counts instructions"), "{text}");
}

#[test]
fn show_json_is_the_schema() {
    let path = snapshot().save("show-json.snapshot");
    let output = kvm_exits(&["show", "--from", &path, "--json", "--machine", "lab"]);
    let json = common::json(&output);
    assert_eq!(json["schema"], 1);
    assert_eq!(json["source"], "device");
    assert_eq!(json["isa"], "vmx");
    assert_eq!(json["scope"], "host");
    assert_eq!(json["machine"], "lab");
    assert_eq!(
        json["paging"],
        json!({ "tdp": true, "vpid": true, "unrestricted_guest": false })
    );
    assert_eq!(
        json["reasons"][1],
        json!({
            "reason": 12, "name": "HLT", "count": 50, "cycles": 35_000,
            "l2_count": 0, "l2_cycles": 0, "l2_reflected": 0,
            "histogram": [0, 0, 0, 0, 0, 0, 0, 0, 0, 50],
        })
    );
    assert_eq!(json["total"]["count"], 150);
    assert_eq!(json["kernel"], Value::Null, "a file does not tell");
}

#[test]
fn show_csv_has_bounds() {
    let path = snapshot().save("show-csv.snapshot");
    let output = kvm_exits(&["show", "--from", &path, "--csv"]);
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert!(lines[0].starts_with("reason,name,count,cycles,l2_count"));
    assert!(lines[0]
        .ends_with("p50_below,p90_below,p99_below,max_below,vmm_count,vmm_cycles,halted_cycles"));
    assert_eq!(
        lines[1],
        "10,CPUID,100,3135000,0,0,0,1024,1024,8192,4194304,,,"
    );
    assert_eq!(lines.len(), 3);
}

#[test]
fn vms_are_listed_one_by_one() {
    let path = snapshot().save("vms.snapshot");
    let output = kvm_exits(&["vms", "--from", &path]);
    let text = stdout(&output);
    assert!(text.starts_with("2 VMs; EPT; generation 3"), "{text}");
    assert!(
        text.contains("pid 4711 (qemu-system-x86), 2 vCPUs: 60 exits\n"),
        "{text}"
    );
    assert!(
        text.contains("pid 4712 (evil\\u{1b}[2J), 1 vCPU: 0 exits\n"),
        "{text}"
    );
    assert!(!text.contains("p50"), "{text}");

    let output = kvm_exits(&["vms", "--from", &path, "--json"]);
    let json = common::json(&output);
    assert_eq!(
        json[0]["vm"],
        json!({ "pid": 4711, "name": "qemu-system-x86", "vcpus": 2 })
    );
    assert_eq!(json[0]["scope"], "vm");
    assert_eq!(json[0]["total"]["cycles"], 90_000);
    assert_eq!(json[1]["reasons"], json!([]));

    let output = kvm_exits(&["vms", "--from", &path, "--csv"]);
    let lines: Vec<_> = stdout(&output).lines().collect();
    assert!(lines[0].starts_with("pid,vm,vcpus,reason,name,"));
    assert_eq!(
        lines[1],
        "4711,qemu-system-x86,2,10,CPUID,60,90000,0,0,0,,,,,,,"
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn one_vm_is_a_snapshot_of_its_own() {
    let path = snapshot().vm(4712, "a second", 1).save("show-vm.snapshot");
    let show = |pid, format: &[&str]| {
        let args = ["show", "--from", &path, "--vm", pid, "--machine", "lab"];
        kvm_exits(&[&args[..], format].concat())
    };
    let text = show("4711", &[]);
    let expected = "pid 4711 (qemu-system-x86), 2 vCPUs: 60 exits; EPT; generation 3;";
    assert!(stdout(&text).starts_with(expected), "{text:?}");
    assert!(stdout(&text).contains("total     60"), "{text:?}");
    assert_eq!(stdout(&show("4711", &["--csv"])).lines().count(), 2);

    let json = show("4711", &["--json"]);
    assert_eq!(common::json(&json)["vm"]["pid"], 4711);
    assert_eq!(common::json(&json)["scope"], "vm");
    assert_eq!(common::json(&json)["machine"], "lab");
    let saved = save("show-vm.json", stdout(&json).as_bytes());
    let both = kvm_exits(&["compare", &saved, &saved, "--csv"]);
    assert!(stdout(&both).contains("10,CPUID,60,60,"), "{both:?}");

    let error = show("10", &["--json"]);
    assert!(
        failure(&error).contains("process 10 has no VM"),
        "{error:?}"
    );
    let error = show("4712", &[]);
    assert!(
        failure(&error).contains("4712 has more than one VM"),
        "{error:?}"
    );
}

#[test]
fn what_leads_to_the_vmm_has_a_column() {
    let path = snapshot()
        .vm_row(30, 5, 500)
        .row_time(4, 800, 0)
        .host(30, &[100; 6])
        .row_time(5, 900, 7)
        .save("show-vmm.snapshot");
    let text = kvm_exits(&["show", "--from", &path]);
    let text = stdout(&text);
    let column = |line: &str| line.split_whitespace().last().map(str::to_string);
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[2].ends_with("max  to VMM"), "{text}");
    let of = |name| {
        lines
            .iter()
            .find(|line| line.contains(name))
            .and_then(|l| column(l))
    };
    assert_eq!(of(" CPUID "), Some("0".into()), "{text}");
    assert_eq!(of(" IO_INSTRUCTION "), Some("5".into()), "{text}");
    assert_eq!(of(" total "), Some("5".into()), "{text}");
    assert!(text.contains("to VMM: the exits"), "{text}");
    let vms = kvm_exits(&["vms", "--from", &path]);
    assert!(stdout(&vms).contains("cycles/exit  to VMM\n"), "{vms:?}");

    let csv = kvm_exits(&["show", "--csv", "--from", &path]);
    let csv: Vec<_> = stdout(&csv).lines().collect();
    assert!(
        csv[1].ends_with(",0,0,0") && csv[3].ends_with(",5,900,7"),
        "{csv:?}"
    );
    let csv = kvm_exits(&["vms", "--csv", "--from", &path]);
    assert!(
        stdout(&csv).contains(",30,IO_INSTRUCTION,5,500,0,0,0,,,,,4,800,0\n"),
        "{csv:?}"
    );
}

#[test]
fn no_vm_is_said_so() {
    let path = Builder::new(1, TDP).save("vms-none.snapshot");
    let output = kvm_exits(&["vms", "--from", &path]);
    assert!(stdout(&output).starts_with("no VM has a vCPU now"));
    let output = kvm_exits(&["vms", "--from", &path, "--json"]);
    assert_eq!(stdout(&output), "[]\n");
}

#[test]
fn compare_reads_what_was_saved() {
    let ept = snapshot().save("compare-ept.snapshot");
    let shadow = Builder::new(4, VPID)
        .host(10, &[1_000])
        .save("compare-shadow.snapshot");
    let output = kvm_exits(&["compare", &ept, &shadow, "--csv", "--sort", "reason"]);
    assert!(stdout(&output).contains("10,CPUID,100,1,3135000,1000,0.01\n"));

    let output = kvm_exits(&["vms", "--from", &ept, "--json"]);
    let list = save("compare-list.json", stdout(&output).as_bytes());
    let output = kvm_exits(&["compare", &ept, &list]);
    assert!(failure(&output).contains("this is a list"), "{output:?}");
}

#[test]
fn what_is_no_snapshot_is_refused_with_its_name() {
    let mut newer = snapshot().bytes();
    newer[8] = 9;
    for (name, bytes, message) in [
        ("bad-version.snapshot", &newer[..], "has version 9"),
        (
            "bad-cut.snapshot",
            &snapshot().bytes()[..100],
            "ends in the middle",
        ),
        ("bad.json", b"{}", "looks like JSON"),
    ] {
        let path = save(name, bytes);
        for command in ["show", "vms"] {
            let output = kvm_exits(&[command, "--from", &path]);
            let error = failure(&output);
            assert!(error.contains(message) && error.contains(name), "{error}");
        }
    }
    let output = kvm_exits(&["show", "--from", "/nowhere"]);
    assert!(failure(&output).contains("cannot read /nowhere"));
}

#[test]
fn without_the_device_it_says_what_to_do() {
    if std::path::Path::new(kvm_exits::device::PATH).exists() {
        println!("there is a device here: nothing to refuse");
        return;
    }
    for command in ["show", "vms", "reset", "dump"] {
        let output = kvm_exits(&[command]);
        let error = failure(&output);
        assert!(error.contains("/dev/kvm_exit_stats"), "{error}");
        assert!(
            error.contains("insmod") || error.contains("container"),
            "{error}"
        );
    }
}
