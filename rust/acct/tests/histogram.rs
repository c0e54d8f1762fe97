// SPDX-License-Identifier: GPL-2.0

//! The buckets of the histogram.

use acct::histogram::{bucket_of, upper_bound, Buckets, Histogram, BUCKETS};
use proptest::prelude::*;

proptest! {
    #[test]
    fn a_value_is_in_its_bucket(cycles in prop_oneof![any::<u64>(), 0u64..100, Just(u64::MAX)]) {
        let bucket = bucket_of(cycles);
        prop_assert!(bucket < BUCKETS);
        prop_assert!(cycles <= upper_bound(bucket));
        prop_assert!(bucket == 0 || cycles > upper_bound(bucket - 1));
    }

    #[test]
    fn every_exit_is_in_one_bucket(all in prop::collection::vec(any::<u64>(), 0..50)) {
        // SAFETY: `Histogram` is an array of atomic words, for which zero bits are zero.
        let histogram: Box<Histogram> = Box::new(unsafe { std::mem::zeroed() });
        all.iter().for_each(|&cycles| histogram.book(cycles));
        let mut sum = Buckets::default();
        histogram.add_to(&mut sum);
        prop_assert_eq!(sum.trimmed().iter().sum::<u64>(), all.len() as u64);
        prop_assert!(sum.trimmed().last() != Some(&0));
        let earlier = sum;
        sum.subtract(&earlier);
        prop_assert!(sum.trimmed().is_empty());
    }
}
