// SPDX-License-Identifier: GPL-2.0

//! Count and cycles per key, of one CPU.
//!
//! Each reason has slots of its own, as many as its [`Segment`] says, so that a guest that makes up
//! keys of one reason takes no room from another. What finds none is in no slot: whoever reads
//! makes of it, and of what came while nobody noted keys, the reason's *other*, by taking the keys
//! away from the reason's own count.

use super::{
    cell::Counter,
    keys::{plan_of, Notes, Plan, Segment, SLOTS},
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

/// Live slots, with one writer at a time. Made of zeros, it books nothing until it has been told
/// whose reasons these are.
#[repr(C)]
pub struct Detail {
    plan: Option<&'static Plan>,
    slots: [Slot; SLOTS],
}

/// What had been booked when a period began, slot by slot.
pub struct Baseline([Booked; SLOTS]);

impl Detail {
    /// Has it book exits of `isa`.
    pub fn set_isa(&mut self, isa: Isa) {
        self.plan = Some(plan_of(isa));
    }

    /// Books one exit of the cell `index`, with KVM's notes. Only the table's one writer may call
    /// this, after it booked the cell.
    #[inline(always)]
    pub fn book(&self, index: usize, notes: &Notes, cycles: u64) {
        let Some(Segment {
            kind: Some(kind),
            first,
            mask,
        }) = self.plan.and_then(|plan| plan.get(index))
        else {
            return;
        };
        let taken = kind.key(notes).wrapping_add(1);
        // Fibonacci hashing: these bits of the product depend on all of the key below them, which
        // is as far as keys of one reason differ. By a constant that fits into the instruction.
        let hash = (taken.wrapping_mul(0x61c8_8647) >> 24) as usize;
        for probe in 0..PROBES {
            let at = usize::from(*first) + (hash.wrapping_add(probe) & usize::from(*mask));
            let Some(slot) = self.slots.get(at) else {
                return;
            };
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
        baseline: &Baseline,
        mut row: impl FnMut(u32, u64, Booked) -> Result<(), E>,
    ) -> Result<(), E> {
        let plan = self.plan.into_iter().flatten();
        for (index, segment) in plan.enumerate().filter(|(_, s)| s.kind.is_some()) {
            let first = usize::from(segment.first);
            let slots = self.slots.iter().zip(&baseline.0);
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
        for (before, slot) in baseline.0.iter_mut().zip(&self.slots) {
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
