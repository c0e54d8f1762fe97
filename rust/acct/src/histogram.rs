// SPDX-License-Identifier: GPL-2.0

//! How long the exits of one reason took, as powers of two.

use super::cell::Counter;

/// One bucket per power of two that 64 bits hold, so no value needs clamping.
pub const BUCKETS: usize = 64;

/// The bucket of an exit that took `cycles`: bucket n holds 2^n to 2^(n+1) - 1, bucket 0 also 0.
#[inline(always)]
pub const fn bucket_of(cycles: u64) -> usize {
    (cycles | 1).ilog2() as usize
}

/// The most cycles that an exit in `bucket` can have taken.
pub const fn upper_bound(bucket: usize) -> u64 {
    match 2u64.checked_shl(bucket as u32) {
        Some(0) | None => u64::MAX,
        Some(bound) => bound - 1,
    }
}

/// Live buckets, with one writer at a time.
#[repr(C)]
pub struct Histogram([Counter; BUCKETS]);

impl Histogram {
    /// Books one exit. Only the histogram's one writer may call this.
    #[inline(always)]
    pub fn book(&self, cycles: u64) {
        // `bucket_of` is below 64; the mask lets the compiler see it.
        self.0[bucket_of(cycles) & (BUCKETS - 1)].add(1);
    }

    /// Adds what the histogram holds now to `sum`.
    pub fn add_to(&self, sum: &mut Buckets) {
        for (sum, bucket) in sum.0.iter_mut().zip(&self.0) {
            *sum = sum.wrapping_add(bucket.get());
        }
    }
}

/// Buckets read out, of one CPU or of several added up.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buckets([u64; BUCKETS]);

impl Default for Buckets {
    fn default() -> Self {
        Self([0; BUCKETS])
    }
}

impl Buckets {
    /// Takes `earlier`, a reading of the same histograms, away from this one.
    pub fn subtract(&mut self, earlier: &Self) {
        for (now, before) in self.0.iter_mut().zip(&earlier.0) {
            *now = now.wrapping_sub(*before);
        }
    }

    /// The buckets without the empty ones at the end.
    pub fn trimmed(&self) -> &[u64] {
        let used = self.0.iter().rposition(|&n| n != 0).map_or(0, |at| at + 1);
        self.0.split_at(used).0
    }
}
