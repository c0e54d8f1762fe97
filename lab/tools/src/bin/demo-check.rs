// SPDX-License-Identifier: GPL-2.0

//! `demo-check`: whether what `make demo` left agrees with itself.

use anyhow::{Context, Result};
use clap::Parser;
use kvm_exits::{files, program};
use lab_tools::demo::{self, Vendor};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Check what `make demo` left: that its figures agree with each other, with the serial log, with
/// the parameters of KVM's module, and with what paging does to a guest's exits.
///
/// Exit code: 0 all is well, 1 something is not.
#[derive(Parser)]
#[command(name = "demo-check", version)]
struct Cli {
    /// Where the demo's files are.
    #[arg(default_value = "out/demo")]
    out: PathBuf,

    /// The machines that it has to have been run on [default: those that have left something].
    #[arg(long = "vendor", value_parser = vendor)]
    vendors: Vec<&'static Vendor>,

    /// Print only what is wrong.
    #[arg(short, long)]
    quiet: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let read = |name: &str| read(&cli.out, name);
    let vendors = match cli.vendors.as_slice() {
        [] => demo::ran(&read),
        some => some.to_vec(),
    };
    if vendors.is_empty() {
        eprintln!(
            "demo-check: there has been no demo in {}",
            cli.out.display()
        );
        return ExitCode::FAILURE;
    }
    let checks = demo::check(&read, &vendors);
    let mut failed = 0;
    for check in &checks {
        match &check.outcome {
            Ok(_) if cli.quiet => {}
            Ok(figures) => println!("ok    {}: {figures}", check.what),
            Err(error) => {
                failed += 1;
                eprintln!("FAIL  {}", program::sentence(error));
            }
        }
    }
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    eprintln!("demo-check: {failed} of {} checks failed", checks.len());
    ExitCode::FAILURE
}

fn vendor(name: &str) -> Result<&'static Vendor> {
    let mut all = demo::ALL.into_iter();
    let found = all.find(|vendor| vendor.name == name);
    found.with_context(|| format!("known are: {}", demo::ALL.map(|v| v.name).join(", ")))
}

/// A serial port carries any byte.
fn read(directory: &Path, name: &str) -> Result<String> {
    let bytes = files::read(directory.join(name))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
