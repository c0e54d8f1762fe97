// SPDX-License-Identifier: GPL-2.0

//! The clock of the cycles.

use core::{arch::x86_64::_rdtsc, ptr};
use kernel::{bindings, prelude::*};

/// Frequency of the host's TSC; 0 where the kernel could not tell it. It may still change a little
/// in the first seconds (`tsc_refine_calibration_work()`), so it is asked for each time.
pub(crate) fn khz() -> u32 {
    // SAFETY: An aligned word, which the kernel writes whole, as it reads it: without a lock.
    unsafe { ptr::read_volatile(&raw const bindings::tsc_khz) }
}

/// The TSC of this CPU, as KVM reads it for its notes: `rdtsc()`, not ordered.
#[inline(always)]
pub(crate) fn now() -> i64 {
    // `_rdtsc()` is unsafe, although every x86-64 processor has RDTSC.
    // SAFETY: The kernel may always execute it.
    unsafe { _rdtsc() as i64 }
}

/// Says why there will be nothing to count, where that is so.
pub(crate) fn check() {
    // KVM puts off each VM entry until it knows the frequency (`kvm_guest_time_update()`), and
    // does not say so.
    if khz() == 0 {
        pr_warn!(
            "the kernel could not calibrate the TSC (tsc_khz is 0), so KVM will never enter a \
             guest: boot again; a virtual machine, when its host has less to do\n"
        );
    }
}
