// SPDX-License-Identifier: GPL-2.0

//! Where a run's time went and what its exits were about: whether the parts are the whole.

use super::{run::Run, Checks, Read};
use anyhow::{ensure, Context, Result};
use kvm_exits::output::grouped;
use kvm_exits::snapshot::Snapshot;

pub fn check(run: &Run, read: &Read<'_>, checks: &mut Checks) {
    let file = format!("{}.json", run.name());
    let outcome = guests(run).context(file.clone());
    checks.add(
        format!("{file}: the guest is told where its time went"),
        outcome,
    );

    let file = format!("{}-host.json", run.name());
    let what = format!("{file} follows the schema");
    let host = read(&file).and_then(|text| Snapshot::parse(&text).context(file.clone()));
    let figures = |host: &Snapshot| format!("{} reasons", host.reasons.len());
    let Some(host) = checks.keep(what, host, figures) else {
        return;
    };
    let what = format!("{file}: exits have taken what the reasons say");
    checks.add(what, exits(&host).context(file.clone()));
    let what = format!("{file}: the keys of a reason are as many as its exits");
    checks.add(what, keys(&host).context(file));
}

/// The exit that asks has begun, and is on no reason's account yet.
fn guests(run: &Run) -> Result<String> {
    let time = run.snapshot.time.context("there is no time")?;
    let (exit, cycles) = (time.cycles.exit, run.snapshot.total.cycles);
    ensure!(
        exit >= cycles && time.cycles.guest > 0,
        "exits took {} cycles, the reasons have {}, the guest had {}",
        grouped(exit),
        grouped(cycles),
        grouped(time.cycles.guest)
    );
    Ok(format!("{} cycles elapsed", grouped(time.elapsed)))
}

fn exits(host: &Snapshot) -> Result<String> {
    let time = host.time.context("there is no time")?;
    let (exit, cycles) = (time.cycles.exit, host.total.cycles);
    ensure!(
        exit == cycles,
        "exits took {} cycles, the reasons have {}",
        grouped(exit),
        grouped(cycles)
    );
    Ok(grouped(cycles))
}

fn keys(host: &Snapshot) -> Result<String> {
    let mut figures = Vec::new();
    for row in &host.reasons {
        let Some(keys) = &row.detail else { continue };
        let sum: u64 = keys.iter().map(|key| key.count).sum();
        ensure!(
            sum == row.counters.count,
            "{}: {} of {}",
            row.name,
            grouped(sum),
            grouped(row.counters.count)
        );
        figures.push(format!("{} {}", row.name, keys.len()));
    }
    ensure!(!figures.is_empty(), "no reason has keys");
    Ok(figures.join(", "))
}
