// SPDX-License-Identifier: GPL-2.0

//! The table of VMX controls.
//!
//! What a header names stands here a second time, beside the SDM's name, so that a wrong bit or a
//! misspelt name in either place is found; and a name that the header has and this list has not
//! fails too. The other files here do the same.

use acct::caps::controls::{
    self,
    GroupId::{self, Entry, Exit, Pin, Primary, Secondary, SecondaryExit, Tertiary},
};

use crate::header::{defines, header, single_bit};

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
