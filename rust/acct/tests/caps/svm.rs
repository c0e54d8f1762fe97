// SPDX-License-Identifier: GPL-2.0

//! Decoding of what a processor tells of its SVM.

use acct::caps::svm::Status;

use crate::common::{caps, has_line, svm, text, EAX, EBX, ECX, EDX, VM_CR};

const SVML: u64 = 1 << 2;
const LOCK: u64 = 1 << 3;
const SVMDIS: u64 = 1 << 4;

#[test]
fn a_small_processor() {
    let caps = svm(&[(EAX, 1), (EBX, 16), (ECX, 0), (VM_CR, 0)]);

    assert_eq!(
        text(&caps),
        [
            "SVM: allowed (VM_CR.SVMDIS is 0)",
            "CPUID Fn8000_000A_EAX: 0x1",
            "  SVM revision (SvmRev): 1",
            "CPUID Fn8000_000A_EBX: 0x10",
            "  Number of ASIDs (NASID): 16",
            "CPUID Fn8000_000A_ECX: 0x0",
            "  Page-modification logging (PML): No",
            "  Enhanced TLB invalidation (EnhancedTlbi): No",
            "  4096 vCPUs in x2AVIC mode (x2AVIC_EXT): No",
            "VM_CR MSR: 0x0 (0xc0010114)",
            "  Debug port disabled (DPD): No",
            "  INIT redirected to #SX (R_INIT): No",
            "  A20 masking disabled (DIS_A20M): No",
            "  LOCK and SVMDIS read-only (LOCK): No",
            "  EFER.SVME must be zero (SVMDIS): No",
        ]
    );
}

#[test]
fn each_feature_is_its_bit_and_no_other() {
    let named = |edx| {
        let lines = text(&svm(&[(EDX, edx)]));
        let set = lines.into_iter().filter(|l| l.ends_with(": Yes"));
        set.collect::<Vec<_>>()
    };
    assert_eq!(named(0), [""; 0]);
    for bit in 0..32 {
        assert_eq!(named(1 << bit).len(), 1, "bit {bit}");
    }
    assert_eq!(named(1), ["  Nested paging (NP): Yes"]);
    assert_eq!(
        named(1 << 30),
        ["  Idle HLT intercept (IdleHltIntercept): Yes"]
    );
    assert_eq!(
        named((1 << 9) | (1 << 31)),
        ["  Reserved bit 9: Yes", "  Reserved bit 31: Yes"]
    );
}

#[test]
fn reserved_bits_everywhere() {
    has_line(&svm(&[(EAX, 0x101)]), "  SVM revision (SvmRev): 1");
    has_line(&svm(&[(EAX, 0x101)]), "  Reserved bit 8: Yes");
    has_line(&svm(&[(ECX, 1)]), "  Reserved bit 0: Yes");
    has_line(&svm(&[(VM_CR, 1 << 63)]), "  Reserved bit 63: Yes");
    has_line(
        &svm(&[(EBX, 0xffff_ffff)]),
        "  Number of ASIDs (NASID): 4294967295",
    );
}

#[test]
fn whether_svm_can_be_enabled() {
    let status = |edx: Option<u64>, vm_cr: Option<u64>| {
        let known = [(EDX, edx), (VM_CR, vm_cr)];
        let known = known.iter().filter_map(|&(p, v)| Some((p, v?)));
        Status::of(&svm(&known.collect::<Vec<_>>()))
    };
    // What the APM's algorithm answers, and what it does not tell apart.
    for edx in [None, Some(0), Some(SVML), Some(!SVML)] {
        assert_eq!(status(edx, None), Some(Status::Unknown));
        assert_eq!(status(edx, Some(0)), Some(Status::Allowed));
        assert_eq!(status(edx, Some(!SVMDIS)), Some(Status::Allowed));
    }
    for vm_cr in [SVMDIS, SVMDIS | LOCK] {
        let vm_cr = Some(vm_cr);
        assert_eq!(status(Some(0), vm_cr), Some(Status::NotUnlockable));
        assert_eq!(status(Some(!SVML), vm_cr), Some(Status::NotUnlockable));
        assert_eq!(status(None, vm_cr), Some(Status::Disabled));
    }
    assert_eq!(status(Some(SVML), Some(SVMDIS)), Some(Status::NotLocked));
    assert_eq!(
        status(Some(SVML), Some(SVMDIS | LOCK)),
        Some(Status::WithKey)
    );

    assert_eq!(Status::of(&caps(&[(0x480, 0)])), None);
    has_line(
        &svm(&[(EDX, 0), (VM_CR, SVMDIS | LOCK)]),
        "SVM: locked off by the firmware: only its setup can enable SVM (no SVML, no key)",
    );
}
