// SPDX-License-Identifier: GPL-2.0

//! Whether the counts of a run start from zero.
//!
//! Had those of the run before been carried over, then every reason would stand at least where that
//! one left it. So one that stands lower shows that they were not.

use super::{
    log::{Dump, Log},
    run::Run,
    Checks, Vendor,
};
use anyhow::{Context, Result};
use kvm_exits::output::grouped;

pub fn check(vendor: &Vendor, runs: &[Run], log: &Log, checks: &mut Checks) {
    for pair in runs.windows(2) {
        let (before, after) = (&pair[0], &pair[1]);
        let dumps = |run: &Run| log.dumps_of(run.snapshot.generation);
        // Where one is missing, its own check says so.
        let (Some(left), Some(found)) = (dumps(before).last(), dumps(after).next()) else {
            continue;
        };
        let of = |what: &str| {
            let (after, before) = (after.name(), before.name());
            format!("{after}: {what} starts from zero, not from what {before} left")
        };
        let read = |reason| after.count(reason);
        checks.add(of("the JSON"), shortfall(vendor, after, left, read, |_| 0));
        let dumped = |reason| found.counters(reason).count;
        checks.add(of("the dump"), shortfall(vendor, after, left, dumped, read));
    }
}

/// The reason whose `count` is lowest against what `left` and its `own` exits were together.
fn shortfall(
    vendor: &Vendor,
    run: &Run,
    left: &Dump,
    count: impl Fn(u32) -> u64,
    own: impl Fn(u32) -> u64,
) -> Result<String> {
    let carried = |reason| left.counters(reason).count.saturating_add(own(reason));
    let reason = left
        .rows
        .keys()
        .copied()
        .filter(|reason| count(*reason) < carried(*reason))
        .max_by_key(|reason| carried(*reason) - count(*reason))
        .with_context(|| {
            format!(
                "{}: every reason stands as if the {} exits before this run were counted again",
                run.name(),
                grouped(left.total.count)
            )
        })?;
    Ok(format!(
        "{} {}, carried over {} at least",
        vendor.reason(reason),
        grouped(count(reason)),
        grouped(carried(reason))
    ))
}
