// SPDX-License-Identifier: GPL-2.0

//! What `cpuid` printed of the leaves against what `kvm-exits guest` read: the view was latched, so
//! both were told the same.

use super::{log::Log, none_of, run::Run, Checks, Vendor};
use acct::leaves::Registers;
use anyhow::{ensure, Result};
use std::collections::BTreeSet;

pub fn check(vendor: &Vendor, runs: &[Run], log: &Log, checks: &mut Checks) {
    for run in runs {
        let what = format!("{}: cpuid's lines say what the JSON says", run.name());
        checks.add(what, agree(vendor, run, log));
    }
}

fn agree(vendor: &Vendor, run: &Run, log: &Log) -> Result<String> {
    let file = run.name();
    let lines = log.leaves_of(run.snapshot.generation);
    let wrong = lines.iter().filter_map(|(reason, got)| {
        let expected = answer(vendor, run, *reason);
        (*got != expected).then(|| {
            format!(
                "{file}: of {reason} {} cpuid printed {}, by {file}.json it is {}",
                vendor.reason(*reason),
                in_words(*got),
                in_words(expected)
            )
        })
    });
    none_of(wrong.collect())?;

    let asked: BTreeSet<u32> = lines.iter().map(|(reason, _)| *reason).collect();
    let missing: Vec<String> = vendor
        .asked()
        .into_iter()
        .filter(|reason| !asked.contains(reason))
        .map(|reason| format!("{reason:#x}"))
        .collect();
    ensure!(
        missing.is_empty(),
        "{file}: {} has no line of cpuid's for {} reasons: {}",
        vendor.log,
        missing.len(),
        missing.join(" ")
    );
    let undefined = asked
        .iter()
        .filter(|reason| !vendor.is_defined(**reason))
        .count();
    Ok(format!(
        "{} reasons, {undefined} of them undefined",
        asked.len()
    ))
}

/// What `docs/leaves.md` says of the count of a reason.
fn answer(vendor: &Vendor, run: &Run, reason: u32) -> Registers {
    let (eax, edx) = if vendor.is_defined(reason) {
        (run.count(reason) as u32, 0)
    } else {
        (0, u32::MAX)
    };
    Registers {
        eax,
        ebx: 0,
        ecx: 0,
        edx,
    }
}

fn in_words(r: Registers) -> String {
    format!("{:#x} {:#x} {:#x} {:#x}", r.eax, r.ebx, r.ecx, r.edx)
}
