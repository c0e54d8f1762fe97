// SPDX-License-Identifier: GPL-2.0

//! The CPUID leaves: every rule of `docs/leaves.md`, for every layout.

use acct::{
    cell::{Level, Values},
    leaves::{self, Context, Layout, Quantity, Registers, Scope, Whose},
    reasons::Isa,
    table::{index_named, Reading, CELLS, OTHER_INDEX},
    times::Times,
    view::View,
};
use proptest::prelude::*;

/// A view whose every cell is told apart by its values, and whose counts need more than 32 bits.
struct Numbered;

impl Numbered {
    fn all(&self, index: usize) -> Level {
        Level {
            count: 0x1_0000_0000 + index as u64,
            cycles: 0x2_0000_0000 + (index as u64) * 3,
        }
    }

    fn l2(&self, index: usize) -> Level {
        Level {
            count: index as u64,
            cycles: index as u64 * 5,
        }
    }

    fn vmm(&self, index: usize) -> Level {
        Level {
            count: 0x3_0000_0000 + index as u64 * 7,
            cycles: 0x4_0000_0000 + index as u64 * 11,
        }
    }
}

impl View for Numbered {
    fn cell(&self, index: usize) -> Values {
        let (all, l2) = (self.all(index), self.l2(index));
        Values {
            l1: Level {
                count: all.count - l2.count,
                cycles: all.cycles - l2.cycles,
            },
            l2,
            vmm: self.vmm(index),
            ..Values::ZERO
        }
    }

    fn total(&self) -> Values {
        let cells = (0..CELLS).map(|index| self.cell(index));
        cells.fold(Values::ZERO, |sum, cell| sum.plus(&cell))
    }

    fn read_into(&self, reading: &mut Reading) {
        (0..CELLS).for_each(|index| reading.set(index, self.cell(index)));
    }
}

fn context(layout: Layout, paging: u32) -> Context {
    Context {
        layout,
        scope: Scope::Vm,
        paging,
        generation: 7,
        tsc_khz: 50_000,
    }
}

/// The times of the vCPU that asks, and of its VM: all of their numbers differ.
fn times(whose: Whose) -> Times {
    let first = match whose {
        Whose::Vcpu => 0x1_0000_0000,
        Whose::Vm => 0x5_0000_0000,
    };
    let mut times = Times::ZERO;
    (first..)
        .zip(times.words_mut())
        .for_each(|(n, word)| *word = n);
    times
}

fn answer(ctx: &Context, leaf: u32, subleaf: u32) -> Option<Registers> {
    leaves::answer(ctx, &Numbered, times, leaf, subleaf)
}

/// Count and cycles of an extended leaf.
fn wide(ctx: &Context, leaf: u32, subleaf: u32) -> (u64, u64) {
    let r = answer(ctx, leaf, subleaf).unwrap();
    let count = (u64::from(r.ebx) << 32) | u64::from(r.eax);
    (count, (u64::from(r.edx) << 32) | u64::from(r.ecx))
}

fn sum(read: impl Fn(usize) -> u64) -> u64 {
    (0..CELLS).map(read).sum()
}

/// What the text of the leaves says, written down apart from the code.
fn expected(quantity: Quantity, reason: u32, isa: Isa) -> Registers {
    let undefined = Registers {
        edx: u32::MAX,
        ..Registers::default()
    };
    let count = |level: u64| Registers {
        eax: level as u32,
        ..Registers::default()
    };
    let cycles = |level: u64| Registers {
        ebx: (level >> 32) as u32,
        ecx: level as u32,
        ..Registers::default()
    };
    let total_count = sum(|i| Numbered.all(i).count);
    let total_cycles = sum(|i| Numbered.all(i).cycles);
    match quantity {
        Quantity::TotalCount => count(total_count),
        Quantity::TotalCycles => cycles(total_cycles),
        Quantity::Total => Registers {
            eax: total_count as u32,
            ..cycles(total_cycles)
        },
        _ if reason > 0xffff || !isa.is_defined(reason) => undefined,
        Quantity::Count => count(index_named(reason, isa).map_or(0, |i| Numbered.all(i).count)),
        Quantity::Cycles => cycles(index_named(reason, isa).map_or(0, |i| Numbered.all(i).cycles)),
    }
}

#[test]
fn layouts_are_those_of_the_table() {
    use Quantity::{Count, Cycles, Total, TotalCount, TotalCycles};
    let at = |layout: Layout| {
        [0x4fff_ffff, 0x4fff_fffe, 0x4fff_fffd, 0x4fff_fffc].map(|l| layout.quantity(l))
    };
    assert_eq!(at(Layout::V1), [Some(Total), Some(Count), None, None]);
    assert_eq!(
        at(Layout::V2),
        [
            Some(TotalCount),
            Some(TotalCycles),
            Some(Count),
            Some(Cycles)
        ]
    );
    assert_eq!(
        at(Layout::V3),
        [
            Some(Cycles),
            Some(Count),
            Some(TotalCycles),
            Some(TotalCount)
        ]
    );
}

#[test]
fn signature_reads_as_text() {
    let regs = answer(&context(Layout::V2, 0), leaves::SIGNATURE, 0).unwrap();
    let text: Vec<u8> = [regs.ebx, regs.ecx, regs.edx]
        .iter()
        .flat_map(|r| r.to_le_bytes())
        .collect();
    assert_eq!(text, b"KVMExitStats");
    assert_eq!(regs.eax, 0x4fff_ff06);
}

#[test]
fn info_packs_abi_layout_and_scope() {
    let mut ctx = context(Layout::V3, 0b101);
    ctx.scope = Scope::Host;
    let regs = answer(&ctx, leaves::INFO, 0).unwrap();
    assert_eq!(regs.eax, 0x0001_0301);
    assert_eq!((regs.ebx, regs.ecx, regs.edx), (0b101, 7, 50_000));
}

#[test]
fn reason_33_is_answered_though_nobody_handles_it() {
    let ctx = context(Layout::V2, 0);
    let regs = answer(&ctx, 0x4fff_fffd, 33).unwrap();
    assert_eq!((regs.eax, regs.edx), (33, 0));
}

#[test]
fn svm_has_no_reasons_above_16_bits() {
    let ctx = context(Layout::V2, leaves::paging::SVM);
    let ask = |leaf, reason| answer(&ctx, leaf, reason).unwrap();
    assert_eq!(ask(0x4fff_fffd, 0x403).edx, 0);
    // INVALID (-1) and a GHCB event: the APM defines both.
    for reason in [0xffff_ffff, 0x8000_0001] {
        assert!(Isa::Svm.is_defined(reason));
        assert_eq!(ask(0x4fff_fffd, reason).edx, u32::MAX);
        assert_eq!(ask(0x4fff_fffc, reason).edx, u32::MAX);
    }
    assert_eq!(ask(leaves::REASON, 0x8000_0001), Registers::default());
}

#[test]
fn wide_leaves_hold_64_bits_and_the_other_cell() {
    let ctx = context(Layout::V1, 0);
    let wide = |leaf, reason| wide(&ctx, leaf, reason);
    assert_eq!(wide(leaves::REASON, 48), (0x1_0000_0030, 0x2_0000_0090));
    assert_eq!(wide(leaves::REASON_L2, 48), (48, 240));
    assert_eq!(
        wide(leaves::REASON, 0xffff).0,
        0x1_0000_0000 + OTHER_INDEX as u64
    );
    assert_eq!(wide(leaves::REASON, 0x1_0000), (0, 0));
    assert_eq!(
        wide(leaves::REASON, leaves::TOTAL).0,
        sum(|i| Numbered.all(i).count)
    );
    assert_eq!(
        wide(leaves::REASON_L2, leaves::TOTAL).0,
        sum(|i| Numbered.l2(i).count)
    );
}

#[test]
fn time_is_that_of_the_vcpu_or_of_the_vm() {
    let ctx = context(Layout::V2, 0);
    for (whose, bit) in [(Whose::Vcpu, 0), (Whose::Vm, 1 << 8)] {
        let times = times(whose);
        for state in 0..5 {
            let expected = (times.entered[state], times.cycles[state]);
            assert_eq!(wide(&ctx, leaves::TIME, state as u32 | bit), expected);
        }
        let preempted = (times.preemptions, times.preempted.iter().sum());
        assert_eq!(wide(&ctx, leaves::TIME, 5 | bit), preempted);
        let elapsed = (0, times.elapsed);
        assert_eq!(wide(&ctx, leaves::TIME, 0xff | bit), elapsed);
        for nothing in [6, 0xfe, 0x1_0000] {
            assert_eq!(wide(&ctx, leaves::TIME, nothing | bit), (0, 0));
        }
    }
    let elapsed = times(Whose::Vcpu).elapsed;
    assert_eq!(wide(&ctx, leaves::TIME, u32::MAX), (0, elapsed));
}

#[test]
fn the_vmms_part_of_a_reason_has_a_leaf() {
    let ctx = context(Layout::V2, 0);
    let of = |index| (Numbered.vmm(index).count, Numbered.vmm(index).cycles);
    assert_eq!(wide(&ctx, leaves::VMM, 30), of(30));
    assert_eq!(wide(&ctx, leaves::VMM, 0xffff), of(OTHER_INDEX));
    assert_eq!(wide(&ctx, leaves::VMM, 0x1_0000), (0, 0));
    let all = (sum(|i| of(i).0), sum(|i| of(i).1));
    assert_eq!(wide(&ctx, leaves::VMM, leaves::TOTAL), all);
}

proptest! {
    #[test]
    fn every_leaf_and_subleaf_follows_the_rules(
        layout in prop::sample::select(Layout::ALL.map(|(_, layout)| layout).to_vec()),
        svm: bool,
        leaf in prop_oneof![0x4fff_ff00u32..=0x4fff_ffff, any::<u32>()],
        subleaf in prop_oneof![0u32..=255, 0x3f0u32..0x410, any::<u32>(), Just(0xffff), Just(u32::MAX)],
    ) {
        let ctx = context(layout, if svm { leaves::paging::SVM } else { 0 });
        let got = answer(&ctx, leaf, subleaf);
        if let Some(quantity) = layout.quantity(leaf) {
            prop_assert_eq!(got, Some(expected(quantity, subleaf, ctx.isa())));
        } else {
            let ours = (leaves::SIGNATURE..=leaves::VMM).contains(&leaf) && leaf != leaves::LATCH;
            prop_assert_eq!(got.is_some(), ours);
        }
    }
}
