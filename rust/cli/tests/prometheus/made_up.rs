// SPDX-License-Identifier: GPL-2.0

//! A recording of a run that there has not been, for where there is none of a real one.

use crate::common::{recording as save, times, Builder, TDP, VPID};
use acct::cell::{Level, Values};
use acct::histogram::{bucket_of, BUCKETS};
use std::path::PathBuf;

/// As many moments.
pub const MOMENTS: u64 = 20;

/// Its path. Written anew under a name of the calling test's.
pub fn recording() -> PathBuf {
    let test = std::thread::current().name().unwrap_or("test").to_string();
    save(
        &format!("made-up-{test}.kvmexits"),
        (0..MOMENTS).map(moment),
    )
    .into()
}

/// Two moments of an earlier generation; then reasons that come steadily, in bursts, once, and as
/// L2's; a VM that is there throughout, and one that goes.
fn moment(n: u64) -> Builder {
    if n < 2 {
        return Builder::with_measures(1, VPID, 0, 1).host(0, &[9_000; 50]);
    }
    let n = n - 2;
    let mut host = Builder::with_measures(2, TDP | VPID, 0, 1);
    for (reason, count, cycles) in [
        (10, 1_000 + 37 * n, 1_200),
        (48, 5_000 + 900 * (n / 4), 4_096),
        (30, 17, 700),
        (1, 40 * n * n + 1, 3_000),
    ] {
        host = host.host_values(reason, values(count, cycles), &buckets(count, cycles));
        if reason == 30 {
            host = host.row_time(count, 90 * count, 0);
        }
    }
    let l2 = Level {
        count: 30 + 3 * n,
        cycles: 9_000 * n,
    };
    let nested = Values {
        l2,
        reflected: n,
        ..Values::ZERO
    };
    let mut millions = [900, 50, 20, 9, 30].map(|share| share * (n + 1) * 1_000_000);
    // A state that nobody is in, and that every other reading takes for a little longer.
    millions[3] = 9_000_000 + 3 * (n % 2);
    let host = host
        .host_values(18, nested, &buckets(l2.count, 300))
        .host_time(&times(millions))
        .vm(4711, "qemu \"a\\b\"", 2)
        .vcpu(0, &times(millions))
        .vm_row(10, 600 + 30 * n, 1_200 * n);
    if n < 10 {
        host.vm(4712, "gone", 1).vm_row(10, 400 + 7 * n, 900 * n)
    } else {
        host
    }
}

fn values(count: u64, cycles: u64) -> Values {
    Values {
        l1: Level {
            count,
            cycles: count * cycles,
        },
        ..Values::ZERO
    }
}

/// Of a hundred exits ninety take so long, nine ten times that, and one a thousand times.
fn buckets(count: u64, cycles: u64) -> [u64; BUCKETS] {
    let mut buckets = [0; BUCKETS];
    let long = count / 100;
    buckets[bucket_of(1_000 * cycles)] += long;
    buckets[bucket_of(10 * cycles)] += 9 * long;
    buckets[bucket_of(cycles)] += count - 10 * long;
    buckets
}
