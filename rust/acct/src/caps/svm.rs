// SPDX-License-Identifier: GPL-2.0

//! What a processor's SVM can do, by CPUID leaf 8000_000A, and whether firmware lets it, by VM_CR.
//!
//! The leaf is that of the APM Vol. 3, E.4.9; the words in brackets are the APM's mnemonics. The
//! bits were taken from published transcriptions of that table, not from the PDF, and a test
//! compares them with the kernel's headers. VM_CR is that of the APM Vol. 2, 15.30.1.

use core::fmt;

use super::capabilities::Capabilities;
use super::extension::{extended_leaf, Extension};
use super::places::{Gpr, Place};
use super::registers::{field, flag, Kind, Register};

/// The CPUID leaf.
pub const LEAF: u32 = 0x8000_000a;

/// What tells of SVM, with its names.
pub const PLACES: &[(Place, &str)] = &[
    (Place::Cpuid(Gpr::Eax), "CPUID Fn8000_000A_EAX"),
    (Place::Cpuid(Gpr::Ebx), "CPUID Fn8000_000A_EBX"),
    (Place::Cpuid(Gpr::Ecx), "CPUID Fn8000_000A_ECX"),
    (Place::Cpuid(Gpr::Edx), "CPUID Fn8000_000A_EDX"),
    (Place::Msr(MSR_VM_CR), "VM_CR"),
];

/// SVM features, in EDX.
const FEATURES: Register = Register {
    place: Place::Cpuid(Gpr::Edx),
    fields: &[
        flag(0, "Nested paging (NP)"),
        flag(1, "LBR virtualization (LbrVirt)"),
        flag(FEATURES_SVML, "SVM lock (SVML)"),
        flag(3, "Next RIP saved on #VMEXIT (NRIPS)"),
        flag(4, "MSR-based TSC rate control (TscRateMsr)"),
        flag(5, "VMCB clean bits (VmcbClean)"),
        flag(6, "TLB flush by ASID (FlushByAsid)"),
        flag(7, "Decode assists (DecodeAssists)"),
        flag(8, "Performance counter virtualization (PmcVirt)"),
        flag(10, "PAUSE intercept filter (PauseFilter)"),
        flag(12, "PAUSE filter threshold (PauseFilterThreshold)"),
        flag(13, "Virtual interrupt controller (AVIC)"),
        flag(15, "VMSAVE and VMLOAD virtualization (VMSAVEvirt)"),
        flag(16, "Global interrupt flag virtualization (VGIF)"),
        flag(17, "Guest mode execute trap (GMET)"),
        flag(18, "AVIC in x2APIC mode (x2AVIC)"),
        flag(19, "Supervisor shadow stack restrictions (SSSCheck)"),
        flag(20, "SPEC_CTRL virtualization (SpecCtrl)"),
        flag(21, "Read-only guest page tables (ROGPT)"),
        flag(
            23,
            "#MC intercepted whatever the guest's CR4.MCE (HOST_MCE_OVERRIDE)",
        ),
        flag(
            24,
            "INVLPGB and TLBSYNC in guests, TLBSYNC intercept (TlbiCtl)",
        ),
        flag(25, "NMI virtualization (VNMI)"),
        flag(26, "IBS virtualization (IbsVirt)"),
        flag(27, "AVIC reads of the extended LVT (ExtLvtAvicAccessChg)"),
        flag(28, "Guest VMCB address check (NestedVirtVmcbAddrChk)"),
        flag(29, "Bus lock threshold (BusLockThreshold)"),
        flag(30, "Idle HLT intercept (IdleHltIntercept)"),
    ],
};

/// EDX bit 2: there may be a key that unlocks VM_CR (APM Vol. 2, 15.31).
const FEATURES_SVML: u8 = 2;

/// VM_CR: what SVM does to the rest of the processor, and whether it can be enabled.
const VM_CR: Register = Register {
    place: Place::Msr(MSR_VM_CR),
    fields: &[
        flag(0, "Debug port disabled (DPD)"),
        flag(1, "INIT redirected to #SX (R_INIT)"),
        flag(2, "A20 masking disabled (DIS_A20M)"),
        flag(VM_CR_LOCK, "LOCK and SVMDIS read-only (LOCK)"),
        flag(VM_CR_SVMDIS, "EFER.SVME must be zero (SVMDIS)"),
    ],
};

/// The index of VM_CR.
pub const MSR_VM_CR: u32 = 0xc001_0114;

const VM_CR_LOCK: u8 = 3;
const VM_CR_SVMDIS: u8 = 4;

/// The registers, in the order in which they are reported.
pub const REGISTERS: &[Register] = &[
    Register {
        place: Place::Cpuid(Gpr::Eax),
        fields: &[field(7, 0, Kind::Number, "SVM revision (SvmRev)")],
    },
    Register {
        place: Place::Cpuid(Gpr::Ebx),
        fields: &[field(31, 0, Kind::Number, "Number of ASIDs (NASID)")],
    },
    Register {
        place: Place::Cpuid(Gpr::Ecx),
        fields: &[
            flag(4, "Page-modification logging (PML)"),
            flag(5, "Enhanced TLB invalidation (EnhancedTlbi)"),
            flag(6, "4096 vCPUs in x2AVIC mode (x2AVIC_EXT)"),
        ],
    },
    FEATURES,
    VM_CR,
];

/// The answer to [`LEAF`] of the processor that `cpuid` asks; `None` where it has no such leaf.
pub fn leaf<E>(cpuid: impl FnMut(u32) -> Result<[u32; 4], E>) -> Result<Option<[u32; 4]>, E> {
    extended_leaf(LEAF, cpuid)
}

/// Whether SVM can be enabled.
///
/// The APM's algorithm (Vol. 2, 15.4) does not look at LOCK. Where SVML says that there is such a
/// bit, it tells whether SVMDIS can be cleared at once (15.31).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// The APM's SVM_ALLOWED.
    Allowed,
    /// Disabled, but software may change that.
    NotLocked,
    /// The APM's SVM_DISABLED_AT_BIOS_NOT_UNLOCKABLE.
    NotUnlockable,
    /// The APM's SVM_DISABLED_WITH_KEY.
    WithKey,
    /// Disabled; how firmly, the leaf would tell, which is not known.
    Disabled,
    /// VM_CR is not known.
    Unknown,
}

impl Status {
    /// By what `caps` has; `None` for a processor without SVM.
    pub fn of(caps: &Capabilities) -> Option<Self> {
        if caps.extension() != Extension::Svm {
            return None;
        }
        let bit = |register: &Register, bit: u8| Some((caps.get(register.place)? >> bit) & 1 != 0);
        let svmdis = bit(&VM_CR, VM_CR_SVMDIS);
        let lock = bit(&VM_CR, VM_CR_LOCK);
        let svml = bit(&FEATURES, FEATURES_SVML);

        Some(match (svmdis, svml, lock) {
            (None, _, _) => Self::Unknown,
            (Some(false), _, _) => Self::Allowed,
            (Some(true), None, _) => Self::Disabled,
            (Some(true), Some(false), _) => Self::NotUnlockable,
            (Some(true), Some(true), Some(false)) => Self::NotLocked,
            (Some(true), Some(true), _) => Self::WithKey,
        })
    }

    /// In one word, for programs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::NotLocked => "disabled_not_locked",
            Self::NotUnlockable => "disabled_not_unlockable",
            Self::WithKey => "disabled_with_key",
            Self::Disabled => "disabled",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allowed => "allowed (VM_CR.SVMDIS is 0)",
            Self::NotLocked => "disabled, but not locked: VM_CR.SVMDIS can be cleared (LOCK is 0)",
            Self::NotUnlockable => {
                "locked off by the firmware: only its setup can enable SVM (no SVML, no key)"
            }
            Self::WithKey => {
                "locked off by the firmware: its setup can enable SVM, or its key, if it has one \
                 (SVML)"
            }
            Self::Disabled => "disabled (VM_CR.SVMDIS is 1)",
            Self::Unknown => "not known whether firmware allows it: VM_CR was not read",
        })
    }
}
