// SPDX-License-Identifier: GPL-2.0

//! `bpf-exits`: what tools made with BPF do to count exits, at its cheapest.

use acct::reasons::Isa;
use anyhow::{bail, Result};
use lab_tools::bpf::{possible_cpus, Counters, Program, Tracepoint};
use std::io::{stdout, Write};
use std::mem::MaybeUninit;
use std::process::ExitCode;
use std::ptr::null_mut;

const KVM_EXIT: &str = "/sys/kernel/tracing/events/kvm/kvm_exit";
/// As many basic exit reasons as get a counter: to the highest of SVM's.
const REASONS: u32 = Isa::Svm.max_reason() + 1;

/// Counts all VMs' exits by reason, in a BPF program at the tracepoint kvm:kvm_exit, until a
/// SIGTERM or SIGINT comes; then prints "reason count" lines.
fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bpf-exits: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let signals = block_signals()?;
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
    wait(&signals)?;
    drop(attached);
    for reason in 0..REASONS {
        let count = counters.read(reason)?;
        if count != 0 {
            println!("{reason} {count}");
        }
    }
    Ok(())
}

fn block_signals() -> Result<libc::sigset_t> {
    let mut set = MaybeUninit::uninit();
    // SAFETY: `sigemptyset` initialises the set that the others read.
    let (set, rc) = unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        libc::sigaddset(set.as_mut_ptr(), libc::SIGTERM);
        libc::sigaddset(set.as_mut_ptr(), libc::SIGINT);
        let rc = libc::pthread_sigmask(libc::SIG_BLOCK, set.as_ptr(), null_mut());
        (set.assume_init(), rc)
    };
    if rc != 0 {
        bail!("cannot block signals");
    }
    Ok(set)
}

fn wait(signals: &libc::sigset_t) -> Result<()> {
    let mut signal = 0;
    // SAFETY: both live until the call returns.
    if unsafe { libc::sigwait(signals, &raw mut signal) } != 0 {
        bail!("cannot wait for signals");
    }
    Ok(())
}
