// SPDX-License-Identifier: GPL-2.0

//! `bpf-exits`: what tools made with BPF do to count exits, at its cheapest.

use acct::reasons::Isa;
use anyhow::{Context, Result};
use kvm_exits::program;
use lab_tools::bpf::{possible_cpus, Counters, Program, Tracepoint};
use nix::sys::signal::{SigSet, Signal};
use std::io::{stdout, Write};
use std::process::ExitCode;

const KVM_EXIT: &str = "/sys/kernel/tracing/events/kvm/kvm_exit";
/// As many basic exit reasons as get a counter: to the highest of SVM's.
const REASONS: u32 = Isa::Svm.max_reason() + 1;

/// Counts all VMs' exits by reason, in a BPF program at the tracepoint kvm:kvm_exit, until a
/// SIGTERM or SIGINT comes; then prints "reason count" lines.
fn main() -> ExitCode {
    program::exit_code("bpf-exits", run())
}

fn run() -> Result<()> {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT]);
    signals.thread_block().context("cannot block signals")?;
    let cpus = possible_cpus()?;
    let tracepoint = Tracepoint(KVM_EXIT.into());
    let counters = Counters::new(REASONS, cpus)?;
    let program = Program::counting(&counters, tracepoint.offset("exit_reason")?)?;
    let id = tracepoint.id()?;
    let attached = (0..cpus)
        .map(|cpu| program.attach(id, cpu))
        .collect::<Result<Vec<_>>>()?;

    println!("counting");
    stdout().flush()?;
    signals.wait().context("cannot wait for signals")?;
    drop(attached);
    for reason in 0..REASONS {
        let count = counters.read(reason)?;
        if count != 0 {
            println!("{reason} {count}");
        }
    }
    Ok(())
}
