// SPDX-License-Identifier: GPL-2.0

//! `l2-guest`: the smallest guest there is, for a KVM that is itself in a guest.
//!
//! Code that executes CPUID as often as said, writes a byte to a port and halts. Each of its exits
//! is first L0's, which hands it to L1.

use anyhow::Result;
use clap::Parser;
use kvm_exits::own_vm::OwnVm;

/// Runs a guest that executes CPUID and then halts.
#[derive(Parser)]
struct Args {
    /// How often it executes CPUID.
    count: u32,
}

fn main() -> Result<()> {
    let args = Args::parse();
    OwnVm::new(args.count)?.run()?;
    println!("l2-guest: {} times CPUID, then it halted", args.count);
    Ok(())
}
