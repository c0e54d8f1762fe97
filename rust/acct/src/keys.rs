// SPDX-License-Identifier: GPL-2.0

//! What an exit was about, as 64 bits: its key. Which reasons have one, how KVM's notes make it, and
//! what it is in words.

use super::{
    reasons::{svm, vmx, Isa},
    table::{index_named, reason_at, CELLS},
};

#[path = "key_words.rs"]
mod words;
pub use words::Words;

/// What the keys of a reason are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Vector in 7:0, for #PF the error code above (SDM Vol. 3A, 4.7).
    Exception,
    /// Control register in 3:0, access in 5:4: to, from, CLTS, LMSW (SDM Vol. 3C, Table 29-3).
    ControlRegister,
    /// Debug register in 2:0, bit 4 set for a read (SDM Vol. 3C, Table 29-4).
    DebugRegister,
    /// The MSR.
    Msr,
    /// SVM's one exit code for both: the MSR in 31:0, bit 32 set for a write.
    MsrEither,
    /// Port in 15:0, bytes in 18:16, bit 20 set for IN, bit 21 for INS and OUTS.
    Port,
    /// The same, as SVM tells it.
    IoioPort,
    /// Bits 0 read, 1 write, 2 fetch, 3 the entry was present, 4 reserved bits: KVM marks MMIO so.
    Access,
    /// The same, as SVM tells it.
    NpfAccess,
    /// #PF's error code: SVM has an exit code for each exception.
    PageFault,
    /// Guest-physical address of the page.
    Mmio,
    /// Offset of the register in the APIC's page.
    ApicRegister,
    /// Leaf in 31:0, above it the sub-leaf of leaves that have any.
    Cpuid,
    /// RAX.
    Hypercall,
    /// The interrupt's vector.
    Vector,
    /// The type of INVPCID, INVEPT or INVVPID.
    Invalidation,
}

/// KVM's notes of an exit: `struct kvm_exit_hook_detail`, whose header says what of it is when.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "that header's")]
pub struct Notes {
    pub of: i64,
    pub info1: u64,
    pub info2: u64,
    pub rax: u64,
    pub rcx: u64,
    pub intr_info: u32,
    pub error_code: u32,
}

impl Kind {
    /// What the keys of `reason` are; `None` where it has none.
    pub const fn of(isa: Isa, reason: u32) -> Option<Self> {
        Some(match isa {
            Isa::Vmx => match reason {
                vmx::EXCEPTION_NMI => Self::Exception,
                vmx::EXTERNAL_INTERRUPT => Self::Vector,
                vmx::CPUID => Self::Cpuid,
                vmx::VMCALL => Self::Hypercall,
                vmx::CR_ACCESS => Self::ControlRegister,
                vmx::DR_ACCESS => Self::DebugRegister,
                vmx::IO_INSTRUCTION => Self::Port,
                vmx::MSR_READ | vmx::MSR_WRITE => Self::Msr,
                vmx::APIC_ACCESS | vmx::APIC_WRITE => Self::ApicRegister,
                vmx::EPT_VIOLATION => Self::Access,
                vmx::EPT_MISCONFIG => Self::Mmio,
                vmx::INVPCID | vmx::INVEPT | vmx::INVVPID => Self::Invalidation,
                _ => return None,
            },
            Isa::Svm => match reason {
                svm::PF_EXCP => Self::PageFault,
                svm::CPUID => Self::Cpuid,
                svm::IOIO => Self::IoioPort,
                svm::MSR => Self::MsrEither,
                svm::VMMCALL => Self::Hypercall,
                svm::INVPCID => Self::Invalidation,
                svm::NPF => Self::NpfAccess,
                svm::AVIC_UNACCELERATED_ACCESS => Self::ApicRegister,
                _ => return None,
            },
        })
    }

    /// How many keys of a reason a CPU keeps apart: a power of two.
    const fn room(self) -> usize {
        match self {
            // As many as a Linux guest that boots asks for, and room between them.
            Self::Msr | Self::MsrEither => 512,
            Self::Vector | Self::Cpuid => 256,
            Self::Port | Self::IoioPort => 128,
            Self::Exception | Self::PageFault | Self::Mmio | Self::ApicRegister => 64,
            Self::ControlRegister | Self::DebugRegister | Self::Hypercall => 32,
            Self::Access | Self::NpfAccess | Self::Invalidation => 16,
        }
    }

    /// The key of the exit that `notes` are of.
    #[inline(always)]
    pub fn key(self, notes: &Notes) -> u64 {
        match self {
            Self::Exception => exception(notes),
            Self::Vector => u64::from(notes.intr_info & 0xff),
            Self::Cpuid => cpuid(notes.rax as u32, notes.rcx as u32),
            Self::Hypercall => notes.rax,
            Self::ControlRegister => notes.info1 & 0x3f,
            Self::DebugRegister => notes.info1 & 0x17,
            Self::Msr => notes.rcx & 0xffff_ffff,
            Self::MsrEither => (notes.rcx & 0xffff_ffff) | (notes.info1 & 1) << 32,
            Self::Port => port_vmx(notes.info1),
            Self::IoioPort => port_svm(notes.info1),
            Self::Access => access_vmx(notes.info1),
            Self::NpfAccess => access_svm(notes.info1),
            Self::PageFault => notes.info1,
            Self::Mmio => notes.info2 & !0xfff,
            Self::ApicRegister => notes.info1 & 0xff0,
            Self::Invalidation => notes.info2,
        }
    }
}

/// Page fault: the one exception whose error code tells apart what happens often.
const PF: u64 = 14;

fn exception(notes: &Notes) -> u64 {
    // SDM Vol. 3C, 26.9.2: vector in 7:0 of the interruption information.
    let vector = u64::from(notes.intr_info & 0xff);
    if vector == PF {
        vector | u64::from(notes.error_code) << 8
    } else {
        vector
    }
}

/// SDM Vol. 3C, Table 29-5: size less 1 in 2:0, direction in 3, string in 4, port in 31:16.
const fn port_vmx(qualification: u64) -> u64 {
    let bytes = (qualification & 7) + 1;
    (qualification >> 16 & 0xffff) | bytes << 16 | (qualification >> 3 & 3) << 20
}

/// APM Vol. 2, 15.10.2: direction in 0, string in 2, size in 6:4, port in 31:16.
const fn port_svm(info: u64) -> u64 {
    (info >> 16 & 0xffff) | (info >> 4 & 7) << 16 | (info & 1) << 20 | (info >> 2 & 1) << 21
}

/// SDM Vol. 3C, Table 29-7: read, write, fetch in 2:0; what the entry allowed in 5:3.
const fn access_vmx(qualification: u64) -> u64 {
    let present = (qualification & 0x38 != 0) as u64;
    (qualification & 7) | present << 3
}

/// APM Vol. 2, 15.25.6: as #PF's error code: present, write, user, reserved, fetch in 4:0.
const fn access_svm(info: u64) -> u64 {
    let (write, fetch) = (info >> 1 & 1, info >> 4 & 1);
    let read = (write | fetch) ^ 1;
    read | write << 1 | fetch << 2 | (info & 1) << 3 | (info >> 3 & 1) << 4
}

/// Leaves whose answer depends on ecx: `cpuid_function_is_indexed()` in
/// `arch/x86/include/asm/cpuid/api.h`.
pub const INDEXED: &[u32] = &[
    0x4,
    0x7,
    0xb,
    0xd,
    0xf,
    0x10,
    0x12,
    0x14,
    0x17,
    0x18,
    0x1d,
    0x1e,
    0x1f,
    0x23,
    0x24,
    0x8000_001d,
];

/// A bit for each of [`INDEXED`] below 64.
const INDEXED_LOW: u64 = {
    let (mut bits, mut i) = (0, 0);
    while i < INDEXED.len() {
        if INDEXED[i] < 64 {
            bits |= 1 << INDEXED[i];
        }
        i += 1;
    }
    bits
};

/// The one above.
const INDEXED_HIGH: u32 = INDEXED[INDEXED.len() - 1];

#[inline(always)]
fn cpuid(leaf: u32, subleaf: u32) -> u64 {
    let key = u64::from(leaf);
    if leaf >= 64 {
        if leaf != INDEXED_HIGH {
            return key;
        }
    } else if INDEXED_LOW >> leaf & 1 == 0 {
        return key;
    }
    key | u64::from(subleaf) << 32
}

/// Where a CPU keeps the keys of one reason. As long as a word, so that it is found without a
/// multiplication.
#[repr(align(8))]
#[derive(Clone, Copy, Debug)]
pub struct Segment {
    /// What they are; `None` where the reason has none.
    pub kind: Option<Kind>,
    /// The first of its slots.
    pub first: u16,
    /// How many it has, less one.
    pub mask: u16,
}

/// The segments of all cells.
pub type Plan = [Segment; CELLS];

/// Room for all keys of all reasons, of the one ISA or of the other.
pub const SLOTS: usize = {
    let (vmx, svm) = (plan(Isa::Vmx).1, plan(Isa::Svm).1);
    if vmx > svm {
        vmx
    } else {
        svm
    }
};

static VMX: Plan = plan(Isa::Vmx).0;
static SVM: Plan = plan(Isa::Svm).0;

const fn plan(isa: Isa) -> (Plan, usize) {
    let none = Segment {
        kind: None,
        first: 0,
        mask: 0,
    };
    let (mut plan, mut next, mut index) = ([none; CELLS], 0, 0);
    while index < CELLS {
        if let Some(kind) = Kind::of(isa, reason_at(index)) {
            plan[index] = Segment {
                kind: Some(kind),
                first: next as u16,
                mask: (kind.room() - 1) as u16,
            };
            next += kind.room();
        }
        index += 1;
    }
    (plan, next)
}

/// The segments of `isa`.
#[inline(always)]
pub fn plan_of(isa: Isa) -> &'static Plan {
    match isa {
        Isa::Vmx => &VMX,
        Isa::Svm => &SVM,
    }
}

/// The segment of `reason`.
pub fn segment_of(isa: Isa, reason: u32) -> Option<Segment> {
    plan_of(isa).get(index_named(reason, isa)?).copied()
}
