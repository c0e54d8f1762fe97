// SPDX-License-Identifier: GPL-2.0

//! Which of the VMX capability MSRs a processor has, and what those hold that are made of fields.

mod caps_common;

use acct::caps::msrs::MSRS;
use acct::caps::registers::{Field, Kind, Register, BASIC, CONTROL_REGISTERS, EPT_VPID_CAP, MISC};
use acct::caps::{Capabilities, Extension, Place};
use caps_common::{caps, has_line, text};

/// The index of an MSR.
fn index(place: Place) -> u32 {
    match place {
        Place::Msr(msr) => msr,
        Place::Cpuid(_) => panic!("VMX has {place}"),
    }
}

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
fn a_processor_is_asked_for_what_it_has_and_nothing_else() {
    // Primary controls with secondary, but not tertiary, ones; EPT but no VM functions.
    let old = [
        (0x480, 0),
        (0x481, 0),
        (0x482, 1 << 63),
        (0x483, 0),
        (0x484, 0),
        (0x48b, 1 << 33),
    ];
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Vmx, |place| {
        let msr = index(place);
        asked.push(msr);
        old.iter().find(|m| m.0 == msr).map(|m| m.1)
    });

    assert_eq!(asked, (0x480..=0x48c).collect::<Vec<_>>());
    assert_eq!(read, caps(&old));
    assert_eq!(
        read.missing().map(index).collect::<Vec<_>>(),
        [0x485, 0x486, 0x487, 0x488, 0x489, 0x48a, 0x48c]
    );
}

#[test]
fn what_nobody_can_tell_is_tried() {
    let mut asked = Vec::new();
    let read = Capabilities::read_with(Extension::Vmx, |place| {
        asked.push(index(place));
        None
    });

    let all: Vec<_> = MSRS.iter().map(|m| m.0).collect();
    assert_eq!(asked, all);
    // Only what every processor with VMX has is missed.
    assert_eq!(
        read.missing().map(index).collect::<Vec<_>>(),
        (0x480..=0x48a).collect::<Vec<_>>()
    );
}

#[test]
fn differences_between_two_processors() {
    let a = caps(&[(0x480, 1), (0x481, 2)]);
    let b = caps(&[(0x480, 1), (0x481, 3), (0x485, 4)]);

    assert_eq!(
        a.differences(&b).collect::<Vec<_>>(),
        [
            (Place::Msr(0x481), Some(2), Some(3)),
            (Place::Msr(0x485), None, Some(4))
        ]
    );
    assert_eq!(a.differences(&a).count(), 0);
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

#[test]
fn the_tables_hold_together() {
    for register in Extension::ALL.into_iter().flat_map(Extension::registers) {
        for field in register.fields {
            assert!(field.high >= field.low && field.high < 64, "{field:?}");
            assert_eq!(
                field.kind == Kind::Flag,
                field.high == field.low,
                "{field:?}"
            );
        }
        for pair in register.fields.windows(2) {
            assert!(pair[0].high < pair[1].low, "{pair:?}");
        }
    }
    for register in CONTROL_REGISTERS {
        for pair in register.bits.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{pair:?}");
        }
    }
    for pair in MSRS.windows(2) {
        assert_eq!(pair[0].0 + 1, pair[1].0);
    }
    for extension in Extension::ALL {
        let places: Vec<_> = extension.places().map(|p| p.0).collect();
        for register in extension.registers() {
            assert!(places.contains(&register.place), "{register:?}");
        }
        for place in places {
            assert_ne!(place.name(), "unknown MSR");
        }
    }
}
