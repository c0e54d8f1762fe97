// SPDX-License-Identifier: GPL-2.0

//! Generations are numbered so that none comes twice, however often the module is loaded: the
//! first is the time since the machine booted, in ticks, and none is ahead of that time.

use kernel::time::{delay::fsleep, BootTime, ClockSource, Delta};

/// Nanoseconds in a tick, as a power of two: 67 ms, so that 32 bits last nine years.
const TICK_SHIFT: u32 = 26;

/// The number of the first generation.
pub(crate) fn first() -> u32 {
    ticks()
}

/// Returns once `generation` is not ahead of the time: after a tick, where generations follow each
/// other that fast.
pub(crate) fn wait_until(generation: u32) {
    // By the distance, as the number may wrap.
    while generation.wrapping_sub(ticks()) as i32 > 0 {
        fsleep(Delta::from_nanos(1 << TICK_SHIFT));
    }
}

/// Returns once [`first`] is another number than `generation`.
pub(crate) fn wait_until_past(generation: u32) {
    wait_until(generation.wrapping_add(1));
}

fn ticks() -> u32 {
    // The lower 32 bits.
    (BootTime::ktime_get() >> TICK_SHIFT) as u32
}
