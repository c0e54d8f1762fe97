// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits vms`: the exits of each VM, on the host.

use crate::input::Input;
use crate::listing;
use crate::output::{self, Format};
use crate::reading::Reading;
use crate::sheet::Sheet;
use crate::snapshot::Snapshot;
use anyhow::Result;

/// Show the exits of each VM of this host (needs root).
///
/// A VM is there as long as it has vCPUs; the exits of those that are gone are only in `show`.
/// --json prints a list, each element as of `kvm-exits show` and with "vm".
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    input: Input,

    #[command(flatten)]
    format: Format,
}

/// Runs `kvm-exits vms`.
pub fn run(args: &Args) -> Result<()> {
    let reading = args.input.reading()?;
    if args.format.json {
        output::print_json(&reading.vms)
    } else if args.format.csv {
        output::print(&csv(&reading.vms)?)
    } else {
        output::print(&text(&reading))
    }
}

fn text(reading: &Reading) -> String {
    let heading = listing::heading(&reading.host);
    let mut text = match reading.vms.len() {
        0 => format!("no VM has a vCPU now; {heading}\n"),
        1 => format!("1 VM; {heading}\n"),
        n => format!("{n} VMs; {heading}\n"),
    };
    for snapshot in &reading.vms {
        text += &format!("\n{}\n", listing::title(snapshot));
        if !snapshot.reasons.is_empty() {
            text += &format!("\n{}", listing::grid(snapshot).text());
        }
    }
    if let Some(snapshot) = reading.vms.iter().find(|s| !s.reasons.is_empty()) {
        text += &format!("\n{}", listing::notes(snapshot));
    }
    text
}

fn csv(vms: &[Snapshot]) -> Result<String> {
    let headings = ["pid", "vm", "vcpus"].into_iter();
    let mut sheet = Sheet::new(headings.chain(listing::CSV_HEADINGS))?;
    for snapshot in vms {
        let vm = snapshot.vm.iter();
        let of = vm.flat_map(|vm| [vm.pid.into(), (&vm.name).into(), vm.vcpus.into()]);
        listing::csv_lines(&mut sheet, snapshot, &of.collect::<Vec<_>>())?;
    }
    sheet.text()
}
