// SPDX-License-Identifier: GPL-2.0

//! VMX capability discovery: puts what the processor's VMX can do into the kernel log, and the
//! MSRs it was read from into debugfs.
//!
//! Reads MSRs and nothing else. It needs no KVM, does not enter VMX operation, and loads beside
//! whatever does.

#![deny(missing_docs, unreachable_pub, unsafe_op_in_unsafe_fn)]
#![deny(clippy::undocumented_unsafe_blocks, clippy::unwrap_used, clippy::panic)]

#[path = "../acct/src/caps/mod.rs"]
pub mod caps;
mod machine;
mod msr;

use caps::Extension;
use kernel::debugfs::{Dir, File};
use kernel::prelude::*;
use machine::Machine;

module! {
    type: VmxCaps,
    name: "vmx_caps",
    authors: ["The kvm-exit-stats authors"],
    description: "Reports what the processor's VMX can do",
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
            if !msr::cpu_has_vmx() {
                pr_err!(
                    "no VMX: this CPU has none, or a hypervisor hides it (CPUID 1, ECX bit 5)\n"
                );
                return Err(ENODEV);
            }
            let machine = Machine::read(Extension::Vmx)?;
            machine.log();

            let dir = Dir::new(c"vmx_caps");
            Ok(try_pin_init!(Self {
                _msrs <- dir.read_callback_file(c"msrs", machine, &Machine::write_msrs),
            }))
        })
    }
}
