// SPDX-License-Identifier: GPL-2.0

//! The capability MSRs of VMX, and which of them a processor has.

use super::capabilities::Capabilities;
use super::controls::{GroupId, Reading, GROUPS};
use super::places::Place;
use super::registers::{BASIC, BASIC_TRUE_CONTROLS, EPT_VPID_CAP, VMFUNC};

/// The capability MSRs and their names, by index.
///
/// Whatever decides whether an MSR exists stands in an MSR of a lower index.
pub const MSRS: &[(u32, &str)] = &[
    (0x480, "IA32_VMX_BASIC"),
    (0x481, "IA32_VMX_PINBASED_CTLS"),
    (0x482, "IA32_VMX_PROCBASED_CTLS"),
    (0x483, "IA32_VMX_EXIT_CTLS"),
    (0x484, "IA32_VMX_ENTRY_CTLS"),
    (0x485, "IA32_VMX_MISC"),
    (0x486, "IA32_VMX_CR0_FIXED0"),
    (0x487, "IA32_VMX_CR0_FIXED1"),
    (0x488, "IA32_VMX_CR4_FIXED0"),
    (0x489, "IA32_VMX_CR4_FIXED1"),
    (0x48a, "IA32_VMX_VMCS_ENUM"),
    (0x48b, "IA32_VMX_PROCBASED_CTLS2"),
    (0x48c, "IA32_VMX_EPT_VPID_CAP"),
    (0x48d, "IA32_VMX_TRUE_PINBASED_CTLS"),
    (0x48e, "IA32_VMX_TRUE_PROCBASED_CTLS"),
    (0x48f, "IA32_VMX_TRUE_EXIT_CTLS"),
    (0x490, "IA32_VMX_TRUE_ENTRY_CTLS"),
    (0x491, "IA32_VMX_VMFUNC"),
    (0x492, "IA32_VMX_PROCBASED_CTLS3"),
    (0x493, "IA32_VMX_EXIT_CTLS2"),
];

/// Whether a processor has a group of controls.
#[derive(Clone, Copy, Debug)]
pub enum Presence {
    /// It has: this is what it allows.
    Present(Reading),
    /// It has not: the control that would activate the group cannot be set.
    Absent,
    /// None of the group's MSRs is known.
    Unknown,
}

impl Capabilities {
    /// Whether a processor with VMX has `msr`, as far as the known MSRs tell.
    pub(super) fn vmx_msr_exists(&self, msr: u32) -> Option<bool> {
        if Place::Msr(msr) == EPT_VPID_CAP.place {
            // SDM A.10: for "enable EPT" or "enable VPID".
            return either(
                self.can_set(GroupId::Secondary, 1),
                self.can_set(GroupId::Secondary, 5),
            );
        }
        if Place::Msr(msr) == VMFUNC.place {
            // SDM A.11: for "enable VM functions".
            return self.can_set(GroupId::Secondary, 13);
        }
        for group in GROUPS {
            if group.true_msr == Some(msr) {
                return self.has_true_controls();
            }
            if group.msr == msr {
                return match group.activated_by {
                    Some((id, bit)) => self.can_set(id, bit),
                    None => Some(true),
                };
            }
        }
        Some(true)
    }

    /// The group as this processor has it: by its TRUE MSR where there is one (SDM A.2).
    pub fn presence(&self, id: GroupId) -> Presence {
        let group = id.group();

        if let Some((by, bit)) = group.activated_by {
            if self.can_set(by, bit) == Some(false) {
                return Presence::Absent;
            }
        }

        let true_msr = group
            .true_msr
            .filter(|_| self.has_true_controls() != Some(false));
        let known = true_msr
            .into_iter()
            .chain([group.msr])
            .find_map(|msr| self.msr(msr).map(|raw| Reading { group, msr, raw }));

        known.map_or(Presence::Unknown, Presence::Present)
    }

    /// Whether a control can be set, as far as the known MSRs tell.
    pub fn can_set(&self, id: GroupId, bit: u8) -> Option<bool> {
        match self.presence(id) {
            Presence::Present(reading) => Some(reading.allowed(bit).can_set),
            Presence::Absent => Some(false),
            Presence::Unknown => None,
        }
    }

    fn has_true_controls(&self) -> Option<bool> {
        self.get(BASIC.place)
            .map(|basic| (basic >> BASIC_TRUE_CONTROLS) & 1 != 0)
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}
