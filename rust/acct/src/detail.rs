// SPDX-License-Identifier: GPL-2.0

//! Count and cycles per key, of one CPU.
//!
//! Each reason has slots of its own, as many as its [`Segment`] says, so that a guest that makes up
//! keys of one reason takes no room from another. What finds none is in no slot: whoever reads
//! makes of it, and of what came while nobody noted keys, the reason's *other*, by taking the keys
//! away from the reason's own count.

use super::{
    cell::Counter,
    keys::{Notes, Plan, Segment, SLOTS},
    reasons::Isa,
    table::reason_at,
};
use core::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};

/// How many slots are looked at for a key before it goes to *other*: what bounds an exit's cost.
const PROBES: usize = 8;

/// Count and cycles of one key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Booked {
    /// Exits.
    pub count: u64,
    /// Their cycles.
    pub cycles: u64,
}

/// One key's live numbers.
#[derive(Default)]
struct Slot {
    /// The key and one, 0 while the slot is free. A slot that has been taken stays so.
    taken: AtomicU64,
    count: Counter,
    cycles: Counter,
}

/// Live slots, with one writer at a time.
#[repr(C)]
pub struct Detail([Slot; SLOTS]);

/// What had been booked when a period began, slot by slot.
pub struct Baseline([Booked; SLOTS]);

impl Detail {
    /// Books one exit of the cell `index`, with KVM's notes. Only the table's one writer may call
    /// this, after it booked the cell.
    #[inline(always)]
    pub fn book(&self, plan: &Plan, isa: Isa, index: usize, notes: &Notes, cycles: u64) {
        let Some(Segment {
            kind: Some(kind),
            first,
            mask,
        }) = plan.get(index)
        else {
            return;
        };
        let taken = kind.key(isa, notes).wrapping_add(1);
        // Fibonacci hashing: the upper bits of the product depend on all of the key.
        let hash = (taken.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as usize;
        for probe in 0..PROBES {
            let at = usize::from(*first) + (hash.wrapping_add(probe) & usize::from(*mask));
            let Some(slot) = self.0.get(at) else { return };
            let found = slot.taken.load(Relaxed);
            if found != taken {
                if found != 0 || taken == 0 {
                    continue;
                }
                // Pairs with the Acquire of `rows`: the numbers of a free slot are 0.
                slot.taken.store(taken, Release);
            }
            slot.count.add(1);
            slot.cycles.add(cycles);
            return;
        }
    }

    /// Calls `row` for each key with an exit since `baseline`: reason, key, numbers.
    pub fn rows<E>(
        &self,
        plan: &Plan,
        baseline: &Baseline,
        mut row: impl FnMut(u32, u64, Booked) -> Result<(), E>,
    ) -> Result<(), E> {
        for (index, segment) in plan.iter().enumerate().filter(|(_, s)| s.kind.is_some()) {
            let first = usize::from(segment.first);
            let slots = self.0.iter().zip(&baseline.0);
            for (slot, before) in slots.skip(first).take(usize::from(segment.mask) + 1) {
                let taken = slot.taken.load(Acquire);
                let now = slot.read();
                let booked = Booked {
                    count: now.count.wrapping_sub(before.count),
                    cycles: now.cycles.wrapping_sub(before.cycles),
                };
                if taken != 0 && booked.count != 0 {
                    row(reason_at(index), taken - 1, booked)?;
                }
            }
        }
        Ok(())
    }

    /// Sets `baseline` to what is booked now.
    pub fn begin(&self, baseline: &mut Baseline) {
        for (before, slot) in baseline.0.iter_mut().zip(&self.0) {
            *before = slot.read();
        }
    }
}

impl Slot {
    fn read(&self) -> Booked {
        Booked {
            count: self.count.get(),
            cycles: self.cycles.get(),
        }
    }
}
