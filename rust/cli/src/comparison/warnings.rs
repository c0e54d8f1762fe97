// SPDX-License-Identifier: GPL-2.0

//! What a reader of a comparison should know before trusting it.

use super::Named;
use crate::name::Name;
use crate::snapshot::{Scope, Snapshot};

/// Looks at every snapshot beside every earlier one. `headings` are the columns' names.
pub(super) fn find(snapshots: &[Named], headings: &[Name]) -> Vec<String> {
    let mut warnings = Vec::new();
    let columns: Vec<_> = snapshots.iter().map(|(_, s)| s).zip(headings).collect();
    for (i, (b, b_name)) in columns.iter().enumerate() {
        for (a, a_name) in &columns[..i] {
            let both = format!("\"{a_name}\" and \"{b_name}\"");
            warnings.extend(of_pair(a, b).map(|what| format!("{both} {what}")));
        }
    }
    warnings
}

fn of_pair(a: &Snapshot, b: &Snapshot) -> impl Iterator<Item = String> {
    let n = a.generation;
    let generation = if n != b.generation {
        None
    } else if a.paging != b.paging {
        Some(format!(
            "differ in paging, but are of one generation ({n}), which a reload of the KVM module \
             would have moved: they are from different hosts, or one was changed"
        ))
    } else if includes(a, b) || includes(b, a) {
        Some(format!(
            "are of one generation ({n}) and no count is lower in the one than in the other: if \
             they are of the same {}, the later includes the earlier",
            match a.scope {
                Scope::Vm => "VM",
                Scope::Host => "host",
            }
        ))
    } else {
        None
    };
    let scope = (a.scope != b.scope)
        .then(|| "differ in scope: one holds the exits of one VM, the other those of all".into());
    let tsc = (a.tsc_khz != b.tsc_khz || a.machine != b.machine)
        .then(|| "are from different machines or clocks: compare counts, not cycles".into());
    [generation, scope, tsc].into_iter().flatten()
}

/// Whether `later` has all exits that `earlier` has, as when the counters just went on.
fn includes(later: &Snapshot, earlier: &Snapshot) -> bool {
    let mut reasons = earlier.reasons.iter();
    reasons.all(|r| later.count(r.reason) >= r.counters.count)
}
