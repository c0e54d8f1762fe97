// SPDX-License-Identifier: GPL-2.0-only

//! Booking exits on several threads: into tables of their own, or into one for all.

use crate::{
    exits::{self, Exit},
    fleet::cpu_table,
};
use acct::{
    table::{Cells, Table, CELLS},
    timed::TimedTable,
};
use nix::{
    sched::{sched_getaffinity, sched_setaffinity, CpuSet},
    unistd::Pid,
};
use std::{
    array,
    io::Result,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

/// Where the threads book.
pub trait Ledger: Sync {
    /// Books one exit on `thread`.
    fn book(&self, thread: usize, exit: Exit);

    /// How many exits of the cell `index` have been booked.
    fn count(&self, index: usize) -> u64;
}

/// As the module does it: plain adds to the tables of this vCPU and of this CPU, a histogram with
/// the latter.
pub struct PerCpu(Vec<(Box<Table>, Box<TimedTable>)>);

impl PerCpu {
    /// Tables for `threads`.
    pub fn new(threads: usize) -> Self {
        Self(
            (0..threads)
                .map(|_| (Box::default(), cpu_table()))
                .collect(),
        )
    }
}

impl Ledger for PerCpu {
    #[inline(always)]
    fn book(&self, thread: usize, exit: Exit) {
        let (vcpu, cpu) = &self.0[thread];
        vcpu.book(exit.index, exit.cycles);
        cpu.book(exit.index, exit.cycles);
    }

    fn count(&self, index: usize) -> u64 {
        let counts = self.0.iter().map(|(_, cpu)| cpu.read(index).l1.count);
        counts.sum()
    }
}

/// The naive form: count and cycles of a reason stand once for all CPUs, so each add needs a
/// `lock` prefix.
#[repr(align(64))]
pub struct Shared([(AtomicU64, AtomicU64); CELLS]);

impl Default for Shared {
    fn default() -> Self {
        Self(array::from_fn(|_| Default::default()))
    }
}

impl Ledger for Shared {
    #[inline(always)]
    fn book(&self, _thread: usize, exit: Exit) {
        if let Some((count, cycles)) = self.0.get(exit.index) {
            count.fetch_add(1, Relaxed);
            cycles.fetch_add(exit.cycles, Relaxed);
        }
    }

    fn count(&self, index: usize) -> u64 {
        self.0[index].0.load(Relaxed)
    }
}

/// Books `each` exits on each of `cpus`, all at once, and tells how long that took: from the first
/// thread's start to the last one's end.
pub fn run(ledger: &impl Ledger, cpus: &[usize], each: u64, one_reason: bool) -> Result<Duration> {
    let waiting = AtomicUsize::new(cpus.len());
    let waiting = &waiting;
    let book = |thread: usize, cpu: usize| {
        let pinned = pin(cpu);
        let exits = exits::list(thread as u64, one_reason);
        // Not a `Barrier`: the threads would wake one after the other.
        waiting.fetch_sub(1, Relaxed);
        while waiting.load(Relaxed) != 0 {
            thread::yield_now();
        }
        let start = Instant::now();
        for n in 0..each {
            ledger.book(thread, exits[n as usize % exits::LENGTH]);
        }
        pinned.map(|()| (start, Instant::now()))
    };
    let spans: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = cpus
            .iter()
            .enumerate()
            .map(|(thread, &cpu)| scope.spawn(move || book(thread, cpu)))
            .collect();
        let spans = threads.into_iter().map(|thread| thread.join());
        spans
            .map(|span| span.expect("booking does not panic"))
            .collect::<Result<_>>()
    })?;
    let start = spans.iter().map(|(start, _)| start).min();
    let end = spans.iter().map(|(_, end)| end).max();
    Ok(start.zip(end).map_or(Duration::ZERO, |(s, e)| *e - *s))
}

/// To the scheduler: the thread that asks.
const THIS_THREAD: Pid = Pid::from_raw(0);

/// The CPUs that this process may run on.
pub fn cpus() -> Result<Vec<usize>> {
    let set = sched_getaffinity(THIS_THREAD)?;
    let is_in = |cpu: &usize| set.is_set(*cpu) == Ok(true);
    Ok((0..CpuSet::count()).filter(is_in).collect())
}

/// Keeps this thread on `cpu`.
fn pin(cpu: usize) -> Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)?;
    Ok(sched_setaffinity(THIS_THREAD, &set)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On one CPU, if need be, where the threads take turns.
    fn book_on_two(ledger: &impl Ledger) -> u64 {
        let cpus = cpus().unwrap();
        let two = [cpus[0], *cpus.last().unwrap()];
        let time = run(ledger, &two, 10_000, false).unwrap();
        assert!(time > Duration::ZERO);
        (0..CELLS).map(|index| ledger.count(index)).sum()
    }

    #[test]
    fn nothing_is_lost() {
        assert_eq!(book_on_two(&PerCpu::new(2)), 20_000);
        assert_eq!(book_on_two(&Shared::default()), 20_000);
    }
}
