// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits caps`: what a processor's VMX or SVM can do.

mod cpus;
pub mod diff;
pub mod dump;
pub mod json;
pub mod source;
mod values;

use crate::output;
use acct::caps::report;
use anyhow::Result;
use source::Source;
use std::fmt::Write;
use std::path::PathBuf;

/// Show what the processor's VMX or SVM can do.
///
/// VMX tells it in MSRs (/dev/cpu/N/msr, or the file of vmx_caps.ko; needs root); SVM in CPUID, and
/// in an MSR whether the firmware has locked it off. Reads those of this machine, or of a file.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Read FILE: lines of `MSR VALUE` and `cpuid LEAF EAX EBX ECX EDX` in hex, as in
    /// `0x481 0x3f00000016`.
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Print JSON.
    #[arg(long)]
    json: bool,

    /// Print the values themselves, in the form that --from reads.
    #[arg(long, conflicts_with = "json")]
    raw: bool,

    /// Show what the processor of file A has and that of file B lacks, and the other way round.
    #[arg(long, num_args = 2, value_names = ["A", "B"], conflicts_with_all = ["from", "raw"])]
    diff: Option<Vec<PathBuf>>,
}

/// Runs `kvm-exits caps`.
pub fn run(args: &Args) -> Result<()> {
    if let Some([a, b]) = args.diff.as_deref() {
        return diff::run(&Source::file(a)?, &Source::file(b)?, args.json);
    }
    let source = match &args.from {
        Some(path) => Source::file(path)?,
        None => Source::machine()?,
    };
    if args.json {
        output::print_json(&json::Report::new(&source))
    } else if args.raw {
        output::print(&raw(&source))
    } else {
        output::print(&text(&source))
    }
}

/// What it prints without --json and --raw.
pub fn text(source: &Source) -> String {
    let mut text = String::new();
    report::lines(&source.caps, &mut |line| {
        text.push_str(&line.to_string());
        text.push('\n');
    });
    text + &remarks(source, "")
}

/// What it prints with --raw.
pub fn raw(source: &Source) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = source.caps.dump(&mut |line| writeln!(text, "{line}"));
    text + &remarks(source, "# ")
}

/// What the reading came across, each line behind `prefix`.
fn remarks(source: &Source, prefix: &str) -> String {
    let mut text = String::new();
    for line in source.remarks() {
        let _ = writeln!(text, "{prefix}{line}");
    }
    text
}
