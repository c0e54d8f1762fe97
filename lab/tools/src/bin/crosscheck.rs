// SPDX-License-Identifier: GPL-2.0

//! `crosscheck`: the module's counts against the tracepoint's and KVM's own.

use anyhow::{Context, Result};
use clap::Parser;
use kvm_exits::snapshot::Snapshot;
use kvm_exits::{files, program};
use lab_tools::crosscheck::{self, Input, Report};
use lab_tools::{hist, stats};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Compare what kvm_exit_stats counted with the kvm_exit tracepoint and KVM's own statistics.
///
/// All three must be of the same run, and read while the VMs are at rest.
///
/// Exit code: 0 they agree, 1 they do not, 2 they could not be compared.
#[derive(Parser)]
#[command(name = "crosscheck", version)]
struct Cli {
    /// What `kvm-exits show --json` printed.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,

    /// What it printed before the run, to be subtracted.
    #[arg(long, value_name = "FILE")]
    module_before: Option<PathBuf>,

    /// events/kvm/kvm_exit/hist of a trigger hist:keys=exit_reason, or exit_reason,isa.
    #[arg(long, value_name = "FILE")]
    hist: PathBuf,

    /// What `kvm-stats` printed.
    #[arg(long, value_name = "FILE")]
    stats: PathBuf,

    /// What it printed before the run, to be subtracted.
    #[arg(long, value_name = "FILE")]
    stats_before: Option<PathBuf>,

    /// Name of the paging mode, for the report.
    #[arg(long, value_name = "NAME")]
    paging: String,

    /// Fail when fewer different reasons occurred.
    #[arg(long, value_name = "N", default_value_t = 0)]
    expect_reasons: usize,

    /// How often KVM's exit handler was called; fail when it was for every exit, because then no
    /// fastpath was tried.
    #[arg(long, value_name = "N")]
    handled: Option<u64>,

    /// There is no fastpath here: fail when the handler was not called for every exit.
    #[arg(long, requires = "handled")]
    no_fastpath: bool,

    /// Where the report goes.
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
}

fn main() -> ExitCode {
    program::verdict("crosscheck", run(&Cli::parse()))
}

/// Whether there is no problem.
fn run(cli: &Cli) -> Result<bool> {
    let module = Snapshot::load(&cli.module)?;
    let before = cli
        .module_before
        .as_deref()
        .map(Snapshot::load)
        .transpose()?;
    let traced = hist::parse(&files::read_text(&cli.hist)?, module.isa.into())
        .with_context(|| cli.hist.display().to_string())?;
    let stats_before = cli.stats_before.as_deref().map_or(Ok(0), exits)?;
    let stats = exits(&cli.stats)?
        .checked_sub(stats_before)
        .context("KVM's statistics have fewer exits than before the run: a VM has ended")?;
    let report = crosscheck::compare(&Input {
        module,
        before,
        traced,
        stats: Some(stats),
        paging: cli.paging.clone(),
        expect_reasons: cli.expect_reasons,
        handled: cli.handled,
        fastpath: !cli.no_fastpath,
    })?;
    let json = serde_json::to_string_pretty(&report)? + "\n";
    files::write(&cli.output, json)?;
    tell(&report);
    Ok(report.problems.is_empty())
}

fn tell(report: &Report) {
    println!(
        "crosscheck {}: {} reasons, {} exits, {} of them synthetic",
        report.paging, report.distinct_reasons, report.total.module, report.total.synthetic,
    );
    if let Some(stats) = report.kvm_stats {
        println!(
            "crosscheck {}: KVM's statistics say {}",
            report.paging, stats.exits
        );
    }
    if let Some(n) = report.fastpath_reentries {
        println!("crosscheck {}: {n} fastpath re-entries", report.paging);
    }
    for problem in &report.problems {
        eprintln!("crosscheck {}: {problem}", report.paging);
    }
}

/// The exits of all vCPUs of all VMs in the file.
fn exits(path: &Path) -> Result<u64> {
    stats::parse(&files::read_text(path)?)
        .and_then(|processes| processes.iter().map(|p| p.sum(crosscheck::EXITS)).sum())
        .with_context(|| path.display().to_string())
}
