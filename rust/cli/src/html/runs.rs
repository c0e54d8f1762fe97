// SPDX-License-Identifier: GPL-2.0

//! What there is to know of each snapshot before its figures.

use super::chart::ink::Ink;
use super::chart::key;
use super::Subject;
use crate::name::Name;
use crate::output::grouped;
use crate::snapshot::{Isa, Paging, Scope, Snapshot};
use maud::{html, Markup};

/// A list of facts per snapshot.
pub fn markup(subject: &Subject<'_>) -> Markup {
    let runs = subject.snapshots.iter().zip(&subject.comparison.columns);
    let is_one = subject.snapshots.len() == 1;
    html! {
        div.runs {
            @for (n, ((_, snapshot), column)) in runs.enumerate() {
                div.run {
                    h2 { @if !is_one { (key(Ink::of_series(n))) } (column.heading) }
                    dl {
                        @for (what, fact) in facts(snapshot) {
                            div { dt { (what) } dd { (fact) } }
                        }
                        @if let Some(file) = column.file.file_name() {
                            div { dt { "file" } dd { (Name::from(file.to_string_lossy())) } }
                        }
                    }
                }
            }
        }
    }
}

/// What is known, in the order of interest.
fn facts(snapshot: &Snapshot) -> Vec<(&'static str, String)> {
    let scope = match snapshot.scope {
        Scope::Vm => "one VM",
        Scope::Host => "all VMs of the host",
    };
    let known = [
        ("exits", Some(grouped(snapshot.total.count))),
        ("paging", Some(paging(snapshot.paging, snapshot.isa))),
        ("scope", Some(scope.to_string())),
        (
            "VM",
            snapshot
                .vm
                .as_ref()
                .map(|vm| format!("pid {} ({})", vm.pid, vm.name)),
        ),
        ("vCPUs", snapshot.vm.as_ref().map(|vm| vm.vcpus.to_string())),
        (
            "kernel",
            snapshot
                .kernel
                .as_ref()
                .map(|release| format!("Linux {release}")),
        ),
        ("generation", Some(snapshot.generation.to_string())),
        ("machine", snapshot.machine.as_ref().map(Name::to_string)),
        (
            "TSC",
            snapshot.tsc_khz.map(|khz| format!("{} kHz", grouped(khz))),
        ),
    ];
    let known = known.into_iter();
    known
        .filter_map(|(what, fact)| Some((what, fact?)))
        .collect()
}

/// "EPT, VPID, unrestricted guest"
fn paging(paging: Paging, isa: Isa) -> String {
    let (tdp, tagged) = match isa {
        Isa::Vmx => ("EPT", "VPID"),
        Isa::Svm => ("NPT", "ASIDs"),
    };
    let mut parts = vec![
        if paging.tdp { tdp } else { "shadow paging" }.to_string(),
        format!("{}{tagged}", if paging.vpid { "" } else { "no " }),
    ];
    // Of SVM it says nothing.
    if isa == Isa::Vmx {
        let no = if paging.unrestricted_guest { "" } else { "no " };
        parts.push(format!("{no}unrestricted guest"));
    }
    parts.join(", ")
}
