// SPDX-License-Identifier: GPL-2.0

//! One run: what the guest read of its exits, and the parameters that KVM's module had.

use super::{
    none_of,
    vendor::{in_words, Kind, Vendor},
    Checks, Read,
};
use anyhow::{bail, ensure, Context, Result};
use kvm_exits::output::grouped;
use kvm_exits::snapshot::{Paging, Scope, Snapshot, Source};

/// A run whose files could be read.
pub struct Run {
    pub kind: &'static Kind,
    pub snapshot: Snapshot,
    /// As `/sys/module/kvm_*/parameters` had it.
    pub parameters: Paging,
}

impl Run {
    /// Reads and checks each file for itself.
    pub fn load(
        vendor: &Vendor,
        kind: &'static Kind,
        read: &Read<'_>,
        checks: &mut Checks,
    ) -> Option<Self> {
        let (json, parameters) = (
            format!("{}.json", kind.name),
            format!("{}.parameters", kind.name),
        );
        let snapshot = checks.keep(
            format!("{json} follows the schema"),
            read(&json).and_then(|text| snapshot(vendor, &json, &text)),
            |s| format!("schema {}, {} reasons", s.schema, s.reasons.len()),
        );
        if let Some(snapshot) = &snapshot {
            let what = format!("{json}: the total is the sum of the reasons");
            checks.add(what, sums(&json, snapshot));
        }
        let parameters = checks.keep(
            format!("{parameters} can be read"),
            read(&parameters).and_then(|text| vendor.paging(&text).context(parameters)),
            |paging| in_words(vendor.isa, *paging),
        );
        Some(Self {
            kind,
            snapshot: snapshot?,
            parameters: parameters?,
        })
    }

    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// How often the guest had exited for `reason` when it asked.
    pub fn count(&self, reason: u32) -> u64 {
        self.snapshot.count(reason)
    }
}

fn snapshot(vendor: &Vendor, file: &str, text: &str) -> Result<Snapshot> {
    let snapshot = Snapshot::parse(text).with_context(|| file.to_string())?;
    ensure!(
        (snapshot.source, snapshot.isa, snapshot.scope) == (Source::Cpuid, vendor.isa, Scope::Vm),
        "{file} is not what a guest of {} reads of its own exits: \
         source {:?}, isa {:?}, scope {:?}",
        vendor.module,
        snapshot.source,
        snapshot.isa,
        snapshot.scope
    );
    let mut problems = Vec::new();
    for row in &snapshot.reasons {
        let name = snapshot.isa.reason_name(row.reason);
        if row.name != *name {
            problems.push(format!(
                "{file} calls reason {} {}, KVM calls it {name}",
                row.reason, row.name
            ));
        }
        if row.counters.count == 0 {
            problems.push(format!("{file} has {name}, which never happened"));
        }
    }
    for pair in snapshot.reasons.windows(2) {
        if pair[0].reason >= pair[1].reason {
            problems.push(format!(
                "{file} has reason {} after {}",
                pair[1].reason, pair[0].reason
            ));
        }
    }
    none_of(problems)?;
    Ok(snapshot)
}

/// Reading a snapshot passes over counters that a row lacks; here none may be lacking.
fn sums(file: &str, snapshot: &Snapshot) -> Result<String> {
    let mut figures = Vec::new();
    for (name, sum, total) in snapshot.sums() {
        match (sum, total) {
            (Some(sum), Some(total)) if sum == total => {
                figures.push(format!("{name} {}", grouped(total)));
            }
            // The guest is not told how many of its exits were reflected, nor after which it waited.
            (None, None) if ["l2_reflected", "halted_cycles"].contains(&name) => {}
            (sum, total) => bail!(
                "{file}: the reasons' {name} sum up to {}, the total says {}",
                or_none(sum),
                or_none(total)
            ),
        }
    }
    Ok(figures.join(", "))
}

fn or_none(value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_string(), grouped)
}
