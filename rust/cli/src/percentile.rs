// SPDX-License-Identifier: GPL-2.0

//! Percentiles of a histogram in powers of two: bounds, because it knows no more.

use acct::histogram::upper_bound;

/// The power of two that `percent` per cent of the exits took fewer cycles than.
///
/// By nearest rank: the least one that holds for at least so many of them. 100 is the maximum.
/// `None` of an empty histogram.
pub fn below(histogram: &[u64], percent: u32) -> Option<u128> {
    let exits: u128 = histogram.iter().map(|&n| u128::from(n)).sum();
    if exits == 0 {
        return None;
    }
    let rank = (exits * u128::from(percent)).div_ceil(100).max(1);
    let mut seen = 0;
    let bucket = histogram.iter().position(|&n| {
        seen += u128::from(n);
        seen >= rank
    })?;
    Some(u128::from(upper_bound(bucket)) + 1)
}

/// The sum of `histograms`.
pub fn sum<'a>(histograms: impl IntoIterator<Item = &'a [u64]>) -> Vec<u64> {
    let mut sum = Vec::<u64>::new();
    for histogram in histograms {
        sum.resize(sum.len().max(histogram.len()), 0);
        for (sum, &n) in sum.iter_mut().zip(histogram) {
            *sum = sum.wrapping_add(n);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::histogram::{bucket_of, BUCKETS};
    use proptest::prelude::*;

    fn histogram(cycles: &[u64]) -> Vec<u64> {
        let mut buckets = vec![0; BUCKETS];
        for &c in cycles {
            buckets[bucket_of(c)] += 1;
        }
        buckets
    }

    /// The exit of that rank itself, found by sorting.
    fn naive(cycles: &[u64], percent: usize) -> u64 {
        let mut sorted = cycles.to_vec();
        sorted.sort_unstable();
        let rank = (sorted.len() * percent).div_ceil(100).max(1);
        sorted[rank - 1]
    }

    proptest! {
        #[test]
        fn the_exit_of_that_rank_is_within_the_last_power_of_two(
            cycles in prop::collection::vec((any::<u64>(), 0u32..64).prop_map(|(n, s)| n >> s), 1..300),
            percent in 0usize..=100,
        ) {
            let exit = u128::from(naive(&cycles, percent));
            let bound = below(&histogram(&cycles), percent as u32).unwrap();
            prop_assert!(exit < bound);
            prop_assert!(exit >= bound / 2 || bound == 2, "{exit} {bound}");
        }

        #[test]
        fn of_two_histograms_together_as_of_all_exits(
            a in prop::collection::vec(0u64..100_000, 1..50),
            b in prop::collection::vec(0u64..100_000, 1..50),
            percent in 0u32..=100,
        ) {
            let both = [a.clone(), b.clone()].concat();
            let (a, b) = (histogram(&a), histogram(&b));
            let trimmed = &a[..20];
            prop_assert_eq!(below(&sum([trimmed, &b[..]]), percent), below(&histogram(&both), percent));
        }
    }

    #[test]
    fn edges() {
        assert_eq!(below(&[], 50), None);
        assert_eq!(below(&[0, 0], 50), None);
        assert_eq!(below(&[1], 100), Some(2));
        let mut last = [0; BUCKETS];
        last[BUCKETS - 1] = 1;
        assert_eq!(below(&last, 50), Some(1 << 64));
        // 99 of 100 exits are short: only the maximum tells of the long one.
        let mut skewed = [0; 13];
        (skewed[3], skewed[12]) = (99, 1);
        assert_eq!(below(&skewed, 99), Some(16));
        assert_eq!(below(&skewed, 100), Some(8192));
    }
}
