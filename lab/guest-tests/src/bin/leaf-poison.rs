// SPDX-License-Identifier: GPL-2.0

//! `leaf-poison`: asks every leaf of kvm_exit_stats with poison in all registers.

use anyhow::Result;
use clap::{Parser, Subcommand};
use guest_tests::ask::Processor;
use guest_tests::rules::Layout;
use guest_tests::{check, dump};
use kvm_exits::{output, pin::Pin, program};
use std::process::ExitCode;

/// Asks every leaf of kvm_exit_stats with poison in all registers.
///
/// Exit code: 0 all is well, 1 a rule is broken, 2 there is nothing to check.
#[derive(Parser)]
#[command(name = "leaf-poison", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check every answer against the rules of a layout.
    Check {
        /// What the host's module has as `leaves`.
        #[arg(long, value_enum)]
        layout: Layout,
    },
    /// Print every answer as `leaf subleaf eax ebx ecx edx`, to be compared with diff.
    Dump,
}

fn main() -> ExitCode {
    program::verdict("leaf-poison", run(Cli::parse().command))
}

/// Whether no rule is broken.
fn run(command: Command) -> Result<bool> {
    // The latch belongs to a vCPU, and some of KVM's own answers differ between them.
    let _pin = Pin::new(None)?;
    match command {
        Command::Check { layout } => {
            let report = check::run(&Processor, layout)?;
            let asked = report.asked;
            if report.broken.is_empty() {
                println!("leaf-poison: ok: {asked} questions, every answer follows {layout:?}");
                return Ok(true);
            }
            for line in report.broken.iter().take(50) {
                println!("leaf-poison: broken: {line}");
            }
            let broken = report.broken.len();
            println!("leaf-poison: FAILED: {broken} broken rules in {asked} questions");
            Ok(false)
        }
        Command::Dump => {
            let lines: Vec<_> = dump::lines(&Processor).collect();
            output::print(&lines.join("\n"))?;
            Ok(true)
        }
    }
}
