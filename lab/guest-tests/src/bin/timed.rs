// SPDX-License-Identifier: GPL-2.0

//! `timed`: how many TSC cycles a command takes. (A lab guest has neither a finer clock nor `perf`.)

use anyhow::{ensure, Context, Result};
use clap::Parser;
use std::process::Command;

/// Runs a command and prints `timed: NAME CYCLES`.
#[derive(Parser)]
struct Args {
    /// What it is called.
    name: String,
    /// The command.
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,
}

fn main() -> Result<()> {
    let args = Args::parse();
    let mut command = Command::new(&args.command[0]);
    command.args(&args.command[1..]);
    let before = now();
    let status = command.status().with_context(|| args.command[0].clone())?;
    let after = now();
    ensure!(status.success(), "{}: {status}", args.command[0]);
    println!("timed: {} {}", args.name, after - before);
    Ok(())
}

fn now() -> u64 {
    // A safe function in later Rusts.
    #[allow(unused_unsafe)]
    // SAFETY: every x86-64 processor has a TSC, and Linux lets programs read it.
    unsafe {
        core::arch::x86_64::_rdtsc()
    }
}
