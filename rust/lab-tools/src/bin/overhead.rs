// SPDX-License-Identifier: GPL-2.0

//! `overhead`: what `make bench` measured, as JSON and as a table.

use anyhow::{Context, Result};
use clap::Parser;
use lab_tools::overhead::{self, Unit};
use std::fs;
use std::path::{Path, PathBuf};
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
    match run(&Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("overhead: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: &Cli) -> Result<()> {
    let text = fs::read_to_string(&cli.results).with_context(|| name(&cli.results))?;
    let results = overhead::parse(&text).with_context(|| name(&cli.results))?;
    let unit = match cli.machine.as_str() {
        "qemu" => Unit::Cycles,
        _ => Unit::Instructions,
    };
    results.check(unit).with_context(|| name(&cli.results))?;
    write(&cli.json, &overhead::json(&results, unit)?)?;
    write(&cli.markdown, &overhead::markdown(&results, unit))
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| name(path))
}

fn name(path: &Path) -> String {
    path.display().to_string()
}
