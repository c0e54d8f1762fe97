// SPDX-License-Identifier: GPL-2.0

//! What paging does to the counts.

use super::{run::Run, Checks};
use acct::reasons::{self, vmx};
use anyhow::{ensure, Result};
use kvm_exits::output::grouped;

enum Rule {
    WithEptOnly,
    InShadowOnly,
    /// So many times as often without EPT; never with EPT counts as once.
    MoreInShadow(u64),
}

const RULES: [(u32, Rule); 5] = [
    (vmx::EPT_VIOLATION, Rule::WithEptOnly),
    (vmx::CR_ACCESS, Rule::MoreInShadow(10)),
    // Each INVLPG changes a shadow page table; EPT leaves the guest its own ones.
    (vmx::INVLPG, Rule::InShadowOnly),
    // Without EPT there is no unrestricted guest: KVM emulates the guest's real-mode code.
    (vmx::INVALID_STATE, Rule::InShadowOnly),
    (vmx::EXCEPTION_NMI, Rule::MoreInShadow(100)),
];

/// The reasons that no exit may have with or without EPT.
pub fn forbidden(ept: bool) -> impl Iterator<Item = u32> {
    let forbidden = move |rule: &Rule| match rule {
        Rule::WithEptOnly => !ept,
        Rule::InShadowOnly => ept,
        Rule::MoreInShadow(_) => false,
    };
    RULES
        .iter()
        .filter(move |(_, rule)| forbidden(rule))
        .map(|(reason, _)| *reason)
}

/// KVM's name for `reason`.
pub fn name(reason: u32) -> &'static str {
    reasons::name(reason).unwrap_or("an undefined reason")
}

pub fn check(runs: &[Run], checks: &mut Checks) {
    for (reason, rule) in &RULES {
        let what = match rule {
            Rule::WithEptOnly => "happens with EPT only".to_string(),
            Rule::InShadowOnly => "happens with shadow paging only".to_string(),
            Rule::MoreInShadow(times) => {
                format!("happens at least {times} times as often with shadow paging")
            }
        };
        let what = format!("{} {what}", name(*reason));
        let outcome = rule.check(runs, *reason, &what);
        checks.add(what, outcome);
    }
}

impl Rule {
    fn check(&self, runs: &[Run], reason: u32, what: &str) -> Result<String> {
        let with_ept = runs.iter().find(|run| run.kind.ept);
        let with_ept = with_ept.map_or(0, |run| run.count(reason));
        let holds = |run: &Run| {
            let count = run.count(reason);
            match self {
                Self::WithEptOnly => (count > 0) == run.kind.ept,
                Self::InShadowOnly => (count > 0) != run.kind.ept,
                Self::MoreInShadow(times) => {
                    run.kind.ept || count >= with_ept.max(1).saturating_mul(*times)
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
