// SPDX-License-Identifier: GPL-2.0

//! L2's exits, from L0 to L1: who dealt with them, and that none is lost on the way.
//!
//! L0 *reflects* an exit when it hands it to L1 as it is. It may also *give* L1 one that it makes
//! itself, between two exits of L2 or in place of one; KVM's tracepoint
//! `kvm_nested_vmexit_inject` sees both. L1 counts what it was given, and what its own KVM makes up.

use super::run::{Run, L1};
use acct::reasons::vmx;
use kvm_exits::snapshot::Isa;
use std::collections::BTreeSet;

/// One reason, or all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Row {
    /// Its number.
    pub reason: u32,
    /// L2's exits, at L0.
    pub l2: u64,
    /// Of these, those that L0 dealt with itself.
    pub kept: u64,
    /// Those that L0 handed on.
    pub reflected: u64,
    /// What L0 gave to L1 under this reason.
    pub given: u64,
    /// What L1 counted.
    pub counted: u64,
    /// Of these, those that L1's KVM made up.
    pub made_up: u64,
}

impl Row {
    /// What nobody gave to L1, or what L1 lost: nothing.
    pub fn lost(&self) -> i64 {
        self.counted as i64 - self.made_up as i64 - self.given as i64
    }

    /// What L0 gave to L1 beyond what it reflected.
    pub fn more(&self) -> i64 {
        self.given as i64 - self.reflected as i64
    }

    /// KVM's name.
    pub fn name(&self) -> String {
        Isa::Vmx.reason_name(self.reason)
    }

    fn plus(&self, other: &Self) -> Self {
        Self {
            reason: 0,
            l2: self.l2 + other.l2,
            kept: self.kept + other.kept,
            reflected: self.reflected + other.reflected,
            given: self.given + other.given,
            counted: self.counted + other.counted,
            made_up: self.made_up + other.made_up,
        }
    }
}

/// A row for each reason that anybody has of L2, by number.
pub fn rows(run: &Run, l1: &L1) -> Vec<Row> {
    let of_l2 = run.l0.reasons.iter();
    let of_l2 = of_l2.filter(|row| row.counters.l2_count.unwrap_or(0) > 0);
    let numbers: BTreeSet<u32> = of_l2
        .map(|row| row.reason)
        .chain(run.given.keys().copied())
        .chain(l1.counted.reasons.iter().map(|row| row.reason))
        .collect();
    numbers.into_iter().map(|n| row(run, l1, n)).collect()
}

fn row(run: &Run, l1: &L1, reason: u32) -> Row {
    let l0 = run.l0_row(reason);
    let l2 = l0.l2_count.unwrap_or(0);
    let reflected = l0.l2_reflected.unwrap_or(0);
    let counted = l1.counted.count(reason);
    let traced = l1.traced.get(&reason).copied().unwrap_or(0);
    Row {
        reason,
        l2,
        kept: l2.saturating_sub(reflected),
        reflected,
        given: run.given.get(&reason).copied().unwrap_or(0),
        counted,
        // Without unrestricted guest KVM emulates real-mode code, and traces none of that.
        made_up: match reason {
            vmx::INVALID_STATE => counted.saturating_sub(traced),
            _ => 0,
        },
    }
}

/// The sums.
pub fn total(rows: &[Row]) -> Row {
    rows.iter().fold(Row::default(), |sum, row| sum.plus(row))
}

/// Why L0 gave L1 more, or less, under a reason than it reflected; `None`: that has no reason known
/// here.
pub fn explain(run: &Run, rows: &[Row], row: &Row) -> Option<String> {
    let n = row.more();
    match row.reason {
        vmx::EXTERNAL_INTERRUPT if n > 0 => Some(format!(
            "{n}: an interrupt for L1 became pending while L2 ran. L0 deals with the exit that \
             brought it (its own interrupt or timer), and makes this one to deliver L1's"
        )),
        // Its own numbers have to add up with those of EPT_MISCONFIG.
        vmx::EPT_VIOLATION | vmx::EPT_MISCONFIG => {
            let both = rows
                .iter()
                .filter(|row| [vmx::EPT_VIOLATION, vmx::EPT_MISCONFIG].contains(&row.reason));
            (both.map(Row::more).sum::<i64>() == 0).then(|| {
                format!(
                    "{n:+}: for L0 each is an EPT_VIOLATION of the tables that the processor \
                     walks; L0 then walks L1's, and tells L1 what L1's entry is: misconfigured \
                     where L1 has marked MMIO. The two reasons together differ by 0"
                )
            })
        }
        vmx::EXCEPTION_NMI if n > 0 && !run.l0.paging.tdp => Some(format!(
            "{n}: L0 shadows L1's shadow tables, so each #PF of L2 is first an affair of L0's. \
             Where L0 finds nothing in L1's tables either, it gives the #PF to L1, on the next way \
             into L2: after the exit has been dealt with, which is why it is not 'reflected'"
        )),
        vmx::PREEMPTION_TIMER if n > 0 => Some(format!(
            "{n}: L1's own preemption timer for L2, which L0 keeps as a timer of the host's"
        )),
        _ => None,
    }
}
