// SPDX-License-Identifier: GPL-2.0

//! `kvm-exits compare`: snapshots side by side.

use crate::by::By;
use crate::comparison::keys::Keys;
use crate::comparison::{Comparison, Named, Sort};
use crate::html::{self, Notes};
use crate::output::{self, Form, Forms};
use crate::program;
use crate::snapshot::Snapshot;
use anyhow::Result;
use std::path::PathBuf;

/// Set snapshots side by side, such as one of EPT and one of shadow paging.
///
/// Columns are named after the paging state, or after the files where that does not tell them
/// apart. Reasons that none of the snapshots has are left out. Where all of them have it, the time
/// of the vCPUs follows, state by state.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Snapshots (JSON); the ratios are to the first.
    #[arg(required = true, num_args = 2.., value_name = "SNAPSHOT")]
    snapshots: Vec<PathBuf>,

    /// Set side by side what the exits of REASON were about, as `show --by` does; or of "all".
    #[arg(long, value_name = "REASON", conflicts_with_all = ["sort", "cycles_note", "html"])]
    by: Option<By>,

    #[command(flatten)]
    forms: Forms,

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
    if let Some(by) = &args.by {
        return run_by(&Keys::new(&snapshots, by)?, args.forms.form());
    }
    let comparison = Comparison::new(&snapshots, args.sort, args.cycles_note.as_deref())?;
    for warning in &comparison.warnings {
        program::warn("kvm-exits", warning);
    }
    match args.forms.form() {
        Form::Text => output::print(&comparison.text()),
        Form::Json => output::print_json(&comparison),
        Form::Csv => output::print(&comparison.csv()?),
        Form::Markdown => output::print(&comparison.markdown()),
        Form::Html(path) => {
            let page = html::compare::page(&snapshots, &comparison, &Notes::new())?;
            output::write(path, &page.text())
        }
    }
}

fn run_by(keys: &Keys, form: Form<'_>) -> Result<()> {
    match form {
        // A page has the keys in any case.
        Form::Text | Form::Html(_) => output::print(&keys.text()),
        Form::Json => output::print_json(keys),
        Form::Csv => output::print(&keys.csv()?),
        Form::Markdown => output::print(&keys.markdown()),
    }
}
