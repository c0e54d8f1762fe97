// SPDX-License-Identifier: GPL-2.0

//! Single bits of the VMX capability MSRs.

use std::collections::BTreeMap;

use acct::caps::registers::{Kind, Register, BASIC, EPT_VPID_CAP, MISC};

use crate::header::{defines, header, single_bit};

/// Names of bits: the kernel's and ours.
type Names = [(&'static str, &'static str)];

/// Of each register: how far the kernel's bits are shifted down, and their names.
const FLAGS: &[(&Register, u32, &Names)] = &[
    (&BASIC, 0, BASIC_FLAGS),
    (&MISC, 0, MISC_FLAGS),
    (&EPT_VPID_CAP, 0, EPT_FLAGS),
    (&EPT_VPID_CAP, 32, VPID_FLAGS),
];

const BASIC_FLAGS: &Names = &[
    (
        "VMX_BASIC_32BIT_PHYS_ADDR_ONLY",
        "VMX structures limited to 32-bit physical addresses",
    ),
    (
        "VMX_BASIC_DUAL_MONITOR_TREATMENT",
        "Dual-monitor treatment of SMIs and SMM",
    ),
    (
        "VMX_BASIC_INOUT",
        "INS and OUTS report exit instruction information",
    ),
    ("VMX_BASIC_TRUE_CTLS", "TRUE control MSRs"),
    (
        "VMX_BASIC_NO_HW_ERROR_CODE_CC",
        "Exceptions injected with or without error code",
    ),
    (
        "VMX_BASIC_NO_SEAMRET_INVD_VMCS",
        "SEAMRET does not invalidate the VMCS",
    ),
];

const MISC_FLAGS: &Names = &[
    (
        "VMX_MISC_SAVE_EFER_LMA",
        "VM exits store IA32_EFER.LMA in the VM-entry controls",
    ),
    ("VMX_MISC_ACTIVITY_HLT", "Activity state HLT"),
    ("VMX_MISC_ACTIVITY_SHUTDOWN", "Activity state shutdown"),
    (
        "VMX_MISC_ACTIVITY_WAIT_SIPI",
        "Activity state wait-for-SIPI",
    ),
    ("VMX_MISC_INTEL_PT", "Intel PT in VMX operation"),
    ("VMX_MISC_RDMSR_IN_SMM", "RDMSR of IA32_SMBASE in SMM"),
    (
        "VMX_MISC_VMXOFF_BLOCK_SMI",
        "IA32_SMM_MONITOR_CTL bit 2 can be set",
    ),
    (
        "VMX_MISC_VMWRITE_SHADOW_RO_FIELDS",
        "VMWRITE to VM-exit information fields",
    ),
    (
        "VMX_MISC_ZERO_LEN_INS",
        "Injection with instruction length 0",
    ),
];

const EPT_FLAGS: &Names = &[
    ("VMX_EPT_EXECUTE_ONLY_BIT", "Execute-only translations"),
    ("VMX_EPT_PAGE_WALK_4_BIT", "Page-walk length of 4"),
    ("VMX_EPT_PAGE_WALK_5_BIT", "Page-walk length of 5"),
    ("VMX_EPTP_UC_BIT", "EPT paging structures uncacheable"),
    ("VMX_EPTP_WB_BIT", "EPT paging structures write-back"),
    ("VMX_EPT_2MB_PAGE_BIT", "2-MByte pages"),
    ("VMX_EPT_1GB_PAGE_BIT", "1-GByte pages"),
    ("VMX_EPT_INVEPT_BIT", "INVEPT"),
    ("VMX_EPT_AD_BIT", "Accessed and dirty flags for EPT"),
    (
        "VMX_EPT_ADVANCED_VMEXIT_INFO_BIT",
        "Advanced VM-exit information for EPT violations",
    ),
    ("VMX_EPT_EXTENT_CONTEXT_BIT", "Single-context INVEPT"),
    ("VMX_EPT_EXTENT_GLOBAL_BIT", "All-context INVEPT"),
];

const VPID_FLAGS: &Names = &[
    ("VMX_VPID_INVVPID_BIT", "INVVPID"),
    (
        "VMX_VPID_EXTENT_INDIVIDUAL_ADDR_BIT",
        "Individual-address INVVPID",
    ),
    (
        "VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT",
        "Single-context INVVPID",
    ),
    ("VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT", "All-context INVVPID"),
    (
        "VMX_VPID_EXTENT_SINGLE_NON_GLOBAL_BIT",
        "Single-context-retaining-globals INVVPID",
    ),
];

/// Register, shift, the kernel's name and ours.
fn flags() -> impl Iterator<Item = (&'static Register, u32, &'static str, &'static str)> {
    FLAGS.iter().flat_map(|&(register, shift, names)| {
        names
            .iter()
            .map(move |&(kernel, ours)| (register, shift, kernel, ours))
    })
}

/// How many fields stand here.
pub fn count() -> usize {
    flags().count()
}

#[test]
fn every_flag_that_kvm_names() {
    let Some(vmx) = header("asm/vmx.h") else {
        return;
    };
    let kernel: BTreeMap<_, _> = defines(&vmx).collect();

    for (register, shift, name, ours) in flags() {
        let value = kernel
            .get(name)
            .unwrap_or_else(|| panic!("the kernel does not know {name}"));
        let bit = single_bit(value).unwrap_or_else(|| panic!("{name}: {value}")) + shift;
        let field = register
            .fields
            .iter()
            .find(|f| f.name == ours)
            .unwrap_or_else(|| panic!("no field {ours}"));

        assert_eq!(field.kind, Kind::Flag, "{ours}");
        assert_eq!(u32::from(field.low), bit, "{ours} is {name}");
    }
    // Whatever the kernel has of these must stand above.
    for (name, value) in &kernel {
        let capability = name.starts_with("VMX_BASIC_")
            || name.starts_with("VMX_MISC_")
            || (name.starts_with("VMX_EPT_") && name.ends_with("_BIT"))
            || (name.starts_with("VMX_VPID_") && name.ends_with("_BIT"));
        let of_an_entry = [
            "VMX_EPT_IPAT_BIT",
            "VMX_EPT_ACCESS_BIT",
            "VMX_EPT_DIRTY_BIT",
            "VMX_EPT_SUPPRESS_VE_BIT",
        ];
        if capability && !of_an_entry.contains(name) && *name != "VMX_MISC_MSR_LIST_MULTIPLIER" {
            assert!(
                flags().any(|(_, _, n, _)| n == *name),
                "this test does not know {name} ({value})"
            );
        }
    }
}
