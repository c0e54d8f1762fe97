// SPDX-License-Identifier: GPL-2.0

//! What came between two readings of the same counters.

use crate::reading::Reading;
use crate::snapshot::{Counters, ReasonRow, Snapshot, Vm};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::time::Duration;

/// What comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Sort {
    /// The most exits since the last reading
    #[default]
    Rate,
    /// The most cycles since the last reading
    Cycles,
    /// The most exits since the generation began
    Total,
}

/// One line's counters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// Since the generation began.
    pub total: Counters,
    /// Since the last reading; `None` where there is nothing to compare with.
    pub change: Option<Counters>,
}

impl Line {
    /// By what to sort, the largest first; those without a change by their total.
    pub fn key(&self, sort: Sort) -> impl Ord {
        let change = self.change.unwrap_or_default();
        let first = match sort {
            Sort::Rate => change.count,
            Sort::Cycles => change.cycles,
            Sort::Total => 0,
        };
        Reverse((first, self.total.count))
    }
}

/// One snapshot's lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Rates<'a> {
    /// The reasons, in the snapshot's order.
    pub reasons: Vec<(&'a ReasonRow, Line)>,
    /// All of them.
    pub total: Line,
}

impl<'a> Rates<'a> {
    /// `now`, and what has come since there was only `before`.
    fn new(now: &'a Snapshot, before: Option<&[ReasonRow]>) -> Self {
        let before = before.filter(|before| before.iter().all(|row| has_grown(now, row)));
        let change = |row: &ReasonRow| {
            let earlier = before?.iter().find(|b| b.reason == row.reason);
            let earlier = earlier.map(|b| b.counters).unwrap_or_default();
            Some(since(&row.counters, &earlier))
        };
        let reasons: Vec<_> = now
            .reasons
            .iter()
            .map(|row| {
                let line = Line {
                    total: row.counters,
                    change: change(row),
                };
                (row, line)
            })
            .collect();
        let changes = reasons.iter().filter_map(|(_, line)| line.change.as_ref());
        let total = Line {
            total: now.total,
            change: before.map(|_| Counters::sum(changes)),
        };
        Self { reasons, total }
    }

    /// The reason that most exits since the last reading had.
    pub fn most_frequent(&self) -> Option<&'a ReasonRow> {
        let changed = |line: &Line| line.change.is_some_and(|c| c.count > 0);
        let rows = self.reasons.iter().filter(|(_, line)| changed(line));
        rows.min_by_key(|(_, line)| line.key(Sort::Rate))
            .map(|(row, _)| *row)
    }
}

/// Two readings, the earlier of which may be missing.
#[derive(Clone, Copy, Debug)]
pub struct Interval<'a> {
    /// The earlier one.
    pub before: Option<&'a Reading>,
    /// The later one.
    pub now: &'a Reading,
    /// How long it was from the one to the other.
    pub elapsed: Duration,
}

/// Tells VMs apart: the pid, and which of the VMs that this process has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct VmKey {
    /// Pid of the task that created it.
    pub pid: u32,
    /// How many VMs of the same pid come before it.
    pub nth: usize,
}

impl<'a> Interval<'a> {
    /// The host's.
    pub fn host(&self) -> Rates<'a> {
        let before = self.same_generation();
        Rates::new(&self.now.host, before.map(|b| b.host.reasons.as_slice()))
    }

    /// Each VM's, in the order of the reading.
    pub fn vms(&self) -> Vec<(VmKey, &'a Vm, Rates<'a>)> {
        let before = self.same_generation();
        let earlier: HashMap<_, _> = before
            .iter()
            .flat_map(|b| keyed(&b.vms))
            .map(|(key, vm, snapshot)| ((key, &vm.name), snapshot.reasons.as_slice()))
            .collect();
        keyed(&self.now.vms)
            .into_iter()
            .map(|(key, vm, snapshot)| {
                // A VM that was not there has started since, and with it its counters.
                let rows = earlier.get(&(key, &vm.name)).copied().unwrap_or_default();
                (key, vm, Rates::new(snapshot, before.map(|_| rows)))
            })
            .collect()
    }

    /// A generation's counters began at 0 at a moment that nobody knows.
    fn same_generation(&self) -> Option<&'a Reading> {
        self.before
            .filter(|before| before.host.generation == self.now.host.generation)
    }
}

fn keyed(vms: &[Snapshot]) -> Vec<(VmKey, &Vm, &Snapshot)> {
    let mut seen = HashMap::<u32, usize>::new();
    vms.iter()
        .filter_map(|snapshot| {
            let vm = snapshot.vm.as_ref()?;
            let count = seen.entry(vm.pid).or_default();
            let nth = *count;
            *count += 1;
            Some((VmKey { pid: vm.pid, nth }, vm, snapshot))
        })
        .collect()
}

/// Whether `now` has all that `before` counted; if not, it is of another VM that has its pid, or
/// of one that is being destroyed, vCPU by vCPU.
fn has_grown(now: &Snapshot, before: &ReasonRow) -> bool {
    now.row(before.reason).is_some_and(|row| {
        row.counters.count >= before.counters.count && row.counters.cycles >= before.counters.cycles
    })
}

fn since(now: &Counters, before: &Counters) -> Counters {
    let optional = |now: Option<u64>, before: Option<u64>| {
        now.map(|now| now.saturating_sub(before.unwrap_or(0)))
    };
    Counters {
        count: now.count.saturating_sub(before.count),
        cycles: now.cycles.saturating_sub(before.cycles),
        l2_count: optional(now.l2_count, before.l2_count),
        l2_cycles: optional(now.l2_cycles, before.l2_cycles),
        l2_reflected: optional(now.l2_reflected, before.l2_reflected),
        vmm_count: optional(now.vmm_count, before.vmm_count),
        vmm_cycles: optional(now.vmm_cycles, before.vmm_cycles),
        halted_cycles: optional(now.halted_cycles, before.halted_cycles),
    }
}
