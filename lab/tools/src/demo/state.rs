// SPDX-License-Identifier: GPL-2.0

//! What the runs say of themselves: paging state and generation.

use super::{run::Run, vendor::in_words, Checks, Vendor};
use anyhow::{ensure, Result};

pub fn check(vendor: &Vendor, runs: &[Run], checks: &mut Checks) {
    for run in runs {
        let what = format!(
            "{}: paging is as {}'s parameters were",
            run.name(),
            vendor.module
        );
        checks.add(what, paging(vendor, run));
    }
    let what = format!("{}: each run has a generation of its own", vendor.module);
    checks.add(what, generations(vendor, runs));
}

fn paging(vendor: &Vendor, run: &Run) -> Result<String> {
    let (name, kind, had) = (run.name(), run.kind, run.parameters);
    let parameters = in_words(vendor.isa, had);
    let module = vendor.module;
    ensure!(
        (had.tdp, had.vpid) == (kind.tdp, kind.vpid),
        "{name} is no such run: {module} had {parameters}"
    );
    ensure!(
        run.snapshot.paging == had,
        "{name}.json says {}, {module} had {parameters}",
        in_words(vendor.isa, run.snapshot.paging)
    );
    Ok(parameters)
}

fn generations(vendor: &Vendor, runs: &[Run]) -> Result<String> {
    for pair in runs.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        ensure!(
            before.snapshot.generation < after.snapshot.generation,
            "{} was loaded again between {} and {}, but the generation went from {} to {}",
            vendor.module,
            before.name(),
            after.name(),
            before.snapshot.generation,
            after.snapshot.generation
        );
    }
    let numbers: Vec<_> = runs
        .iter()
        .map(|run| format!("{} {}", run.name(), run.snapshot.generation))
        .collect();
    Ok(numbers.join("; "))
}
