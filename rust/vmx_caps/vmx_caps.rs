// SPDX-License-Identifier: GPL-2.0

//! Capability discovery: puts what the processor's VMX or SVM can do into the kernel log, and the
//! values it was read from into debugfs.
//!
//! Reads CPUID and MSRs and nothing else. It needs no KVM, does not enable VMX or SVM, and loads
//! beside whatever does.

#![deny(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::panic)]

#[path = "../acct/src/caps/mod.rs"]
pub mod caps;
mod cpuid;
mod machine;
mod msr;

use caps::{remarks::NEITHER, Extension};
use core::convert::Infallible;
use kernel::debugfs::{Dir, File};
use kernel::prelude::*;
use machine::Machine;

module! {
    type: VmxCaps,
    name: "vmx_caps",
    authors: ["The kvm-exit-stats authors"],
    description: "Reports what the processor's VMX or SVM can do",
    license: "GPL v2",
}

#[pin_data]
struct VmxCaps {
    /// `vmx_caps/msrs`: lines that `kvm-exits caps --from` reads.
    #[pin]
    _msrs: File<Machine>,
}

impl kernel::InPlaceModule for VmxCaps {
    fn init(_module: &'static ThisModule) -> impl PinInit<Self, Error> {
        pin_init::pin_init_scope(|| {
            let Ok(detected) = Extension::detect(|leaf| Ok::<_, Infallible>(cpuid::here(leaf)));
            let extension = detected.ok_or_else(|| {
                pr_err!("{}\n", NEITHER);
                ENODEV
            })?;
            let machine = Machine::read(extension)?;
            machine.log();

            let dir = Dir::new(c"vmx_caps");
            Ok(try_pin_init!(Self {
                _msrs <- dir.read_callback_file(c"msrs", machine, &Machine::write_msrs),
            }))
        })
    }
}
