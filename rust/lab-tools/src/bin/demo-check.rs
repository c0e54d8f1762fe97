// SPDX-License-Identifier: GPL-2.0

//! `demo-check`: whether what `make demo` left agrees with itself.

use anyhow::{Context, Result};
use clap::Parser;
use lab_tools::demo;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check what `make demo` left: that its figures agree with each other, with the serial log, with
/// kvm-intel's parameters, and with what paging does to a guest's exits.
///
/// Exit code: 0 all is well, 1 something is not.
#[derive(Parser)]
#[command(name = "demo-check", version)]
struct Cli {
    /// Where the demo's files are.
    #[arg(default_value = "out/demo")]
    out: PathBuf,

    /// Print only what is wrong.
    #[arg(short, long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let checks = demo::check(&|name| read(&cli.out, name));
    let mut failed = 0;
    for check in &checks {
        match &check.outcome {
            Ok(_) if cli.quiet => {}
            Ok(figures) => println!("ok    {}: {figures}", check.what),
            Err(error) => {
                failed += 1;
                eprintln!("FAIL  {error:#}");
            }
        }
    }
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("demo-check: {failed} of {} checks failed", checks.len());
    ExitCode::FAILURE
}

/// A serial port carries any byte.
fn read(directory: &Path, name: &str) -> Result<String> {
    let path = directory.join(name);
    let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
