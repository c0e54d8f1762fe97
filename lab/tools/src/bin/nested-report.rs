// SPDX-License-Identifier: GPL-2.0

//! `nested-report`: what the modes of `nested-paging` come to.

use anyhow::{Context, Result};
use clap::Parser;
use kvm_exits::{output, program};
use lab_tools::nested;
use std::path::PathBuf;
use std::process::ExitCode;

/// Print what one level, nested EPT and shadow paging in L1 cost, from the files of nested-paging.
///
/// Exit code: 0 the figures are what they have to be, 1 they are not, 2 they cannot be read.
#[derive(Parser)]
#[command(name = "nested-report", version)]
struct Cli {
    /// Where nested-paging left them.
    #[arg(default_value = "out/nested")]
    directory: PathBuf,
}

fn main() -> ExitCode {
    program::verdict("nested-report", run(&Cli::parse()))
}

/// Whether there is no problem.
fn run(cli: &Cli) -> Result<bool> {
    let (text, problems) = nested::report(&cli.directory)?;
    output::print(&text).context("stdout")?;
    for problem in &problems {
        eprintln!("nested-report: {problem}");
    }
    Ok(problems.is_empty())
}
