// SPDX-License-Identifier: GPL-2.0

//! What the runs say of themselves: paging state and generation.

use super::{
    run::{in_words, Run},
    Checks,
};
use anyhow::{ensure, Result};

pub fn check(runs: &[Run], checks: &mut Checks) {
    for run in runs {
        let what = format!("{}: paging is as kvm-intel's parameters were", run.name());
        checks.add(what, paging(run));
    }
    checks.add("each run has a generation of its own", generations(runs));
}

fn paging(run: &Run) -> Result<String> {
    let (name, kind, had) = (run.name(), run.kind, run.parameters);
    let parameters = in_words(had);
    ensure!(
        (had.tdp, had.vpid) == (kind.ept, kind.vpid),
        "{name} is no such run: kvm-intel had {parameters}"
    );
    ensure!(
        run.snapshot.paging == had,
        "{name}.json says {}, kvm-intel had {parameters}",
        in_words(run.snapshot.paging)
    );
    Ok(parameters)
}

fn generations(runs: &[Run]) -> Result<String> {
    for pair in runs.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        ensure!(
            before.snapshot.generation < after.snapshot.generation,
            "kvm-intel was loaded again between {} and {}, \
             but the generation went from {} to {}",
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
