// SPDX-License-Identifier: GPL-2.0

//! `kvm_exit_stats`: counts KVM's VM exits and the TSC cycles they take.
//!
//! What is counted, and how it is shown, is in `acct`; here is what ties it to the kernel.

#![deny(missing_docs)]
#![deny(unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks)]
#![deny(unused_qualifications)]

use kernel::prelude::*;

mod acct;
mod bindings;
mod compat;
mod cpuid;
mod debugfs;
mod device;
mod dump;
mod exits;
mod files;
mod generation;
mod hooks;
mod host;
mod latch;
mod measures;
mod operations;
mod params;
mod period;
mod published;
mod text;
mod tsc;
mod vms;

module! {
    type: KvmExitStats,
    name: "kvm_exit_stats",
    authors: ["The kvm-exit-stats authors"],
    description: "Counts and times KVM's VM exits, per reason",
    license: "GPL",
    params: {
        cpl0: u8 {
            default: 0,
            description: "1: answer only the guest's kernel (CPL 0); 0: all of the guest (default)",
        },
    },
}

/// The loaded module. The fields are dropped in this order.
struct KvmExitStats {
    _debugfs: files::Directory,
    _device: Pin<KBox<device::Device>>,
    _switches: measures::Switches,
    _hooks: hooks::Registration,
    _counting: period::Counting,
}

impl kernel::Module for KvmExitStats {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        params::check()?;
        hooks::check_cpu()?;
        tsc::check();
        vms::init();
        // SAFETY: Called once, and before the hooks are registered.
        let counting = unsafe { period::Counting::start() }?;
        let hooks = hooks::Registration::new(&counting)?;
        let switches = measures::Switches::new(&hooks)?;
        Ok(Self {
            _debugfs: debugfs::directory(),
            _device: device::Device::new()?,
            _switches: switches,
            _hooks: hooks,
            _counting: counting,
        })
    }
}
