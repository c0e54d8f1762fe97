// SPDX-License-Identifier: GPL-2.0

//! The figures of a reason, of several, or of none.

use crate::output::ratio;
use serde::{Deserialize, Serialize};

/// How often, and how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// Exits of all levels.
    pub count: u64,
    /// TSC cycles that they took.
    pub cycles: u64,
    /// Exits taken while L2 ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2_count: Option<u64>,
    /// TSC cycles that those took.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2_cycles: Option<u64>,
    /// Exits of L2 that were handed to L1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub l2_reflected: Option<u64>,
    /// Exits that led out to the VMM. This and what follows: where time is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmm_count: Option<u64>,
    /// TSC cycles there, from KVM_RUN's return to its next call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vmm_cycles: Option<u64>,
    /// TSC cycles for which the vCPU waited after these exits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub halted_cycles: Option<u64>,
}

impl Counters {
    /// Mean cycles of an exit, or `None` where there was none.
    pub fn cycles_per_exit(&self) -> Option<f64> {
        ratio(self.cycles, self.count)
    }

    /// All of them, by name.
    pub(super) fn fields(&self) -> [(&'static str, Option<u64>); 8] {
        [
            ("count", Some(self.count)),
            ("cycles", Some(self.cycles)),
            ("l2_count", self.l2_count),
            ("l2_cycles", self.l2_cycles),
            ("l2_reflected", self.l2_reflected),
            ("vmm_count", self.vmm_count),
            ("vmm_cycles", self.vmm_cycles),
            ("halted_cycles", self.halted_cycles),
        ]
    }

    /// Whether any of them is not 0.
    pub fn any(&self) -> bool {
        self.fields().iter().any(|(_, n)| n.unwrap_or(0) > 0)
    }

    /// Only those that `other` has.
    pub fn as_known_in(self, other: &Self) -> Self {
        Self {
            l2_count: other.l2_count.and(self.l2_count),
            l2_cycles: other.l2_cycles.and(self.l2_cycles),
            l2_reflected: other.l2_reflected.and(self.l2_reflected),
            vmm_count: other.vmm_count.and(self.vmm_count),
            vmm_cycles: other.vmm_cycles.and(self.vmm_cycles),
            halted_cycles: other.halted_cycles.and(self.halted_cycles),
            ..self
        }
    }

    /// Without what only a module that measures time can know.
    pub fn without_time(self) -> Self {
        Self {
            vmm_count: None,
            vmm_cycles: None,
            halted_cycles: None,
            ..self
        }
    }

    /// What came since there was only `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let optional = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| now.saturating_sub(before.unwrap_or(0)))
        };
        Self {
            count: self.count.saturating_sub(earlier.count),
            cycles: self.cycles.saturating_sub(earlier.cycles),
            l2_count: optional(self.l2_count, earlier.l2_count),
            l2_cycles: optional(self.l2_cycles, earlier.l2_cycles),
            l2_reflected: optional(self.l2_reflected, earlier.l2_reflected),
            vmm_count: optional(self.vmm_count, earlier.vmm_count),
            vmm_cycles: optional(self.vmm_cycles, earlier.vmm_cycles),
            halted_cycles: optional(self.halted_cycles, earlier.halted_cycles),
        }
    }

    /// Each at least what it is in `before`.
    pub fn at_least(&self, before: &Self) -> Self {
        Self {
            count: self.count.max(before.count),
            cycles: self.cycles.max(before.cycles),
            l2_count: self.l2_count.max(before.l2_count),
            l2_cycles: self.l2_cycles.max(before.l2_cycles),
            l2_reflected: self.l2_reflected.max(before.l2_reflected),
            vmm_count: self.vmm_count.max(before.vmm_count),
            vmm_cycles: self.vmm_cycles.max(before.vmm_cycles),
            halted_cycles: self.halted_cycles.max(before.halted_cycles),
        }
    }

    /// The sum of `rows`, without the counters that one of them lacks.
    pub fn sum<'a>(rows: impl IntoIterator<Item = &'a Self>) -> Self {
        let zero = Self {
            l2_count: Some(0),
            l2_cycles: Some(0),
            l2_reflected: Some(0),
            vmm_count: Some(0),
            vmm_cycles: Some(0),
            halted_cycles: Some(0),
            ..Self::default()
        };
        let add = |a: Option<u64>, b: Option<u64>| Some(a?.wrapping_add(b?));
        rows.into_iter().fold(zero, |sum, row| Self {
            count: sum.count.wrapping_add(row.count),
            cycles: sum.cycles.wrapping_add(row.cycles),
            l2_count: add(sum.l2_count, row.l2_count),
            l2_cycles: add(sum.l2_cycles, row.l2_cycles),
            l2_reflected: add(sum.l2_reflected, row.l2_reflected),
            vmm_count: add(sum.vmm_count, row.vmm_count),
            vmm_cycles: add(sum.vmm_cycles, row.vmm_cycles),
            halted_cycles: add(sum.halted_cycles, row.halted_cycles),
        })
    }
}
