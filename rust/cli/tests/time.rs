// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits time`, run as a program on saved snapshots.

mod common;

use acct::snapshot::measures;
use common::{failure, kvm_exits, stdout, times, Builder, TDP, VPID};
use serde_json::{json, Value};

fn start() -> Builder {
    Builder::with_measures(3, TDP | VPID, 0, measures::TIME).host(10, &[1_000])
}

/// Two VMs, of which one has two vCPUs; a third is gone.
fn measured(name: &str) -> String {
    start()
        .host_time(&times([5_000, 2_000, 1_000, 1_500, 500]))
        .vm(4711, "qemu", 2)
        .vcpu(0, &times([500, 200, 100, 150, 50]))
        .vcpu(1, &times([100, 0, 0, 0, 300]))
        .vm_row(10, 1, 200)
        .vm(4712, "-idle", 1)
        .vcpu(0, &times([0, 0, 0, 0, 0]))
        .vm(4713, "new", 1)
        .save(name)
}

#[test]
fn the_budget_is_as_it_should_be() {
    let path = measured("time-text.snapshot");
    let expected = "\
all VMs' vCPUs, those that are gone included; EPT; generation 3; TSC 1,000 kHz

state                cycles   share  entered  cycles/entered
-------------------- ------- ------- -------- ---------------
guest                 5,000   50.0%       10             500
exit                  2,000   20.0%       11             182
exit, not preempted   1,800   18.0%
entry                 1,000   10.0%       12              83
vmm                   1,500   15.0%       13             115
halted                  500    5.0%       14              36
elapsed              10,000  100.0%
of which preempted    1,000   10.0%        7             143

[########################################xxxxxxxxxxxxxxxeeeeeeevvvvvvvvvvv...]
 # guest   x exit   e entry   v vmm   . halted

";
    let output = kvm_exits(&["time", "--from", &path]);
    let text = stdout(&output);
    assert_eq!(&text[..expected.len()], expected);
    assert!(text.lines().all(|line| line.len() <= 100), "{text}");
}

#[test]
fn a_vm_is_the_sum_over_its_vcpus() {
    let path = measured("time-vm.snapshot");
    let text = kvm_exits(&["time", "--vm", "4711", "--from", &path]);
    let text = stdout(&text);
    assert!(
        text.starts_with("pid 4711 (qemu), 2 vCPUs: 1 exit; EPT"),
        "{text}"
    );
    assert!(
        text.contains("\nguest                   600   42.9%"),
        "{text}"
    );
    let none = kvm_exits(&["time", "--vm", "4713", "--from", &path]);
    assert!(
        failure(&none).contains("no time in this snapshot"),
        "{none:?}"
    );
    let error = kvm_exits(&["time", "--vm", "1", "--from", &path]);
    assert!(failure(&error).contains("process 1 has no VM"), "{error:?}");
    let both = kvm_exits(&["time", "--vm", "4711", "--vcpus", "--from", &path]);
    assert_eq!(both.status.code(), Some(2));
}

#[test]
fn vcpus_have_a_line_each() {
    let path = measured("time-vcpus.snapshot");
    let expected = "\
the vCPUs of each VM; EPT; generation 3; TSC 1,000 kHz

 pid  name   vCPU  elapsed  guest   exit  entry    vmm  halted  preempted
----- ------ ----- -------- ------ ------ ------ ------ ------- ----------
4711  qemu      0    1,000  50.0%  20.0%  10.0%  15.0%    5.0%      10.0%
4711  qemu      1      400  25.0%   0.0%   0.0%   0.0%   75.0%      10.0%
4712  -idle     0        0      -      -      -      -       -          -
";
    let output = kvm_exits(&["time", "--vcpus", "--from", &path]);
    assert_eq!(&stdout(&output)[..expected.len()], expected);
    let output = kvm_exits(&["time", "--vcpus", "--csv", "--from", &path]);
    let expected = "\
pid,vm,vcpu,elapsed,guest,exit,entry,vmm,halted,preempted
4711,qemu,0,1000,500,200,100,150,50,100
4711,qemu,1,400,100,0,0,0,300,40
4712,'-idle,0,0,0,0,0,0,0,0
";
    assert_eq!(stdout(&output), expected);
    let output = kvm_exits(&["time", "--vcpus", "--json", "--from", &path]);
    let json = common::json(&output);
    assert_eq!(json[0]["vm"]["pid"], 4711);
    assert_eq!(json[0]["vcpus"][1]["index"], 1);
    assert_eq!(json[0]["vcpus"][1]["time"]["halted"], 300);
    assert_eq!(json[2]["vcpus"], Value::Null);
}

#[test]
fn json_is_that_of_the_snapshot() {
    let path = measured("time-json.snapshot");
    let output = kvm_exits(&["time", "--json", "--from", &path]);
    let time = json!({
        "elapsed": 10_000,
        "guest": 5_000, "exit": 2_000, "entry": 1_000, "vmm": 1_500, "halted": 500,
        "preempted": 1_000,
        "preempted_in": { "guest": 500, "exit": 200, "entry": 100, "vmm": 150, "halted": 50 },
        "entered": {
            "guest": 10, "exit": 11, "entry": 12, "vmm": 13, "halted": 14, "preempted": 7,
        },
    });
    let json = common::json(&output);
    assert_eq!(
        json,
        json!({ "schema": 1, "generation": 3, "scope": "host", "tsc_khz": 1_000, "time": time })
    );
    let show = kvm_exits(&["show", "--json", "--from", &path]);
    assert_eq!(common::json(&show)["time"], time);
}

#[test]
fn an_emulators_cycles_are_told() {
    let path = measured("time-machine.snapshot");
    for more in [&[][..], &["--vcpus"]] {
        let time = |machine| {
            let args = ["time", "--machine", machine, "--from", &path];
            kvm_exits(&[&args[..], more].concat())
        };
        assert!(stdout(&time("emulator")).contains("counts instructions"));
        assert!(!stdout(&time("metal")).contains("counts instructions"));
    }
    let json = kvm_exits(&["time", "--json", "--machine", "lab", "--from", &path]);
    assert_eq!(common::json(&json)["machine"], "lab");
}

#[test]
fn csv_has_a_line_per_state() {
    let path = measured("time-csv.snapshot");
    let output = kvm_exits(&["time", "--csv", "--from", &path]);
    let expected = "\
state,cycles,entered,preempted_cycles
guest,5000,10,500
exit,2000,11,200
entry,1000,12,100
vmm,1500,13,150
halted,500,14,50
preempted,1000,7,
";
    assert_eq!(stdout(&output), expected);
}

#[test]
fn without_time_it_says_how_to_switch_it_on() {
    let path = Builder::new(3, TDP)
        .host(10, &[5])
        .vm(4711, "qemu", 1)
        .save("time-none.snapshot");
    for more in [&[][..], &["--vm", "4711"], &["--vcpus"], &["--json"]] {
        let output = kvm_exits(&[&["time", "--from", &path], more].concat());
        let error = failure(&output);
        assert!(
            error.contains("time=0") && error.contains("echo 1 >"),
            "{error}"
        );
    }
}
