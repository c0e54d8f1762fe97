// SPDX-License-Identifier: GPL-2.0

//! `crosscheck`: the module's counts against the tracepoint's and KVM's own.

use anyhow::{ensure, Context, Result};
use clap::Parser;
use kvm_exits::snapshot::Snapshot;
use kvm_exits::{files, program};
use lab_tools::crosscheck::{self, Input, Recorded, Report};
use lab_tools::stats::{self, ProcessStats};
use lab_tools::{hist, trace};
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

    /// The directory of tracefs, or a copy of what is used of it, with the run's events; they are
    /// gone from there then. Detail was on.
    #[arg(long, value_name = "DIRECTORY", requires = "vms")]
    trace: Option<PathBuf>,

    /// What `kvm-exits vms --json` printed.
    #[arg(long, value_name = "FILE", requires = "trace")]
    vms: Option<PathBuf>,

    /// Fail when a vCPU was never in this state, or preempted; more than once, for more of them.
    #[arg(long, value_name = "STATE", requires = "trace")]
    expect_state: Vec<String>,

    /// Fail when keys found no room in the module's tables.
    #[arg(long, requires = "trace")]
    room: bool,

    /// What `kvm-exits vms --json` printed right before the VMM was stopped, and right after it
    /// went on.
    #[arg(long, value_name = "FILE", num_args = 2, requires_all = ["trace", "stopped_ms"])]
    stopped: Vec<PathBuf>,

    /// For how long it was, at least.
    #[arg(long, value_name = "MS", requires = "stopped")]
    stopped_ms: Option<u64>,

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
    let exits = |path: &Path| sum(path, &[crosscheck::EXITS]);
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
        recorded: recorded(cli)?,
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
    if let Some(time) = &report.time {
        println!(
            "crosscheck {}: {} cycles elapsed, {:+} by the states; {:.1} between the stamps of an \
             entry and an exit and the tracepoints'; halted {} cycles, {:+} by KVM's statistics",
            report.paging,
            time.all.elapsed,
            time.all.difference,
            time.guest.per_entry,
            time.halted.module,
            time.halted.difference,
        );
    }
    if let Some(detail) = &report.detail {
        println!(
            "crosscheck {}: {} keys of {} reasons",
            report.paging,
            detail.iter().map(|reason| reason.rows.len()).sum::<usize>(),
            detail.len()
        );
    }
    for problem in &report.problems {
        eprintln!("crosscheck {}: {problem}", report.paging);
    }
}

/// What was recorded, if it was.
fn recorded(cli: &Cli) -> Result<Option<Recorded>> {
    let (Some(trace), Some(vms)) = (&cli.trace, &cli.vms) else {
        return Ok(None);
    };
    let stopped = match (&cli.stopped[..], cli.stopped_ms) {
        ([before, after], Some(ms)) => Some((vm(before)?, vm(after)?, ms)),
        _ => None,
    };
    Ok(Some(Recorded {
        events: trace::take(trace)?,
        vm: vm(vms)?,
        halt_ns: sum(&cli.stats, &crosscheck::HALT_NS)?,
        expect_states: cli.expect_state.clone(),
        room: cli.room,
        stopped,
    }))
}

/// The one VM in the file.
fn vm(path: &Path) -> Result<Snapshot> {
    let mut list: Vec<Snapshot> = serde_json::from_str(&files::read_text(path)?)
        .with_context(|| format!("{}: not what kvm-exits vms prints", path.display()))?;
    ensure!(list.len() == 1, "{} VMs are there, not one", list.len());
    Ok(list.remove(0))
}

/// The sum of these statistics over all vCPUs of all VMs in the file.
fn sum(path: &Path, names: &[&str]) -> Result<u64> {
    let of = |process: &ProcessStats| -> Result<u64> {
        names.iter().map(|name| process.sum(name)).sum()
    };
    stats::parse(&files::read_text(path)?)
        .and_then(|processes| processes.iter().map(of).sum())
        .with_context(|| path.display().to_string())
}
