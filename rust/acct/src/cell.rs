// SPDX-License-Identifier: GPL-2.0

//! One exit reason's numbers: live in a [`Cell`], read out as [`Values`].

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A 64-bit counter with one writer at a time and any number of readers.
///
/// A plain load and a plain store, which on x86-64 become one `add` to memory without a `lock`
/// prefix. `core`'s atomics and not the kernel's, because this source is also compiled for the
/// host; relaxed loads and stores of an aligned word are the same in both memory models, and no
/// other access is ordered by them.
#[repr(transparent)]
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Adds `n`. Only the counter's one writer may call this.
    #[inline(always)]
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(n), Relaxed);
    }

    /// Sets the value. Only the counter's one writer may call this.
    pub fn set(&self, value: u64) {
        self.0.store(value, Relaxed);
    }

    /// The value now, never half written.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Count and cycles of the exits of one level, live.
#[derive(Default)]
struct Live {
    count: Counter,
    cycles: Counter,
}

impl Live {
    const fn new() -> Self {
        Self {
            count: Counter::new(),
            cycles: Counter::new(),
        }
    }

    #[inline(always)]
    fn book(&self, cycles: u64) {
        self.count.add(1);
        self.cycles.add(cycles);
    }

    fn set(&self, level: &Level) {
        self.count.set(level.count);
        self.cycles.set(level.cycles);
    }

    fn read(&self) -> Level {
        Level {
            count: self.count.get(),
            cycles: self.cycles.get(),
        }
    }
}

/// One exit reason's live numbers, a cache line of their own.
#[repr(C, align(64))]
#[derive(Default)]
pub struct Cell {
    l1: Live,
    l2: Live,
    reflected: Counter,
    vmm: Live,
    halted: Counter,
}

impl Cell {
    /// A cell at zero.
    pub const fn new() -> Self {
        Self {
            l1: Live::new(),
            l2: Live::new(),
            reflected: Counter::new(),
            vmm: Live::new(),
            halted: Counter::new(),
        }
    }

    /// Sets the cell. Only the cell's one writer may call this.
    pub fn set(&self, values: &Values) {
        self.l1.set(&values.l1);
        self.l2.set(&values.l2);
        self.reflected.set(values.reflected);
        self.vmm.set(&values.vmm);
        self.halted.set(values.halted);
    }

    /// Books one exit taken while L1 ran. Only the cell's one writer may call this.
    #[inline(always)]
    pub fn book(&self, cycles: u64) {
        self.l1.book(cycles);
    }

    /// Books one exit taken while L2 ran, and perhaps handed to L1. Only the cell's one writer
    /// may call this.
    #[inline]
    pub fn book_l2(&self, cycles: u64, reflected: bool) {
        self.l2.book(cycles);
        if reflected {
            self.reflected.add(1);
        }
    }

    /// Books that one exit led out to the VMM. Only the cell's one writer may call this.
    #[inline]
    pub fn book_to_vmm(&self) {
        self.vmm.count.add(1);
    }

    /// Books the time in the VMM of the exit that led out there. Only the cell's one writer may
    /// call this.
    #[inline]
    pub fn book_in_vmm(&self, cycles: u64) {
        self.vmm.cycles.add(cycles);
    }

    /// Books the time in which the vCPU waited after the exit. Only the cell's one writer may call
    /// this.
    #[inline]
    pub fn book_halted(&self, cycles: u64) {
        self.halted.add(cycles);
    }

    /// What the cell holds now. An exit booked meanwhile may be in it with a part of its numbers.
    pub fn read(&self) -> Values {
        Values {
            l1: self.l1.read(),
            l2: self.l2.read(),
            reflected: self.reflected.get(),
            vmm: self.vmm.read(),
            halted: self.halted.get(),
        }
    }
}

/// Count and cycles of the exits of one level.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// How many exits.
    pub count: u64,
    /// Host TSC cycles from the exit to the end of its handling, summed.
    pub cycles: u64,
}

/// One exit reason's numbers, read out.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Values {
    /// Taken while L1 ran.
    pub l1: Level,
    /// Taken while L2 ran.
    pub l2: Level,
    /// Of those taken while L2 ran: handed to L1.
    pub reflected: u64,
    /// How often one of these exits, of whatever level, led out to the VMM, and the cycles there.
    pub vmm: Level,
    /// The cycles in which the vCPU waited after one.
    pub halted: u64,
}

impl Values {
    /// Nothing counted.
    pub const ZERO: Self = Self {
        l1: Level::ZERO,
        l2: Level::ZERO,
        reflected: 0,
        vmm: Level::ZERO,
        halted: 0,
    };

    /// All levels together.
    pub const fn all(&self) -> Level {
        Level {
            count: self.l1.count.wrapping_add(self.l2.count),
            cycles: self.l1.cycles.wrapping_add(self.l2.cycles),
        }
    }

    /// Both together: two CPUs, two vCPUs, two reasons.
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            l1: self.l1.plus(&other.l1),
            l2: self.l2.plus(&other.l2),
            reflected: self.reflected.wrapping_add(other.reflected),
            vmm: self.vmm.plus(&other.vmm),
            halted: self.halted.wrapping_add(other.halted),
        }
    }

    /// What came since `earlier`, a reading of the same counters.
    pub const fn since(&self, earlier: &Self) -> Self {
        Self {
            l1: self.l1.since(&earlier.l1),
            l2: self.l2.since(&earlier.l2),
            reflected: self.reflected.wrapping_sub(earlier.reflected),
            vmm: self.vmm.since(&earlier.vmm),
            halted: self.halted.wrapping_sub(earlier.halted),
        }
    }

    /// With one more exit that has been taken but not booked yet, so its cycles are unknown.
    pub const fn with_in_flight(mut self, l2: bool) -> Self {
        let level = if l2 { &mut self.l2 } else { &mut self.l1 };
        level.count = level.count.wrapping_add(1);
        self
    }
}

impl Level {
    const ZERO: Self = Self {
        count: 0,
        cycles: 0,
    };

    /// Both together.
    pub const fn plus(&self, other: &Self) -> Self {
        Self {
            count: self.count.wrapping_add(other.count),
            cycles: self.cycles.wrapping_add(other.cycles),
        }
    }

    const fn since(&self, earlier: &Self) -> Self {
        Self {
            count: self.count.wrapping_sub(earlier.count),
            cycles: self.cycles.wrapping_sub(earlier.cycles),
        }
    }
}
