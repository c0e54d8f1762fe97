// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits check`: that what happens is counted.

use crate::device;
use crate::output::{self, grouped};
use crate::own_vm::OwnVm;
use crate::snapshot::{Isa, Snapshot};
use acct::reasons::{svm, vmx};
use anyhow::{ensure, Context, Result};

/// See that the exits of a VM are counted (needs root).
///
/// Runs a VM of its own for a moment, one page of code that executes CPUID and then halts, and
/// compares what the module says of it with what it did. The counts of the host have these exits
/// afterwards, as any other's.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How often it executes CPUID
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
}

/// Runs `kvm-exits check`.
pub fn run(args: &Args) -> Result<()> {
    // What there is to say of a module that is not there comes first.
    device::read()?;
    let mut vm = OwnVm::new(args.count)?;
    vm.run()?;
    let (reading, _) = device::read()?;
    let snapshot = reading
        .vm(std::process::id())
        .context("a VM has run, and the module does not know of it")?;
    verify(snapshot, args.count)?;
    output::print(&format!(
        "counted: {} CPUID, 1 port, 1 HLT of a VM that did just that; {} exits in all\n",
        grouped(args.count.into()),
        grouped(snapshot.total.count)
    ))
}

/// Each exit that it caused itself is there once. The host's interrupts add others.
fn verify(snapshot: &Snapshot, count: u32) -> Result<()> {
    let [cpuid, port, hlt] = match snapshot.isa {
        Isa::Vmx => [vmx::CPUID, vmx::IO_INSTRUCTION, vmx::HLT],
        Isa::Svm => [svm::CPUID, svm::IOIO, svm::HLT],
    };
    for (reason, want) in [(cpuid, count), (port, 1), (hlt, 1)] {
        let found = snapshot.count(reason);
        ensure!(
            found == u64::from(want),
            "a VM exited {} for {}, and {} were counted",
            grouped(want.into()),
            snapshot.isa.reason_name(reason),
            grouped(found)
        );
    }
    Ok(())
}
