// SPDX-License-Identifier: GPL-2.0

//! `hostile`: what a guest that makes up keys gets for it.

use anyhow::Result;
use clap::Parser;
use kvm_exits::snapshot::Snapshot;
use kvm_exits::{files, program};
use lab_tools::hostile;
use std::path::PathBuf;
use std::process::ExitCode;

/// Compare the storms of the probe, each with one key and with a new one each time.
///
/// Exit code: 0 nothing is wrong, 1 something is, 2 they could not be compared.
#[derive(Parser)]
#[command(name = "hostile", version)]
struct Cli {
    /// What `kvm-exits show --json` printed, with detail.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,

    /// What the probe printed.
    #[arg(long, value_name = "FILE")]
    log: PathBuf,

    /// Where the report goes.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

fn main() -> ExitCode {
    program::verdict("hostile", run(&Cli::parse()))
}

/// Whether there is no problem.
fn run(cli: &Cli) -> Result<bool> {
    let module = Snapshot::load(&cli.module)?;
    let report = hostile::compare(&module, &files::read_text(&cli.log)?)?;
    files::write(&cli.output, serde_json::to_string_pretty(&report)? + "\n")?;
    for storm in &report.storms {
        println!(
            "hostile {}: {} cycles an exit, {} with one key: {:+.2} % of the rate",
            storm.name, storm.after.cycles_per_exit, storm.before.cycles_per_exit, storm.percent
        );
    }
    for reason in &report.reasons {
        println!(
            "hostile {}: {} exits, {} keys, {} other",
            reason.name, reason.count, reason.keys, reason.other
        );
    }
    for problem in &report.problems {
        eprintln!("hostile: {problem}");
    }
    Ok(report.problems.is_empty())
}
