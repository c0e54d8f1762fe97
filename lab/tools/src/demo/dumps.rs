// SPDX-License-Identifier: GPL-2.0

//! The dumps in the kernel log against what the guest read.

use super::{
    log::{Dump, Log},
    none_of,
    reasons::forbidden,
    run::Run,
    vendor::in_words,
    Checks, Vendor,
};
use anyhow::{ensure, Result};
use kvm_exits::output::grouped;
use kvm_exits::snapshot::Counters;

pub fn check(vendor: &Vendor, runs: &[Run], log: &Log, checks: &mut Checks) {
    let what = format!("{}: a dump's total is its sum", vendor.log);
    checks.add(what, sums(vendor, log));
    for run in runs {
        let name = run.name();
        let dumps: Vec<&Dump> = log.dumps_of(run.snapshot.generation).collect();
        let mut add = |what: &str, outcome| checks.add(format!("{name}: {what}"), outcome);
        add("the dump is of this run", headings(vendor, run, &dumps));
        add("the dump has what the guest read", holds(run, &dumps));
        add(
            "the dump has no other paging's exits",
            clean(vendor, run, &dumps),
        );
    }
}

/// Of all dumps, those that are of no run too.
fn sums(vendor: &Vendor, log: &Log) -> Result<String> {
    ensure!(!log.dumps.is_empty(), "{} has no dump", vendor.log);
    let mut figures = Vec::new();
    for dump in &log.dumps {
        let which = dump.which();
        let sum = Counters::sum(dump.rows.values().map(|(_, row)| row));
        for (what, sum, total) in [
            ("count", sum.count, dump.total.count),
            ("cycles", sum.cycles, dump.total.cycles),
        ] {
            ensure!(
                sum == total,
                "{which}: the reasons' {what} sum up to {}, its first line says {}",
                grouped(sum),
                grouped(total)
            );
        }
        for (reason, (called, _)) in &dump.rows {
            let name = vendor.reason(*reason);
            ensure!(
                *called == name,
                "{which} calls reason {reason} {called}, KVM calls it {name}"
            );
        }
        figures.push(grouped(dump.total.count));
    }
    Ok(format!("counts {}", figures.join("; ")))
}

fn headings(vendor: &Vendor, run: &Run, dumps: &[&Dump]) -> Result<String> {
    let (name, json) = (run.name(), &run.snapshot);
    ensure!(
        !dumps.is_empty(),
        "{name}: {} has no dump of generation {}, which is that of {name}.json",
        vendor.log,
        json.generation
    );
    for dump in dumps {
        ensure!(
            (dump.isa, dump.paging, dump.scope) == (json.isa, json.paging, json.scope),
            "{name}: {} says {}, scope {:?}; {name}.json says {}, scope {:?}",
            dump.which(),
            in_words(dump.isa, dump.paging),
            dump.scope,
            in_words(json.isa, json.paging),
            json.scope
        );
    }
    Ok(format!(
        "{} of generation {}, {}",
        dumps.len(),
        json.generation,
        in_words(json.isa, json.paging)
    ))
}

/// The guest went on after it had asked, so the host counted as many exits at least.
fn holds(run: &Run, dumps: &[&Dump]) -> Result<String> {
    let mut problems = Vec::new();
    for dump in dumps {
        for row in &run.snapshot.reasons {
            let (read, dumped) = (row.counters, dump.counters(row.reason));
            for (what, read, dumped) in [
                ("exits", read.count, dumped.count),
                ("cycles", read.cycles, dumped.cycles),
            ] {
                if dumped < read {
                    problems.push(format!(
                        "{}: {} has {} {what} of {}, the guest had read {}",
                        run.name(),
                        dump.which(),
                        grouped(dumped),
                        row.name,
                        grouped(read)
                    ));
                }
            }
        }
    }
    none_of(problems)?;
    let dumped: Vec<_> = dumps.iter().map(|d| grouped(d.total.count)).collect();
    Ok(format!(
        "{} read; {} dumped",
        grouped(run.snapshot.total.count),
        dumped.join(", ")
    ))
}

fn clean(vendor: &Vendor, run: &Run, dumps: &[&Dump]) -> Result<String> {
    let mut problems = Vec::new();
    for dump in dumps {
        for reason in forbidden(vendor, run.kind.tdp) {
            let count = dump.counters(reason).count;
            if count > 0 {
                problems.push(format!(
                    "{}: {} has {} {}, which this run cannot have caused",
                    run.name(),
                    dump.which(),
                    grouped(count),
                    vendor.reason(reason)
                ));
            }
        }
    }
    none_of(problems)?;
    let names: Vec<_> = forbidden(vendor, run.kind.tdp)
        .map(|r| vendor.reason(r))
        .collect();
    Ok(format!("no {}", names.join(", no ")))
}
