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
#[path = "../module/compat.rs"]
mod compat;
mod cpuid;
#[path = "../module/files.rs"]
mod files;
mod machine;
mod msr;
#[path = "../module/operations.rs"]
mod operations;

use caps::{remarks::NEITHER, Extension};
use core::convert::Infallible;
use files::{text_file, Directory, Text};
use kernel::{
    prelude::*,
    seq_file::SeqFile,
    seq_print,
    sync::global_lock, //
};
use machine::Machine;
use operations::Operations;

module! {
    type: VmxCaps,
    name: "vmx_caps",
    authors: ["The kvm-exit-stats authors"],
    description: "Reports what the processor's VMX or SVM can do",
    license: "GPL v2",
}

global_lock! {
    /// What was found when the module was loaded.
    unsafe(uninit) static MACHINE: Mutex<Option<Machine>> = None;
}

/// `vmx_caps/msrs`: lines that `kvm-exits caps --from` reads.
static MSRS: Operations = text_file::<Msrs>();

struct Msrs;
impl Text for Msrs {
    fn show(seq: &SeqFile) -> Result {
        if let Some(machine) = &*MACHINE.lock() {
            seq_print!(seq, "{machine}");
        }
        Ok(())
    }
}

struct VmxCaps {
    _debugfs: Directory,
}

impl kernel::Module for VmxCaps {
    fn init(_module: &'static ThisModule) -> Result<Self> {
        let Ok(detected) = Extension::detect(|leaf| Ok::<_, Infallible>(cpuid::here(leaf)));
        let extension = detected.ok_or_else(|| {
            pr_err!("{}\n", NEITHER);
            ENODEV
        })?;
        let machine = Machine::read(extension)?;
        machine.log();

        // SAFETY: Called once, and before the file is there that takes the lock.
        unsafe { MACHINE.init() };
        *MACHINE.lock() = Some(machine);
        Ok(Self {
            _debugfs: Directory::new(c"vmx_caps", &[(c"msrs", 0o400, &MSRS)]),
        })
    }
}

impl Drop for VmxCaps {
    fn drop(&mut self) {
        // An open file holds the module, so nobody reads any more.
        *MACHINE.lock() = None;
    }
}
