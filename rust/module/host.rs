// SPDX-License-Identifier: GPL-2.0

//! The host's view: a table per CPU, which outlives the VMs.

use crate::{
    acct::{
        detail::{Baseline, Booked, Detail},
        histogram::Buckets,
        reasons::Isa,
        table::{Reading, Table, CELLS},
        timed::TimedTable,
        view::{Sum, View}, //
    },
    published::Published,
};
use core::{
    alloc::Layout,
    ptr,
    sync::atomic::{AtomicPtr, Ordering::Relaxed}, //
};
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

/// What one CPU counts. Written by that CPU only, with preemption off.
#[repr(C)]
pub(crate) struct Cpu {
    pub(crate) table: TimedTable,
    /// Null while nobody notes what exits are about.
    detail: AtomicPtr<Detail>,
}

// SAFETY: Arrays and structs of `AtomicU64`, for which all bits zero is the value 0, and a pointer,
// for which it is null.
unsafe impl Zeroable for Cpu {}
// SAFETY: Arrays of structs of `AtomicU64`, and a reference or none, for which it is none.
unsafe impl Zeroable for Detail {}
// SAFETY: An array of structs of `u64`.
unsafe impl Zeroable for Baseline {}

impl Cpu {
    /// Where to book what an exit was about.
    ///
    /// # Safety
    ///
    /// Only in a hook of a set that has `detail`, or under the period's lock.
    #[inline(always)]
    pub(crate) unsafe fn detail(&self) -> Option<&Detail> {
        // SAFETY: Null, or what `Tables` owns as long as such hooks may run; it frees it under the
        // lock.
        unsafe { self.detail.load(Relaxed).as_ref() }
    }
}

/// The tables of all possible CPUs, where the hooks find them.
static TABLES: Published<KVBox<Cpu>> = Published::new();

/// What had been counted when this period began; a reading is shown without it. Guests read it
/// without a lock; it is written under that of the period, within its sequence.
static BASELINE: Table = Table::new();

/// Owns the CPUs' tables.
pub(crate) struct Tables {
    cpus: KVVec<KVBox<Cpu>>,
    /// What the exits of each CPU were about, and what it was when this period began; empty while
    /// nobody notes it.
    details: KVVec<(KVBox<Detail>, KVBox<Baseline>)>,
    /// As `BASELINE`; guests see no histograms, so this needs no atomics.
    histograms_baseline: KVVec<Buckets>,
    /// Room for what a period begins with, so that to begin one never fails.
    scratch: KVBox<Reading>,
}

extern "C" {
    /// Defined in `node.c`: the CPU's NUMA node, or `NUMA_NO_NODE`.
    fn kvm_exit_stats_node(cpu: c_uint) -> c_int;
}

/// Zeros, in the memory next to `cpu`.
fn zeros_near<T: Zeroable>(cpu: u32) -> Result<KVBox<T>> {
    // SAFETY: It only looks the node up, of any possible CPU.
    let node = unsafe { kvm_exit_stats_node(cpu) };
    let node = NumaNode::new(node).unwrap_or(NumaNode::NO_NODE);
    let layout = Layout::new::<T>();
    let memory = KVmalloc::alloc(layout, GFP_KERNEL | __GFP_ZERO, node)?;
    // SAFETY: Memory of `KVBox`'s allocator and of this layout, ours alone; all zero, which is a
    // valid `T`.
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
            cpus.push(zeros_near(cpu)?, GFP_KERNEL)?;
        }
        let histograms_baseline = KVVec::from_elem(Buckets::default(), CELLS, GFP_KERNEL)?;
        let scratch = KVBox::zeroed(GFP_KERNEL)?;
        // SAFETY: Nobody reads, by this function's requirement; and `Drop` unpublishes the slice,
        // whose place in memory does not change with that of `Self`.
        unsafe { TABLES.set(cpus.as_slice()) };
        Ok(Self {
            cpus,
            details: KVVec::new(),
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
        // After the cells, so that no key has more than its reason.
        for (detail, baseline) in self.details.iter_mut() {
            detail.begin(baseline);
        }
        &mut self.scratch
    }

    fn buckets_since_load(&self, index: usize) -> Buckets {
        let mut sum = Buckets::default();
        for cpu in &self.cpus {
            cpu.table.add_buckets_to(index, &mut sum);
        }
        sum
    }

    /// Makes room for what exits are about, where there is none yet; or takes it away, with what is
    /// in it.
    pub(crate) fn keep_detail(&mut self, on: bool, isa: Isa) -> Result {
        if !on {
            for cpu in &self.cpus {
                cpu.detail.store(ptr::null_mut(), Relaxed);
            }
            self.details = KVVec::new();
        } else if self.details.is_empty() {
            let mut details = KVVec::with_capacity(self.cpus.len(), GFP_KERNEL)?;
            for cpu in 0..self.cpus.len() {
                let cpu = cpu as u32;
                details.push((zeros_near(cpu)?, zeros_near(cpu)?), GFP_KERNEL)?;
            }
            self.details = details;
            self.set_isa(isa);
        }
        Ok(())
    }

    /// Calls `row` for each key that a CPU has counted: reason, key, numbers.
    pub(crate) fn for_each_key(&self, mut row: impl FnMut(u32, u64, Booked) -> Result) -> Result {
        let mut details = self.details.iter();
        details.try_for_each(|(detail, baseline)| detail.rows(baseline, &mut row))
    }

    /// The exits are those of `isa` from now on. Only while no exit looks at what they are about:
    /// it has just become known whose they are, or there is room only now.
    pub(crate) fn set_isa(&mut self, isa: Isa) {
        for (cpu, (detail, _)) in self.cpus.iter().zip(&mut self.details) {
            detail.set_isa(isa);
            cpu.detail.store(&raw mut **detail, Relaxed);
        }
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
pub(crate) unsafe fn table_of(cpu: u32) -> *const Cpu {
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

fn sum(cpus: &[KVBox<Cpu>]) -> Sum<'_, impl Iterator<Item = &TimedTable> + Clone> {
    Sum::new(cpus.iter().map(|cpu| &cpu.table), &BASELINE)
}
