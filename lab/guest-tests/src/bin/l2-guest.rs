// SPDX-License-Identifier: GPL-2.0

//! `l2-guest`: the smallest guest there is, for a KVM that is itself in a guest.
//!
//! Real-mode code that executes CPUID as often as said, writes a byte to a port and halts. Each of
//! its exits is first L0's, which hands it to L1.

use anyhow::{bail, Context, Result};
use clap::Parser;
use kvm_bindings::kvm_userspace_memory_region;
use kvm_ioctls::{Kvm, VcpuExit};

/// Runs a guest that executes CPUID and then halts.
#[derive(Parser)]
struct Args {
    /// How often it executes CPUID.
    count: u16,
}

/// Where the code is, and the page it is in.
const CODE: u64 = 0x1000;

/// mov si, count; again: xor eax, eax; cpuid; dec si; jnz again; out 0x10, al; hlt
fn code(count: u16) -> Vec<u8> {
    let [low, high] = count.to_le_bytes();
    vec![
        0xbe, low, high, 0x66, 0x31, 0xc0, 0x0f, 0xa2, 0x4e, 0x75, 0xf8, 0xe6, 0x10, 0xf4,
    ]
}

/// A page of the guest's memory.
#[repr(C, align(4096))]
struct Page([u8; 4096]);

fn main() -> Result<()> {
    let args = Args::parse();
    let kvm =
        Kvm::new().context("/dev/kvm: is kvm-intel (kvm-amd) loaded here, with nested=1 below?")?;
    let vm = kvm.create_vm().context("KVM_CREATE_VM")?;
    let mut page = Box::new(Page([0; 4096]));
    let code = code(args.count);
    page.0[..code.len()].copy_from_slice(&code);
    let region = kvm_userspace_memory_region {
        slot: 0,
        guest_phys_addr: CODE,
        memory_size: 4096,
        userspace_addr: page.0.as_ptr() as u64,
        flags: 0,
    };
    // SAFETY: The page outlives the VM: it is dropped at the end, after `vm`, which borrows nothing.
    unsafe { vm.set_user_memory_region(region) }.context("KVM_SET_USER_MEMORY_REGION")?;

    let mut vcpu = vm.create_vcpu(0).context("KVM_CREATE_VCPU")?;
    let mut sregs = vcpu.get_sregs()?;
    sregs.cs.base = 0;
    sregs.cs.selector = 0;
    vcpu.set_sregs(&sregs)?;
    let mut regs = vcpu.get_regs()?;
    regs.rip = CODE;
    regs.rflags = 2;
    vcpu.set_regs(&regs)?;

    let mut said = false;
    loop {
        match vcpu.run().context("KVM_RUN")? {
            VcpuExit::IoOut(0x10, _) => said = true,
            VcpuExit::Hlt if said => break,
            other => bail!("the guest left unexpectedly: {other:?}"),
        }
    }
    println!("l2-guest: {} times CPUID, then it halted", args.count);
    Ok(())
}
