// SPDX-License-Identifier: GPL-2.0

//! The host's view: a table per CPU, which outlives the VMs.

use crate::{
    acct::{
        cell::Values,
        histogram::Buckets,
        table::{Reading, Table, CELLS},
        timed::TimedTable, //
    },
    published::Published,
};
use core::ptr;
use kernel::{
    alloc::{KVBox, KVVec},
    cpu,
    prelude::*, //
};
use pin_init::Zeroable;

// SAFETY: Arrays and structs of `AtomicU64`, for which all bits zero is the value 0.
unsafe impl Zeroable for TimedTable {}

/// The tables of all possible CPUs, where the hooks find them. Each is written by its CPU only, with
/// preemption off.
static TABLES: Published<KVBox<TimedTable>> = Published::new();

/// What had been counted when this period began; a reading is shown without it. Guests read it
/// without a lock; it is written under that of the period.
static BASELINE: Table = Table::new();

/// Owns the CPUs' tables.
pub(crate) struct Tables {
    cpus: KVVec<KVBox<TimedTable>>,
    /// As `BASELINE`; guests see no histograms, so this needs no atomics.
    histograms_baseline: KVVec<Buckets>,
}

impl Tables {
    /// Allocates and publishes a table for every possible CPU.
    ///
    /// # Safety
    ///
    /// Only while no hook is registered, and no other `Tables` exist.
    pub(crate) unsafe fn new() -> Result<Self> {
        let mut cpus = KVVec::with_capacity(cpu::nr_cpu_ids() as usize, GFP_KERNEL)?;
        for _ in 0..cpu::nr_cpu_ids() {
            cpus.push(KVBox::zeroed(GFP_KERNEL)?, GFP_KERNEL)?;
        }
        let histograms_baseline = KVVec::from_elem(Buckets::default(), CELLS, GFP_KERNEL)?;
        // SAFETY: Nobody reads, by this function's requirement; and `Drop` unpublishes the slice,
        // whose place in memory does not change with that of `Self`.
        unsafe { TABLES.set(cpus.as_slice()) };
        Ok(Self {
            cpus,
            histograms_baseline,
        })
    }

    /// This period's counts, over all CPUs.
    pub(crate) fn reading(&self) -> Result<KVBox<Reading>> {
        let mut sum = self.reading_since_load()?;
        sum.subtract(&BASELINE);
        Ok(sum)
    }

    /// This period's histogram of the cell `index`, over all CPUs.
    pub(crate) fn buckets(&self, index: usize) -> Buckets {
        let mut sum = self.buckets_since_load(index);
        if let Some(baseline) = self.histograms_baseline.get(index) {
            sum.subtract(baseline);
        }
        sum
    }

    /// Begins a new period: what has been counted so far is shown no more.
    pub(crate) fn begin(&mut self) -> Result {
        let now = self.reading_since_load()?;
        for index in 0..CELLS {
            let buckets = self.buckets_since_load(index);
            if let Some(baseline) = self.histograms_baseline.get_mut(index) {
                *baseline = buckets;
            }
        }
        BASELINE.set(&now);
        Ok(())
    }

    fn reading_since_load(&self) -> Result<KVBox<Reading>> {
        let mut sum = KVBox::<Reading>::zeroed(GFP_KERNEL)?;
        self.cpus.iter().for_each(|cpu| cpu.add_to(&mut sum));
        Ok(sum)
    }

    fn buckets_since_load(&self, index: usize) -> Buckets {
        let mut sum = Buckets::default();
        for cpu in &self.cpus {
            cpu.add_buckets_to(index, &mut sum);
        }
        sum
    }
}

impl Drop for Tables {
    fn drop(&mut self) {
        // SAFETY: They are dropped after the hooks' registration, so nobody reads.
        unsafe { TABLES.set(&[]) };
        BASELINE.set(&Reading::ZERO);
    }
}

/// The table of `cpu`; null where there is no such CPU. It stays as long as the hooks are
/// registered.
///
/// # Safety
///
/// Only in a hook.
pub(crate) unsafe fn table_of(cpu: u32) -> *const TimedTable {
    // SAFETY: In a hook, so the tables outlive this call.
    let tables = unsafe { TABLES.get() };
    tables
        .get(cpu as usize)
        .map_or(ptr::null(), |table| &**table)
}

/// One cell of this period, over all CPUs, for a guest.
///
/// # Safety
///
/// Only in a hook.
pub(crate) unsafe fn read(index: usize) -> Values {
    // SAFETY: In a hook, so the tables outlive this call.
    let tables = unsafe { TABLES.get() };
    BASELINE.since(index, || {
        tables
            .iter()
            .fold(Values::default(), |sum, cpu| sum.plus(&cpu.read(index)))
    })
}
