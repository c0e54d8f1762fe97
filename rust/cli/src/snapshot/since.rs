// SPDX-License-Identifier: GPL-2.0

//! What came between two snapshots of the same counters.

use super::{Counters, ReasonRow, Snapshot};
use crate::detail::{KeyRow, OTHER};
use crate::time::Vcpu;
use anyhow::{ensure, Result};
use std::cmp::Reverse;
use std::collections::HashMap;

impl Snapshot {
    /// What came since there was only `earlier`: a snapshot of that alone. It has the reasons of
    /// which any counter moved.
    pub fn since(&self, earlier: &Self) -> Result<Self> {
        ensure!(
            self.generation == earlier.generation,
            "generation {} has begun meanwhile, after {}: the counters were reset, or the module, \
             kvm-intel or kvm-amd was loaded again. What came between cannot be told",
            self.generation,
            earlier.generation
        );
        ensure!(
            (self.isa, self.scope) == (earlier.isa, earlier.scope)
                && self.vm.as_ref().map(|vm| (vm.pid, &vm.name))
                    == earlier.vm.as_ref().map(|vm| (vm.pid, &vm.name))
                && self.has_grown(&earlier.reasons),
            "the earlier snapshot has exits that the later one has not: it is of another VM, or of \
             one that has lost vCPUs since"
        );
        let mut reasons: Vec<_> = self.reasons.iter().map(|row| row.since(earlier)).collect();
        reasons.retain(|row| row.counters.any());
        let total = Counters::sum(reasons.iter().map(|row| &row.counters));
        let times = self.time.zip(earlier.time);
        Ok(Self {
            total: total.as_known_in(&self.total),
            time: times.map(|(now, before)| now.since(&before)),
            vcpus: self.vcpus_since(earlier),
            reasons,
            ..self.clone()
        })
    }

    /// Whether this has all that `earlier` counted; if not, it is of another VM that has its pid, or
    /// of one that is being destroyed, vCPU by vCPU.
    pub fn has_grown(&self, earlier: &[ReasonRow]) -> bool {
        earlier.iter().all(|before| {
            self.row(before.reason).is_some_and(|row| {
                let (now, before) = (&row.counters, &before.counters);
                now.count >= before.count && now.cycles >= before.cycles
            })
        })
    }

    /// A vCPU that was not there has all of its time since.
    fn vcpus_since(&self, earlier: &Self) -> Option<Vec<Vcpu>> {
        let before = earlier.vcpus.as_deref().unwrap_or_default();
        let since = |vcpu: &Vcpu| {
            let before = before.iter().find(|before| before.index == vcpu.index);
            let grown = before.filter(|before| before.time.elapsed <= vcpu.time.elapsed);
            Vcpu {
                time: grown.map_or(vcpu.time, |before| vcpu.time.since(&before.time)),
                ..*vcpu
            }
        };
        let vcpus = self.vcpus.as_ref()?;
        Some(vcpus.iter().map(since).collect())
    }
}

impl ReasonRow {
    fn since(&self, earlier: &Snapshot) -> Self {
        let earlier = earlier.row(self.reason);
        let none = Counters::default();
        let counters = self
            .counters
            .since(earlier.map_or(&none, |row| &row.counters));
        let histogram = self.histogram.as_deref().map(|now| {
            let before = earlier.and_then(|row| row.histogram.as_deref());
            histogram_since(now, before.unwrap_or_default())
        });
        let detail = self.detail.as_deref().map(|now| {
            let before = earlier.and_then(|row| row.detail.as_deref());
            detail_since(now, before.unwrap_or_default(), &counters)
        });
        Self {
            reason: self.reason,
            name: self.name.clone(),
            counters,
            histogram,
            detail,
        }
    }
}

fn histogram_since(now: &[u64], before: &[u64]) -> Vec<u64> {
    let before = before.iter().copied().chain(std::iter::repeat(0));
    let pairs = now.iter().zip(before);
    let mut since: Vec<_> = pairs.map(|(now, b)| now.saturating_sub(b)).collect();
    let used = since
        .iter()
        .rposition(|&n| n > 0)
        .map_or(0, |last| last + 1);
    since.truncate(used);
    since
}

/// The keys, which are `all` together.
///
/// Keys are read before their reason's count. What came in between is *other* in the one snapshot
/// and a key's in the next, so that keys can have more than `all`: then the largest give it up.
fn detail_since(now: &[KeyRow], before: &[KeyRow], all: &Counters) -> Vec<KeyRow> {
    let named = |row: &&KeyRow| row.key.is_some();
    let before: HashMap<_, _> = before
        .iter()
        .filter(named)
        .map(|row| (&row.key, row))
        .collect();
    let mut rows: Vec<_> = now
        .iter()
        .filter(named)
        .map(|row| {
            let before = before.get(&row.key);
            // With fewer, the keys were noted anew.
            let before = before.filter(|before| before.count <= row.count);
            let (count, cycles) = before.map_or((0, 0), |before| (before.count, before.cycles));
            KeyRow {
                count: row.count - count,
                cycles: row.cycles.saturating_sub(cycles),
                ..row.clone()
            }
        })
        .collect();
    let count = fit(&mut rows, |row| &mut row.count, all.count);
    let cycles = fit(&mut rows, |row| &mut row.cycles, all.cycles);
    rows.retain(|row| (row.count, row.cycles) != (0, 0));
    rows.sort_by_key(|row| Reverse(row.count));
    if (count, cycles) != (0, 0) {
        rows.push(KeyRow {
            key: None,
            name: OTHER.into(),
            count,
            cycles,
        });
    }
    rows
}

/// Takes what `rows` have too much for `all` from the largest; returns what they have too little.
fn fit(rows: &mut [KeyRow], figure: impl Fn(&mut KeyRow) -> &mut u64, all: u64) -> u64 {
    let mut figures: Vec<_> = rows.iter_mut().map(figure).collect();
    figures.sort_by_key(|figure| Reverse(**figure));
    let sum = figures.iter().map(|figure| **figure).sum::<u64>();
    let mut excess = sum.saturating_sub(all);
    for figure in figures {
        let part = excess.min(*figure);
        *figure -= part;
        excess -= part;
    }
    all.saturating_sub(sum)
}
