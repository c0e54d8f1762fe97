// SPDX-License-Identifier: GPL-2.0

//! `overhead`: what `make bench` measured, as JSON and as a table.

use anyhow::{Context, Result};
use clap::Parser;
use kvm_exits::{files, program};
use lab_tools::overhead::{self, Unit};
use std::path::PathBuf;
use std::process::ExitCode;

/// Make the reports of `make bench` out of what the lab host wrote down.
#[derive(Parser)]
#[command(name = "overhead", version)]
struct Cli {
    /// What lab/bench/host.sh left.
    results: PathBuf,

    /// The lab's machine: an emulator's TSC counts instructions, a processor's cycles.
    #[arg(long, value_name = "NAME")]
    machine: String,

    /// Where the JSON goes.
    #[arg(long, value_name = "FILE")]
    json: PathBuf,

    /// Where the table goes.
    #[arg(long, value_name = "FILE")]
    markdown: PathBuf,
}

fn main() -> ExitCode {
    program::exit_code("overhead", run(&Cli::parse()))
}

fn run(cli: &Cli) -> Result<()> {
    let text = files::read_text(&cli.results)?;
    let unit = match cli.machine.as_str() {
        "qemu" => Unit::Cycles,
        _ => Unit::Instructions,
    };
    let results = overhead::parse(&text).and_then(|results| {
        results.check(unit)?;
        Ok(results)
    });
    let results = results.with_context(|| cli.results.display().to_string())?;
    files::write(&cli.json, overhead::json(&results, unit)?)?;
    files::write(&cli.markdown, overhead::markdown(&results, unit))
}
