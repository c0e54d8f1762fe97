// SPDX-License-Identifier: GPL-2.0

//! Whose processor this is, and so by what its guests exit.

use anyhow::Result;
use kvm_exits::cpuid::Cpuid;
use kvm_exits::snapshot::Isa;

/// The vendors whose processors have SVM, as leaf 0 spells them in EBX, EDX, ECX.
const SVM: [&[u8; 12]; 2] = [b"AuthenticAMD", b"HygonGenuine"];

/// What virtualizes the processor. Not by its flags: a guest without nested virtualization has
/// neither VMX nor SVM.
pub fn isa(cpuid: &impl Cpuid) -> Result<Isa> {
    let r = cpuid.query(0, 0)?;
    let vendor = [r.ebx, r.edx, r.ecx].map(u32::to_le_bytes).concat();
    Ok(if SVM.iter().any(|svm| vendor == *svm) {
        Isa::Svm
    } else {
        Isa::Vmx
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use acct::leaves::Registers;

    struct Vendor(&'static [u8; 12]);

    impl Cpuid for Vendor {
        fn query(&self, leaf: u32, _: u32) -> Result<Registers> {
            assert_eq!(leaf, 0);
            let word = |at| u32::from_le_bytes(std::array::from_fn(|i| self.0[at + i]));
            Ok(Registers {
                eax: 13,
                ebx: word(0),
                edx: word(4),
                ecx: word(8),
            })
        }
    }

    #[test]
    fn vendors_are_told_apart() {
        assert_eq!(isa(&Vendor(b"GenuineIntel")).unwrap(), Isa::Vmx);
        assert_eq!(isa(&Vendor(b"AuthenticAMD")).unwrap(), Isa::Svm);
        assert_eq!(isa(&Vendor(b"HygonGenuine")).unwrap(), Isa::Svm);
    }
}
