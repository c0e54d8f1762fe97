// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits stat`, run as a program on files in place of the device: what `show` says before and
//! after, subtracted.

mod common;

use acct::snapshot::measures;
use common::{
    failure, file, json, kvm_exits, kvm_exits_on, save, stderr, stdout, times, values, Builder,
    TDP, VPID,
};
use kvm_exits::device::VARIABLE;
use nix::sys::signal::{kill, Signal};
use nix::unistd::Pid;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

const MSR_WRITE: u32 = 32;

fn start(generation: u32) -> Builder {
    let measures = measures::TIME | measures::DETAIL;
    Builder::with_measures(generation, TDP | VPID, 0, measures)
}

fn before() -> Vec<u8> {
    start(3)
        .key(MSR_WRITE, 0x6e0, 5, 50)
        .host_values(10, values(100, 1_000), &[0, 100])
        .host_values(MSR_WRITE, values(5, 50), &[5])
        .host_time(&times([100, 130, 30, 40, 50]))
        .vm(4711, "qemu", 2)
        .vm_row(10, 60, 600)
        .vm(4712, "gone", 1)
        .bytes()
}

fn after() -> Vec<u8> {
    start(3)
        .key(MSR_WRITE, 0x6e0, 7, 80)
        .host_values(10, values(2_100, 101_000), &[0, 2_100])
        .host_values(MSR_WRITE, values(8, 90), &[8])
        .host_values(48, values(3, 400), &[0, 3])
        .host_time(&times([180, 260, 60, 50, 50]))
        .vm(4711, "qemu", 2)
        .vm_row(10, 1_060, 50_600)
        .vm(4713, "new", 1)
        .bytes()
}

/// A device that has `before`, and a command that gives it `after`.
fn prepared(name: &str) -> (String, String) {
    let device = save(&format!("stat-{name}.device"), &before());
    let next = save(&format!("stat-{name}.next"), &after());
    let command = format!("echo mine; mv '{next}' '{device}'");
    (device, command)
}

/// `kvm-exits stat OPTIONS -- sh -c COMMAND`
fn stat(device: &str, options: &[&str], command: &str) -> Output {
    let args = [&["stat"], options, &["--", "sh", "-c", command]].concat();
    kvm_exits_on(device, &args)
}

#[test]
fn text_is_as_it_should_be() {
    let (device, command) = prepared("text");
    let output = stat(&device, &[], &command);
    assert_eq!(stdout(&output), "mine\n", "the command's own");
    let text = stderr(&output);
    let words = format!("\nall VMs' exits while this ran: sh -c {command}\nEPT; generation 3; ");
    assert!(text.starts_with(&words), "{text}");
    let row = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).unwrap();
        line.split_whitespace()
            .map(String::from)
            .collect::<Vec<_>>()
    };
    assert_eq!(
        row("reason")[..7],
        [
            "reason",
            "name",
            "count",
            "exits/s",
            "share",
            "cycles",
            "cycles/exit"
        ]
    );
    let cpuid = row("CPUID");
    assert_eq!(cpuid[..3], ["10", "CPUID", "2,000"]);
    assert_eq!(cpuid[4..7], ["99.7%", "100,000", "50"]);
    assert_eq!(row("total")[1], "2,006");
    // (What elapsed is 250: 80, 130, 30, 10, 0.)
    let time = "The time of the vCPUs: guest 32.0%, exit 52.0%, entry 12.0%, vmm 4.0%, \
        halted 0.0%; of which preempted 10.0%.\n";
    assert!(text.contains(time), "{text}");
    assert!(text.contains("VMs that came meanwhile: pid 4713 (new).\n"));
    assert!(text.contains("VMs that went meanwhile: pid 4712 (gone).\n"));
    for what in [" s elapsed\n", " s user\n", " s system\n"] {
        assert!(text.contains(what), "{text}");
    }
}

#[test]
fn rates_are_by_the_time_that_passed() {
    let (device, command) = prepared("rate");
    let output = stat(&device, &["--json"], &(command + "; sleep 0.5; exit 3"));
    assert_eq!(output.status.code(), Some(3));
    let json: serde_json::Value = serde_json::from_str(stderr(&output)).unwrap();
    let stat = &json["stat"];
    assert_eq!(
        (&stat["exit_code"], &stat["command"][1]),
        (&3.into(), &"-c".into())
    );
    let elapsed = stat["elapsed_seconds"].as_f64().unwrap();
    assert!((0.5..10.0).contains(&elapsed), "{elapsed}");
    for time in ["user_seconds", "system_seconds"] {
        assert!((0.0..0.5).contains(&stat[time].as_f64().unwrap()), "{stat}");
    }
}

#[test]
fn the_command_takes_its_own_time() {
    let device = save("stat-busy.device", &before());
    let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done";
    let output = stat(&device, &["--json"], busy);
    let json: serde_json::Value = serde_json::from_str(stderr(&output)).unwrap();
    let user = json["stat"]["user_seconds"].as_f64().unwrap();
    let elapsed = json["stat"]["elapsed_seconds"].as_f64().unwrap();
    assert!(user > 0.01 && user <= elapsed, "{user} of {elapsed}");
}

#[test]
fn it_is_the_difference_of_two_shows() {
    let (device, command) = prepared("shows");
    let show = |args: &[&str]| {
        json(&kvm_exits_on(
            &device,
            &[&["show", "--json"], args].concat(),
        ))
    };
    for vm in [&[][..], &["--vm", "4711"]] {
        std::fs::write(&device, before()).unwrap();
        let earlier = show(vm);
        save("stat-shows.next", &after());
        let out = file("stat-shows.json");
        let out = out.to_str().unwrap();
        let output = stat(&device, &[&["--json", "-o", out], vm].concat(), &command);
        assert_eq!((stdout(&output), stderr(&output)), ("mine\n", ""));
        let later = show(vm);
        let text = std::fs::read_to_string(out).unwrap();
        let stat: serde_json::Value = serde_json::from_str(&text).unwrap();
        let mut compared = 0;
        subtracted(&later, &earlier, &stat, &mut compared);
        assert!(compared > 10, "{compared}");
        // It is a snapshot as any other.
        let output = kvm_exits(&["compare", out, out]);
        assert!(stdout(&output).contains("1.00x"), "{output:?}");
    }
}

/// That each figure of `stat` is that of `later` less that of `earlier`.
fn subtracted(
    later: &serde_json::Value,
    earlier: &serde_json::Value,
    stat: &serde_json::Value,
    compared: &mut u32,
) {
    let none = serde_json::Value::Null;
    if let (Some(later), Some(stat)) = (later.as_object(), stat.as_object()) {
        for (name, later) in later {
            let is_same = ["schema", "generation", "tsc_khz", "reason", "vm", "paging"];
            match name.as_str() {
                name if is_same.contains(&name) => assert_eq!(later, &stat[name], "{name}"),
                // Rows, by what they are of; buckets by their number.
                "reasons" | "detail" => rows(later, &earlier[name], &stat[name], compared),
                "histogram" => {}
                name => subtracted(
                    later,
                    &earlier[name],
                    stat.get(name).unwrap_or(&none),
                    compared,
                ),
            }
        }
    } else if let Some(later) = later.as_u64() {
        let expected = later - earlier.as_u64().unwrap_or(0);
        assert_eq!(stat.as_u64().unwrap(), expected);
        *compared += 1;
    } else {
        assert_eq!(later, stat);
    }
}

fn rows(
    later: &serde_json::Value,
    earlier: &serde_json::Value,
    stat: &serde_json::Value,
    compared: &mut u32,
) {
    let find = |rows: &serde_json::Value, name: &serde_json::Value| {
        let rows = rows.as_array().into_iter().flatten();
        rows.clone().find(|row| row["name"] == *name).cloned()
    };
    for later in later.as_array().unwrap() {
        let earlier = find(earlier, &later["name"]).unwrap_or_default();
        match find(stat, &later["name"]) {
            Some(stat) => subtracted(later, &earlier, &stat, compared),
            None => assert_eq!(later, &earlier),
        }
    }
}

#[test]
fn what_the_exits_were_about() {
    let (device, command) = prepared("by");
    let output = stat(&device, &["--by", "MSR_WRITE", "--csv"], &command);
    let csv =
        "reason,key,name,count,cycles\n32,0x6e0,MSR 0x6e0 TSC_DEADLINE,2,30\n32,,other,1,10\n";
    assert_eq!(stderr(&output), csv);
    // What does not exist is said before anything runs.
    let output = stat(&device, &["--by", "NONSENSE"], "echo ran");
    assert_eq!(output.status.code(), Some(125));
    assert_eq!(output.stdout, b"");
}

#[test]
fn one_vm() {
    let (device, command) = prepared("vm");
    let output = stat(&device, &["--vm", "4711"], &command);
    let text = stderr(&output);
    assert!(
        text.contains("pid 4711 (qemu), 2 vCPUs: 1,000 exits while"),
        "{text}"
    );
    let (device, command) = prepared("vm-gone");
    let output = stat(&device, &["--vm", "4712"], &command);
    assert_eq!(output.status.code(), Some(125));
    assert!(stderr(&output).contains("the VM is gone: process 4712 has no VM"));
    let output = stat(&device, &["--vm", "1"], "echo ran");
    assert_eq!((output.status.code(), stdout_of(&output)), (Some(125), ""));
}

fn stdout_of(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

#[test]
fn a_generation_that_begins_meanwhile_is_said() {
    let device = save("stat-reset.device", &before());
    let next = save("stat-reset.next", &start(4).host(10, &[1]).bytes());
    let output = stat(&device, &[], &format!("mv '{next}' '{device}'"));
    assert_eq!(output.status.code(), Some(125));
    let error = stderr(&output);
    assert!(
        error.contains("generation 4 has begun meanwhile, after 3"),
        "{error}"
    );
}

#[test]
fn without_a_command_it_counts_until_ctrl_c() {
    let device = save("stat-alone.device", &before());
    let mut command = Command::new(env!("CARGO_BIN_EXE_kvm-exits"));
    command.env(VARIABLE, &device).arg("stat");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // Until it waits for signals: before, this one would end it.
    let status = format!("/proc/{}/status", child.id());
    let waits = || {
        let status = std::fs::read_to_string(&status).unwrap();
        let blocked = status.lines().find(|line| line.starts_with("SigBlk:"));
        blocked.expect("it has ended").ends_with("14002")
    };
    while !waits() {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::fs::write(&device, after()).unwrap();
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = stdout(&output);
    assert!(text.starts_with("\nall VMs' exits in "), "{text}");
    assert!(
        text.contains(" 2,006 ") && !text.contains(" s user"),
        "{text}"
    );
}

#[test]
fn what_is_not_there_is_said() {
    let output = kvm_exits_on("/nonexistent", &["stat"]);
    assert!(failure(&output).contains("cannot open /nonexistent"));
    let output = kvm_exits_on("/nonexistent", &["stat", "--", "echo", "ran"]);
    assert_eq!((output.status.code(), stdout_of(&output)), (Some(125), ""));
    let device = save("stat-none.device", &before());
    let output = kvm_exits_on(&device, &["stat", "--", "/nonexistent/program"]);
    assert_eq!(output.status.code(), Some(127));
    let output = kvm_exits(&["guest", "stat", "--", "echo", "ran"]);
    assert_eq!((output.status.code(), stdout_of(&output)), (Some(125), ""));
}
