// SPDX-License-Identifier: GPL-2.0

//! What is measured besides counts and cycles: time and detail, each switched while guests run.

use crate::{
    acct::snapshot::measures::{DETAIL, TIME},
    hooks, period, vms,
};
use kernel::{
    ffi::c_int,
    prelude::*,
    sync::atomic::{Atomic, Relaxed}, //
};

extern "C" {
    /// Defined in `params.c`: has [`kvm_exit_stats_measure`] called with the parameters, at once
    /// and whenever they are written; or no more.
    fn kvm_exit_stats_live(on: bool) -> c_int;
}

/// What is measured now, bits of `acct::snapshot::measures`. Written under a lock of `params.c`.
static ON: Atomic<u32> = Atomic::new(0);

/// What is measured now, bits of `acct::snapshot::measures`.
pub(crate) fn on() -> u32 {
    ON.load(Relaxed)
}

/// Lets the parameters have their effect while it lives.
pub(crate) struct Switches(());

impl Switches {
    /// Measures what the parameters say, from now on.
    pub(crate) fn new(_hooks: &hooks::Registration) -> Result<Self> {
        // Nothing of what was measured before is left: the module has been loaded only now.
        // SAFETY: The hooks are registered.
        kernel::error::to_result(unsafe { kvm_exit_stats_live(true) })?;
        Ok(Self(()))
    }
}

impl Drop for Switches {
    fn drop(&mut self) {
        // SAFETY: The hooks are still registered. It cannot fail.
        unsafe { kvm_exit_stats_live(false) };
    }
}

/// For `params.c`, one call at a time, while the hooks are registered: measures `time` and `detail`
/// from now on, or what it measured before where that fails.
#[no_mangle]
extern "C" fn kvm_exit_stats_measure(time: bool, detail: bool) -> c_int {
    let wanted = (u32::from(time) * TIME) | (u32::from(detail) * DETAIL);
    match measure(wanted) {
        Ok(()) => 0,
        Err(why) => {
            pr_err!(
                "time={}, detail={}: it stays as it was\n",
                u8::from(time),
                u8::from(detail)
            );
            why.to_errno()
        }
    }
}

fn measure(wanted: u32) -> Result {
    let before = on();
    if wanted & DETAIL != 0 {
        period::keep_detail(true)?;
    }
    hooks::change(wanted)?;
    ON.store(wanted, Relaxed);
    // No hook of the set before runs any more.
    if wanted & TIME == 0 && before & TIME != 0 {
        vms::stop_clocks();
    }
    if wanted & DETAIL == 0 {
        period::keep_detail(false)?;
    }
    Ok(())
}
