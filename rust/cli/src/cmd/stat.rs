// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits stat`: the exits while a command runs, on the host.

use crate::by::By;
use crate::device::{self, Device};
use crate::listing;
use crate::reading::Reading;
use crate::snapshot::{Snapshot, Vm};
use crate::stat::{self, Report};
use anyhow::{Context, Result};

/// Count the exits of all VMs, or of one, while a command runs (needs root).
///
/// The difference of what `kvm-exits show` says before and after. COMMAND's stdout is its own: the
/// figures go to stderr, or to --output. Without COMMAND, it counts until Ctrl-C, and they go to
/// stdout.
#[derive(Debug, clap::Args)]
#[command(after_long_help = stat::JSON_HELP)]
pub struct Args {
    /// Only those of this process's VM, as in `kvm-exits vms`.
    #[arg(long, value_name = "PID", conflicts_with = "by")]
    vm: Option<u32>,

    /// Show what the exits of REASON were about (MSRs, ports, …), by name or number; or of "all"
    /// reasons that have more to say. With --json a list of these reasons' rows. Needs detail=1.
    #[arg(long, value_name = "REASON")]
    by: Option<By>,

    #[command(flatten)]
    stat: stat::Options,
}

impl Args {
    /// Whether it runs no command.
    pub fn is_alone(&self) -> bool {
        self.stat.is_alone()
    }
}

/// Runs `kvm-exits stat`; returns the exit code.
pub fn run(args: &Args) -> Result<u8> {
    let mut is_first = true;
    let during = args.stat.during(|| {
        let mut bytes = Vec::new();
        Device::open()?.bytes(&mut bytes)?;
        // What is wrong from the start is said before the command runs.
        if std::mem::take(&mut is_first) {
            let reading = device::decode(&bytes)?;
            let snapshot = whose(&reading, args.vm)?;
            args.by.as_ref().map(|by| by.rows(snapshot)).transpose()?;
        }
        Ok(bytes)
    })?;
    let [before, after] = [&during.before, &during.after].map(|bytes| device::decode(bytes));
    let (before, after) = (before?, after?);
    let earlier = whose(&before, args.vm)?;
    let later = whose(&after, args.vm).context("the VM is gone")?;
    let since = later.since(earlier)?;
    let (whose, notes) = match &since.vm {
        Some(_) => (listing::title(&since), String::new()),
        None => ("all VMs' exits".to_string(), came_and_went(&before, &after)),
    };
    args.stat.report(&Report {
        whose,
        time_of: "the vCPUs",
        since,
        notes,
        by: args.by.as_ref(),
        own_cpuid_exits: None,
        during: during.figures(),
    })
}

fn whose(reading: &Reading, vm: Option<u32>) -> Result<&Snapshot> {
    vm.map_or(Ok(&reading.host), |pid| reading.vm(pid))
}

/// The VMs that there were not all the time.
fn came_and_went(before: &Reading, after: &Reading) -> String {
    let list = |what, vms: Vec<&Vm>| {
        let names: Vec<_> = vms
            .iter()
            .map(|vm| format!("pid {} ({})", vm.pid, vm.name))
            .collect();
        match names.len() {
            0 => String::new(),
            _ => format!("VMs that {what} meanwhile: {}.\n", names.join(", ")),
        }
    };
    list("came", after.vms_not_in(before)) + &list("went", before.vms_not_in(after))
}
