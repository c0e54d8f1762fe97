// SPDX-License-Identifier: GPL-2.0

//! A sum over tables is the same, cell by cell, in one pass, and as a total.

use acct::{
    cell::Values,
    table::{Cells, Reading, Table, CELLS},
    view::{Sum, View, WithInFlight},
};
use proptest::prelude::*;

/// Where, how long, while L2 ran, reflected.
type Exit = (usize, u32, bool, bool);

fn exits() -> impl Strategy<Value = Vec<Exit>> {
    let exit = (0..CELLS, any::<u32>(), any::<bool>(), any::<bool>());
    prop::collection::vec(exit, 0..40)
}

fn book(table: &Table, exits: &[Exit]) {
    for &(index, cycles, l2, reflected) in exits {
        if l2 {
            table.book_l2(index, cycles.into(), reflected);
        } else {
            table.book(index, cycles.into());
        }
    }
}

fn read(view: &impl View) -> Box<Reading> {
    // Whatever it had before.
    let mut reading = Box::new(Reading::ZERO);
    reading.set(3, Values::ZERO.with_in_flight(true));
    view.read_into(&mut reading);
    reading
}

proptest! {
    #[test]
    fn all_ways_to_read_agree(
        tables in prop::collection::vec((exits(), exits()), 0..4),
        in_flight in (0..CELLS, any::<bool>()),
    ) {
        let live: Vec<Table> = tables.iter().map(|_| Table::new()).collect();
        let (baseline, expected) = (Table::new(), Table::new());
        for (table, (before, _)) in live.iter().zip(&tables) {
            book(table, before);
        }
        let sum = Sum::new(live.iter(), &baseline);
        let mut before = Box::new(Reading::ZERO);
        sum.read_since_load_into(&mut before);
        baseline.set(&before);
        for (table, (_, after)) in live.iter().zip(&tables) {
            book(table, after);
            book(&expected, after);
        }

        let reading = read(&sum);
        for index in 0..CELLS {
            prop_assert_eq!(reading.get(index), expected.read(index));
            prop_assert_eq!(sum.cell(index), expected.read(index));
        }
        prop_assert_eq!(sum.total(), expected.total());
        prop_assert_eq!(sum.total(), reading.total());
        prop_assert_eq!(read(&*reading), reading.clone());

        let (index, l2) = in_flight;
        let asked = WithInFlight { booked: sum, index, l2 };
        let with = read(&asked);
        prop_assert_eq!(asked.total(), reading.total().with_in_flight(l2));
        for at in 0..CELLS {
            let cell = reading.get(at);
            let cell = if at == index { cell.with_in_flight(l2) } else { cell };
            prop_assert_eq!(with.get(at), cell);
            prop_assert_eq!(asked.cell(at), cell);
        }
    }
}
