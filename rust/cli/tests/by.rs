// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits show --by`, run as a program on saved snapshots.

mod common;

use acct::snapshot::measures;
use common::{failure, json, kvm_exits, stdout, values, Builder, SVM, TDP, VPID};
use serde_json::json;

fn measured(name: &str) -> String {
    Builder::with_measures(3, TDP | VPID, 0, measures::DETAIL)
        .key(32, 0x6e0, 70, 700)
        .key(32, 0x6e0, 5, 50)
        .key(32, 0x48, 20, 400)
        .key(30, 0x1_03f8, 8, 9_000)
        .host_values(12, values(3, 30), &[])
        .host_values(30, values(8, 9_000), &[])
        .host_values(32, values(100, 1_250), &[])
        .save(name)
}

#[test]
fn a_reason_is_taken_apart() {
    let path = measured("by-text.snapshot");
    let expected = "\
all VMs' exits; EPT; generation 3; TSC 1,000 kHz

32 MSR_WRITE: 100

what                    count  share  cycles  cycles/exit
----------------------- ------ ------ ------- ------------
MSR 0x6e0 TSC_DEADLINE     75  75.0%     750           10
MSR 0x48 SPEC_CTRL         20  20.0%     400           20
other                       5   5.0%     100           20
";
    for reason in ["MSR_WRITE", "msr_write", "32", "0x20"] {
        let output = kvm_exits(&["show", "--by", reason, "--from", &path]);
        assert_eq!(stdout(&output), expected);
    }
    let all = kvm_exits(&["show", "--by", "all", "--from", &path]);
    let all = stdout(&all);
    let io = all.find("30 IO_INSTRUCTION: 8\n").unwrap();
    assert!(
        all[io..].contains("\nport 0x3f8 out      8  100.0%"),
        "{all}"
    );
    assert!(all[io..].contains("32 MSR_WRITE"), "{all}");
    assert!(!all.contains("HLT"), "{all}");
}

#[test]
fn json_has_the_rows() {
    let path = measured("by-json.snapshot");
    let rows = json(&kvm_exits(&[
        "show", "--by", "30", "--json", "--from", &path,
    ]));
    assert_eq!(rows.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&rows[0]["reason"], &rows[0]["count"]),
        (&json!(30), &json!(8))
    );
    assert_eq!(
        rows[0]["detail"],
        json!([{ "key": "0x103f8", "name": "port 0x3f8 out", "count": 8, "cycles": 9_000 }])
    );
    let show = json(&kvm_exits(&["show", "--json", "--from", &path]));
    assert_eq!(show["reasons"][1], rows[0]);
    assert_eq!(
        show["reasons"][2]["detail"][2],
        json!({ "name": "other", "count": 5, "cycles": 100 })
    );
    assert_eq!(show["reasons"][0].get("detail"), None);
}

#[test]
fn csv_has_a_line_per_key() {
    let path = measured("by-csv.snapshot");
    let output = kvm_exits(&["show", "--by", "all", "--csv", "--from", &path]);
    let expected = "\
reason,key,name,count,cycles
30,0x103f8,port 0x3f8 out,8,9000
32,0x6e0,MSR 0x6e0 TSC_DEADLINE,75,750
32,0x48,MSR 0x48 SPEC_CTRL,20,400
32,,other,5,100
";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn what_cannot_be_taken_apart_says_why() {
    let path = measured("by-refused.snapshot");
    let refusal =
        |reason| failure(&kvm_exits(&["show", "--by", reason, "--from", &path])).to_string();
    assert!(
        refusal("hlt").contains("exit of HLT from another"),
        "{}",
        refusal("hlt")
    );
    assert!(
        refusal("hlt").contains(", MSR_WRITE,"),
        "{}",
        refusal("hlt")
    );
    assert!(
        refusal("npf").contains("no exit reason npf"),
        "{}",
        refusal("npf")
    );
    let output = kvm_exits(&["show", "--by", "cpuid", "--from", &path]);
    assert!(stdout(&output).ends_with("\nno such exit has been counted\n"));
    let output = kvm_exits(&["show", "--by", "32", "--vm", "1", "--from", &path]);
    assert_eq!(output.status.code(), Some(2));

    let path = Builder::new(3, TDP).host(32, &[5]).save("by-none.snapshot");
    for reason in ["32", "all"] {
        let output = kvm_exits(&["show", "--by", reason, "--from", &path]);
        let error = failure(&output);
        assert!(
            error.contains("detail=0") && error.contains("echo 1 >"),
            "{error}"
        );
    }
}

#[test]
fn svm_has_its_own_names() {
    let builder = Builder::new(3, TDP | SVM).key(0x400, 0x0a, 1, 5);
    let path = builder.host(0x400, &[5]).save("by-svm.snapshot");
    let output = kvm_exits(&["show", "--by", "NPF", "--from", &path]);
    assert!(stdout(&output).contains("\n0x400 npf: 1\n"), "{output:?}");
    assert!(
        stdout(&output).contains("\nwrite, present      1  100.0%"),
        "{output:?}"
    );
}
