// SPDX-License-Identifier: GPL-2.0

//! The host's view: a table per CPU, which outlives the VMs.

use crate::{
    acct::{
        histogram::Buckets,
        table::{Reading, Table, CELLS},
        timed::TimedTable,
        view::{Sum, View}, //
    },
    published::Published,
};
use core::{alloc::Layout, ptr};
use kernel::{
    alloc::{
        allocator::KVmalloc,
        Allocator,
        KVBox,
        KVVec,
        NumaNode, //
    },
    cpu,
    ffi::{c_int, c_uint},
    prelude::*, //
};
use pin_init::Zeroable;

// SAFETY: Arrays and structs of `AtomicU64`, for which all bits zero is the value 0.
unsafe impl Zeroable for TimedTable {}

/// The tables of all possible CPUs, where the hooks find them. Each is written by its CPU only, with
/// preemption off.
static TABLES: Published<KVBox<TimedTable>> = Published::new();

/// What had been counted when this period began; a reading is shown without it. Guests read it
/// without a lock; it is written under that of the period, within its sequence.
static BASELINE: Table = Table::new();

/// Owns the CPUs' tables.
pub(crate) struct Tables {
    cpus: KVVec<KVBox<TimedTable>>,
    /// As `BASELINE`; guests see no histograms, so this needs no atomics.
    histograms_baseline: KVVec<Buckets>,
    /// Room for what a period begins with, so that to begin one never fails.
    scratch: KVBox<Reading>,
}

extern "C" {
    /// Defined in `node.c`: the CPU's NUMA node, or `NUMA_NO_NODE`.
    fn kvm_exit_stats_node(cpu: c_uint) -> c_int;
}

/// A table of zeros, in the memory next to `cpu`.
fn table_near(cpu: u32) -> Result<KVBox<TimedTable>> {
    // SAFETY: It only looks the node up, of any possible CPU.
    let node = unsafe { kvm_exit_stats_node(cpu) };
    let node = NumaNode::new(node).unwrap_or(NumaNode::NO_NODE);
    let layout = Layout::new::<TimedTable>();
    let memory = KVmalloc::alloc(layout, GFP_KERNEL | __GFP_ZERO, node)?;
    // SAFETY: Memory of `KVBox`'s allocator and of this layout, ours alone; all zero, which is a
    // valid table.
    Ok(unsafe { KVBox::from_raw(memory.as_ptr().cast()) })
}

impl Tables {
    /// Allocates and publishes a table for every possible CPU.
    ///
    /// # Safety
    ///
    /// Only while no hook is registered, and no other `Tables` exist.
    pub(crate) unsafe fn new() -> Result<Self> {
        let mut cpus = KVVec::with_capacity(cpu::nr_cpu_ids() as usize, GFP_KERNEL)?;
        for cpu in 0..cpu::nr_cpu_ids() {
            cpus.push(table_near(cpu)?, GFP_KERNEL)?;
        }
        let histograms_baseline = KVVec::from_elem(Buckets::default(), CELLS, GFP_KERNEL)?;
        let scratch = KVBox::zeroed(GFP_KERNEL)?;
        // SAFETY: Nobody reads, by this function's requirement; and `Drop` unpublishes the slice,
        // whose place in memory does not change with that of `Self`.
        unsafe { TABLES.set(cpus.as_slice()) };
        Ok(Self {
            cpus,
            histograms_baseline,
            scratch,
        })
    }

    /// This period's counts, over all CPUs.
    pub(crate) fn reading(&self) -> Result<KVBox<Reading>> {
        let mut reading = KVBox::<Reading>::zeroed(GFP_KERNEL)?;
        sum(&self.cpus).read_into(&mut reading);
        Ok(reading)
    }

    /// This period's histogram of the cell `index`, over all CPUs.
    pub(crate) fn buckets(&self, index: usize) -> Buckets {
        let mut sum = self.buckets_since_load(index);
        if let Some(baseline) = self.histograms_baseline.get(index) {
            sum.subtract(baseline);
        }
        sum
    }

    /// Begins a new period: what has been counted so far is shown no more. Lends the room for the
    /// VMs to do the same.
    pub(crate) fn begin(&mut self) -> &mut Reading {
        for index in 0..CELLS {
            let buckets = self.buckets_since_load(index);
            if let Some(baseline) = self.histograms_baseline.get_mut(index) {
                *baseline = buckets;
            }
        }
        sum(&self.cpus).read_since_load_into(&mut self.scratch);
        BASELINE.set(&self.scratch);
        &mut self.scratch
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

/// This period's counts over all CPUs, for a guest.
///
/// # Safety
///
/// Only in a hook.
pub(crate) unsafe fn view() -> impl View {
    // SAFETY: In a hook, so the tables outlive this call.
    sum(unsafe { TABLES.get() })
}

fn sum(cpus: &[KVBox<TimedTable>]) -> Sum<'_, impl Iterator<Item = &TimedTable> + Clone> {
    Sum::new(cpus.iter().map(|cpu| &**cpu), &BASELINE)
}
