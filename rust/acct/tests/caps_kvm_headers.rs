// SPDX-License-Identifier: GPL-2.0

//! The tables of VMX capabilities against the kernel's own headers.
//!
//! Reads the kernel source that the environment variable `KSRC` names; without it, says so and
//! passes. What a header names stands here a second time, beside the SDM's name, so that a wrong
//! bit or a misspelt name in either place is found; and a name that the header has and this list
//! has not fails too.

use std::collections::BTreeMap;
use std::path::PathBuf;

use acct::caps::controls::{
    self,
    GroupId::{self, Entry, Exit, Pin, Primary, Secondary, SecondaryExit, Tertiary},
};
use acct::caps::msrs::MSRS;
use acct::caps::registers::{
    Kind, Register, BASIC, CONTROL_REGISTERS, EPT_VPID_CAP, MISC, REGISTERS, VMCS_ENUM, VMFUNC,
};

/// Controls: group, the name in the kernel, the name in the SDM.
const CONTROLS: &[(GroupId, &str, &str)] = &[
    (Pin, "INTR_EXITING", "External-interrupt exiting"),
    (Pin, "NMI_EXITING", "NMI exiting"),
    (Pin, "VIRTUAL_NMIS", "Virtual NMIs"),
    (Pin, "PREEMPTION_TIMER", "Activate VMX-preemption timer"),
    (Pin, "POSTED_INTR", "Process posted interrupts"),
    (Primary, "INTR_WINDOW_EXITING", "Interrupt-window exiting"),
    (Primary, "USE_TSC_OFFSETTING", "Use TSC offsetting"),
    (Primary, "HLT_EXITING", "HLT exiting"),
    (Primary, "INVLPG_EXITING", "INVLPG exiting"),
    (Primary, "MWAIT_EXITING", "MWAIT exiting"),
    (Primary, "RDPMC_EXITING", "RDPMC exiting"),
    (Primary, "RDTSC_EXITING", "RDTSC exiting"),
    (Primary, "CR3_LOAD_EXITING", "CR3-load exiting"),
    (Primary, "CR3_STORE_EXITING", "CR3-store exiting"),
    (Primary, "TERTIARY_CONTROLS", "Activate tertiary controls"),
    (Primary, "CR8_LOAD_EXITING", "CR8-load exiting"),
    (Primary, "CR8_STORE_EXITING", "CR8-store exiting"),
    (Primary, "VIRTUAL_TPR", "Use TPR shadow"),
    (Primary, "NMI_WINDOW_EXITING", "NMI-window exiting"),
    (Primary, "MOV_DR_EXITING", "MOV-DR exiting"),
    (Primary, "UNCOND_IO_EXITING", "Unconditional I/O exiting"),
    (Primary, "USE_IO_BITMAPS", "Use I/O bitmaps"),
    (Primary, "MONITOR_TRAP_FLAG", "Monitor trap flag"),
    (Primary, "USE_MSR_BITMAPS", "Use MSR bitmaps"),
    (Primary, "MONITOR_EXITING", "MONITOR exiting"),
    (Primary, "PAUSE_EXITING", "PAUSE exiting"),
    (Primary, "SEC_CONTROLS", "Activate secondary controls"),
    (Secondary, "VIRT_APIC_ACCESSES", "Virtualize APIC accesses"),
    (Secondary, "EPT", "Enable EPT"),
    (Secondary, "DESC_EXITING", "Descriptor-table exiting"),
    (Secondary, "RDTSCP", "Enable RDTSCP"),
    (Secondary, "VIRTUAL_X2APIC", "Virtualize x2APIC mode"),
    (Secondary, "VPID", "Enable VPID"),
    (Secondary, "WBINVD_EXITING", "WBINVD exiting"),
    (Secondary, "UNRESTRICTED_GUEST", "Unrestricted guest"),
    (
        Secondary,
        "APIC_REGISTER_VIRT",
        "APIC-register virtualization",
    ),
    (
        Secondary,
        "VIRT_INTR_DELIVERY",
        "Virtual-interrupt delivery",
    ),
    (Secondary, "PAUSE_LOOP_EXITING", "PAUSE-loop exiting"),
    (Secondary, "RDRAND_EXITING", "RDRAND exiting"),
    (Secondary, "INVPCID", "Enable INVPCID"),
    (Secondary, "VMFUNC", "Enable VM functions"),
    (Secondary, "SHADOW_VMCS", "VMCS shadowing"),
    (Secondary, "ENCLS_EXITING", "Enable ENCLS exiting"),
    (Secondary, "RDSEED_EXITING", "RDSEED exiting"),
    (Secondary, "PAGE_MOD_LOGGING", "Enable PML"),
    (Secondary, "EPT_VIOLATION_VE", "EPT-violation #VE"),
    (Secondary, "PT_CONCEAL_VMX", "Conceal VMX from PT"),
    (Secondary, "XSAVES", "Enable XSAVES/XRSTORS"),
    (
        Secondary,
        "MODE_BASED_EPT_EXEC",
        "Mode-based execute control for EPT",
    ),
    (
        Secondary,
        "PT_USE_GPA",
        "Intel PT uses guest physical addresses",
    ),
    (Secondary, "TSC_SCALING", "Use TSC scaling"),
    (Secondary, "USR_WAIT_PAUSE", "Enable user wait and pause"),
    (Secondary, "ENCLV_EXITING", "Enable ENCLV exiting"),
    (Secondary, "BUS_LOCK_DETECTION", "VMM bus-lock detection"),
    (Secondary, "NOTIFY_VM_EXITING", "Instruction timeout"),
    (Tertiary, "IPI_VIRT", "IPI virtualization"),
    (Exit, "SAVE_DEBUG_CONTROLS", "Save debug controls"),
    (Exit, "HOST_ADDR_SPACE_SIZE", "Host address-space size"),
    (
        Exit,
        "LOAD_IA32_PERF_GLOBAL_CTRL",
        "Load IA32_PERF_GLOBAL_CTRL",
    ),
    (Exit, "ACK_INTR_ON_EXIT", "Acknowledge interrupt on exit"),
    (Exit, "SAVE_IA32_PAT", "Save IA32_PAT"),
    (Exit, "LOAD_IA32_PAT", "Load IA32_PAT"),
    (Exit, "SAVE_IA32_EFER", "Save IA32_EFER"),
    (Exit, "LOAD_IA32_EFER", "Load IA32_EFER"),
    (
        Exit,
        "SAVE_VMX_PREEMPTION_TIMER",
        "Save VMX-preemption timer value",
    ),
    (Exit, "CLEAR_BNDCFGS", "Clear IA32_BNDCFGS"),
    (Exit, "PT_CONCEAL_PIP", "Conceal VMX from PT"),
    (Exit, "CLEAR_IA32_RTIT_CTL", "Clear IA32_RTIT_CTL"),
    (Exit, "LOAD_CET_STATE", "Load CET state"),
    // The SDM spells this one without the R.
    (
        Exit,
        "SAVE_IA32_PERF_GLOBAL_CTRL",
        "Save IA32_PERF_GLOBAL_CTL",
    ),
    (Entry, "LOAD_DEBUG_CONTROLS", "Load debug controls"),
    (Entry, "IA32E_MODE", "IA-32e mode guest"),
    (Entry, "SMM", "Entry to SMM"),
    (
        Entry,
        "DEACT_DUAL_MONITOR",
        "Deactivate dual-monitor treatment",
    ),
    (
        Entry,
        "LOAD_IA32_PERF_GLOBAL_CTRL",
        "Load IA32_PERF_GLOBAL_CTRL",
    ),
    (Entry, "LOAD_IA32_PAT", "Load IA32_PAT"),
    (Entry, "LOAD_IA32_EFER", "Load IA32_EFER"),
    (Entry, "LOAD_BNDCFGS", "Load IA32_BNDCFGS"),
    (Entry, "PT_CONCEAL_PIP", "Conceal VMX from PT"),
    (Entry, "LOAD_IA32_RTIT_CTL", "Load IA32_RTIT_CTL"),
    (Entry, "LOAD_CET_STATE", "Load CET state"),
];

/// Controls that the SDM defines and the kernel does not name.
const SDM_ONLY: &[(GroupId, u8, &str)] = &[
    (Secondary, 21, "PASID translation"),
    (Secondary, 23, "Sub-page write permissions for EPT"),
    (Secondary, 27, "Enable PCONFIG"),
    (Tertiary, 0, "LOADIWKEY exiting"),
    (Tertiary, 1, "Enable HLAT"),
    (Tertiary, 2, "EPT paging-write control"),
    (Tertiary, 3, "Guest-paging verification"),
    (Tertiary, 5, "SEAM guest-physical address width"),
    (Tertiary, 6, "Enable MSR-list instructions"),
    (Tertiary, 7, "Virtualize IA32_SPEC_CTRL"),
    (Tertiary, 8, "APIC-timer virtualization"),
    (Tertiary, 9, "Enable PBNDKB"),
    (Tertiary, 12, "PEBS uses guest physical addresses"),
    (Exit, 26, "Clear IA32_LBR_CTL"),
    (Exit, 27, "Clear UINV"),
    (Exit, 29, "Load PKRS"),
    (Exit, 31, "Activate secondary controls"),
    (SecondaryExit, 0, "Save FRED"),
    (SecondaryExit, 1, "Load FRED"),
    (SecondaryExit, 2, "Load IA32_SPEC_CTRL"),
    (SecondaryExit, 3, "Prematurely busy shadow stack"),
    (Entry, 19, "Load UINV"),
    (Entry, 21, "Load guest IA32_LBR_CTL"),
    (Entry, 22, "Load PKRS"),
    (Entry, 23, "Load FRED"),
    (Entry, 24, "Load IA32_SPEC_CTRL"),
    (Entry, 25, "Allow SEAM-guest telemetry"),
];

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

fn header(name: &str) -> Option<String> {
    let Some(tree) = std::env::var_os("KSRC") else {
        eprintln!("skipped: KSRC names no kernel source");
        return None;
    };
    let path = PathBuf::from(tree).join("arch/x86/include").join(name);
    Some(std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display())))
}

/// The object-like macros of a header: name and value, without comments.
fn defines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().filter_map(|line| {
        let (name, value) = line
            .strip_prefix("#define")?
            .trim()
            .split_once([' ', '\t'])?;
        let value = value.split("/*").next()?.trim();
        (!name.contains('(')).then_some((name, value))
    })
}

/// The bit that a value names: `0x00000004`, `BIT_ULL(2)`, `(1ull << 2)` or `(1ull)`.
fn single_bit(value: &str) -> Option<u32> {
    let value = value.trim_matches(['(', ')']);
    if let Some(hex) = value.strip_prefix("0x") {
        let value = u64::from_str_radix(hex, 16).ok()?;
        return value.is_power_of_two().then(|| value.trailing_zeros());
    }
    if let Some(bit) = value.strip_prefix("BIT_ULL(") {
        return bit.parse().ok();
    }
    match value.split_once("<<") {
        Some((one, bit)) if one.trim() == "1ull" => bit.trim().parse().ok(),
        None if value == "1ull" => Some(0),
        _ => None,
    }
}

/// What the headers call the controls, by group and bit.
fn kernel_controls(vmxfeatures: &str, vmx: &str) -> Vec<(GroupId, u8, String)> {
    let mut found = Vec::new();

    for (name, value) in defines(vmxfeatures) {
        let Some(name) = name.strip_prefix("VMX_FEATURE_") else {
            continue;
        };
        // `( 2*32+ 13)`
        let (word, bit) = value
            .trim_matches(['(', ')'])
            .split_once("*32+")
            .unwrap_or_else(|| panic!("{name}: {value}"));
        let bit = bit.trim().parse().expect("a bit");
        let group = match (word.trim(), bit) {
            // The upper half of word 0 holds what the kernel gathers from other MSRs.
            ("0", 16..) => continue,
            ("0", _) => Pin,
            ("1", _) => Primary,
            ("2", _) => Secondary,
            ("3", _) => Tertiary,
            other => panic!("{name}: {other:?}"),
        };
        found.push((group, bit, name.to_string()));
    }
    for (name, value) in defines(vmx) {
        let (group, name) = match (
            name.strip_prefix("VM_EXIT_"),
            name.strip_prefix("VM_ENTRY_"),
        ) {
            (Some(name), _) => (Exit, name),
            (_, Some(name)) => (Entry, name),
            _ => continue,
        };
        if name == "ALWAYSON_WITHOUT_TRUE_MSR" {
            continue;
        }
        let bit = single_bit(value).unwrap_or_else(|| panic!("{name}: {value}"));
        found.push((group, u8::try_from(bit).expect("a bit"), name.to_string()));
    }
    found
}

#[test]
fn every_control_that_kvm_names() {
    let (Some(vmxfeatures), Some(vmx)) = (header("asm/vmxfeatures.h"), header("asm/vmx.h")) else {
        return;
    };
    let kernel = kernel_controls(&vmxfeatures, &vmx);
    assert!(kernel.len() > 70, "the headers were parsed: {kernel:?}");

    for (group, bit, name) in &kernel {
        let (_, _, sdm) = CONTROLS
            .iter()
            .find(|(g, n, _)| g == group && n == name)
            .unwrap_or_else(|| panic!("this test does not know {group:?} {name}"));
        let control = group
            .control(*bit)
            .unwrap_or_else(|| panic!("the table lacks {group:?} bit {bit}, {name}"));

        assert_eq!(control.name, *sdm, "{group:?} bit {bit} is {name}");
    }
    for (group, name, _) in CONTROLS {
        assert!(
            kernel.iter().any(|(g, _, n)| g == group && n == name),
            "the kernel does not know {group:?} {name}"
        );
    }
}

#[test]
fn every_other_control() {
    for (group, bit, name) in SDM_ONLY {
        let control = group.control(*bit).map(|c| c.name);
        assert_eq!(control, Some(*name), "{group:?} bit {bit}");
    }
    assert_eq!(
        controls::CONTROLS.len(),
        CONTROLS.len() + SDM_ONLY.len(),
        "every control stands in one of the two lists here"
    );
}

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
