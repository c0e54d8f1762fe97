// SPDX-License-Identifier: GPL-2.0

//! VMX capability MSRs that are made of fields, and those of fixed bits.

use acct::caps::registers::{Field, Register, BASIC, EPT_VPID_CAP, MISC};

use crate::common::{caps, has_line, text};

fn value(register: &Register, name: &str, raw: u64) -> u64 {
    let field = |f: &&Field| f.name == name;
    register
        .fields
        .iter()
        .find(field)
        .unwrap_or_else(|| panic!("no field {name}"))
        .value(raw)
}

#[test]
fn basic_by_field() {
    // As KVM tells a guest: 4 KiB, write-back, INS/OUTS information, TRUE controls.
    let raw = 0x00da_1000_11e5_7ed0;

    assert_eq!(value(&BASIC, "VMCS revision identifier", raw), 0x11e5_7ed0);
    assert_eq!(value(&BASIC, "VMXON and VMCS region size", raw), 4096);
    assert_eq!(value(&BASIC, "VMCS memory type", raw), 6);
    assert_eq!(value(&BASIC, "TRUE control MSRs", raw), 1);
    assert_eq!(
        value(&BASIC, "Dual-monitor treatment of SMIs and SMM", raw),
        1
    );
    assert_eq!(
        value(
            &BASIC,
            "VMX structures limited to 32-bit physical addresses",
            raw
        ),
        0
    );
    has_line(
        &caps(&[(0x480, raw)]),
        "IA32_VMX_BASIC MSR: 0xda100011e57ed0 (0x480)",
    );
    has_line(&caps(&[(0x480, raw)]), "  VMCS memory type: write-back (6)");
    has_line(&caps(&[(0x480, raw | (1 << 57))]), "  Reserved bit 57: Yes");
}

#[test]
fn misc_by_field() {
    let raw = 0x1234_5678_2e04_01e5;

    assert_eq!(value(&MISC, "VMX-preemption timer rate", raw), 5);
    assert_eq!(value(&MISC, "CR3-target values", raw), 4);
    assert_eq!(value(&MISC, "Recommended limit of MSR lists", raw), 512 * 8);
    assert_eq!(value(&MISC, "MSEG revision identifier", raw), 0x1234_5678);
    assert_eq!(value(&MISC, "Activity state wait-for-SIPI", raw), 1);
    assert_eq!(value(&MISC, "Intel PT in VMX operation", raw), 0);
    assert_eq!(
        value(&MISC, "VMWRITE to VM-exit information fields", raw),
        1
    );
}

#[test]
fn ept_vpid_cap_by_field() {
    let raw = 0x0000_0f01_0673_4141;

    assert_eq!(value(&EPT_VPID_CAP, "2-MByte pages", raw), 1);
    assert_eq!(value(&EPT_VPID_CAP, "Page-walk length of 5", raw), 0);
    assert_eq!(value(&EPT_VPID_CAP, "All-context INVVPID", raw), 1);
    assert_eq!(
        value(&EPT_VPID_CAP, "Maximum HLAT prefix size", raw | (1 << 48)),
        1
    );
    assert_eq!(EPT_VPID_CAP.reserved(raw).collect::<Vec<_>>(), []);
}

#[test]
fn fixed_bits_of_cr0() {
    let caps = caps(&[(0x486, 0x8000_0021), (0x487, 0xffff_ffff)]);

    has_line(&caps, "IA32_VMX_CR0_FIXED0 MSR: 0x80000021 (0x486)");
    has_line(&caps, "  CR0.PE: Can set=Yes, Can clear=No");
    has_line(&caps, "  CR0.WP: Can set=Yes, Can clear=Yes");
    has_line(&caps, "  CR0 reserved bits that can be set: 0x1ffaffc0");
}

#[test]
fn fixed_bits_of_cr4() {
    let caps = caps(&[(0x488, 0x2000), (0x489, 0x3727ff)]);

    has_line(&caps, "  CR4.VMXE: Can set=Yes, Can clear=No");
    has_line(&caps, "  CR4.SMEP: Can set=Yes, Can clear=Yes");
    has_line(&caps, "  CR4.LA57: Can set=No, Can clear=Yes");
    assert!(!text(&caps).iter().any(|l| l.contains("reserved")));
}
