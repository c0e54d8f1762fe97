// SPDX-License-Identifier: GPL-2.0

//! Fields of more than one bit in the VMX capability MSRs, and what the kernel does not name.

use acct::caps::msrs::MSRS;
use acct::caps::registers::{
    Register, BASIC, CONTROL_REGISTERS, EPT_VPID_CAP, MISC, REGISTERS, VMCS_ENUM, VMFUNC,
};

use crate::header::header;
use crate::vmx_flags;

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
        vmx_flags::count() + FIELDS.len() + fields.len()
    );

    let cr4 = CONTROL_REGISTERS[1];
    for bit in [(19, "KL"), (24, "PKS"), (25, "UINTR")] {
        assert!(cr4.bits.contains(&bit), "{bit:?}");
    }
    assert!(MSRS.contains(&(0x493, "IA32_VMX_EXIT_CTLS2")));
}
