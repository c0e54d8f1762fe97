// SPDX-License-Identifier: GPL-2.0

//! A VM of our own, of one vCPU and one page, that exits as often as it is told: to see that what
//! is counted is what has happened.

use anyhow::{bail, Context, Result};
use kvm_bindings::{kvm_segment, kvm_userspace_memory_region};
use kvm_ioctls::{Kvm, VcpuExit, VcpuFd, VmFd};

/// Where the code is, and the page it is in.
const CODE: u64 = 0x1000;
/// What it writes a byte to, between CPUID and HLT.
const PORT: u16 = 0x10;

/// mov esi, count; again: xor eax, eax; cpuid; dec esi; jnz again; out PORT, al; hlt
fn code(count: u32) -> Vec<u8> {
    let mut code = vec![0xbe];
    code.extend(count.to_le_bytes());
    code.extend([
        0x31, 0xc0, 0x0f, 0xa2, 0x4e, 0x75, 0xf9, 0xe6, PORT as u8, 0xf4,
    ]);
    code
}

/// A page of the guest's memory.
#[repr(C, align(4096))]
struct Page([u8; 4096]);

/// The VM. As long as it is there, the module has its counts.
pub struct OwnVm {
    vcpu: VcpuFd,
    // In this order: the VM goes before its memory.
    _vm: VmFd,
    _page: Box<Page>,
}

impl OwnVm {
    /// Makes one that will execute CPUID `count` times, which is not 0, then OUT and HLT once each.
    pub fn new(count: u32) -> Result<Self> {
        let kvm =
            Kvm::new().context("cannot open /dev/kvm: is kvm-intel (kvm-amd) loaded here?")?;
        let vm = kvm.create_vm().context("KVM_CREATE_VM")?;
        let mut page = Box::new(Page([0; 4096]));
        let code = code(count);
        page.0[..code.len()].copy_from_slice(&code);
        let region = kvm_userspace_memory_region {
            slot: 0,
            guest_phys_addr: CODE,
            memory_size: 4096,
            userspace_addr: page.0.as_ptr() as u64,
            flags: 0,
        };
        // SAFETY: the page is dropped after the VM, stays where it is until then, and nobody else
        // writes to it.
        unsafe { vm.set_user_memory_region(region) }.context("KVM_SET_USER_MEMORY_REGION")?;
        let vcpu = vm.create_vcpu(0).context("KVM_CREATE_VCPU")?;
        flat_protected_mode(&vcpu)?;
        let mut regs = vcpu.get_regs()?;
        regs.rip = CODE;
        regs.rflags = 2;
        vcpu.set_regs(&regs)?;
        Ok(Self {
            vcpu,
            _vm: vm,
            _page: page,
        })
    }

    /// Runs it to its end.
    pub fn run(&mut self) -> Result<()> {
        let mut said = false;
        loop {
            match self.vcpu.run().context("KVM_RUN")? {
                VcpuExit::IoOut(PORT, _) => said = true,
                VcpuExit::Hlt if said => return Ok(()),
                other => bail!("the guest left unexpectedly: {other:?}"),
            }
        }
    }
}

/// 32-bit code, without paging. Real-mode code KVM would emulate where there is no unrestricted
/// guest, and an instruction that is emulated does not exit.
fn flat_protected_mode(vcpu: &VcpuFd) -> Result<()> {
    let data = kvm_segment {
        limit: u32::MAX,
        selector: 0x10,
        type_: 3,
        present: 1,
        s: 1,
        db: 1,
        g: 1,
        ..Default::default()
    };
    let mut sregs = vcpu.get_sregs()?;
    sregs.cs = kvm_segment {
        selector: 0x08,
        type_: 11,
        ..data
    };
    for segment in [&mut sregs.ds, &mut sregs.es, &mut sregs.ss] {
        *segment = data;
    }
    // CR0.PE
    sregs.cr0 |= 1;
    vcpu.set_sregs(&sregs)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_has_its_count() {
        let code = code(0x0102_0304);
        assert_eq!(code[..5], [0xbe, 4, 3, 2, 1]);
        // The jump goes back to xor, five bytes behind the beginning.
        let jump = code.iter().position(|&byte| byte == 0x75).unwrap();
        let back = i64::from(code[jump + 1] as i8);
        assert_eq!(jump as i64 + 2 + back, 5);
    }
}
