// SPDX-License-Identifier: GPL-2.0

//! A CPU's table books each exit in the cell and in the histogram of its reason.

use acct::{
    histogram::{bucket_of, Buckets, BUCKETS},
    table::{Cells, Reading, Table, CELLS},
    timed::TimedTable,
};
use proptest::prelude::*;

proptest! {
    #[test]
    fn is_a_table_with_histograms(
        exits in prop::collection::vec((0..CELLS + 2, any::<u32>(), any::<bool>(), any::<bool>()), 0..100),
    ) {
        // SAFETY: An array of atomic words, for which zero bits are zero.
        let timed: Box<TimedTable> = Box::new(unsafe { std::mem::zeroed() });
        let plain = Table::new();
        let mut buckets = vec![[0u64; BUCKETS]; CELLS];
        for &(index, cycles, l2, reflected) in &exits {
            let cycles = u64::from(cycles);
            if l2 {
                timed.book_l2(index, cycles, reflected);
                plain.book_l2(index, cycles, reflected);
            } else {
                timed.book(index, cycles);
                plain.book(index, cycles);
            }
            if let Some(buckets) = buckets.get_mut(index) {
                buckets[bucket_of(cycles)] += 1;
            }
        }
        let (mut got, mut expected) = (Reading::ZERO, Reading::ZERO);
        timed.add_to(&mut got);
        plain.add_to(&mut expected);
        prop_assert_eq!(&got, &expected);
        for (index, expected) in buckets.iter().enumerate() {
            let mut sum = Buckets::default();
            timed.add_buckets_to(index, &mut sum);
            let used = expected.iter().rposition(|&n| n != 0).map_or(0, |at| at + 1);
            prop_assert_eq!(sum.trimmed(), &expected[..used]);
            prop_assert_eq!(timed.read(index), got.get(index));
        }
    }
}
