// SPDX-License-Identifier: GPL-2.0

//! The tables of the other VMX capability MSRs against the kernel's own headers, as
//! `caps_kvm_controls.rs` does it for the controls.

mod caps_kernel;

use std::collections::BTreeMap;

use acct::caps::msrs::MSRS;
use acct::caps::registers::{
    Kind, Register, BASIC, CONTROL_REGISTERS, EPT_VPID_CAP, MISC, REGISTERS, VMCS_ENUM, VMFUNC,
};
use caps_kernel::{defines, header, single_bit};

/// Single bits of the other capability MSRs: the kernel's name, how far its bit is shifted down,
/// the field's name here.
const FLAGS: &[(&Register, &str, u32, &str)] = &[
    (
        &BASIC,
        "VMX_BASIC_32BIT_PHYS_ADDR_ONLY",
        0,
        "VMX structures limited to 32-bit physical addresses",
    ),
    (
        &BASIC,
        "VMX_BASIC_DUAL_MONITOR_TREATMENT",
        0,
        "Dual-monitor treatment of SMIs and SMM",
    ),
    (
        &BASIC,
        "VMX_BASIC_INOUT",
        0,
        "INS and OUTS report exit instruction information",
    ),
    (&BASIC, "VMX_BASIC_TRUE_CTLS", 0, "TRUE control MSRs"),
    (
        &BASIC,
        "VMX_BASIC_NO_HW_ERROR_CODE_CC",
        0,
        "Exceptions injected with or without error code",
    ),
    (
        &BASIC,
        "VMX_BASIC_NO_SEAMRET_INVD_VMCS",
        0,
        "SEAMRET does not invalidate the VMCS",
    ),
    (
        &MISC,
        "VMX_MISC_SAVE_EFER_LMA",
        0,
        "VM exits store IA32_EFER.LMA in the VM-entry controls",
    ),
    (&MISC, "VMX_MISC_ACTIVITY_HLT", 0, "Activity state HLT"),
    (
        &MISC,
        "VMX_MISC_ACTIVITY_SHUTDOWN",
        0,
        "Activity state shutdown",
    ),
    (
        &MISC,
        "VMX_MISC_ACTIVITY_WAIT_SIPI",
        0,
        "Activity state wait-for-SIPI",
    ),
    (&MISC, "VMX_MISC_INTEL_PT", 0, "Intel PT in VMX operation"),
    (
        &MISC,
        "VMX_MISC_RDMSR_IN_SMM",
        0,
        "RDMSR of IA32_SMBASE in SMM",
    ),
    (
        &MISC,
        "VMX_MISC_VMXOFF_BLOCK_SMI",
        0,
        "IA32_SMM_MONITOR_CTL bit 2 can be set",
    ),
    (
        &MISC,
        "VMX_MISC_VMWRITE_SHADOW_RO_FIELDS",
        0,
        "VMWRITE to VM-exit information fields",
    ),
    (
        &MISC,
        "VMX_MISC_ZERO_LEN_INS",
        0,
        "Injection with instruction length 0",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_EXECUTE_ONLY_BIT",
        0,
        "Execute-only translations",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_PAGE_WALK_4_BIT",
        0,
        "Page-walk length of 4",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_PAGE_WALK_5_BIT",
        0,
        "Page-walk length of 5",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPTP_UC_BIT",
        0,
        "EPT paging structures uncacheable",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPTP_WB_BIT",
        0,
        "EPT paging structures write-back",
    ),
    (&EPT_VPID_CAP, "VMX_EPT_2MB_PAGE_BIT", 0, "2-MByte pages"),
    (&EPT_VPID_CAP, "VMX_EPT_1GB_PAGE_BIT", 0, "1-GByte pages"),
    (&EPT_VPID_CAP, "VMX_EPT_INVEPT_BIT", 0, "INVEPT"),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_AD_BIT",
        0,
        "Accessed and dirty flags for EPT",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_ADVANCED_VMEXIT_INFO_BIT",
        0,
        "Advanced VM-exit information for EPT violations",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_EXTENT_CONTEXT_BIT",
        0,
        "Single-context INVEPT",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_EPT_EXTENT_GLOBAL_BIT",
        0,
        "All-context INVEPT",
    ),
    (&EPT_VPID_CAP, "VMX_VPID_INVVPID_BIT", 32, "INVVPID"),
    (
        &EPT_VPID_CAP,
        "VMX_VPID_EXTENT_INDIVIDUAL_ADDR_BIT",
        32,
        "Individual-address INVVPID",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_VPID_EXTENT_SINGLE_CONTEXT_BIT",
        32,
        "Single-context INVVPID",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_VPID_EXTENT_GLOBAL_CONTEXT_BIT",
        32,
        "All-context INVVPID",
    ),
    (
        &EPT_VPID_CAP,
        "VMX_VPID_EXTENT_SINGLE_NON_GLOBAL_BIT",
        32,
        "Single-context-retaining-globals INVVPID",
    ),
];

/// Fields of more than one bit: the kernel's accessor and the field's name here.
const FIELDS: &[(&Register, &str, &str)] = &[
    (
        &BASIC,
        "vmx_basic_vmcs_revision_id",
        "VMCS revision identifier",
    ),
    (&BASIC, "vmx_basic_vmcs_size", "VMXON and VMCS region size"),
    (&BASIC, "vmx_basic_vmcs_mem_type", "VMCS memory type"),
    (
        &MISC,
        "vmx_misc_preemption_timer_rate",
        "VMX-preemption timer rate",
    ),
    (&MISC, "vmx_misc_cr3_count", "CR3-target values"),
    (&MISC, "vmx_misc_max_msr", "Recommended limit of MSR lists"),
    (&MISC, "vmx_misc_mseg_revid", "MSEG revision identifier"),
];

/// What the kernel names of neither the other MSRs nor CR4, so that it stands here twice too.
#[test]
fn everything_else() {
    let fields = [
        (&BASIC, 58, 58, "Nested-exception support"),
        (&EPT_VPID_CAP, 23, 23, "Supervisor shadow-stack control"),
        (&EPT_VPID_CAP, 53, 48, "Maximum HLAT prefix size"),
        (&VMCS_ENUM, 9, 1, "Highest index of a VMCS field"),
        (&VMFUNC, 0, 0, "EPTP switching"),
    ];
    for (register, high, low, name) in fields {
        let field = register.fields.iter().find(|f| f.name == name);
        let bits = field.map(|f| (f.high, f.low));
        assert_eq!(bits, Some((high, low)), "{name}");
    }
    assert_eq!(
        REGISTERS.iter().map(|r| r.fields.len()).sum::<usize>(),
        FLAGS.len() + FIELDS.len() + fields.len()
    );

    let cr4 = CONTROL_REGISTERS[1];
    for bit in [(19, "KL"), (24, "PKS"), (25, "UINTR")] {
        assert!(cr4.bits.contains(&bit), "{bit:?}");
    }
    assert!(MSRS.contains(&(0x493, "IA32_VMX_EXIT_CTLS2")));
}

#[test]
fn every_flag_that_kvm_names() {
    let Some(vmx) = header("asm/vmx.h") else {
        return;
    };
    let kernel: BTreeMap<_, _> = defines(&vmx).collect();

    for (register, name, shift, ours) in FLAGS {
        let value = kernel
            .get(name)
            .unwrap_or_else(|| panic!("the kernel does not know {name}"));
        let bit = single_bit(value).unwrap_or_else(|| panic!("{name}: {value}")) + shift;
        let field = register
            .fields
            .iter()
            .find(|f| f.name == *ours)
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
                FLAGS.iter().any(|(_, n, _, _)| n == name),
                "this test does not know {name} ({value})"
            );
        }
    }
}

#[test]
fn every_field_that_kvm_takes_apart() {
    let Some(vmx) = header("asm/vmx.h") else {
        return;
    };

    for (register, accessor, ours) in FIELDS {
        let body = vmx
            .split_once(&format!("{accessor}(u64"))
            .and_then(|(_, rest)| rest.split_once('}'))
            .unwrap_or_else(|| panic!("the kernel has no {accessor}()"))
            .0;
        // `GENMASK_ULL(44, 32)`
        let (high, low) = body
            .split_once("GENMASK_ULL(")
            .and_then(|(_, rest)| rest.split_once(')'))
            .and_then(|(bits, _)| bits.split_once(", "))
            .unwrap_or_else(|| panic!("{accessor}(): {body}"));
        let field = register
            .fields
            .iter()
            .find(|f| f.name == *ours)
            .unwrap_or_else(|| panic!("no field {ours}"));

        assert_eq!(
            (field.high.to_string(), field.low.to_string()),
            (high.to_string(), low.to_string()),
            "{ours} is {accessor}()"
        );
    }
}

#[test]
fn every_msr_that_the_kernel_names() {
    let Some(text) = header("asm/msr-index.h") else {
        return;
    };
    let kernel: BTreeMap<u32, &str> = defines(&text)
        .filter_map(|(name, value)| {
            let name = name.strip_prefix("MSR_")?;
            let index = u32::from_str_radix(value.strip_prefix("0x")?, 16).ok()?;
            name.starts_with("IA32_VMX_").then_some((index, name))
        })
        .collect();
    assert!(kernel.len() > 15, "the header was parsed: {kernel:?}");

    for (index, name) in &kernel {
        let ours = MSRS.iter().find(|m| m.0 == *index);
        assert_eq!(ours.map(|m| m.1), Some(*name), "{index:#x}");
    }
}

#[test]
fn every_control_register_bit_that_the_kernel_names() {
    let Some(text) = header("uapi/asm/processor-flags.h") else {
        return;
    };
    for register in CONTROL_REGISTERS {
        let prefix = format!("X86_{}_", register.name);
        let mut known = 0;

        for (name, bit) in defines(&text) {
            let Some(name) = name
                .strip_prefix(&prefix)
                .and_then(|name| name.strip_suffix("_BIT"))
            else {
                continue;
            };
            let ours = register.bits.iter().find(|b| b.0.to_string() == bit);
            assert_eq!(ours.map(|b| b.1), Some(name), "{prefix} bit {bit}");
            known += 1;
        }
        assert!(known > 10, "the header was parsed for {prefix}");
    }
}
