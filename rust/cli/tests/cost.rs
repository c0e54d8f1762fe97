// SPDX-License-Identifier: GPL-2.0

//! What it takes to look at a large host once: system calls and CPU time, of the program itself.
//!
//! The time is that of a debug build, unless `KVM_EXITS` names another program to measure, as
//! `lab/tests/here/cost.sh` does with the one that is installed: then `top` has to be below 1 % of
//! a CPU at one look a second.

mod common;

use acct::cell::{Level, Values};
use acct::snapshot::measures;
use common::{file, save, times, Builder, TDP, VPID};
use kvm_exits::device::VARIABLE;
use kvm_exits::recording;
use nix::sys::resource::{getrusage, UsageWho};
use nix::sys::wait::{waitid, Id, WaitPidFlag};
use nix::unistd::Pid;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

const VMS: u32 = 128;
const VCPUS: u32 = 8;
const REASONS: u32 = 36;
const CPUS: u64 = 64;
/// Of each of two reasons, on each CPU.
const KEYS: u64 = 64;

const INTERVAL: Duration = Duration::from_millis(200);

/// A host of 1,024 vCPUs that has been busy for `n` seconds.
fn host(n: u64) -> Vec<u8> {
    let all = measures::TIME | measures::DETAIL;
    let mut host = Builder::with_measures(3, TDP | VPID, 0, all);
    for cpu in 0..CPUS {
        for key in 0..KEYS {
            host = host.key(30, 1 << 32 | key, n * cpu, n * cpu * 1_000);
            host = host.key(32, 0x800 + key, n * key, n * key * 1_000);
        }
    }
    let row = |reason: u32, vms: u64| {
        let level = |part| Level {
            count: n * vms * u64::from(reason + part) * 1_000,
            cycles: n * vms * u64::from(reason + part) * 1_000_000,
        };
        Values {
            l1: level(2),
            l2: level(1),
            ..Values::ZERO
        }
    };
    for reason in 0..REASONS {
        let buckets: Vec<_> = (0..24).map(|bucket| n * bucket).collect();
        host = host.host_values(reason, row(reason, VMS.into()), &buckets);
        host = host.row_time(n * 10, n * 1_000, n);
    }
    host = host.host_time(&times([n << 40, n << 30, n << 30, n << 20, n << 10]));
    for vm in 0..VMS {
        host = host.vm(1_000 + vm, "qemu-system-x86", VCPUS);
        for vcpu in 0..VCPUS {
            host = host.vcpu(vcpu, &times([n << 30, n << 20, n << 20, n << 10, n]));
        }
        for reason in 0..REASONS {
            host = host.vm_values(reason, row(reason, u64::from(vm) + 1));
            host = host.row_time(n, n * 100, n);
        }
    }
    host.bytes()
}

/// What a run has taken.
#[derive(Clone, Copy, Debug)]
struct Cost {
    reads: i64,
    cpu: Duration,
}

fn cpu() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let [user, system] = [usage.user_time(), usage.system_time()];
    let micros =
        |time: nix::sys::time::TimeVal| (time.tv_sec() * 1_000_000 + time.tv_usec()) as u64;
    Duration::from_micros(micros(user) + micros(system))
}

/// Runs the program to its end, beside a device that has the next of `moments` every [`INTERVAL`].
fn cost(name: &str, moments: &[Vec<u8>], args: &[String]) -> Cost {
    let device = save(&format!("cost-{name}.device"), &moments[0]);
    let (over, is_over) = mpsc::channel::<()>();
    thread::scope(|scope| {
        let path = &device;
        scope.spawn(move || {
            for bytes in &moments[1..] {
                if is_over.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
                let next = save(&format!("cost-{name}.next"), bytes);
                std::fs::rename(next, path).unwrap();
            }
        });
        let program = std::env::var_os("KVM_EXITS");
        let program = program.unwrap_or_else(|| env!("CARGO_BIN_EXE_kvm-exits").into());
        let before = cpu();
        let mut child = Command::new(program)
            .env(VARIABLE, &device)
            .args(args)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        // As long as nobody has taken note of its end, it can be asked.
        let id = Id::Pid(Pid::from_raw(child.id() as i32));
        waitid(id, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT).unwrap();
        let io = std::fs::read_to_string(format!("/proc/{}/io", child.id())).unwrap();
        assert!(child.wait().unwrap().success());
        let _ = over.send(());
        let reads = io.lines().find_map(|line| line.strip_prefix("syscr: "));
        Cost {
            reads: reads.unwrap().parse().unwrap(),
            cpu: cpu() - before,
        }
    })
}

/// What a look takes: the difference of two runs, the second with so many more.
fn per_look(name: &str, moments: &[Vec<u8>], run: &Run<'_>) -> Duration {
    let [few, many] = [2, 12].map(|looks| {
        let cost = cost(name, moments, &(run.args)(looks));
        (cost, (run.looks)(looks))
    });
    let looks = many.1 - few.1;
    let reads = (many.0.reads - few.0.reads) as f64 / f64::from(looks);
    let cpu = many.0.cpu.saturating_sub(few.0.cpu) / looks;
    println!("{name}: {reads:.1} reads and {cpu:?} of CPU time a look");
    // The end of a command is one to read, or none.
    let extra = (many.0.reads - few.0.reads).abs_diff(looks.into());
    assert!(
        extra <= 1,
        "{extra} reads too many or too few in {looks} looks"
    );
    cpu
}

/// How to have so many looks, and how many it were then.
struct Run<'a> {
    args: &'a dyn Fn(u32) -> Vec<String>,
    looks: &'a dyn Fn(u32) -> u32,
}

#[test]
fn a_large_host_costs_little() {
    let moments: Vec<_> = (1..10).map(host).collect();
    println!("{} bytes", moments[0].len());
    let interval = INTERVAL.as_secs_f64().to_string();
    let words = |words: &[&str]| words.iter().map(ToString::to_string).collect::<Vec<_>>();
    let top = |view: &'static [&'static str]| {
        let interval = interval.clone();
        move |looks: u32| {
            let looks = looks.to_string();
            words(&[&["top", "-i", &interval, "--frames", &looks], view].concat())
        }
    };
    let path = file("cost.recording");
    let record = |looks: u32| {
        let _ = std::fs::remove_file(&path);
        let seconds = (INTERVAL * looks).as_secs_f64().to_string();
        let path = path.to_str().unwrap();
        words(&["record", "-i", &interval, "-o", path, "sleep", &seconds])
    };
    // It leaves some out where it is slow.
    let recorded = |_| recording::open(&path).unwrap().count() as u32;
    let run = |args, looks| Run { args, looks };
    let costs = [
        per_look("top", &moments, &run(&top(&[]), &|n| n)),
        per_look("top-vms", &moments, &run(&top(&["--vms"]), &|n| n)),
        per_look("record", &moments, &run(&record, &recorded)),
    ];
    // To compress what has changed is the most of what `record` does.
    for (cpu, most) in costs.into_iter().zip([10, 10, 20]) {
        if std::env::var_os("KVM_EXITS").is_some() {
            assert!(cpu < Duration::from_millis(most), "{cpu:?} a look");
        }
    }
}
