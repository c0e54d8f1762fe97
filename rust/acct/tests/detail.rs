// SPDX-License-Identifier: GPL-2.0

//! Count and cycles per key: what is booked is there, and what finds no room takes none.

use acct::{
    detail::{Baseline, Booked, Detail},
    keys::Notes,
    reasons::{vmx, Isa},
    table::index_named,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::convert::Infallible;

/// What there is, by reason and key.
type Rows = BTreeMap<(u32, u64), (u64, u64)>;

struct Cpu {
    detail: Box<Detail>,
    baseline: Box<Baseline>,
}

impl Cpu {
    fn new() -> Self {
        // SAFETY: Both are arrays of words, atomic or not, for which zero bits are zero; and a
        // reference or none, for which they are none.
        let (mut detail, baseline): (Detail, _) =
            unsafe { (std::mem::zeroed(), std::mem::zeroed()) };
        detail.set_isa(Isa::Vmx);
        Self {
            detail: Box::new(detail),
            baseline: Box::new(baseline),
        }
    }

    /// Of MSR_READ, MSR_WRITE, and VMCALL the key is in these.
    fn book(&self, reason: u32, key: u64, cycles: u64) {
        let notes = Notes {
            rax: key,
            rcx: key,
            ..Notes::default()
        };
        let index = index_named(reason, Isa::Vmx).unwrap();
        self.detail.book(index, &notes, cycles);
    }

    fn rows(&self) -> Rows {
        let mut rows = Rows::new();
        let Ok(()) = self
            .detail
            .rows(&self.baseline, |reason, key, Booked { count, cycles }| {
                assert_eq!(rows.insert((reason, key), (count, cycles)), None);
                Ok::<_, Infallible>(())
            });
        rows
    }
}

/// Few enough of a reason that each finds room, whatever they hash to.
fn exits() -> impl Strategy<Value = Vec<(u32, u64, u64)>> {
    let key = prop::sample::select(vec![0, 1, 0x10, 0x6e0, 0x830, 0xc000_0080, 0xffff_ffff]);
    let reason = prop::sample::select(vec![vmx::MSR_READ, vmx::MSR_WRITE, vmx::VMCALL]);
    prop::collection::vec((reason, key, 0u64..1 << 40), 0..200)
}

fn naive(exits: &[(u32, u64, u64)]) -> Rows {
    let mut rows = Rows::new();
    for &(reason, key, cycles) in exits {
        let row = rows.entry((reason, key)).or_default();
        *row = (row.0 + 1, row.1 + cycles);
    }
    rows
}

proptest! {
    #[test]
    fn what_is_booked_is_there(before in exits(), after in exits()) {
        let mut cpu = Cpu::new();
        before.iter().for_each(|&(reason, key, cycles)| cpu.book(reason, key, cycles));
        prop_assert_eq!(cpu.rows(), naive(&before));
        cpu.detail.begin(&mut cpu.baseline);
        prop_assert_eq!(cpu.rows(), Rows::new());
        after.iter().for_each(|&(reason, key, cycles)| cpu.book(reason, key, cycles));
        prop_assert_eq!(cpu.rows(), naive(&after));
    }
}

#[test]
fn a_flood_of_keys_takes_no_room_from_others() {
    let cpu = Cpu::new();
    cpu.book(vmx::MSR_WRITE, 0x6e0, 7);
    cpu.book(vmx::MSR_READ, 0x10, 5);
    for msr in 0..100_000 {
        cpu.book(vmx::MSR_WRITE, 0x4000_0000 + msr, 1);
    }
    cpu.book(vmx::MSR_WRITE, 0x6e0, 7);
    cpu.book(vmx::MSR_READ, 0x11, 6);
    cpu.book(vmx::VMCALL, 1, 9);
    let rows = cpu.rows();
    assert_eq!(
        rows[&(vmx::MSR_WRITE, 0x6e0)],
        (2, 14),
        "it was there before"
    );
    let (flooded, others): (Vec<_>, Vec<_>) = rows
        .into_iter()
        .partition(|((reason, _), _)| *reason == vmx::MSR_WRITE);
    // All of its slots, and of the other exits nothing.
    assert_eq!(flooded.len(), 512);
    let sum: u64 = flooded.iter().map(|(_, (count, _))| count).sum();
    assert_eq!(sum, 511 + 2);
    assert_eq!(
        others,
        [
            ((vmx::VMCALL, 1), (1, 9)),
            ((vmx::MSR_READ, 0x10), (1, 5)),
            ((vmx::MSR_READ, 0x11), (1, 6)),
        ]
    );
}

#[test]
fn what_has_no_key_is_nowhere() {
    let cpu = Cpu::new();
    cpu.book(vmx::HLT, 1, 1);
    // No slot can tell this key from none.
    cpu.book(vmx::VMCALL, u64::MAX, 1);
    let notes = Notes::default();
    cpu.detail.book(usize::MAX, &notes, 1);
    assert_eq!(cpu.rows(), Rows::new());
}
