// SPDX-License-Identifier: GPL-2.0

//! What exits were about: from KVM's notes to the key, and from there to words.

use acct::{
    keys::{plan_of, segment_of, Kind, Notes, Words, SLOTS},
    reasons::{
        svm, vmx,
        Isa::{self, Svm, Vmx},
    },
    table::{reason_at, CELLS},
};

/// The key of an exit, and its words.
fn of(isa: Isa, reason: u32, notes: Notes) -> (u64, String) {
    let kind = Kind::of(isa, reason).unwrap();
    let key = kind.key(&notes);
    (key, Words(kind, key).to_string())
}

/// Every bit set, in what the reason leaves over: nothing of it may be in the key.
const LEFT_OVER: Notes = Notes {
    of: -1,
    info1: u64::MAX,
    info2: u64::MAX,
    rax: u64::MAX,
    rcx: u64::MAX,
    intr_info: u32::MAX,
    error_code: u32::MAX,
};

/// With this qualification, or EXITINFO1.
fn info1(info1: u64) -> Notes {
    Notes { info1, ..LEFT_OVER }
}

/// With this of what [`Notes`] says of `info2`.
fn info2(info2: u64) -> Notes {
    Notes { info2, ..LEFT_OVER }
}

fn is(isa: Isa, reason: u32, notes: Notes, key: u64, words: &str) {
    assert_eq!(of(isa, reason, notes), (key, words.to_string()));
}

#[test]
fn exceptions() {
    // SDM Vol. 3C, 26.9.2: valid, type 3, error code valid.
    let with = |vector: u32, error_code| Notes {
        intr_info: 0x8000_0b00 | vector,
        error_code,
        ..LEFT_OVER
    };
    is(Vmx, vmx::EXCEPTION_NMI, with(14, 0x7), 0x70e, "#PF P W U");
    is(Vmx, vmx::EXCEPTION_NMI, with(14, 0x10), 0x100e, "#PF NP I");
    is(
        Vmx,
        vmx::EXCEPTION_NMI,
        with(14, 0x1_800d),
        0x180_0d0e,
        "#PF P U RSVD SGX 0x10000",
    );
    is(Vmx, vmx::EXCEPTION_NMI, with(6, 9), 6, "#UD");
    is(Vmx, vmx::EXCEPTION_NMI, with(2, 9), 2, "NMI");
    is(Vmx, vmx::EXCEPTION_NMI, with(15, 9), 15, "vector 15");
    is(Vmx, vmx::EXCEPTION_NMI, with(0xfe, 9), 0xfe, "vector 254");
    is(Svm, svm::PF_EXCP, info1(0x3), 3, "#PF P W");
    is(Svm, svm::PF_EXCP, info1(0x60), 0x60, "#PF NP PK SS");
    is(
        Vmx,
        vmx::EXTERNAL_INTERRUPT,
        with(0xec, 0),
        0xec,
        "vector 0xec",
    );
}

#[test]
fn registers() {
    // SDM Vol. 3C, Table 29-3: CR in 3:0, type in 5:4, the GPR in 11:8.
    for (qualification, key, words) in [
        (0x003, 0x03, "CR3 write"),
        (0xa13, 0x13, "CR3 read"),
        (0xb08, 0x08, "CR8 write"),
        (0x020, 0x20, "CLTS"),
        (0xffff_0030, 0x30, "LMSW"),
    ] {
        is(Vmx, vmx::CR_ACCESS, info1(qualification), key, words);
    }
    is(Vmx, vmx::DR_ACCESS, info1(0xf07), 0x07, "DR7 write");
    is(Vmx, vmx::DR_ACCESS, info1(0x316), 0x16, "DR6 read");
    let msr = |rcx, info1| Notes {
        rcx,
        info1,
        ..LEFT_OVER
    };
    let deadline = 0xffff_ffff_0000_06e0;
    is(Vmx, vmx::MSR_WRITE, msr(deadline, 0), 0x6e0, "MSR 0x6e0");
    is(
        Vmx,
        vmx::MSR_READ,
        msr(0xc000_0080, 1),
        0xc000_0080,
        "MSR 0xc0000080",
    );
    is(Svm, svm::MSR, msr(0x10, 0), 0x10, "MSR 0x10 read");
    is(
        Svm,
        svm::MSR,
        msr(deadline, 1),
        0x1_0000_06e0,
        "MSR 0x6e0 write",
    );
}

#[test]
fn ports() {
    // SDM Vol. 3C, Table 29-5.
    for (qualification, key, words) in [
        (0x03f8_0000, 0x1_03f8, "port 0x3f8 out"),
        (0x0060_0008, 0x11_0060, "port 0x60 in"),
        (0x0cf8_0003, 0x4_0cf8, "port 0xcf8 out 4 bytes"),
        (0x01f0_0039, 0x32_01f0, "port 0x1f0 in 2 bytes string"),
    ] {
        is(Vmx, vmx::IO_INSTRUCTION, info1(qualification), key, words);
    }
    // APM Vol. 2, 15.10.2: the same from other bits.
    for (info, key, words) in [
        (0x03f8_0010, 0x1_03f8, "port 0x3f8 out"),
        (0x0060_0011, 0x11_0060, "port 0x60 in"),
        (0x0cf8_0040, 0x4_0cf8, "port 0xcf8 out 4 bytes"),
        (0x01f0_002d, 0x32_01f0, "port 0x1f0 in 2 bytes string"),
    ] {
        is(Svm, svm::IOIO, info1(info), key, words);
    }
}

#[test]
fn memory() {
    // SDM Vol. 3C, Table 29-7: what was done in 2:0, what was allowed in 5:3.
    for (qualification, key, words) in [
        (0x181, 0x1, "read, not present"),
        (0x182, 0x2, "write, not present"),
        (0x18a, 0xa, "write, present"),
        (0x1bc, 0xc, "fetch, present"),
        (0x183, 0x3, "read+write, not present"),
    ] {
        is(Vmx, vmx::EPT_VIOLATION, info1(qualification), key, words);
    }
    // APM Vol. 2, 15.25.6: #PF's error code below, which of the tables it was in above.
    for (info, key, words) in [
        (0x1_0000_0004, 0x01, "read, not present"),
        (0x1_0000_0006, 0x02, "write, not present"),
        (0x2_0000_0007, 0x0a, "write, present"),
        (0x1_0000_0015, 0x0c, "fetch, present"),
        (0x1_0000_000d, 0x19, "read, MMIO"),
    ] {
        is(Svm, svm::NPF, info1(info), key, words);
    }
    is(
        Vmx,
        vmx::EPT_MISCONFIG,
        info2(0xfed0_00f0),
        0xfed0_0000,
        "MMIO 0xfed00000",
    );
    is(Vmx, vmx::APIC_WRITE, info1(0x300), 0x300, "APIC 0x300");
    // SDM Vol. 3C, Table 29-6: the type of access in 15:12.
    is(Vmx, vmx::APIC_ACCESS, info1(0x10b4), 0xb0, "APIC 0xb0");
    is(
        Svm,
        svm::AVIC_UNACCELERATED_ACCESS,
        info1(0x1_0000_0380),
        0x380,
        "APIC 0x380",
    );
}

#[test]
fn instructions() {
    let cpuid = |rax: u64, rcx: u64| Notes {
        rax: rax | 0xdead << 32,
        rcx: rcx | 0xdead << 32,
        ..LEFT_OVER
    };
    for (isa, reason) in [(Vmx, vmx::CPUID), (Svm, svm::CPUID)] {
        is(isa, reason, cpuid(7, 1), 0x1_0000_0007, "CPUID 0x7.0x1");
        is(isa, reason, cpuid(1, 7), 1, "CPUID 0x1");
        is(
            isa,
            reason,
            cpuid(0x8000_001d, 2),
            0x2_8000_001d,
            "CPUID 0x8000001d.0x2",
        );
        is(
            isa,
            reason,
            cpuid(0x8000_0004, 2),
            0x8000_0004,
            "CPUID 0x80000004",
        );
        // Beyond the bit mask of those below 64.
        is(isa, reason, cpuid(0x40 + 4, 9), 0x44, "CPUID 0x44");
    }
    let hypercall = Notes {
        rax: 5,
        ..LEFT_OVER
    };
    is(Vmx, vmx::VMCALL, hypercall, 5, "hypercall 5");
    is(Svm, svm::VMMCALL, hypercall, 5, "hypercall 5");
    for reason in [vmx::INVPCID, vmx::INVEPT, vmx::INVVPID] {
        is(Vmx, reason, info2(2), 2, "type 2");
    }
    is(Svm, svm::INVPCID, info2(3), 3, "type 3");
}

#[test]
fn a_reason_has_slots_of_its_own() {
    for isa in [Vmx, Svm] {
        let mut next = 0;
        for (index, segment) in plan_of(isa).iter().enumerate() {
            let reason = reason_at(index);
            assert_eq!(segment.kind, Kind::of(isa, reason), "{reason}");
            if segment.kind.is_some() {
                assert_eq!(usize::from(segment.first), next, "{reason}");
                let room = usize::from(segment.mask) + 1;
                assert!(room.is_power_of_two());
                next += room;
            }
        }
        assert_eq!(plan_of(isa).len(), CELLS);
        assert!(next > 0 && next <= SLOTS);
    }
    let msr = segment_of(Vmx, vmx::MSR_WRITE).unwrap();
    assert_eq!((msr.kind, msr.mask), (Some(Kind::Msr), 511));
    assert!(segment_of(Vmx, vmx::HLT).unwrap().kind.is_none());
    assert!(segment_of(Vmx, 0x1_0000).is_none());
}
