// SPDX-License-Identifier: GPL-2.0

//! The VM-execution, VM-exit and VM-entry controls: one table of groups and their controls.

/// A group of controls: one VMCS field, and the MSRs that say what it may hold.
#[derive(Clone, Copy, Debug)]
pub struct Group {
    /// Which group this is.
    pub id: GroupId,
    /// Its name, without the word "controls".
    pub name: &'static str,
    /// The MSR that every processor with the group has.
    pub msr: u32,
    /// The MSR that replaces it where IA32_VMX_BASIC bit 55 is set (SDM A.2).
    pub true_msr: Option<u32>,
    /// Whether the MSR has 32 allowed-0 bits below 32 allowed-1 bits. The later groups have 64
    /// allowed-1 bits instead: any of their controls may be 0 (SDM A.3.4, A.4.2).
    pub allowed0: bool,
    /// The control, of another group, that brings this one into use: where it cannot be set, the
    /// group does not exist.
    pub activated_by: Option<(GroupId, u8)>,
}

/// A control that the SDM defines.
#[derive(Clone, Copy, Debug)]
pub struct Control {
    /// The group it belongs to.
    pub group: GroupId,
    /// Its bit in the group's VMCS field.
    pub bit: u8,
    /// Its name in the SDM.
    pub name: &'static str,
    /// The SDM section that defines it.
    pub section: &'static str,
}

/// One table yields the groups, their identifiers and the controls, so that each fact stands once.
macro_rules! define_controls {
    ($(
        $(#[$doc:meta])*
        $id:ident {
            name: $name:literal,
            section: $section:literal,
            msr: $msr:literal,
            true_msr: $true_msr:expr,
            allowed0: $allowed0:literal,
            activated_by: $activated_by:expr,
            $( $bit:literal => $control:literal, )*
        }
    )*) => {
        /// Identifies a group of controls.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum GroupId {
            $( $(#[$doc])* $id, )*
        }

        impl GroupId {
            /// The group itself.
            pub const fn group(self) -> &'static Group {
                match self {
                    $( Self::$id => &Group {
                        id: Self::$id,
                        name: $name,
                        msr: $msr,
                        true_msr: $true_msr,
                        allowed0: $allowed0,
                        activated_by: $activated_by,
                    }, )*
                }
            }
        }

        /// The groups, in the order in which they are reported.
        pub const GROUPS: &[&Group] = &[ $( GroupId::$id.group(), )* ];

        /// The controls that the SDM defines, by group and bit.
        pub const CONTROLS: &[Control] = &[
            $( $( Control {
                group: GroupId::$id,
                bit: $bit,
                name: $control,
                section: $section,
            }, )* )*
        ];
    };
}

define_controls! {
    /// Pin-based VM-execution controls: asynchronous events.
    Pin {
        name: "Pin-Based",
        section: "27.6.1",
        msr: 0x481,
        true_msr: Some(0x48d),
        allowed0: true,
        activated_by: None,
        0 => "External-interrupt exiting",
        3 => "NMI exiting",
        5 => "Virtual NMIs",
        6 => "Activate VMX-preemption timer",
        7 => "Process posted interrupts",
    }
    /// Primary processor-based VM-execution controls: mainly what instructions do.
    Primary {
        name: "Primary Processor-Based",
        section: "27.6.2",
        msr: 0x482,
        true_msr: Some(0x48e),
        allowed0: true,
        activated_by: None,
        2 => "Interrupt-window exiting",
        3 => "Use TSC offsetting",
        7 => "HLT exiting",
        9 => "INVLPG exiting",
        10 => "MWAIT exiting",
        11 => "RDPMC exiting",
        12 => "RDTSC exiting",
        15 => "CR3-load exiting",
        16 => "CR3-store exiting",
        17 => "Activate tertiary controls",
        19 => "CR8-load exiting",
        20 => "CR8-store exiting",
        21 => "Use TPR shadow",
        22 => "NMI-window exiting",
        23 => "MOV-DR exiting",
        24 => "Unconditional I/O exiting",
        25 => "Use I/O bitmaps",
        27 => "Monitor trap flag",
        28 => "Use MSR bitmaps",
        29 => "MONITOR exiting",
        30 => "PAUSE exiting",
        31 => "Activate secondary controls",
    }
    /// Secondary processor-based VM-execution controls.
    Secondary {
        name: "Secondary Processor-Based",
        section: "27.6.2",
        msr: 0x48b,
        true_msr: None,
        allowed0: true,
        activated_by: Some((GroupId::Primary, 31)),
        0 => "Virtualize APIC accesses",
        1 => "Enable EPT",
        2 => "Descriptor-table exiting",
        3 => "Enable RDTSCP",
        4 => "Virtualize x2APIC mode",
        5 => "Enable VPID",
        6 => "WBINVD exiting",
        7 => "Unrestricted guest",
        8 => "APIC-register virtualization",
        9 => "Virtual-interrupt delivery",
        10 => "PAUSE-loop exiting",
        11 => "RDRAND exiting",
        12 => "Enable INVPCID",
        13 => "Enable VM functions",
        14 => "VMCS shadowing",
        15 => "Enable ENCLS exiting",
        16 => "RDSEED exiting",
        17 => "Enable PML",
        18 => "EPT-violation #VE",
        19 => "Conceal VMX from PT",
        20 => "Enable XSAVES/XRSTORS",
        21 => "PASID translation",
        22 => "Mode-based execute control for EPT",
        23 => "Sub-page write permissions for EPT",
        24 => "Intel PT uses guest physical addresses",
        25 => "Use TSC scaling",
        26 => "Enable user wait and pause",
        27 => "Enable PCONFIG",
        28 => "Enable ENCLV exiting",
        30 => "VMM bus-lock detection",
        31 => "Instruction timeout",
    }
    /// Tertiary processor-based VM-execution controls.
    Tertiary {
        name: "Tertiary Processor-Based",
        section: "27.6.2",
        msr: 0x492,
        true_msr: None,
        allowed0: false,
        activated_by: Some((GroupId::Primary, 17)),
        0 => "LOADIWKEY exiting",
        1 => "Enable HLAT",
        2 => "EPT paging-write control",
        3 => "Guest-paging verification",
        4 => "IPI virtualization",
        5 => "SEAM guest-physical address width",
        6 => "Enable MSR-list instructions",
        7 => "Virtualize IA32_SPEC_CTRL",
        8 => "APIC-timer virtualization",
        9 => "Enable PBNDKB",
        12 => "PEBS uses guest physical addresses",
    }
    /// Primary VM-exit controls.
    Exit {
        name: "Primary VM-Exit",
        section: "27.7.1",
        msr: 0x483,
        true_msr: Some(0x48f),
        allowed0: true,
        activated_by: None,
        2 => "Save debug controls",
        9 => "Host address-space size",
        12 => "Load IA32_PERF_GLOBAL_CTRL",
        15 => "Acknowledge interrupt on exit",
        18 => "Save IA32_PAT",
        19 => "Load IA32_PAT",
        20 => "Save IA32_EFER",
        21 => "Load IA32_EFER",
        22 => "Save VMX-preemption timer value",
        23 => "Clear IA32_BNDCFGS",
        24 => "Conceal VMX from PT",
        25 => "Clear IA32_RTIT_CTL",
        26 => "Clear IA32_LBR_CTL",
        27 => "Clear UINV",
        28 => "Load CET state",
        29 => "Load PKRS",
        30 => "Save IA32_PERF_GLOBAL_CTL",
        31 => "Activate secondary controls",
    }
    /// Secondary VM-exit controls.
    SecondaryExit {
        name: "Secondary VM-Exit",
        section: "27.7.1",
        msr: 0x493,
        true_msr: None,
        allowed0: false,
        activated_by: Some((GroupId::Exit, 31)),
        0 => "Save FRED",
        1 => "Load FRED",
        2 => "Load IA32_SPEC_CTRL",
        3 => "Prematurely busy shadow stack",
    }
    /// VM-entry controls.
    Entry {
        name: "VM-Entry",
        section: "27.8.1",
        msr: 0x484,
        true_msr: Some(0x490),
        allowed0: true,
        activated_by: None,
        2 => "Load debug controls",
        9 => "IA-32e mode guest",
        10 => "Entry to SMM",
        11 => "Deactivate dual-monitor treatment",
        13 => "Load IA32_PERF_GLOBAL_CTRL",
        14 => "Load IA32_PAT",
        15 => "Load IA32_EFER",
        16 => "Load IA32_BNDCFGS",
        17 => "Conceal VMX from PT",
        18 => "Load IA32_RTIT_CTL",
        19 => "Load UINV",
        20 => "Load CET state",
        21 => "Load guest IA32_LBR_CTL",
        22 => "Load PKRS",
        23 => "Load FRED",
        24 => "Load IA32_SPEC_CTRL",
        25 => "Allow SEAM-guest telemetry",
    }
}

impl GroupId {
    /// The control at `bit`, if the SDM defines one.
    pub fn control(self, bit: u8) -> Option<&'static Control> {
        CONTROLS.iter().find(|c| c.group == self && c.bit == bit)
    }
}

impl Group {
    /// How many controls the group's VMCS field has room for.
    pub fn width(&self) -> u8 {
        if self.allowed0 {
            32
        } else {
            64
        }
    }
}

/// What software may do with a bit of a VMCS control field, or of CR0 and CR4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// It may be 1.
    pub can_set: bool,
    /// It may be 0.
    pub can_clear: bool,
}

impl Allowed {
    /// What a bit may be that has to be 1 where `must_be_1` has it, and may be 1 only where
    /// `may_be_1` has it.
    pub(super) fn of_bit(must_be_1: u64, may_be_1: u64, bit: u8) -> Self {
        Self {
            can_set: (may_be_1 >> bit) & 1 != 0,
            can_clear: (must_be_1 >> bit) & 1 == 0,
        }
    }
}

/// A group of controls as one processor has it.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// The group.
    pub group: &'static Group,
    /// The MSR that was read: the group's own, or its TRUE variant.
    pub msr: u32,
    /// What the MSR held.
    pub raw: u64,
}

/// A bit of a group that is worth reporting.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Its number.
    pub bit: u8,
    /// The control it is; `None` for a bit that the SDM reserves and the processor allows.
    pub control: Option<&'static Control>,
    /// What software may do with it.
    pub allowed: Allowed,
}

impl Reading {
    /// What software may do with `bit`.
    pub fn allowed(&self, bit: u8) -> Allowed {
        if bit >= self.group.width() {
            return Allowed {
                can_set: false,
                can_clear: true,
            };
        }
        if self.group.allowed0 {
            // SDM A.3.1: bit X of 31:0 is 1 where control X must be 1; bit X of 63:32 is 1 where
            // it may be.
            Allowed::of_bit(self.raw & 0xffff_ffff, self.raw >> 32, bit)
        } else {
            Allowed::of_bit(0, self.raw, bit)
        }
    }

    /// Every control that the SDM defines, and every further bit that this processor lets
    /// software set, by bit.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
        (0..self.group.width()).filter_map(|bit| {
            let control = self.group.id.control(bit);
            let allowed = self.allowed(bit);

            (control.is_some() || allowed.can_set).then_some(Entry {
                bit,
                control,
                allowed,
            })
        })
    }
}
