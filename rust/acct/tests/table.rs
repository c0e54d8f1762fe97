// SPDX-License-Identifier: GPL-2.0

//! The tables against a naive model: arbitrary exits, with readers and resets between them.

use acct::{
    cell::Values,
    reasons::{Isa, OTHER},
    table::{index_named, index_of, reason_at, Cells, Reading, Table, CELLS},
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Who ran when the exit was taken, and who has it now.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Level {
    L1,
    L2,
    Reflected,
}

#[derive(Clone, Debug)]
enum Step {
    Exit {
        reason: u32,
        level: Level,
        cycles: u64,
    },
    Read,
    Reset,
}

fn reasons() -> impl Strategy<Value = u32> {
    prop_oneof![4 => 0u32..90, 2 => 0u32..0x500, 1 => any::<u32>(), 1 => (0u32..0x500).prop_map(|r| r | (1 << 31))]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let level = prop::sample::select(vec![Level::L1, Level::L2, Level::Reflected]);
    let exit = (reasons(), level, 0u64..1 << 40).prop_map(|(reason, level, cycles)| Step::Exit {
        reason,
        level,
        cycles,
    });
    prop::collection::vec(
        prop_oneof![8 => exit, 1 => Just(Step::Read), 1 => Just(Step::Reset)],
        0..200,
    )
}

/// What a row of the model is filed under: VMX's reason without flag bits, SVM's code as it is, or
/// `OTHER`.
fn file_under(reason: u32, isa: Isa) -> u32 {
    match (isa, reason, reason & 0xffff) {
        (Isa::Vmx, _, basic @ 0..=175) => basic,
        (Isa::Svm, code @ (0..=175 | 0x400..=0x403), _) => code,
        _ => OTHER,
    }
}

fn read(table: &Table, baseline: &Table) -> Reading {
    let mut reading = Reading::ZERO;
    table.add_to(&mut reading);
    reading.subtract(baseline);
    reading
}

fn agrees(reading: &Reading, model: &BTreeMap<u32, Values>) -> Result<(), TestCaseError> {
    let rows: BTreeMap<u32, Values> = reading.rows().map(|(reason, v)| (reason, *v)).collect();
    prop_assert_eq!(&rows, model);
    let total = model.values().fold(Values::default(), |sum, v| sum.plus(v));
    prop_assert_eq!(reading.total(), total);
    Ok(())
}

proptest! {
    #[test]
    fn follows_the_model(steps in steps(), svm: bool) {
        let isa = if svm { Isa::Svm } else { Isa::Vmx };
        let (table, baseline) = (Table::new(), Table::new());
        let mut model = BTreeMap::<u32, Values>::new();
        for step in steps {
            match step {
                Step::Exit { reason, level, cycles } => {
                    let index = index_of(reason, || isa);
                    let row = model.entry(file_under(reason, isa)).or_default();
                    let sum = match level {
                        Level::L1 => {
                            table.book(index, cycles);
                            &mut row.l1
                        }
                        Level::L2 | Level::Reflected => {
                            table.book_l2(index, cycles, level == Level::Reflected);
                            &mut row.l2
                        }
                    };
                    sum.count += 1;
                    sum.cycles += cycles;
                    row.reflected += u64::from(level == Level::Reflected);
                }
                Step::Read => agrees(&read(&table, &baseline), &model)?,
                Step::Reset => {
                    let mut now = Reading::ZERO;
                    table.add_to(&mut now);
                    baseline.set(&now);
                    model.clear();
                }
            }
        }
        agrees(&read(&table, &baseline), &model)?;
    }

    #[test]
    fn any_reason_has_a_cell(reason: u32, svm: bool) {
        let isa = if svm { Isa::Svm } else { Isa::Vmx };
        let index = index_of(reason, || isa);
        prop_assert!(index < CELLS);
        prop_assert_eq!(reason_at(index), file_under(reason, isa));
    }
}

#[test]
fn flags_of_vmx_never_index() {
    for flags in [1 << 31, 1 << 27, 0xffff_0000] {
        for basic in [0, 10, 48, 85, 175] {
            assert_eq!(index_of(flags | basic, || Isa::Vmx), basic as usize);
        }
        assert_eq!(reason_at(index_of(flags | 0x400, || Isa::Vmx)), OTHER);
    }
}

#[test]
fn wide_codes_of_svm_are_no_other_reason() {
    // GHCB events, and the processor's own, which are negative: INVALID, BUSY, and so on.
    let wide = [
        0x8000_0001,
        0x8000_0010,
        0x8000_0400,
        0xffff_ffff,
        0xffff_fffe,
    ];
    // What is 0xffff is what KVM makes of a code that is wider.
    for code in wide.into_iter().chain([0xffff, 0x1_0072, 0xf000_0000]) {
        assert_eq!(reason_at(index_of(code, || Isa::Svm)), OTHER, "{code:#x}");
    }
}

#[test]
fn names_and_cells_are_each_others_inverse() {
    for isa in [Isa::Vmx, Isa::Svm] {
        for index in 0..CELLS {
            let found = index_named(reason_at(index), isa);
            let svm_only = (0x400..=0x403).contains(&reason_at(index)) && isa == Isa::Vmx;
            assert_eq!(found, (!svm_only).then_some(index));
        }
    }
}

#[test]
fn every_defined_reason_has_a_cell_of_its_own() {
    for isa in [Isa::Vmx, Isa::Svm] {
        for reason in isa.all().iter().filter(|r| r.number < 0xffff) {
            assert!(index_named(reason.number, isa).is_some(), "{}", reason.name);
        }
    }
}

#[test]
fn an_exit_in_flight_counts_at_its_level() {
    let none = Values::default();
    assert_eq!(none.with_in_flight(false).l1.count, 1);
    assert_eq!(none.with_in_flight(true).l2.count, 1);
    assert_eq!(none.with_in_flight(false).all().cycles, 0);
}
