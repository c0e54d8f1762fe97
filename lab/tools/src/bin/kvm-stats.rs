// SPDX-License-Identifier: GPL-2.0

//! `kvm-stats`: KVM's own statistics of running VMs, as JSON.

use anyhow::{ensure, Result};
use clap::Parser;
use kvm_exits::program;
use lab_tools::{process, qmp};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print KVM's own statistics of running VMs: a JSON object for each process (needs root).
///
/// They are KVM's binary statistics of each vCPU where the process holds descriptors of them, as
/// QEMU does since 8.1, or where QEMU is asked by --qmp. Of other processes they are the sums over
/// a VM's vCPUs, from debugfs: KVM gives nobody else the descriptors.
#[derive(Parser)]
#[command(name = "kvm-stats", version)]
struct Cli {
    /// Processes that run VMs; default: all of them.
    #[arg(value_name = "PID")]
    pids: Vec<u32>,

    /// Ask the one QEMU (7.1) that was started with
    /// -chardev pipe,id=qmp,path=PIPE -mon chardev=qmp,mode=control
    #[arg(long, value_name = "PIPE")]
    qmp: Option<PathBuf>,
}

fn main() -> ExitCode {
    program::exit_code("kvm-stats", run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<()> {
    let mut pids = cli.pids.clone();
    if pids.is_empty() && cli.qmp.is_none() {
        pids = process::with_vcpus()?;
        ensure!(
            !pids.is_empty(),
            "no process has a vCPU (or you are not root)"
        );
    }
    if let Some(pipe) = &cli.qmp {
        println!("{}", serde_json::to_string(&qmp::stats(pipe)?)?);
    }
    for pid in pids {
        println!("{}", serde_json::to_string(&process::stats(pid)?)?);
    }
    Ok(())
}
