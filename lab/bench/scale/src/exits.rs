// SPDX-License-Identifier: GPL-2.0-only

//! Exits to book: as many different ones as a busy host sees.

use acct::table::direct_index_of;

/// Exit reasons that occur on a host with EPT and with nested guests, of the 181 cells there are.
const REASONS: [u32; 30] = [
    0, 1, 7, 10, 12, 14, 18, 19, 20, 21, 23, 24, 25, 27, 28, 29, 30, 31, 32, 36, 40, 44, 45, 48,
    49, 50, 52, 54, 55, 58,
];

/// One exit.
#[derive(Clone, Copy, Debug)]
pub struct Exit {
    /// Its cell.
    pub index: usize,
    /// How long it took.
    pub cycles: u64,
}

/// How many exits a thread books before it begins again; their list stays in the L1 cache.
pub const LENGTH: usize = 1024;

/// Exits for reasons in no order, or all for the same one; of 2^9 to 2^20 cycles.
pub fn list(seed: u64, one_reason: bool) -> [Exit; LENGTH] {
    let mut random = Random(seed);
    [(); LENGTH].map(|()| {
        let any = random.below(REASONS.len());
        let reason = REASONS[if one_reason { 0 } else { any }];
        Exit {
            index: direct_index_of(reason).unwrap_or_default(),
            cycles: random.cycles(),
        }
    })
}

/// Some exits for each of the reasons: what a table has after a while.
pub fn of_every_reason(seed: u64) -> impl Iterator<Item = Exit> {
    let mut random = Random(seed);
    let reasons = REASONS.iter().flat_map(|&reason| [reason; 16]);
    reasons.map(move |reason| Exit {
        index: direct_index_of(reason).unwrap_or_default(),
        cycles: random.cycles(),
    })
}

/// splitmix64: every run sees the same exits.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        // Far below 2^32: the casts keep the value.
        (self.next() % limit as u64) as usize
    }

    fn cycles(&mut self) -> u64 {
        let floor = 1 << (9 + self.below(11));
        floor + self.next() % floor
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::histogram::bucket_of;
    use std::collections::BTreeSet;

    #[test]
    fn lists_are_mixed_or_of_one_reason() {
        let reasons = |one| list(1, one).map(|exit| exit.index);
        assert_eq!(
            BTreeSet::from(reasons(false)).len(),
            REASONS.len(),
            "all of them"
        );
        assert_eq!(BTreeSet::from(reasons(true)).len(), 1);
    }

    #[test]
    fn every_reason_occurs_with_times_of_many_sizes() {
        let exits: Vec<_> = of_every_reason(2).collect();
        let reasons: BTreeSet<_> = exits.iter().map(|exit| exit.index).collect();
        let buckets: BTreeSet<_> = exits.iter().map(|exit| bucket_of(exit.cycles)).collect();
        assert_eq!(reasons.len(), REASONS.len());
        assert_eq!(
            buckets.into_iter().collect::<Vec<_>>(),
            Vec::from_iter(9..20)
        );
    }
}
