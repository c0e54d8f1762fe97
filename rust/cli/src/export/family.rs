// SPDX-License-Identifier: GPL-2.0

//! A metric family, before it is in any format.

use acct::histogram::upper_bound;

/// Bits of the bounds that a classic histogram has, from the least to the greatest: every second
/// power of two, so that its series stay few. 2^8 is less than any exit takes, 2^26 some 20 ms.
const CLASSIC: [u32; 10] = [8, 10, 12, 14, 16, 18, 20, 22, 24, 26];

/// What Prometheus is told of how a family's figures move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Goes up, and begins again at 0.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Is 1, and its labels say something.
    Info,
    /// Exits by how long they took.
    Histogram,
}

/// Series that have a name and a meaning in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Family {
    /// Without what a format adds for the kind (`_total`, `_info`).
    pub name: &'static str,
    /// What it is, in a sentence.
    pub help: &'static str,
    /// How it moves.
    pub kind: Kind,
    /// One for each set of labels.
    pub series: Vec<Series>,
}

/// A name and a value.
pub type Label = (&'static str, String);

/// One series' figure now.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// What tells it from the others of its family.
    pub labels: Vec<Label>,
    /// The figure.
    pub value: Value,
}

/// A figure.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// As the module counts.
    Whole(u64),
    /// Of seconds.
    Real(f64),
    /// Of a [`Kind::Histogram`].
    Histogram(Histogram),
}

/// Exits by the logarithm to base 2 of their cycles, as a snapshot has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// Element n: those that took 2^n to 2^(n+1) - 1 cycles (0: also 0).
    pub buckets: Vec<u64>,
    /// The cycles of all of them.
    pub cycles: u64,
}

/// A native histogram of schema 0, whose bucket n has what is above 2^(n-1) and at most 2^n.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Native {
    /// Exits of 0 and 1 cycles: the zero bucket's, with a threshold of 1.
    pub zero: u64,
    /// Where there are buckets in a row: how many are left out before them, and how many they are.
    pub spans: Vec<(i32, u32)>,
    /// Each bucket less the one before it.
    pub deltas: Vec<i64>,
}

impl Family {
    /// Without any series yet.
    pub fn new(kind: Kind, name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind,
            series: Vec::new(),
        }
    }

    /// Adds a series.
    pub fn push(&mut self, labels: Vec<Label>, value: Value) {
        self.series.push(Series { labels, value });
    }

    /// A family of one series that has no label.
    pub fn single(kind: Kind, name: &'static str, help: &'static str, value: Value) -> Self {
        let mut family = Self::new(kind, name, help);
        family.push(Vec::new(), value);
        family
    }
}

impl Histogram {
    /// How many exits are in it. Not the reason's count, which was read a moment apart: a histogram
    /// whose buckets are not its count is refused.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, n| sum.wrapping_add(*n))
    }

    /// The bounds of a classic histogram, and the exits that took at most so many cycles. Exact:
    /// each is the last cycle of one of our buckets. What is above all of them is in `count()` only.
    pub fn classic(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        CLASSIC.into_iter().map(|bits| {
            let bits = bits as usize;
            let below = self.buckets.iter().take(bits);
            let exits = below.fold(0u64, |sum, n| sum.wrapping_add(*n));
            (upper_bound(bits - 1), exits)
        })
    }

    /// As a native histogram. Our bucket n becomes n + 1 there: it has 2^n, which Prometheus counts
    /// one bucket lower, and lacks 2^(n+1). Of nothing else is the bucket another.
    pub fn native(&self) -> Native {
        let (zero, rest) = self.buckets.split_first().unwrap_or((&0, &[]));
        let mut native = Native {
            zero: *zero,
            spans: Vec::new(),
            deltas: Vec::new(),
        };
        // Ours begin with 1, which is 2 there.
        let (mut last, mut gap) = (0u64, 2);
        for &n in rest {
            if n == 0 {
                gap += 1;
                continue;
            }
            native.deltas.push(n.wrapping_sub(last) as i64);
            last = n;
            match native.spans.last_mut() {
                Some((_, length)) if gap == 0 => *length += 1,
                _ => native.spans.push((gap, 1)),
            }
            gap = 0;
        }
        native
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::histogram::{bucket_of, BUCKETS};
    use proptest::prelude::*;

    fn histogram(cycles: &[u64]) -> Histogram {
        let mut buckets = vec![0; BUCKETS];
        for &c in cycles {
            buckets[bucket_of(c)] += 1;
        }
        Histogram {
            buckets,
            cycles: cycles.iter().fold(0, |sum, c| sum.wrapping_add(*c)),
        }
    }

    /// Index and count of each bucket, as a reader of the format works them out.
    fn decoded(native: &Native) -> Vec<(i32, u64)> {
        let (mut index, mut count) = (0, 0i64);
        let mut deltas = native.deltas.iter();
        let mut buckets = Vec::new();
        for &(gap, length) in &native.spans {
            index += gap;
            for _ in 0..length {
                count = count.wrapping_add(*deltas.next().unwrap());
                buckets.push((index, count as u64));
                index += 1;
            }
        }
        assert_eq!(deltas.next(), None);
        buckets
    }

    fn cycles() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::vec(
            (any::<u64>(), 0u32..64).prop_map(|(n, shift)| n >> shift),
            0..200,
        )
    }

    proptest! {
        #[test]
        fn classic_bounds_are_exact(cycles in cycles()) {
            for (bound, exits) in histogram(&cycles).classic() {
                let naive = cycles.iter().filter(|&&c| c <= bound).count() as u64;
                prop_assert_eq!(exits, naive, "{}", bound);
            }
        }

        #[test]
        fn native_buckets_are_those_of_prometheus_but_for_powers_of_two(cycles in cycles()) {
            let cycles: Vec<_> = cycles.into_iter().filter(|c| *c < 2 || !c.is_power_of_two()).collect();
            let native = histogram(&cycles).native();
            let mut naive = std::collections::BTreeMap::new();
            for &c in cycles.iter().filter(|&&c| c > 1) {
                // The least n with c at most 2^n.
                let index = (1..=64).find(|&n| u128::from(c) <= 1 << n).unwrap();
                *naive.entry(index).or_insert(0) += 1;
            }
            prop_assert_eq!(native.zero, cycles.iter().filter(|&&c| c <= 1).count() as u64);
            prop_assert_eq!(decoded(&native), naive.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn edges() {
        let none = histogram(&[]).native();
        assert_eq!((none.zero, none.spans.len(), none.deltas.len()), (0, 0, 0));
        // 4 is in our [4, 7], and in (4, 8] there; Prometheus itself would have it in (2, 4].
        assert_eq!(decoded(&histogram(&[4]).native()), [(3, 1)]);
        assert_eq!(decoded(&histogram(&[u64::MAX]).native()), [(64, 1)]);
        let bounds: Vec<_> = histogram(&[]).classic().map(|(bound, _)| bound).collect();
        assert_eq!((bounds[0], bounds[9], bounds.len()), (255, 67_108_863, 10));
    }
}
