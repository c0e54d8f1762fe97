// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits compare`: snapshots side by side.

use crate::comparison::{Comparison, Named, Sort};
use crate::output::{self, Format};
use crate::snapshot::Snapshot;
use anyhow::Result;
use std::path::PathBuf;

/// Set snapshots side by side, such as one of EPT and one of shadow paging.
///
/// Columns are named after the paging state, or after the files where that does not tell them
/// apart. Reasons that none of the snapshots has are left out.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshots (JSON); the ratios are to the first.
    #[arg(required = true, num_args = 2.., value_name = "SNAPSHOT")]
    snapshots: Vec<PathBuf>,

    #[command(flatten)]
    format: Format,

    /// What comes first.
    #[arg(long, value_enum, default_value_t)]
    sort: Sort,

    /// Say this about the cycles, instead of what the snapshots' "machine" implies.
    #[arg(long, value_name = "TEXT")]
    cycles_note: Option<String>,
}

/// Runs `kvm-exits compare`.
pub fn run(args: &Args) -> Result<()> {
    let load = |path: &PathBuf| Ok((path.clone(), Snapshot::load(path)?));
    let snapshots: Vec<Named> = args.snapshots.iter().map(load).collect::<Result<_>>()?;
    let comparison = Comparison::new(&snapshots, args.sort, args.cycles_note.as_deref())?;
    for warning in &comparison.warnings {
        eprintln!("kvm-exits: warning: {warning}");
    }
    if args.format.json {
        output::print_json(&comparison)
    } else if args.format.csv {
        output::print(&comparison.csv()?)
    } else {
        output::print(&comparison.text())
    }
}
