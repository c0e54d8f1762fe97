// SPDX-License-Identifier: GPL-2.0

//! Whether the page has the figures of the runs, and says of each reason that changed why it did.

use super::{none_of, run::Run, Checks, Read, Vendor};
use anyhow::{ensure, Context, Result};
use kvm_exits::output::grouped;
use kvm_exits::why::Change;
use std::collections::BTreeSet;

/// The page.
const FILE: &str = "report.html";

pub fn check(vendor: &Vendor, runs: &[Run], read: &Read<'_>, checks: &mut Checks) {
    let what = format!("{FILE} explains the {} runs", vendor.name);
    let outcome = read(FILE).and_then(|page| explained(vendor, runs, &page));
    checks.add(what, outcome);
}

fn explained(vendor: &Vendor, runs: &[Run], page: &str) -> Result<String> {
    let [nested, shadow, ..] = runs else {
        return Ok(String::new());
    };
    let rows = runs.iter().flat_map(|run| &run.snapshot.reasons);
    let reasons: BTreeSet<u32> = rows.map(|row| row.reason).collect();
    let (mut problems, mut explained) = (Vec::new(), 0);
    for &reason in &reasons {
        let name = vendor.reason(reason);
        let row = row(vendor, reason, page).with_context(|| format!("{FILE} has no {name}"))?;
        for run in runs {
            let count = grouped(run.count(reason));
            if !row.contains(&format!(">{count}</td>")) {
                problems.push(format!("{FILE}: {name} of {} is not {count}", run.name()));
            }
        }
        let change = Change::of(nested.count(reason), shadow.count(reason));
        let has_changed = change.is_some_and(|change| change != Change::Same);
        if has_changed && !row.contains("class=\"note\"") {
            problems.push(format!("{FILE} does not say why {name} has changed"));
        }
        explained += usize::from(has_changed);
    }
    ensure!(explained > 0, "paging has changed nothing");
    none_of(problems)?;
    Ok(format!(
        "{} reasons, {explained} of which changed",
        reasons.len()
    ))
}

/// What the table has of `reason`.
fn row<'a>(vendor: &Vendor, reason: u32, page: &'a str) -> Option<&'a str> {
    let id = format!("id=\"{}-reason-{reason}\"", vendor.name);
    let (_, row) = page.split_once(&id)?;
    row.split("</tbody>").next()
}
