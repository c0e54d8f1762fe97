// SPDX-License-Identifier: GPL-2.0

//! The capability MSRs of one processor, and which of them it has.

use super::controls::{GroupId, Reading, GROUPS};
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

/// The name of a capability MSR.
pub fn name(msr: u32) -> &'static str {
    position(msr).map_or("unknown MSR", |i| MSRS[i].1)
}

fn position(msr: u32) -> Option<usize> {
    MSRS.iter().position(|&(index, _)| index == msr)
}

/// What the capability MSRs of one processor hold, as far as they are known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    values: [Option<u64>; MSRS.len()],
}

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
    /// Asks `read` for every MSR that the processor may have, given those it has already
    /// answered. `read` gives `None` for an MSR that cannot be read.
    pub fn read_with(mut read: impl FnMut(u32) -> Option<u64>) -> Self {
        let mut caps = Self::default();

        for (i, &(msr, _)) in MSRS.iter().enumerate() {
            if caps.exists(msr) != Some(false) {
                caps.values[i] = read(msr);
            }
        }
        caps
    }

    /// What `msr` holds, if that is known.
    pub fn get(&self, msr: u32) -> Option<u64> {
        position(msr).and_then(|i| self.values[i])
    }

    /// Notes what `msr` holds; `false` if it is not a capability MSR.
    pub fn set(&mut self, msr: u32, value: u64) -> bool {
        position(msr)
            .map(|i| self.values[i] = Some(value))
            .is_some()
    }

    /// The MSRs that are known, with what they hold.
    pub fn iter(&self) -> impl Iterator<Item = (u32, u64)> + '_ {
        MSRS.iter()
            .zip(&self.values)
            .filter_map(|(&(msr, _), &value)| value.map(|value| (msr, value)))
    }

    /// The MSRs that the processor must have, by what its other MSRs say, but that are not known.
    pub fn missing(&self) -> impl Iterator<Item = u32> + '_ {
        MSRS.iter()
            .map(|&(msr, _)| msr)
            .filter(|&msr| self.get(msr).is_none() && self.exists(msr) == Some(true))
    }

    /// The MSRs that differ between two processors, with what each of the two holds.
    pub fn differences<'a>(
        &'a self,
        other: &'a Self,
    ) -> impl Iterator<Item = (u32, Option<u64>, Option<u64>)> + 'a {
        MSRS.iter()
            .map(|&(msr, _)| (msr, self.get(msr), other.get(msr)))
            .filter(|(_, ours, theirs)| ours != theirs)
    }

    /// Whether the processor has `msr`, as far as the known MSRs tell.
    pub fn exists(&self, msr: u32) -> Option<bool> {
        if msr == EPT_VPID_CAP.msr {
            // SDM A.10: for "enable EPT" or "enable VPID".
            return either(
                self.can_set(GroupId::Secondary, 1),
                self.can_set(GroupId::Secondary, 5),
            );
        }
        if msr == VMFUNC.msr {
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
            .find_map(|msr| self.get(msr).map(|raw| Reading { group, msr, raw }));

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
        self.get(BASIC.msr)
            .map(|basic| basic >> BASIC_TRUE_CONTROLS & 1 != 0)
    }
}

fn either(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}
