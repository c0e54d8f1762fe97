// SPDX-License-Identifier: GPL-2.0

//! What came between two readings of the same counters.

use crate::reading::{Reading, VmKey};
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
        let before = before.filter(|before| now.has_grown(before));
        let change = |row: &ReasonRow| {
            let earlier = before?.iter().find(|b| b.reason == row.reason);
            let earlier = earlier.map(|b| b.counters).unwrap_or_default();
            Some(row.counters.since(&earlier))
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
            .flat_map(|b| b.keyed_vms())
            .map(|(key, vm, snapshot)| ((key, &vm.name), snapshot.reasons.as_slice()))
            .collect();
        self.now
            .keyed_vms()
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
