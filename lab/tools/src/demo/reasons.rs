// SPDX-License-Identifier: GPL-2.0

//! What paging does to the counts.

use super::{run::Run, Checks, Vendor};
use anyhow::{ensure, Result};
use kvm_exits::output::grouped;
use kvm_exits::snapshot::Isa;

pub enum Rule {
    WithTdpOnly,
    InShadowOnly,
    /// So many times as often with shadow paging; never without it counts as once.
    MoreInShadow(u64),
}

/// The reasons that no exit may have with or without EPT (NPT).
pub fn forbidden(vendor: &Vendor, tdp: bool) -> impl Iterator<Item = u32> {
    let forbidden = move |rule: &Rule| match rule {
        Rule::WithTdpOnly => !tdp,
        Rule::InShadowOnly => tdp,
        Rule::MoreInShadow(_) => false,
    };
    let rules = vendor.rules.iter();
    rules
        .filter(move |(_, rule)| forbidden(rule))
        .map(|(reason, _)| *reason)
}

pub fn check(vendor: &Vendor, runs: &[Run], checks: &mut Checks) {
    for (reason, rule) in vendor.rules {
        let what = match rule {
            Rule::WithTdpOnly => format!("happens with {} only", tdp(vendor)),
            Rule::InShadowOnly => "happens with shadow paging only".to_string(),
            Rule::MoreInShadow(times) => {
                format!("happens at least {times} times as often with shadow paging")
            }
        };
        let what = format!("{} {what}", vendor.reason(*reason));
        let outcome = rule.check(runs, *reason, &what);
        checks.add(what, outcome);
    }
}

fn tdp(vendor: &Vendor) -> &'static str {
    match vendor.isa {
        Isa::Vmx => "EPT",
        Isa::Svm => "NPT",
    }
}

impl Rule {
    fn check(&self, runs: &[Run], reason: u32, what: &str) -> Result<String> {
        let with_tdp = runs.iter().find(|run| run.kind.tdp);
        let with_tdp = with_tdp.map_or(0, |run| run.count(reason));
        let holds = |run: &Run| {
            let count = run.count(reason);
            match self {
                Self::WithTdpOnly => (count > 0) == run.kind.tdp,
                Self::InShadowOnly => (count > 0) != run.kind.tdp,
                Self::MoreInShadow(times) => {
                    run.kind.tdp || count >= with_tdp.max(1).saturating_mul(*times)
                }
            }
        };
        let figures: Vec<_> = runs
            .iter()
            .map(|run| format!("{} {}", run.name(), grouped(run.count(reason))))
            .collect();
        let figures = figures.join("; ");
        ensure!(
            runs.iter().all(holds),
            "{what}, but here it is: {figures} times"
        );
        Ok(figures)
    }
}
