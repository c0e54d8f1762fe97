// SPDX-License-Identifier: GPL-2.0

//! `suites`: whether others' tests of KVM end alike under each variant of it.

use anyhow::{Context, Result};
use clap::Parser;
use kvm_exits::program;
use lab_tools::suites::{self, Run};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print a table of suites and variants, and every test that has not passed.
///
/// Exit code: 0 all tests end alike, 1 not all do, or too few pass, 2 the results cannot be read.
#[derive(Parser)]
#[command(name = "suites", version)]
struct Cli {
    /// What lab/suites/host.sh left, a directory a machine.
    #[arg(required = true, value_name = "DIRECTORY")]
    directories: Vec<PathBuf>,

    /// So many selftests are to pass on each machine.
    #[arg(long, value_name = "N", default_value_t = 1)]
    at_least: usize,
}

fn main() -> ExitCode {
    program::verdict("suites", run(&Cli::parse()))
}

/// Whether there is no problem.
fn run(cli: &Cli) -> Result<bool> {
    let runs: Vec<Run> = cli
        .directories
        .iter()
        .map(|directory| suites::read(directory))
        .collect::<Result<_>>()?;
    std::io::stdout()
        .write_all(suites::markdown(&runs).as_bytes())
        .context("stdout")?;
    let mut good = true;
    for run in &runs {
        for problem in run.problems("selftests", cli.at_least) {
            eprintln!("suites: {}: {problem}", run.machine);
            good = false;
        }
    }
    Ok(good)
}
