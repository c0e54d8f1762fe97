// SPDX-License-Identifier: GPL-2.0

//! Decoding of what a processor tells of its SVM.

mod caps_common;

use acct::caps::remarks::{Disagreement, Missing, HIDDEN};
use acct::caps::svm::{self, Status, MSR_VM_CR};
use acct::caps::{Capabilities, Extension, Gpr, Place};
use caps_common::{caps, caps_of, has_line, text};

const EAX: Place = Place::Cpuid(Gpr::Eax);
const EBX: Place = Place::Cpuid(Gpr::Ebx);
const ECX: Place = Place::Cpuid(Gpr::Ecx);
const EDX: Place = Place::Cpuid(Gpr::Edx);
const VM_CR: Place = Place::Msr(MSR_VM_CR);

const SVML: u64 = 1 << 2;
const LOCK: u64 = 1 << 3;
const SVMDIS: u64 = 1 << 4;

fn svm(values: &[(Place, u64)]) -> Capabilities {
    caps_of(Extension::Svm, values)
}

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

#[test]
fn each_value_is_asked_for_once() {
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Svm, |place| {
        asked.push(place);
        (place != VM_CR).then_some(7)
    });

    assert_eq!(asked, [EAX, EBX, ECX, EDX, VM_CR]);
    assert_eq!(read, svm(&[(EAX, 7), (EBX, 7), (ECX, 7), (EDX, 7)]));
    assert_eq!(read.missing().collect::<Vec<_>>(), [VM_CR]);
    let missing = Missing {
        place: VM_CR,
        why: HIDDEN,
    };
    assert_eq!(
        missing.to_string(),
        "VM_CR (0xc0010114) cannot be read: a hypervisor may hide it"
    );
    has_line(
        &read,
        "SVM: not known whether firmware allows it: VM_CR was not read",
    );
}

#[test]
fn cpus_that_disagree() {
    let first = svm(&[(EDX, 1), (VM_CR, 0)]);
    let other = svm(&[(EDX, 3)]);
    let lines: Vec<_> = Disagreement::between((0, &first), (5, &other))
        .map(|d| d.to_string())
        .collect();

    assert_eq!(
        lines,
        [
            "CPUs disagree on CPUID Fn8000_000A_EDX: CPU 0 has 0x1, CPU 5 has 0x3",
            "CPUs disagree on VM_CR (0xc0010114): CPU 0 has 0x0, CPU 5 has nothing",
        ]
    );
}

#[test]
fn a_dump() {
    let dump = |caps: &Capabilities| {
        let mut lines = Vec::new();
        let result = caps.dump(&mut |line| {
            lines.push(line.to_string());
            Ok(())
        });
        assert!(result.is_ok());
        lines
    };
    let all = [(EAX, 1), (EBX, 0x8000), (ECX, 0), (EDX, 0xff), (VM_CR, 8)];

    assert_eq!(
        dump(&svm(&all)),
        ["cpuid 0x8000000a 0x1 0x8000 0x0 0xff", "0xc0010114 0x8"]
    );
    assert_eq!(dump(&svm(&all[4..])), ["0xc0010114 0x8"]);
    assert_eq!(dump(&caps(&[(0x481, 0x16)])), ["0x481 0x16"]);
}

/// What a processor answers: leaf 1 ECX, the highest extended leaf, leaf 8000_0001 ECX.
fn processor(leaf_1: u32, highest: u32, extended: u32) -> impl Fn(u32) -> Result<[u32; 4], ()> {
    move |leaf| {
        Ok(match leaf {
            1 => [0, 0, leaf_1, 0],
            0x8000_0000 => [highest, 0, 0, 0],
            0x8000_0001 => [0, 0, extended, 0],
            svm::LEAF => [1, 2, 3, 4],
            _ => panic!("leaf {leaf:#x}"),
        })
    }
}

#[test]
fn which_of_the_two() {
    let detect = |leaf_1, highest, extended| {
        Extension::detect(processor(leaf_1, highest, extended)).expect("an answer")
    };

    assert_eq!(detect(1 << 5, 0x8000_0008, 0), Some(Extension::Vmx));
    assert_eq!(detect(0, 0x8000_001f, 1 << 2), Some(Extension::Svm));
    assert_eq!(detect(!(1 << 5), 0x8000_001f, !(1 << 2)), None);
    // A processor without extended leaves answers with another leaf's registers.
    assert_eq!(detect(0, 0x8000_0000, 1 << 2), None);
    assert_eq!(detect(0, 0xffff_ffff, 1 << 2), None);
    assert_eq!(detect(0, 0x16, 1 << 2), None);
    assert_eq!(Extension::detect(|_| Err::<[u32; 4], _>(5)), Err(5));
}

#[test]
fn a_processor_without_the_leaf() {
    let leaf = |highest| svm::leaf(processor(0, highest, 1 << 2)).expect("an answer");

    assert_eq!(leaf(0x8000_000a), Some([1, 2, 3, 4]));
    assert_eq!(leaf(0x8000_0009), None);
    assert_eq!(
        Gpr::ALL.map(|register| register.of([1, 2, 3, 4])),
        [1, 2, 3, 4]
    );
}
