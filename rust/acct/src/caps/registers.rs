// SPDX-License-Identifier: GPL-2.0

//! The capability MSRs of VMX that do not describe a group of controls, field by field.

use super::controls::Allowed;
use super::places::Place;

/// A value made of fields.
#[derive(Clone, Copy, Debug)]
pub struct Register {
    /// Where it is read.
    pub place: Place,
    /// What the SDM or the APM defines in it.
    pub fields: &'static [Field],
}

/// A field of a register.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its highest bit.
    pub high: u8,
    /// Its lowest bit.
    pub low: u8,
    /// What it tells, in the manual's words as far as they fit on a line.
    pub name: &'static str,
    /// How to read it.
    pub kind: Kind,
}

/// How a field's bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One bit: so, or not so.
    Flag,
    /// A number.
    Number,
    /// An identifier, better read in hex.
    Id,
    /// A number of bytes.
    Bytes,
    /// A memory type.
    MemoryType,
    /// N for a timer that moves when bit N of the TSC changes.
    TscBit,
    /// N for a limit of 512 * (N + 1) MSRs.
    MsrCount,
}

impl Field {
    /// What the field says in a register that holds `raw`.
    pub fn value(&self, raw: u64) -> u64 {
        let bits = (raw >> self.low) & (u64::MAX >> (63 - (self.high - self.low)));

        match self.kind {
            Kind::MsrCount => 512 * (bits + 1),
            _ => bits,
        }
    }

    /// The bits of a register that the field takes up.
    fn mask(&self) -> u64 {
        (u64::MAX >> (63 - (self.high - self.low))) << self.low
    }
}

impl Register {
    /// The bits that are set in `raw` although the manual reserves them.
    pub fn reserved(&self, raw: u64) -> impl Iterator<Item = u8> {
        let rest = self.fields.iter().fold(raw, |rest, f| rest & !f.mask());

        (0..64).filter(move |bit| (rest >> bit) & 1 != 0)
    }
}

pub(super) const fn flag(bit: u8, name: &'static str) -> Field {
    field(bit, bit, Kind::Flag, name)
}

pub(super) const fn field(high: u8, low: u8, kind: Kind, name: &'static str) -> Field {
    Field {
        high,
        low,
        name,
        kind,
    }
}

/// IA32_VMX_BASIC (SDM A.1).
pub const BASIC: Register = Register {
    place: Place::Msr(0x480),
    fields: &[
        field(30, 0, Kind::Id, "VMCS revision identifier"),
        field(44, 32, Kind::Bytes, "VMXON and VMCS region size"),
        flag(48, "VMX structures limited to 32-bit physical addresses"),
        flag(49, "Dual-monitor treatment of SMIs and SMM"),
        field(53, 50, Kind::MemoryType, "VMCS memory type"),
        flag(54, "INS and OUTS report exit instruction information"),
        flag(55, "TRUE control MSRs"),
        flag(56, "Exceptions injected with or without error code"),
        flag(58, "Nested-exception support"),
        // KVM's VMX_BASIC_NO_SEAMRET_INVD_VMCS.
        flag(60, "SEAMRET does not invalidate the VMCS"),
    ],
};

/// IA32_VMX_BASIC bit 55: the TRUE variants of the control MSRs exist.
pub const BASIC_TRUE_CONTROLS: u8 = 55;

/// IA32_VMX_MISC (SDM A.6).
pub const MISC: Register = Register {
    place: Place::Msr(0x485),
    fields: &[
        field(4, 0, Kind::TscBit, "VMX-preemption timer rate"),
        flag(5, "VM exits store IA32_EFER.LMA in the VM-entry controls"),
        flag(6, "Activity state HLT"),
        flag(7, "Activity state shutdown"),
        flag(8, "Activity state wait-for-SIPI"),
        flag(14, "Intel PT in VMX operation"),
        flag(15, "RDMSR of IA32_SMBASE in SMM"),
        field(24, 16, Kind::Number, "CR3-target values"),
        field(27, 25, Kind::MsrCount, "Recommended limit of MSR lists"),
        flag(28, "IA32_SMM_MONITOR_CTL bit 2 can be set"),
        flag(29, "VMWRITE to VM-exit information fields"),
        flag(30, "Injection with instruction length 0"),
        field(63, 32, Kind::Id, "MSEG revision identifier"),
    ],
};

/// IA32_VMX_VMCS_ENUM (SDM A.9).
pub const VMCS_ENUM: Register = Register {
    place: Place::Msr(0x48a),
    fields: &[field(9, 1, Kind::Number, "Highest index of a VMCS field")],
};

/// IA32_VMX_EPT_VPID_CAP (SDM A.10).
pub const EPT_VPID_CAP: Register = Register {
    place: Place::Msr(0x48c),
    fields: &[
        flag(0, "Execute-only translations"),
        flag(6, "Page-walk length of 4"),
        flag(7, "Page-walk length of 5"),
        flag(8, "EPT paging structures uncacheable"),
        flag(14, "EPT paging structures write-back"),
        flag(16, "2-MByte pages"),
        flag(17, "1-GByte pages"),
        flag(20, "INVEPT"),
        flag(21, "Accessed and dirty flags for EPT"),
        flag(22, "Advanced VM-exit information for EPT violations"),
        flag(23, "Supervisor shadow-stack control"),
        flag(25, "Single-context INVEPT"),
        flag(26, "All-context INVEPT"),
        flag(32, "INVVPID"),
        flag(40, "Individual-address INVVPID"),
        flag(41, "Single-context INVVPID"),
        flag(42, "All-context INVVPID"),
        flag(43, "Single-context-retaining-globals INVVPID"),
        field(53, 48, Kind::Number, "Maximum HLAT prefix size"),
    ],
};

/// IA32_VMX_VMFUNC (SDM A.11).
pub const VMFUNC: Register = Register {
    place: Place::Msr(0x491),
    fields: &[flag(0, "EPTP switching")],
};

/// The registers, in the order in which they are reported.
pub const REGISTERS: &[Register] = &[BASIC, MISC, VMCS_ENUM, EPT_VPID_CAP, VMFUNC];

/// A control register that VMX operation restricts (SDM A.7, A.8).
#[derive(Clone, Copy, Debug)]
pub struct ControlRegister {
    /// Its name.
    pub name: &'static str,
    /// The MSR whose bits are 1 where the register's bits must be 1.
    pub fixed0: u32,
    /// The MSR whose bits are 0 where the register's bits must be 0.
    pub fixed1: u32,
    /// The register's bits and their names (SDM 2.5).
    pub bits: &'static [(u8, &'static str)],
}

/// CR0 and CR4. With "unrestricted guest", a guest may clear CR0.PE and CR0.PG all the same.
pub const CONTROL_REGISTERS: &[ControlRegister] = &[
    ControlRegister {
        name: "CR0",
        fixed0: 0x486,
        fixed1: 0x487,
        bits: &[
            (0, "PE"),
            (1, "MP"),
            (2, "EM"),
            (3, "TS"),
            (4, "ET"),
            (5, "NE"),
            (16, "WP"),
            (18, "AM"),
            (29, "NW"),
            (30, "CD"),
            (31, "PG"),
        ],
    },
    ControlRegister {
        name: "CR4",
        fixed0: 0x488,
        fixed1: 0x489,
        bits: &[
            (0, "VME"),
            (1, "PVI"),
            (2, "TSD"),
            (3, "DE"),
            (4, "PSE"),
            (5, "PAE"),
            (6, "MCE"),
            (7, "PGE"),
            (8, "PCE"),
            (9, "OSFXSR"),
            (10, "OSXMMEXCPT"),
            (11, "UMIP"),
            (12, "LA57"),
            (13, "VMXE"),
            (14, "SMXE"),
            (16, "FSGSBASE"),
            (17, "PCIDE"),
            (18, "OSXSAVE"),
            (19, "KL"),
            (20, "SMEP"),
            (21, "SMAP"),
            (22, "PKE"),
            (23, "CET"),
            (24, "PKS"),
            (25, "UINTR"),
            (27, "LASS"),
            (28, "LAM_SUP"),
            (32, "FRED"),
        ],
    },
];

impl ControlRegister {
    /// What VMX operation allows for `bit`, given what the two MSRs hold.
    pub fn allowed(&self, fixed0: u64, fixed1: u64, bit: u8) -> Allowed {
        Allowed::of_bit(fixed0, fixed1, bit)
    }

    /// The bits without a name that may be 1.
    pub fn reserved(&self, fixed1: u64) -> u64 {
        self.bits
            .iter()
            .fold(fixed1, |rest, (bit, _)| rest & !(1 << bit))
    }
}
